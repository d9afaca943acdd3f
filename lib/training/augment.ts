/**
 * Augmentation: training pictures are changed at random, so that a network sees none of them twice. It runs inside the
 * compiled training step, on pictures in their original size; validation and test never meet it.
 */
import { checkOptions, integerFrom, nonNegativeNumber, rule } from '../options';
import { tf } from '../tensorflow/backend';
import { randomGamma, randomUniform } from '../tensorflow/random';

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
   * Side in pixels of a square that is painted in the mean colour; its centre is any pixel, so a part may lie outside
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

/**
 * @example createAugmentation({ flip: 'alternating', shift: 2 })
 *
 * @throws RangeError for an impossible size, TypeError for an unknown option.
 */
export function createAugmentation(options: AugmentationOptions = {}): Augmentation {
  checkOptions<AugmentationOptions>('createAugmentation', options, {
    flip: rule(
      "true, false or 'alternating'",
      'true',
      (value) => typeof value === 'boolean' || value === 'alternating',
    ),
    shift: integerFrom(0, 2),
    cutout: integerFrom(0, 8),
    mixup: nonNegativeNumber,
  });
  const { flip = false, shift = 0, cutout = 0, mixup = 0 } = options;
  const moves = flip !== false || shift > 0;
  return {
    options: { flip, shift, cutout, mixup },
    alternates: flip === 'alternating',
    mixes: mixup > 0,
    apply({ images, targets }, { fill, flips }) {
      checkSizes(images, { shift, cutout });
      const [batch] = images.shape;
      let changed = images;
      if (moves) {
        const mirror = flip === false ? null : (flips ?? randomIntegers(batch, 2));
        if (flip === 'alternating' && !flips)
          throw new TypeError(
            'Expected flips for an alternating flip but received none: pass which pictures are mirrored.',
          );
        changed = move(changed, {
          flips: mirror,
          down: randomIntegers(batch, 2 * shift + 1).sub(integer(shift)),
          right: randomIntegers(batch, 2 * shift + 1).sub(integer(shift)),
        });
      }
      if (cutout > 0) changed = cutOut(changed, { side: cutout, fill });
      return mixup > 0 ? mix({ images: changed, targets }, mixup) : { images: changed, targets };
    },
  };
}

/** A plain number would turn int32 into float32. */
function integer(value: number): tf.Scalar {
  return tf.scalar(value, 'int32');
}

/** @returns int32 [count], each from 0 to limit - 1. */
function randomIntegers(count: number, limit: number): tf.Tensor1D {
  if (limit === 1) return tf.zeros([count], 'int32');
  return randomUniform([count]).mul(limit).floor().cast('int32') as tf.Tensor1D;
}

/**
 * Mirrors and moves in one gather: every pixel is told where it comes from.
 *
 * @param flips int32 [batch] of 0 and 1, or null for none.
 * @param down,right int32 [batch]: the pixel at (y, x) comes from (y + down, x + right), counted in the mirrored picture.
 */
function move(
  images: tf.Tensor4D,
  {
    flips,
    down,
    right,
  }: { readonly flips: tf.Tensor1D | null; readonly down: tf.Tensor; readonly right: tf.Tensor },
): tf.Tensor4D {
  const [batch, height, width, channels] = images.shape;
  const rows = reflected(tf.range(0, height, 1, 'int32').add(down.expandDims(1)), height);
  const moved = reflected(tf.range(0, width, 1, 'int32').add(right.expandDims(1)), width);
  // x for a picture as it is, width - 1 - x for a mirrored one.
  const columns =
    flips === null
      ? moved
      : moved.add(flips.expandDims(1).mul(integer(width - 1).sub(moved.mul(integer(2)))));
  const first = tf.range(0, batch, 1, 'int32').mul(integer(height)).expandDims(1);
  const sources = rows.add(first).mul(integer(width)).expandDims(2).add(columns.expandDims(1));
  const pixels = images.reshape([batch * height * width, channels]);
  return tf.gather(pixels, sources as tf.Tensor3D) as unknown as tf.Tensor4D;
}

/** Places outside 0…size - 1 mirrored at the outermost pixels: … 2 1 | 0 1 2 … (torch's "reflect"). */
function reflected(places: tf.Tensor, size: number): tf.Tensor {
  const last = integer(size - 1);
  return last.sub(last.sub(places.abs()).abs());
}

function cutOut(
  images: tf.Tensor4D,
  { side, fill }: { readonly side: number; readonly fill: readonly number[] },
): tf.Tensor4D {
  const [batch, height, width] = images.shape;
  const inside = (size: number): tf.Tensor => {
    const first = randomIntegers(batch, size)
      .sub(integer(Math.floor(side / 2)))
      .expandDims(1);
    const places = tf.range(0, size, 1, 'int32').sub(first);
    return places
      .greaterEqual(integer(0))
      .logicalAnd(places.less(integer(side)))
      .cast('float32');
  };
  const painted = inside(height).expandDims(2).mul(inside(width).expandDims(1)).expandDims(3);
  const colour = tf.tensor1d([...fill]);
  return images.add(painted.mul(colour.sub(images))) as tf.Tensor4D;
}

function mix({ images, targets }: AugmentedBatch, alpha: number): AugmentedBatch {
  // X / (X + Y) ~ Beta(α, α) where X, Y ~ Gamma(α); the summand keeps 0 / 0 away.
  const [x, y] = [0, 1].map(() => randomGamma([], alpha).add(1e-30));
  const share = x.div(x.add(y));
  const mixed = (values: tf.Tensor): tf.Tensor =>
    values.mul(share).add(values.reverse(0).mul(tf.scalar(1).sub(share)));
  return { images: mixed(images) as tf.Tensor4D, targets: mixed(targets) };
}

function checkSizes(
  images: tf.Tensor4D,
  sizes: { readonly shift: number; readonly cutout: number },
): void {
  const [, height, width] = images.shape;
  if (sizes.shift < Math.min(height, width)) return;
  throw new RangeError(
    `Expected shift to be less than the pictures' sides, ${height} × ${width}, but received ${sizes.shift}: ` +
      'pass createAugmentation a smaller one.',
  );
}
