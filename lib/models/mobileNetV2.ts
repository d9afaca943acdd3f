import { checkOptions, flag, integerFrom, oneOf, positiveNumber, seedInteger } from '../options';
import { tf } from '../tensorflow/backend';
import { layerSeed } from './modelOptions';

/** Options of {@link createMobileNetV2}. */
export interface MobileNetV2Options {
  /** Width multiplier of every layer, greater than 0. Default 1. ImageNet weights exist for .35, .5, .75, 1, 1.3, 1.4. */
  readonly alpha?: number;
  /** Height and width of the input in pixels, at least 32. Default 224. ImageNet weights exist for 96, 128, 160, 192, 224. */
  readonly inputSize?: number;
  /** Ends the model with global average pooling and a softmax over `numClasses`. Default true. */
  readonly includeTop?: boolean;
  /** Number of classes of the top, at least 2. Default 1000, as ImageNet. */
  readonly numClasses?: number;
  /** Without the top: pools the last feature map to float32 [n, channels]. Default: no pooling. */
  readonly pooling?: 'avg' | 'max';
  /** Seed of the initial weights. Default 0. */
  readonly seed?: number;
}

/** Sandler et al. 2018, table 2: `repeats` blocks, of which the first has the given stride. */
const STAGES = [
  { expansion: 1, filters: 16, repeats: 1, stride: 1 },
  { expansion: 6, filters: 24, repeats: 2, stride: 2 },
  { expansion: 6, filters: 32, repeats: 3, stride: 2 },
  { expansion: 6, filters: 64, repeats: 4, stride: 2 },
  { expansion: 6, filters: 96, repeats: 3, stride: 1 },
  { expansion: 6, filters: 160, repeats: 3, stride: 2 },
  { expansion: 6, filters: 320, repeats: 1, stride: 1 },
] as const;

/** The seventeen inverted residual blocks, in order. */
const BLOCKS = STAGES.flatMap(({ expansion, filters, repeats, stride }) =>
  Array.from({ length: repeats }, (_, i) => ({ expansion, filters, stride: i === 0 ? stride : 1 })),
);

/**
 * MobileNetV2 as Keras builds it, with Keras' layer names, so that its weights load by name
 * ({@link loadKerasWeights}): Sandler et al. 2018, https://arxiv.org/abs/1801.04381.
 *
 * Input float32 [n, inputSize, inputSize, 3] in [-1, 1] for ImageNet's weights. Output with the top:
 * probabilities float32 [n, numClasses]; without: features float32 [n, ⌈inputSize/32⌉, ⌈inputSize/32⌉, 1280]
 * (more channels for alpha above 1), or [n, 1280] with `pooling`.
 *
 * Every layer is trainable; a batch normalization frozen by `trainable = false` keeps its averages, as in
 * Keras. Parameters: 3,538,984 with the top, 2,257,984 without; alpha .35 without: 410,208.
 * Caller disposes the model.
 *
 * @throws RangeError for an impossible value, TypeError for an unknown option or `pooling` with the top.
 */
export function createMobileNetV2(options: MobileNetV2Options = {}): tf.LayersModel {
  checkOptions('createMobileNetV2', options, {
    alpha: positiveNumber,
    inputSize: integerFrom(32, 224), // Keras' min_size: five halvings leave one pixel
    includeTop: flag,
    numClasses: integerFrom(2, 1000),
    pooling: oneOf('avg', 'max'),
    seed: seedInteger,
  });
  const { alpha = 1, inputSize = 224, includeTop = true, numClasses = 1000, pooling } = options;
  if (includeTop && pooling !== undefined) {
    throw new TypeError(
      `Expected no pooling option with the top, which pools by itself, but received "${pooling}": ` +
        `pass includeTop: false with it.`,
    );
  }

  const build = layerBuilder(options.seed ?? 0);
  const input = tf.input({ shape: [inputSize, inputSize, 3], name: 'input_1' });
  let x = build.convolution(input, 'Conv1', {
    filters: makeDivisible(32 * alpha),
    kernelSize: 3,
    strides: 2,
    norm: 'bn_Conv1',
    relu6: 'Conv1_relu',
  });
  BLOCKS.forEach((block, index) => {
    x = invertedResidual(build, x, { ...block, index, alpha });
  });
  x = build.convolution(x, 'Conv_1', {
    // The paper (section 6.1) widens the last convolution but never narrows it.
    filters: alpha > 1 ? makeDivisible(1280 * alpha) : 1280,
    norm: 'Conv_1_bn',
    relu6: 'out_relu',
  });

  return tf.model({
    name: `mobilenetv2_${alpha.toFixed(2)}_${inputSize}`,
    inputs: input,
    outputs: includeTop ? build.top(x, numClasses) : pool(x, pooling),
  });
}

interface BlockOptions {
  readonly index: number;
  readonly alpha: number;
  readonly filters: number;
  readonly stride: number;
  readonly expansion: number;
}

