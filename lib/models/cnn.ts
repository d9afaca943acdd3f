import { checkOptions, fractionBelowOne, integerFrom, seedInteger } from '../options';
import { tf } from '../tensorflow/backend';
import { type ImageShape, imageShape, layerSeed } from './modelOptions';

/** Options of {@link createCnn}. */
export interface CnnOptions {
  /** Input images as [height, width, channels], both sides at least 16. Default [32, 32, 3]. */
  readonly inputShape?: ImageShape;
  /** Number of classes, at least 2. Default 10. */
  readonly numClasses?: number;
  /** Share of the 64 dense features dropped in training, in [0, 1). Default .3, as the original. */
  readonly dropoutRate?: number;
  /** Seed of the initial weights. Default 0. */
  readonly seed?: number;
}

/** Filters of the four convolution blocks, each of which halves the image's sides. */
const BLOCK_FILTERS = [32, 64, 128, 256] as const;

/**
 * The small CNN of the original notebook: four blocks of Conv 3x3 relu and MaxPool 2x2
 * (32, 64, 128, 256 filters), Flatten, Dense 64 relu, Dropout, Dense softmax.
 *
 * Input float32 [n, height, width, channels]; output probabilities float32 [n, numClasses].
 * 454,666 parameters with the default options. Caller disposes the model.
 *
 * @throws RangeError for an impossible shape, count or rate, TypeError for an unknown option.
 */
export function createCnn(options: CnnOptions = {}): tf.LayersModel {
  checkOptions('createCnn', options, {
    inputShape: imageShape(2 ** BLOCK_FILTERS.length),
    numClasses: integerFrom(2, 10),
    dropoutRate: fractionBelowOne,
    seed: seedInteger,
  });
  const { inputShape = [32, 32, 3], numClasses = 10, dropoutRate = 0.3, seed = 0 } = options;

  // Keras' default initialiser; tfjs' own is glorotNormal.
  const kernel = (name: string) => tf.initializers.glorotUniform({ seed: layerSeed(seed, name) });

  const block = (filters: number, index: number) => [
    tf.layers.conv2d({
      name: `conv${index + 1}`,
      filters,
      kernelSize: 3,
      padding: 'same',
      activation: 'relu',
      kernelInitializer: kernel(`conv${index + 1}`),
      ...(index === 0 ? { inputShape: [...inputShape] } : {}),
    }),
    tf.layers.maxPooling2d({ name: `pool${index + 1}`, poolSize: 2 }),
  ];

  return tf.sequential({
    name: 'cnn',
    layers: [
      ...BLOCK_FILTERS.flatMap(block),
      tf.layers.flatten({ name: 'flatten' }),
      tf.layers.dense({
        name: 'features',
        units: 64,
        activation: 'relu',
        kernelInitializer: kernel('features'),
      }),
      // No seed here: tfjs would draw the very same mask on every step. The training step seeds it.
      tf.layers.dropout({ name: 'dropout', rate: dropoutRate }),
      tf.layers.dense({
        name: 'predictions',
        units: numClasses,
        activation: 'softmax',
        kernelInitializer: kernel('predictions'),
      }),
    ],
  });
}
