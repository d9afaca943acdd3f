/**
 * Augmentation: training pictures are changed at random, so that a network sees none of them twice. It runs inside the
 * compiled training step, on pictures in their original size; validation and test never meet it.
 */
import {
  checkOptions,
  fraction,
  integerFrom,
  nonNegativeNumber,
  properFraction,
  rule,
} from '../options';
import { tf } from '../tensorflow/backend';
import { createRng } from '../random';
import { randomGamma, randomUniform } from '../tensorflow/random';
import {
  enlargeSections,
  jitterColors,
  mixPairs,
  movePictures,
  paintRectangles,
  type Sections,
} from './augmentOps';

/** Options of {@link createAugmentation}; what is left out does not happen. */
export interface AugmentationOptions {
  /**
   * Mirrors pictures left to right: `true` tosses a coin for each picture and step. `'alternating'` tosses it once for
   * each picture, in the first epoch, and turns it over in each epoch (Jordan, "94% on CIFAR-10 in 3.29 seconds", 2024,
   * section 3.6): two epochs see every picture from both sides.
   */
  readonly flip?: boolean | 'alternating';
  /**
   * Moves pictures by up to this number of pixels in both directions, each distance as likely; what comes in at the border is
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
  /**
   * Enlarges a section of each picture to the whole, as torchvision's `RandomResizedCrop`: its share of the area is from `crop`
   * to 1, its sides' ratio from 3/4 to 4/3 of the picture's, its place anywhere (Szegedy et al., "Going deeper with
   * convolutions", 2015, who take .08). Less, .5 or more, where little data is trained on for long.
   */
  readonly crop?: number;
  /** Turns pictures by up to this number of degrees either way; what comes in at the corners is the picture mirrored. */
  readonly rotation?: number;
  /**
   * Multiplies brightness, contrast and saturation by a factor each from 1 − colorJitter to 1 + colorJitter (torchvision's
   * `ColorJitter`; .4 is usual for ImageNet).
   */
  readonly colorJitter?: number;
  /**
   * Share of the pictures in which a rectangle is painted in the colour of `preprocess.mean`: .02 to .33 of the area, sides'
   * ratio .3 to 3.3 (Zhong et al., "Random erasing data augmentation", AAAI 2020, who take .5; ranges of torchvision's
   * `RandomErasing`).
   */
  readonly erasing?: number;
}

/** A batch inside the compiled training step. */
export interface AugmentedBatch {
  /** float32 [batch, height, width, 3], 0…255. */
  readonly images: tf.Tensor4D;
  /** float32 [batch, numClasses], rows that sum to 1. Set only if the augmentation changes them: the loss on plain labels is cheaper. */
  readonly targets: () => tf.Tensor2D;
}

/** What each picture of a batch needs besides its pixels, by name: int32 [batch]. */
export type AugmentationInputs = Readonly<Record<string, Int32Array>>;

/** A way to change batches. */
export interface Augmentation {
  /** What it was made from, plain JSON: a checkpoint of other options is refused. */
  readonly options: object;
  /**
   * For what depends on the picture and the epoch, not on chance at each step: begins a training and gives the inputs of
   * a batch, a pure function of its pictures' indices and the 1-based epoch. Most augmentations have none.
   */
  readonly start?: (training: {
    /** Pictures of the training set. */
    readonly size: number;
    readonly seed: number;
  }) => (indices: ArrayLike<number>, epoch: number) => AugmentationInputs;
  /**
   * Changes one batch; random numbers come from the compiled step's stream. What it is given stays as it is. The operations have to
   * be the same however many pictures there are: they are recorded with a few.
   *
   * @param settings.fill the mean colour, R, G, B, 0…255.
   * @param settings.inputs those of {@link Augmentation.start}, as tensors.
   * @returns the changed pictures, and targets where they have changed.
   */
  apply(
    batch: AugmentedBatch,
    settings: {
      readonly fill: readonly number[];
      readonly inputs: Readonly<Record<string, tf.Tensor1D>>;
    },
  ): { readonly images: tf.Tensor4D; readonly targets?: tf.Tensor2D };
}

/** Accepts the option `flip`. */
export const flipRule = rule(
  "true, false or 'alternating'",
  'true',
  (value) => typeof value === 'boolean' || value === 'alternating',
);

const degrees = rule(
  'a number from 0 to 180',
  '15',
  (value) => Number.isFinite(value) && Number(value) >= 0 && Number(value) <= 180,
);

