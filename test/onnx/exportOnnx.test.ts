import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { CIFAR10_SCALE, MOBILENET_SCALE } from '../../lib/data/preprocess';
import { sourceSizeOf, type Size } from '../../lib/data/resize';
import { createPredictor } from '../../lib/evaluation/predictor';
import type { Classifier } from '../../lib/models/classifier';
import { createCnn } from '../../lib/models/cnn';
import { createFastCnn } from '../../lib/models/fastCnn';
import { createMlp } from '../../lib/models/mlp';
import { createMobileNetV2 } from '../../lib/models/mobileNetV2';
import { createHead, createTransferModel } from '../../lib/models/transfer';
import { classifierOnnx, exportOnnx } from '../../lib/onnx/exportOnnx';
import { createOnnxSession } from '../../lib/onnx/runtime';
import { createRng } from '../../lib/random';
import { tf } from '../../lib/tensorflow/backend';
import { assertClose } from '../assertClose';
import { eachFolder } from '../temporaryFolder';

let directory: string;
eachFolder((folder) => (directory = folder));

/** Weights as a training might leave them: biases that are not 0, averages that are not 0 and 1. */
function disturb(model: tf.LayersModel): tf.LayersModel {
  const rng = createRng(3, 'weights');
  for (const layer of model.layers) {
    const isNorm = layer.getClassName() === 'BatchNormalization';
    if (!isNorm && layer.weights.length < 2) continue;
    tf.tidy(() =>
      layer.setWeights(
        layer.weights.map((weight) => {
          const values = weight.read();
          if (values.rank !== 1) return values;
          // γ and σ² around 1, β and μ around 0.
          const noise = Float32Array.from({ length: values.size }, () => rng.next() - 0.5);
          return values.add(tf.tensor1d(noise).mul(0.6));
        }),
      ),
    );
  }
  return model;
}

function classifierOf(
  model: tf.LayersModel,
  { height, width, ...more }: Partial<Classifier> & Size & { readonly sourceSize?: Size },
): Classifier {
  const { sourceSize, views } = more;
  const numClasses = model.outputs[0].shape[1] as number;
  return {
    model: disturb(model),
    classNames: Array.from({ length: numClasses }, (_, label) => `class ${label}`),
    preprocess: { height, width, ...CIFAR10_SCALE, ...(sourceSize ? { sourceSize } : {}) },
    ...(views ? { views } : {}),
  };
}

function noise(size: number, { height, width }: Size): Uint8Array {
  const rng = createRng(1, 'pixels');
  return Uint8Array.from({ length: size * height * width * 3 }, () => rng.nextInt(256));
}

/** TensorFlow's prediction and ONNX Runtime's, for odd numbers of pictures. */
async function assertSamePredictions(classifier: Classifier): Promise<void> {
  const { model, preprocess, views } = classifier;
  const file = join(directory, 'model.onnx');
  await exportOnnx(classifier, file);
  const size = sourceSizeOf(preprocess);
  const predictor = createPredictor(model, { preprocess, ...size, views });
  const session = await createOnnxSession(file);
  for (const count of [3, 1, 7]) {
    const pixels = noise(count, size);
    const actual = await session.run(pixels, [count, size.height, size.width, 3]);
    assertClose(actual, predictor.run(pixels, count), { tolerance: 1e-5, message: model.name });
  }
  await session.dispose();
  predictor.dispose();
}

const { layers } = tf;
const square = (side: number): Size => ({ height: side, width: side });

