/** Small models with layers of every kind, for the tests that compare compiled steps with eager ones. */
import { tf } from '../../lib/tensorflow/backend';

/** A model and what it is trained on. */
export interface ModelCase {
  readonly create: () => tf.LayersModel;
  /** float32 or, for an embedding, int32; made anew for each size. */
  readonly inputs: (size: number, offset: number) => tf.Tensor;
}

const { layers } = tf;

function initial(seed: number): ReturnType<typeof tf.initializers.glorotUniform> {
  return tf.initializers.glorotUniform({ seed });
}

/** [size, …shape], values in (-1, 1) that differ with `offset`. */
function floats(shape: readonly number[]): ModelCase['inputs'] {
  const each = shape.reduce((product, length) => product * length, 1);
  return (size, offset) =>
    tf.tensor(
      Float32Array.from({ length: size * each }, (_, i) => Math.sin(1.3 * i + offset)),
      [size, ...shape],
    );
}

function stack(...list: tf.layers.Layer[]): tf.LayersModel {
  return tf.sequential({
    layers: [...list, layers.dense({ units: 3, kernelInitializer: initial(99) })],
  });
}

const dense = (
  units: number,
  seed: number,
  activation?: 'relu' | 'tanh' | 'selu' | 'elu',
): tf.layers.Layer => layers.dense({ units, activation, kernelInitializer: initial(seed) });

const conv = (filters: number, seed: number, more: object = {}): tf.layers.Layer =>
  layers.conv2d({
    filters,
    kernelSize: 3,
    padding: 'same',
    kernelInitializer: initial(seed),
    ...more,
  });

const image = floats([8, 8, 3]);
const first = { inputShape: [8, 8, 3] };

function residual(): tf.LayersModel {
  const input = tf.input({ shape: [8, 8, 3] });
  const stem = conv(4, 1).apply(input) as tf.SymbolicTensor;
  const branch = layers
    .activation({ activation: 'relu' })
    .apply(
      layers.batchNormalization().apply(conv(4, 2, { useBias: false }).apply(stem)),
    ) as tf.SymbolicTensor;
  const sum = layers.add().apply([stem, branch]) as tf.SymbolicTensor;
  const both = layers.concatenate().apply([sum, stem, branch]) as tf.SymbolicTensor;
  const pooled = layers.globalAveragePooling2d({}).apply(both);
  return tf.model({ inputs: input, outputs: dense(3, 3).apply(pooled) as tf.SymbolicTensor });
}

