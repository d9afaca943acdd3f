import {
  checkOptions,
  nonNegativeNumber,
  positiveNumber,
  properFraction,
  required,
} from '../options';

/**
 * A learning rate as a pure function of how far the training is: progress in [0, 1), steps done divided by
 * steps in all; 0 at the first step.
 *
 * A pure function needs no state in a checkpoint, and its curve can be drawn before the training.
 */
export type Schedule = (progress: number) => number;

/** The same rate throughout. `createConstantSchedule({ value: 1e-3 })` is what `learningRate: 1e-3` means. */
export function createConstantSchedule(options: { readonly value: number }): Schedule {
  checkOptions('createConstantSchedule', options, { value: required(positiveNumber) });
  const { value } = options;
  return () => value;
}

/**
 * Half a cosine from `peak` down to `end`: `end + (peak - end) (1 + cos(π progress)) / 2`.
 *
 * Loshchilov and Hutter, "SGDR: Stochastic gradient descent with warm restarts", ICLR 2017, equation 5,
 * without restarts; Keras' CosineDecay with alpha = end / peak.
 *
 * @param options.peak learning rate at the start.
 * @param options.end learning rate that the last step approaches. Default 0.
 */
export function createCosineSchedule(options: {
  readonly peak: number;
  readonly end?: number;
}): Schedule {
  checkOptions('createCosineSchedule', options, {
    peak: required(positiveNumber),
    end: nonNegativeNumber,
  });
  const { peak, end = 0 } = options;
  return (progress) => end + ((peak - end) * (1 + Math.cos(Math.PI * progress))) / 2;
}

/**
 * A straight line up from `start` to `peak` at `peakAt`, and a straight line down to `end`.
 *
 * Smith, "Cyclical learning rates for training neural networks", WACV 2017, one cycle of the "triangular"
 * policy with unequal sides, as fast CIFAR-10 recipes use it (Keller Jordan's airbench: 0.2 of the peak at
 * the start, the peak after 0.23 of the steps, 0.07 at the end).
 *
 * @param options.peakAt progress at which the peak is reached, between 0 and 1. Default .23, see above.
 * @param options.start default 0.2 × peak, see above.
 * @param options.end default 0.07 × peak, see above.
 */
export function createTriangularSchedule(options: {
  readonly peak: number;
  readonly peakAt?: number;
  readonly start?: number;
  readonly end?: number;
}): Schedule {
  checkOptions('createTriangularSchedule', options, {
    peak: required(positiveNumber),
    peakAt: properFraction,
    start: nonNegativeNumber,
    end: nonNegativeNumber,
  });
  const { peak, peakAt = 0.23, start = 0.2 * peak, end = 0.07 * peak } = options;
  return (progress) =>
    progress < peakAt
      ? start + (peak - start) * (progress / peakAt)
      : peak + (end - peak) * ((progress - peakAt) / (1 - peakAt));
}

/**
 * Up from `start` to `peak` and down to `end`, both along half a cosine.
 *
 * Smith and Topin, "Super-convergence", 2018, in the cosine form of fastai and of PyTorch's OneCycleLR, whose
 * defaults these are: start = peak / 25, end = start / 10,000, the peak after .3 of the steps.
 */
export function createOneCycleSchedule(options: {
  readonly peak: number;
  readonly peakAt?: number;
  readonly start?: number;
  readonly end?: number;
}): Schedule {
  checkOptions('createOneCycleSchedule', options, {
    peak: required(positiveNumber),
    peakAt: properFraction,
    start: nonNegativeNumber,
    end: nonNegativeNumber,
  });
  const { peak, peakAt = 0.3, start = peak / 25, end = start / 1e4 } = options;
  const up = createCosineArc(start, peak);
  const down = createCosineArc(peak, end);
  return (progress) =>
    progress < peakAt ? up(progress / peakAt) : down((progress - peakAt) / (1 - peakAt));
}

/** Half a cosine from one value at 0 to another at 1. */
function createCosineArc(from: number, to: number): Schedule {
  return (progress) => to + ((from - to) * (1 + Math.cos(Math.PI * progress))) / 2;
}