/** Networks of this project. */
const networks: Record<string, () => Classifier> = {
  MLP: () => classifierOf(createMlp(), square(32)),
  CNN: () => classifierOf(createCnn({ inputShape: [30, 21, 3] }), { height: 30, width: 21 }),
  'CNN of the recipes, two views': () =>
    classifierOf(createFastCnn({ widths: [16, 32] }), { ...square(32), views: 2 }),
  'CNN of the recipes, six views': () =>
    classifierOf(createFastCnn({ inputShape: [32, 29, 3], widths: [16, 32] }), {
      height: 32,
      width: 29,
      views: 6,
    }),
  'MobileNetV2, enlarged pictures, two views': () =>
    classifierOf(createMobileNetV2({ alpha: 0.35, inputSize: 96, numClasses: 10 }), {
      ...{ ...square(96), sourceSize: square(32), views: 2 },
    }),
  'MobileNetV2 of an odd size, reduced pictures': () =>
    classifierOf(createMobileNetV2({ alpha: 0.5, inputSize: 97, numClasses: 3 }), {
      ...{ ...square(97), sourceSize: { height: 120, width: 101 } },
    }),
  'MobileNetV2 with a head': () => {
    const backbone = createMobileNetV2({
      ...{ alpha: 0.35, inputSize: 64, includeTop: false, pooling: 'avg' },
    });
    const head = createHead({ features: 1280, numClasses: 4, hiddenUnits: 8, dropoutRate: 0.5 });
    const model = createTransferModel(disturb(backbone), head);
    backbone.dispose();
    head.dispose();
    return classifierOf(model, square(64));
  },
};

for (const [name, create] of Object.entries(networks)) {
  test(`ONNX Runtime predicts what TensorFlow does: ${name}`, async () => {
    const classifier = create();
    await assertSamePredictions(classifier);
    const { nodes } = await classifierOnnx(classifier);
    const norms = nodes.filter(({ op }) => op === 'BatchNormalization').map(({ output }) => output);
    assert.deepEqual(norms, name.endsWith('head') ? ['head_standardize'] : [], 'are folded');
    classifier.model.dispose();
  });
}

type Build = (x: tf.SymbolicTensor) => tf.SymbolicTensor;

/** One layer after the other. */
function chain(...list: tf.layers.Layer[]): Build {
  return (x) => list.reduce((y, layer) => layer.apply(y) as tf.SymbolicTensor, x);
}

const conv = (filters: number, more: object = {}): tf.layers.Layer =>
  layers.conv2d({ filters, kernelSize: 3, ...more });
const negativeGamma = (): tf.layers.Layer =>
  layers.batchNormalization({ gammaInitializer: tf.initializers.constant({ value: -1 }) });