/**
 * Order: crop and rotation, flip and shift, colours, cutout, erasing, mixup.
 *
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
    crop: properFraction,
    rotation: degrees,
    colorJitter: fraction,
    erasing: fraction,
  });
  const { flip = false, shift = 0, cutout = 0, mixup = 0, ...others } = options;
  const { crop = 1, rotation = 0, colorJitter = 0, erasing = 0 } = others;
  return {
    options: { flip, shift, cutout, mixup, ...others },
    ...(flip === 'alternating' ? { start: startAlternatingFlip } : {}),
    apply({ images, targets }, { fill, inputs }) {
      checkSizes(images, shift);
      if (flip === 'alternating' && inputs.flips === undefined) {
        throw new TypeError(
          'Expected inputs.flips for an alternating flip but received none: pass what `start` gives.',
        );
      }
      const [batch, height, width] = images.shape;
      let changed = images;
      if (crop < 1 || rotation > 0) {
        changed = enlargeSections(images, randomSections(images, { crop, rotation }));
      }
      const coins = (): tf.Tensor1D => randomIntegers(batch, [0, 1]);
      if (flip !== false || shift > 0) {
        changed = movePictures(changed, {
          flips: flip === true ? coins() : flip === 'alternating' ? inputs.flips : undefined,
          down: randomIntegers(batch, [-shift, shift]),
          right: randomIntegers(batch, [-shift, shift]),
        });
      }
      if (colorJitter > 0) {
        const factor = () => randomBetween(batch, 1 - colorJitter, 1 + colorJitter);
        changed = jitterColors(changed, {
          brightness: factor(),
          contrast: factor(),
          saturation: factor(),
        });
      }
      if (cutout > 0) {
        const before = Math.floor(cutout / 2);
        const side = tf.fill<tf.Rank.R1>([batch], cutout, 'int32');
        changed = paintRectangles(changed, {
          height: side,
          width: side,
          top: randomIntegers(batch, [-before, height - 1 - before]),
          left: randomIntegers(batch, [-before, width - 1 - before]),
          fill,
        });
      }
      if (erasing > 0) {
        changed = paintRectangles(changed, { ...randomRectangles(images, erasing), fill });
      }
      if (mixup === 0) return { images: changed };
      const share = randomShare(mixup);
      return { images: mixPairs(changed, share), targets: mixPairs(targets(), share) };
    },
  };
}

/**
 * Which pictures an epoch mirrors (1): a coin for each picture in the first epoch, turned over in each one after it. A
 * pure function of seed, picture and epoch, so that a resumed training continues as it would have.
 */
function startAlternatingFlip({
  size,
  seed,
}: {
  readonly size: number;
  readonly seed: number;
}): (indices: ArrayLike<number>, epoch: number) => AugmentationInputs {
  const rng = createRng(seed, 'alternating flip');
  const coins = Uint8Array.from({ length: size }, () => rng.nextInt(2));
  return (indices, epoch) => ({
    flips: Int32Array.from(indices, (index) => (coins[index] + epoch - 1) % 2),
  });
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

/** @returns float32 [count], uniform. */
function randomBetween(count: number, low: number, high: number): tf.Tensor1D {
  return randomUniform([count])
    .mul<tf.Tensor1D>(high - low)
    .add(low);
}

/** Sections that lie within the picture unless they are turned. */
function randomSections(
  { shape: [batch, height, width] }: tf.Tensor4D,
  { crop, rotation }: { readonly crop: number; readonly rotation: number },
): Sections {
  const area = randomBetween(batch, crop, 1);
  const ratio = randomBetween(batch, Math.log(3 / 4), Math.log(4 / 3)).exp();
  const one = tf.onesLike(area);
  const isWhole = crop === 1;
  const heights = isWhole ? one : area.div(ratio).sqrt().minimum<tf.Tensor1D>(1);
  const widths = isWhole ? one : area.mul(ratio).sqrt().minimum<tf.Tensor1D>(1);
  const offset = (share: tf.Tensor1D, side: number) =>
    one.sub(share).mul<tf.Tensor1D>(randomBetween(batch, -side / 2, side / 2));
  const angle = (rotation * Math.PI) / 180;
  return {
    height: heights,
    width: widths,
    down: offset(heights, height),
    right: offset(widths, width),
    angle: randomBetween(batch, -angle, angle),
  };
}

/** Rectangles within `share` of the pictures; in the others they have no rows. */
function randomRectangles(
  { shape: [batch, height, width] }: tf.Tensor4D,
  share: number,
): Readonly<Record<'top' | 'left' | 'height' | 'width', tf.Tensor1D>> {
  const area = randomBetween(batch, 0.02, 0.33).mul(height * width);
  const ratio = randomBetween(batch, Math.log(0.3), Math.log(3.3)).exp();
  const isErased = randomUniform([batch]).less(share).cast('float32');
  const rows = area.mul(ratio).sqrt().round().clipByValue(1, height);
  const columns = area.div(ratio).sqrt().round().clipByValue(1, width);
  const first = (length: tf.Tensor, side: number) =>
    randomUniform([batch])
      .mul(tf.scalar(side + 1).sub(length))
      .floor();
  const integers = (values: tf.Tensor) => values.cast('int32') as unknown as tf.Tensor1D;
  return {
    top: integers(first(rows, height)),
    left: integers(first(columns, width)),
    height: integers(rows.mul(isErased)),
    width: integers(columns),
  };
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

/** One after the other. */
export function chainAugmentations(augmentations: readonly Augmentation[]): Augmentation {
  const starts = augmentations.map(({ start }) => start);
  return {
    options: { chain: augmentations.map(({ options }) => options) },
    start(training) {
      const started = starts.map((start) => start?.(training));
      return (indices, epoch) =>
        Object.fromEntries(
          started.flatMap((inputsFor, place) =>
            Object.entries(inputsFor?.(indices, epoch) ?? {}).map(([name, values]) => [
              `${place} ${name}`,
              values,
            ]),
          ),
        );
    },
    apply(batch, { fill, inputs }) {
      let { images, targets } = batch;
      let changedTargets: tf.Tensor2D | undefined;
      for (const [place, augmentation] of augmentations.entries()) {
        const ownInputs = Object.entries(inputs)
          .filter(([name]) => name.startsWith(`${place} `))
          .map(([name, values]) => [name.slice(`${place} `.length), values]);
        const result = augmentation.apply(
          { images, targets },
          { fill, inputs: Object.fromEntries(ownInputs) as typeof inputs },
        );
        images = result.images;
        if (result.targets) {
          const kept = (changedTargets = result.targets);
          targets = () => kept;
        }
      }
      return { images, ...(changedTargets ? { targets: changedTargets } : {}) };
    },
  };
}
