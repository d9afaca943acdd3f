import { type OptionRule, rule } from '../options';
import { createRng } from '../random';
import type { tf } from '../tensorflow/backend';

/** Height, width and channels of one input image. */
export type ImageShape = readonly [height: number, width: number, channels: number];

/** Accepts [height, width, channels] with a height and width of at least `minimumSize` pixels. */
export function imageShape(minimumSize = 1): OptionRule {
  return rule(
    `[height, width, channels] with a height and width of at least ${minimumSize}`,
    '[32, 32, 3]',
    (value) =>
      Array.isArray(value) &&
      value.length === 3 &&
      value.every((side) => Number.isSafeInteger(side) && side > 0) &&
      value[0] >= minimumSize &&
      value[1] >= minimumSize,
  );
}

/** What every function that creates a network takes, whatever else it takes. */
export interface NetworkOptions {
  readonly inputShape: ImageShape;
  readonly numClasses: number;
  /** Seed of the initial weights. */
  readonly seed: number;
}

/** Makes a classifier that ends in a softmax; the caller disposes it. */
export type CreateNetwork = (options: NetworkOptions) => tf.LayersModel;

/**
 * The seed of one layer's initial weights: an integer in [0, 2^31), different for every layer name and
 * reproducible from the model's seed. Layers that shared one seed would start with the same numbers.
 */
export function layerSeed(seed: number, layerName: string): number {
  return createRng(seed, 'initial weights', layerName).nextInt(2 ** 31);
}