/** What layers can be asked for; each is followed by flatten and a softmax. Pictures are 11 × 14. */
const cases: Record<string, Build> = {
  'strides and padding "same"': chain(conv(4, { strides: [2, 3], padding: 'same' })),
  'a dilated convolution': chain(conv(4, { dilationRate: [2, 3], padding: 'same' })),
  'a convolution of an even kernel': chain(conv(4, { kernelSize: [2, 4], padding: 'same' })),
  'a depthwise convolution of two filters a channel': chain(
    layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, strides: 2, activation: 'relu' }),
  ),
  'zeros around a convolution, a pooling and the end': chain(
    layers.zeroPadding2d({
      padding: [
        [1, 0],
        [0, 2],
      ],
    }),
    layers.zeroPadding2d({ padding: 1 }),
    conv(4, { padding: 'same', strides: 2, useBias: false }),
    layers.zeroPadding2d({ padding: 2 }),
    layers.maxPooling2d({ poolSize: 3, strides: 2 }),
    layers.zeroPadding2d({
      padding: [
        [0, 1],
        [1, 0],
      ],
    }),
  ),
  'average pooling over the border': chain(
    layers.averagePooling2d({ poolSize: [3, 2], strides: 2, padding: 'same' }),
  ),
  'max pooling over the border': chain(
    layers.maxPooling2d({ poolSize: 3, strides: 1, padding: 'same' }),
  ),
  'global poolings, multiplied': (x) =>
    layers
      .multiply()
      .apply([
        layers.globalMaxPooling2d({}).apply(x) as tf.SymbolicTensor,
        layers.globalAveragePooling2d({}).apply(x) as tf.SymbolicTensor,
      ]) as tf.SymbolicTensor,
  'batch norms in a row behind a convolution with a bias': chain(
    conv(4),
    layers.batchNormalization(),
    layers.batchNormalization({ scale: false, epsilon: 0.1 }),
  ),
  'a batch norm of negative factors behind a pooling': chain(
    conv(4),
    layers.maxPooling2d({ poolSize: 2 }),
    negativeGamma(),
  ),
  'a batch norm of negative factors behind a convolution': chain(conv(4), negativeGamma()),
  'a batch norm behind an activation, without a shift': chain(
    conv(4, { activation: 'relu' }),
    layers.batchNormalization({ center: false }),
  ),
  'a batch norm of pictures and one of features': chain(
    layers.batchNormalization(),
    layers.flatten(),
    layers.dense({ units: 5 }),
    layers.batchNormalization(),
  ),
  'a batch norm whose input is needed elsewhere': (x) => {
    const y = conv(3, { padding: 'same' }).apply(x) as tf.SymbolicTensor;
    const z = layers.batchNormalization().apply(y) as tf.SymbolicTensor;
    return layers.add().apply([y, z, x]) as tf.SymbolicTensor;
  },
  'layers for the training alone': chain(
    layers.dropout({ rate: 0.5 }),
    layers.gaussianNoise({ stddev: 1 }),
    layers.gaussianDropout({ rate: 0.5 }),
    layers.alphaDropout({ rate: 0.5 }),
    layers.activation({ activation: 'linear' }),
  ),
  'activations as layers': chain(
    layers.rescaling({ scale: 3, offset: -0.5 }),
    layers.leakyReLU({ alpha: 0.2 }),
    layers.elu({}),
    layers.reLU({ maxValue: 2 }),
    layers.reLU({}),
    layers.flatten(),
    layers.softmax(),
  ),
  'concatenation of channels and of rows': (x) => {
    const y = conv(3, { padding: 'same' }).apply(x) as tf.SymbolicTensor;
    const wide = layers.concatenate({ axis: 1 }).apply([x, y]) as tf.SymbolicTensor;
    const z = layers.concatenate().apply([y, x]) as tf.SymbolicTensor;
    const flat = [wide, z].map((each) => layers.flatten().apply(each) as tf.SymbolicTensor);
    return layers.concatenate().apply(flat) as tf.SymbolicTensor;
  },
  'a dense layer on pixels, and another shape': chain(
    conv(4),
    layers.dense({ units: 6, activation: 'tanh' }),
    layers.dense({ units: 2, useBias: false }),
    layers.reshape({ targetShape: [4, 54] }),
  ),
  'a layer that is used twice': (x) => {
    const shared = conv(3, { padding: 'same', activation: 'relu' });
    const norm = layers.batchNormalization();
    const y = norm.apply(shared.apply(x)) as tf.SymbolicTensor;
    return norm.apply(shared.apply(y)) as tf.SymbolicTensor;
  },
  'a model in a model': (x) => {
    const input = tf.input({ shape: [9, 12, 4] });
    const y = conv(2).apply(input) as tf.SymbolicTensor;
    const inner = tf.model({
      inputs: input,
      outputs: layers.flatten().apply(y) as tf.SymbolicTensor,
    });
    const sequence = tf.sequential({ layers: [conv(4, { inputShape: [11, 14, 3] })] });
    return inner.apply(sequence.apply(x)) as tf.SymbolicTensor;
  },
  ...Object.fromEntries(
    (
      [
        'elu',
        'hardSigmoid',
        'relu',
        'relu6',
        'selu',
        'sigmoid',
        'softmax',
        'softplus',
        'softsign',
        'swish',
        'tanh',
      ] as const
    ).map((activation) => [
      `the activation ${activation}`,
      chain(conv(4, { activation }), layers.activation({ activation })),
    ]),
  ),
};

/** A classifier of pictures of 11 × 14 pixels around the layers of a case. */
function around(build: Build): Classifier {
  const input = tf.input({ shape: [11, 14, 3] });
  const x = build(input);
  const flat = x.rank === 2 ? x : (layers.flatten().apply(x) as tf.SymbolicTensor);
  const end = layers.dense({ units: 3, activation: 'softmax' });
  const model = tf.model({ inputs: input, outputs: end.apply(flat) as tf.SymbolicTensor });
  return classifierOf(model, { height: 11, width: 14 });
}

for (const [name, build] of Object.entries(cases)) {
  test(`a network becomes ONNX: ${name}`, async () => {
    const classifier = around(build);
    await assertSamePredictions(classifier);
    classifier.model.dispose();
  });
}