/** One block: expand 1x1, filter each channel 3x3, project 1x1, and add the input where shapes agree. */
function invertedResidual(
  build: LayerBuilder,
  input: tf.SymbolicTensor,
  { index, alpha, filters, stride, expansion }: BlockOptions,
): tf.SymbolicTensor {
  const prefix = index === 0 ? 'expanded_conv_' : `block_${index}_`;
  const inputChannels = input.shape[3] as number;
  const outputChannels = makeDivisible(Math.trunc(filters * alpha));

  let x = input;
  if (index > 0) {
    x = build.convolution(x, `${prefix}expand`, {
      filters: expansion * inputChannels,
      relu6: `${prefix}expand_relu`,
    });
  }
  x = build.depthwise(x, prefix, stride);
  x = build.convolution(x, `${prefix}project`, { filters: outputChannels });
  return stride === 1 && inputChannels === outputChannels
    ? (tf.layers.add({ name: `${prefix}add` }).apply([input, x]) as tf.SymbolicTensor)
    : x;
}

interface ConvolutionOptions {
  readonly filters: number;
  /** Default 1. */
  readonly kernelSize?: number;
  /** Default 1. */
  readonly strides?: number;
  /** Name of the batch normalization. Default the layer's name + "_BN". */
  readonly norm?: string;
  /** Name of the activation; none (a linear bottleneck) by default. */
  readonly relu6?: string;
}

type LayerBuilder = ReturnType<typeof layerBuilder>;

/** The few kinds of layers the network is made of, each initialised by its own name and the model's seed. */
function layerBuilder(seed: number) {
  // Keras' default initialiser; tfjs' own is glorotNormal.
  const initializer = (name: string) =>
    tf.initializers.glorotUniform({ seed: layerSeed(seed, name) });

  const normalized = (x: tf.SymbolicTensor, norm: string, relu6?: string) => {
    // Keras mobilenet_v2.py: the published weights were trained with these two.
    const normalize = tf.layers.batchNormalization({ name: norm, epsilon: 1e-3, momentum: 0.999 });
    const y = normalize.apply(x) as tf.SymbolicTensor;
    if (relu6 === undefined) return y;
    return tf.layers.activation({ name: relu6, activation: 'relu6' }).apply(y) as tf.SymbolicTensor;
  };

  return {
    convolution(x: tf.SymbolicTensor, name: string, options: ConvolutionOptions) {
      const { filters, kernelSize = 1, strides = 1, norm = `${name}_BN`, relu6 } = options;
      const layer = tf.layers.conv2d({
        name,
        filters,
        kernelSize,
        strides,
        padding: 'same',
        useBias: false,
        kernelInitializer: initializer(name),
      });
      return normalized(layer.apply(x) as tf.SymbolicTensor, norm, relu6);
    },

    depthwise(x: tf.SymbolicTensor, prefix: string, stride: number) {
      const name = `${prefix}depthwise`;
      const layer = tf.layers.depthwiseConv2d({
        name,
        kernelSize: 3,
        strides: stride,
        padding: stride === 1 ? 'same' : 'valid',
        useBias: false,
        depthwiseInitializer: initializer(name),
      });
      const padded = stride === 1 ? x : padForStride2(x, `${prefix}pad`);
      return normalized(layer.apply(padded) as tf.SymbolicTensor, `${name}_BN`, `${name}_relu`);
    },

    top(x: tf.SymbolicTensor, numClasses: number) {
      const layer = tf.layers.dense({
        name: 'predictions',
        units: numClasses,
        activation: 'softmax',
        kernelInitializer: initializer('predictions'),
      });
      return layer.apply(pool(x, 'avg')) as tf.SymbolicTensor;
    },
  };
}

/** Keras' `correct_pad`: before a 3x3 stride-2 convolution an even side gets 0 + 1 pixels, an odd one 1 + 1. */
function padForStride2(x: tf.SymbolicTensor, name: string): tf.SymbolicTensor {
  const pads = [x.shape[1], x.shape[2]].map((side) => [(side as number) % 2, 1]);
  const padding = pads as [[number, number], [number, number]];
  return tf.layers.zeroPadding2d({ name, padding }).apply(x) as tf.SymbolicTensor;
}

function pool(x: tf.SymbolicTensor, kind?: 'avg' | 'max'): tf.SymbolicTensor {
  if (kind === undefined) return x;
  const layer =
    kind === 'avg'
      ? tf.layers.globalAveragePooling2d({ name: 'global_average_pooling2d' })
      : tf.layers.globalMaxPooling2d({ name: 'global_max_pooling2d' });
  return layer.apply(x) as tf.SymbolicTensor;
}

/** Keras' `_make_divisible`: the nearest multiple of 8, at least 8, never less than 90 % of `value`. */
function makeDivisible(value: number): number {
  const nearest = Math.max(8, Math.floor((value + 4) / 8) * 8);
  return nearest < 0.9 * value ? nearest + 8 : nearest;
}