export const MODEL_CASES: Readonly<Record<string, ModelCase>> = {
  'a multilayer perceptron': {
    create: () =>
      stack(layers.flatten(first), dense(16, 1, 'relu'), dense(8, 2, 'tanh'), dense(8, 3, 'selu')),
    inputs: image,
  },
  'a convolutional network with dropout': {
    create: () =>
      stack(
        conv(4, 1, { ...first, activation: 'relu' }),
        layers.maxPooling2d({ poolSize: 2 }),
        layers.dropout({ rate: 0.25 }),
        conv(6, 2, { activation: 'relu6', strides: 2 }),
        layers.flatten(),
        layers.dropout({ rate: 0.5 }),
      ),
    inputs: image,
  },
  'batch norm in training': {
    create: () =>
      stack(
        conv(4, 1, { ...first, useBias: false }),
        layers.batchNormalization({ momentum: 0.9 }),
        layers.reLU({ maxValue: 6 }),
        layers.averagePooling2d({ poolSize: 2 }),
        layers.flatten(),
        layers.dense({ units: 6, useBias: false, kernelInitializer: initial(2) }),
        layers.batchNormalization({ momentum: 0.8 }),
      ),
    inputs: image,
  },
  'batch norm without scale or centre': {
    create: () =>
      stack(
        conv(4, 1, { ...first, useBias: false }),
        layers.batchNormalization({ center: false }),
        conv(4, 2, { useBias: false }),
        layers.batchNormalization({ scale: false }),
        layers.globalMaxPooling2d({}),
      ),
    inputs: image,
  },
  'a residual network': { create: residual, inputs: image },
  'depthwise and separable convolutions': {
    create: () =>
      stack(
        layers.depthwiseConv2d({
          ...first,
          kernelSize: 3,
          depthMultiplier: 2,
          depthwiseInitializer: initial(1),
        }),
        layers.leakyReLU({ alpha: 0.2 }),
        layers.separableConv2d({
          filters: 4,
          kernelSize: 3,
          strides: 2,
          padding: 'same',
          depthwiseInitializer: initial(2),
          pointwiseInitializer: initial(3),
        }),
        layers.prelu({ alphaInitializer: tf.initializers.constant({ value: 0.3 }) }),
        layers.flatten(),
      ),
    inputs: image,
  },
  'transposed convolution, upsampling and padding': {
    create: () =>
      stack(
        layers.zeroPadding2d({ ...first, padding: 1 }),
        layers.cropping2D({ cropping: 1 }),
        layers.upSampling2d({ size: [2, 2] }),
        layers.conv2dTranspose({
          filters: 3,
          kernelSize: 3,
          strides: 2,
          padding: 'same',
          kernelInitializer: initial(1),
        }),
        layers.elu(),
        layers.globalAveragePooling2d({}),
      ),
    inputs: image,
  },
  'layer norm': {
    create: () =>
      stack(layers.flatten(first), dense(12, 1), layers.layerNormalization(), dense(6, 2, 'elu')),
    inputs: image,
  },
  'one-dimensional convolution': {
    create: () =>
      stack(
        layers.conv1d({
          inputShape: [12, 4],
          filters: 5,
          kernelSize: 3,
          activation: 'relu',
          kernelInitializer: initial(1),
        }),
        layers.maxPooling1d({ poolSize: 2 }),
        layers.globalAveragePooling1d({}),
      ),
    inputs: floats([12, 4]),
  },
  'three-dimensional convolution': {
    create: () =>
      stack(
        layers.conv3d({
          inputShape: [4, 6, 6, 2],
          filters: 3,
          kernelSize: 3,
          padding: 'same',
          kernelInitializer: initial(1),
        }),
        layers.maxPooling3d({ poolSize: [2, 2, 2], strides: [2, 2, 2], padding: 'valid' }),
        layers.flatten(),
      ),
    inputs: floats([4, 6, 6, 2]),
  },
  'embedding and GRU': {
    create: () =>
      stack(
        layers.embedding({
          inputDim: 11,
          outputDim: 4,
          inputLength: 5,
          embeddingsInitializer: initial(1),
        }),
        layers.gru({ units: 6, kernelInitializer: initial(2), recurrentInitializer: initial(3) }),
      ),
    inputs: (size, offset) =>
      tf.tensor2d(
        Int32Array.from({ length: size * 5 }, (_, i) => (i * 7 + Math.trunc(offset)) % 11),
        [size, 5],
        'int32',
      ),
  },
  'LSTM over a sequence': {
    create: () =>
      stack(
        layers.lstm({
          inputShape: [4, 3],
          units: 5,
          returnSequences: true,
          kernelInitializer: initial(1),
          recurrentInitializer: initial(2),
        }),
        layers.timeDistributed({ layer: dense(4, 3) }),
        layers.flatten(),
      ),
    inputs: floats([4, 3]),
  },
  'two directions, penalties': {
    create: () =>
      stack(
        layers.bidirectional({
          inputShape: [4, 3],
          layer: layers.simpleRNN({
            units: 3,
            kernelInitializer: initial(1),
            recurrentInitializer: initial(2),
          }),
          mergeMode: 'concat',
        }),
        layers.dense({
          units: 5,
          kernelInitializer: initial(3),
          kernelRegularizer: tf.regularizers.l1l2({ l1: 0.01, l2: 0.02 }),
        }),
        layers.repeatVector({ n: 2 }),
        layers.permute({ dims: [2, 1] }),
        layers.reshape({ targetShape: [10] }),
      ),
    inputs: floats([4, 3]),
  },
};
