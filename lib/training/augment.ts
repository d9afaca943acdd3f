/**
 * Augmentation: training pictures are changed at random, so that a network sees none of them twice. It runs inside the
 * compiled training step, on pictures in their original size; validation and test never meet it.
 */
import { checkOptions, integerFrom, nonNegativeNumber, rule } from '../options';
import { tf } from '../tensorflow/backend';
import { randomGamma, randomUniform } from '../tensorflow/random';
import { mixPairs, movePictures, paintSquares } from './augmentOps';

/** What {@link createAugmentation} can be told; what is left out does not happen. */
export interface AugmentationOptions {
  /**
   * Mirrors pictures left to right: `true` tosses a coin for each picture and step. `'alternating'` tosses it once for
   * each picture, in the first epoch, and turns it over in each epoch (Jordan, "94% on CIFAR-10 in 3.29 seconds", 2024,
   * section 3.6): two epochs see every picture from both sides.
   */
  readonly flip?: boolean | 'alternating';
  /**
   * Moves pictures by up to so many pixels in both directions, each distance as likely; what comes in at the border is
   * the picture mirrored at its outermost pixels. Recipes for 32 pixels take 2 (airbench) to 4 (He et al. 2016).
   */
  readonly shift?: number;
  /**
   * Side in pixels of a square that is painted in the colour of `preprocess.mean`; its centre is any pixel, so a part may lie outside
   * (DeVries and Taylor, "Improved regularization of convolutional neural networks with cutout", 2017). For long
   * trainings: 8 to 16.
   */
  readonly cutout?: number;
  /**
   * Mixes each picture and its target with another one's, λ : 1 − λ, one λ ~ Beta(mixup, mixup) for each step (Zhang et
   * al., "mixup: Beyond empirical risk minimization", ICLR 2018, who take .1 to .4). The partner is the picture as far
   * from the batch's end as this one from its beginning: batches are shuffled.
   */
  readonly mixup?: number;
}

/** Pictures and what they are to be taken for. */
export interface AugmentedBatch {
  /** float32 [batch, height, width, 3], 0…255. */
  readonly images: tf.Tensor4D;
  /** Class indices int32 [batch], or with mixup float32 [batch, numClasses]. */
  readonly targets: tf.Tensor;
}

/** A way to change batches. */
export interface Augmentation {
  /** What it was made from, plain JSON, for a run's record and a checkpoint. */
  readonly options: AugmentationOptions;
  /** Each epoch turns flips over: {@link Augmentation.apply} then wants to be told them. */
  readonly alternates: boolean;
  /** Targets are mixed: they have to come as float32 [batch, numClasses]. */
  readonly mixes: boolean;
  /**
   * Changes one batch; random numbers come from the compiled step's stream. Inputs are not changed.
   *
   * @param settings.fill the mean colour, R, G, B, 0…255.
   * @param settings.flips int32 [batch], 1 for a picture that is mirrored; needed where `alternates`, else unused.
   */
  apply(
    batch: AugmentedBatch,
    settings: { readonly fill: readonly number[]; readonly flips?: tf.Tensor1D },
  ): AugmentedBatch;
}

/** Accepts the option `flip`. */
export const flipRule = rule(
  "true, false or 'alternating'",
  'true',
  (value) => typeof value === 'boolean' || value === 'alternating',
);

/**
 * @example createAugmentation({ flip: 'alternating', shift: 2 })
 *
 * @throws RangeError for an impossible size, TypeError for an unknown option.
 */
export function createAugmentation(options: AugmentationOptions = {}): Augmentation {
  checkOptions<AugmentationOptions>('createAugmentation', options, {
    flip: flipRule,
    shift: integerFrom(0, 2),
    cutout: integerFrom(0, 8),
    mixup: nonNegativeNumber,
  });
  const { flip = false, shift = 0, cutout = 0, mixup = 0 } = options;
  return {
    options: { flip, shift, cutout, mixup },
    alternates: flip === 'alternating',
    mixes: mixup > 0,
    apply({ images, targets }, { fill, flips }) {
      checkSizes(images, shift);
      if (flip === 'alternating' && flips === undefined) {
        throw new TypeError(
          'Expected flips for an alternating flip but received none: pass which pictures are mirrored.',
        );
      }
      const [batch, height, width] = images.shape;
      let changed = images;
      const coins = (): tf.Tensor1D => randomIntegers(batch, [0, 1]);
      if (flip !== false || shift > 0) {
        changed = movePictures(changed, {
          flips: flip === true ? coins() : flip === 'alternating' ? flips : undefined,
          down: randomIntegers(batch, [-shift, shift]),
          right: randomIntegers(batch, [-shift, shift]),
        });
      }
      if (cutout > 0) {
        const before = Math.floor(cutout / 2);
        changed = paintSquares(changed, {
          side: cutout,
          top: randomIntegers(batch, [-before, height - 1 - before]),
          left: randomIntegers(batch, [-before, width - 1 - before]),
          fill,
        });
      }
      if (mixup === 0) return { images: changed, targets };
      const share = randomShare(mixup);
      return { images: mixPairs(changed, share), targets: mixPairs(targets, share) };
    },
  };
}

/** @returns int32 [count], each integer from `first` to `last` as likely. */
function randomIntegers(
  count: number,
  [first, last]: readonly [first: number, last: number],
): tf.Tensor1D {
  if (first === last) return tf.fill([count], first, 'int32');
  const draws = randomUniform([count]).mul(last - first + 1);
  return draws.floor().add(first).cast('int32') as unknown as tf.Tensor1D;
}

/** @returns float32 scalar from Beta(alpha, alpha): X / (X + Y) where X and Y are from Gamma(alpha). */
function randomShare(alpha: number): tf.Scalar {
  // The summand keeps 0 / 0 away.
  const [x, y] = [0, 1].map(() => randomGamma([], alpha).add(1e-30));
  return x.div(x.add(y));
}

function checkSizes(images: tf.Tensor4D, shift: number): void {
  const [, height, width] = images.shape;
  if (shift < Math.min(height, width)) return;
  throw new RangeError(
    `Expected shift to be less than the pictures' sides, ${height} × ${width}, but received ${shift}: ` +
      'pass createAugmentation a smaller one.',
  );
}
