import { checkOptions, integerFrom, seedInteger } from '../options';
import { tf } from '../tensorflow/backend';
import { type ImageShape, imageShape, layerSeed } from './modelOptions';

/** Options of {@link createMlp}. */
export interface MlpOptions {
  /** Input images as [height, width, channels]. Default [32, 32, 3], as CIFAR-10. */
  readonly inputShape?: ImageShape;
  /** Number of classes, at least 2. Default 10. */
  readonly numClasses?: number;
  /** Seed of the initial weights. Default 0. */
  readonly seed?: number;
}

/**
 * The multi-layer perceptron of the original notebook: Flatten, Dense 2048 relu, Dense softmax.
 *
 * Input float32 [n, height, width, channels]; output probabilities float32 [n, numClasses].
 * 6,313,994 parameters with the default options. Caller disposes the model.
 *
 * @throws RangeError for an impossible shape or count, TypeError for an unknown option.
 */
export function createMlp(options: MlpOptions = {}): tf.LayersModel {
  checkOptions('createMlp', options, {
    inputShape: imageShape(),
    numClasses: integerFrom(2, 10),
    seed: seedInteger,
  });
  const { inputShape = [32, 32, 3], numClasses = 10, seed = 0 } = options;

  const dense = (name: string, units: number, activation: 'relu' | 'softmax') =>
    tf.layers.dense({
      name,
      units,
      activation,
      // Keras' default; tfjs' own is glorotNormal.
      kernelInitializer: tf.initializers.glorotUniform({ seed: layerSeed(seed, name) }),
    });

  return tf.sequential({
    name: 'mlp',
    layers: [
      tf.layers.flatten({ name: 'flatten', inputShape: [...inputShape] }),
      dense('hidden', 2048, 'relu'),
      dense('predictions', numClasses, 'softmax'),
    ],
  });
}
