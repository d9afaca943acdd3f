import { checkOptions, flag, integerFrom, positiveInteger, rule, seedInteger } from '../options';
import { tf } from '../tensorflow/backend';
import { type ImageShape, imageShape, layerSeed } from './modelOptions';

/** Options of {@link createFastCnn}. */
export interface FastCnnOptions {
  /** Input images as [height, width, channels], both sides at least 17. Default [32, 32, 3]. */
  readonly inputShape?: ImageShape;
  /** Number of classes, at least 2. Default 10. */
  readonly numClasses?: number;
  /** Filters of each block; each block halves the picture's sides. Default [64, 256, 256], as airbench94. */
  readonly widths?: readonly number[];
  /** Convolutions of each block. Default 2, as airbench94. */
  readonly convolutionsPerBlock?: number;
  /**
   * The first layer is frozen, and waits for the weights of `setWhitening`. With false it is trained like any other,
   * from random weights. Default true.
   */
  readonly whitening?: boolean;
  /**
   * Convolutions begin by passing their inputs on: filter i has a 1 at its centre for channel i and zeros elsewhere; filters
   * beyond the number of inputs are random. Default false: all are random.
   */
  readonly identity?: boolean;
  /** Seed of the initial weights. Default 0. */
  readonly seed?: number;
}

const widthsRule = rule(
  'one to four integers greater than 0',
  '[64, 256, 256]',
  (value) =>
    Array.isArray(value) &&
    value.length >= 1 &&
    value.length <= 4 &&
    value.every((width) => positiveInteger.accepts(width)),
);

/**
 * A convolutional network that learns fast, after Jordan's airbench94 ("94% on CIFAR-10 in 3.29 seconds", 2024), which
 * goes back to Page's "How to train your ResNet" (2018): a 2×2 convolution that whitens patches, blocks of
 * Conv 3×3, MaxPool 2×2, batch norm, relu, Conv 3×3, batch norm, relu; then global max pooling, a scale factor and
 * Dense softmax.
 *
 * Ours differs in relu instead of gelu (TensorFlow has a fused relu), in He's initial weights of what does not begin as
 * identity, and in a whitening whose bias subtracts the patches' mean instead of being learned. Batch norms have a shift but no scale: the next
 * convolution could undo it. Their averages follow with a momentum of .6 (airbench), since trainings take hundreds of steps.
 *
 * Input float32 [n, height, width, channels]; output probabilities float32 [n, numClasses].
 * 1,973,944 parameters and 118 million multiplications a picture with the default options. Caller disposes the model.
 *
 * @throws RangeError for an impossible shape or count, TypeError for an unknown option.
 */
export function createFastCnn(options: FastCnnOptions = {}): tf.LayersModel {
  checkOptions<FastCnnOptions>('createFastCnn', options, {
    inputShape: imageShape(17),
    numClasses: integerFrom(2, 10),
    widths: widthsRule,
    convolutionsPerBlock: positiveInteger,
    whitening: flag,
    identity: flag,
    seed: seedInteger,
  });
  const { inputShape = [32, 32, 3], numClasses = 10, widths = [64, 256, 256] } = options;
  const { convolutionsPerBlock = 2, whitening = true, seed = 0 } = options;
  const { identity = false } = options;

  const convolution = (name: string, filters: number): tf.layers.Layer =>
    tf.layers.conv2d({
      name,
      filters,
      kernelSize: 3,
      padding: 'same',
      useBias: false, // the batch norm behind it has one
      kernelInitializer: tf.initializers.heNormal({ seed: layerSeed(seed, name) }),
    });
  const normAndRelu = (name: string): tf.layers.Layer[] => [
    tf.layers.batchNormalization({
      name: `${name}_norm`,
      momentum: 0.6,
      epsilon: 1e-5,
      scale: false,
    }),
    tf.layers.activation({ name: `${name}_relu`, activation: 'relu' }),
  ];
  const block = (filters: number, index: number): tf.layers.Layer[] =>
    Array.from({ length: convolutionsPerBlock }, (_, place) => {
      const name = `block${index + 1}_conv${place + 1}`;
      const pool = tf.layers.maxPooling2d({ name: `block${index + 1}_pool`, poolSize: 2 });
      return [convolution(name, filters), ...(place === 0 ? [pool] : []), ...normAndRelu(name)];
    }).flat();

  const model = tf.sequential({
    name: 'fast_cnn',
    layers: [
      tf.layers.conv2d({
        name: 'whitening',
        inputShape: [...inputShape],
        filters: 2 * 4 * inputShape[2], // each direction of a 2×2 patch with both signs
        kernelSize: 2,
        activation: 'relu',
        kernelInitializer: tf.initializers.heNormal({ seed: layerSeed(seed, 'whitening') }),
        trainable: !whitening,
      }),
      ...widths.flatMap(block),
      tf.layers.globalMaxPooling2d({ name: 'maximum' }),
      // As airbench: keeps the first logits small.
      tf.layers.rescaling({ name: 'feature_scale', scale: 1 / 9, offset: 0 }),
      tf.layers.dense({
        name: 'predictions',
        units: numClasses,
        activation: 'softmax',
        useBias: false,
        kernelInitializer: tf.initializers.heUniform({ seed: layerSeed(seed, 'predictions') }),
      }),
    ],
  });
  if (identity) {
    for (const layer of model.layers) if (/_conv\d+$/.test(layer.name)) passInputsOn(layer);
  }
  return model;
}

/** A convolution's kernel with the first filters replaced by those that copy a channel (PyTorch's `dirac_`). */
function passInputsOn(layer: tf.layers.Layer): void {
  const [kernel] = layer.getWeights();
  const [height, width, channels, filters] = kernel.shape;
  const values = kernel.dataSync().slice();
  const centre = (Math.floor(height / 2) * width + Math.floor(width / 2)) * channels;
  const copies = Math.min(channels, filters);
  for (let place = 0; place < height * width * channels; place++)
    for (let filter = 0; filter < copies; filter++)
      values[place * filters + filter] = place === centre + filter ? 1 : 0;
  tf.tidy(() => layer.setWeights([tf.tensor(values, kernel.shape)]));
}