test('a Sequential model of any input size takes that of its preprocessing', async () => {
  const model = tf.sequential({
    layers: [
      conv(4, { inputShape: [null, null, 3], activation: 'relu' }),
      layers.globalMaxPooling2d({}),
      layers.dense({ units: 3, activation: 'softmax' }),
    ],
  });
  await assertSamePredictions(classifierOf(model, { height: 6, width: 9 }));
  model.dispose();
});

const refused: Record<string, [Build, RegExp]> = {
  'a layer': [
    chain(layers.upSampling2d({ name: 'larger' })),
    /Expected layers .* but "larger" is of class UpSampling2D: build the model of Activation, /,
  ],
  'an activation': [
    chain(conv(3, { name: 'smooth', activation: 'mish' })),
    /in the layer "smooth" \(Conv2D\) but found activation "mish"/,
  ],
  'channels that come first': [
    chain(layers.maxPooling2d({ name: 'first', dataFormat: 'channelsFirst', poolSize: 2 })),
    /in the layer "first" \(MaxPooling2D\) but found data_format "channels_first"/,
  ],
  'a batch norm of rows': [
    chain(layers.batchNormalization({ name: 'rows', axis: 1 })),
    /in the layer "rows" \(BatchNormalization\) but found axis 1/,
  ],
};

for (const [name, [build, message]] of Object.entries(refused)) {
  test(`what cannot be written is refused by name before anything is written: ${name}`, async () => {
    const classifier = around(build);
    const before = tf.memory().numTensors;
    await assert.rejects(exportOnnx(classifier, join(directory, 'a', 'model.onnx')), message);
    assert.equal(tf.memory().numTensors, before);
    assert.equal(existsSync(join(directory, 'a')), false);
    classifier.model.dispose();
  });
}

test('a model of two outputs, and one that gives no probabilities of its classes, are refused', async () => {
  const input = tf.input({ shape: [4, 4, 3] });
  const flat = layers.flatten().apply(input) as tf.SymbolicTensor;
  const outputs = [2, 3].map((units) => layers.dense({ units }).apply(flat) as tf.SymbolicTensor);
  const preprocess = { ...square(4), ...MOBILENET_SCALE };
  const file = join(directory, 'model.onnx');
  const two = tf.model({ inputs: input, outputs });
  const classifier = { model: two, classNames: ['a', 'b'], preprocess };
  await assert.rejects(exportOnnx(classifier, file), /one input and one output .* found 2/);
  const one = tf.model({ inputs: input, outputs: outputs[1] });
  await assert.rejects(
    exportOnnx({ ...classifier, model: one }, file),
    /output is 2 probabilities, one for each class, but it is \[3\]/,
  );
  assert.deepEqual(readdirSync(directory), []);
  one.dispose();
});

test('the file says what it is, leaves no tensors, and replaces an older one', async () => {
  const classifier = networks['CNN of the recipes, two views']();
  const file = join(directory, 'folder', 'model.onnx');
  const before = tf.memory().numTensors;
  await exportOnnx(classifier, file, { name: 'first' });
  const { sizeBytes } = await exportOnnx(classifier, file, { name: 'mine', runId: '2026-run' });
  assert.equal(tf.memory().numTensors, before);
  assert.equal((await stat(file)).size, sizeBytes);
  assert.deepEqual(readdirSync(join(directory, 'folder')), ['model.onnx']);
  const { metadata, name } = await classifierOnnx(classifier, {
    ...{ name: 'mine', runId: '2026-run' },
  });
  assert.equal(name, 'mine');
  assert.deepEqual(JSON.parse(metadata.classNames), classifier.classNames);
  assert.deepEqual(JSON.parse(metadata.preprocess), classifier.preprocess);
  assert.equal(metadata.views, '2');
  assert.equal(metadata.runId, '2026-run');
  assert.match(metadata.generatedBy, /^TensorFlow\.js tfjs-layers v4/);
  assert.match(metadata.input, /cover 32 × 32 pixels/);
  const bytes = await readFile(file);
  for (const text of Object.values(metadata)) assert.ok(bytes.includes(text), text);
  await assert.rejects(
    exportOnnx(classifier, file, { runID: 'x' } as object),
    /Expected the options of exportOnnx .* did you mean "runId"/,
  );
  classifier.model.dispose();
});
