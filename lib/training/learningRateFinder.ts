import { batches } from '../data/batches';
import { yieldToEvents, type Interrupts } from '../interrupts';
import {
  anyValue,
  checkOptions,
  flag,
  fractionBelowOne,
  integerFrom,
  positiveInteger,
  positiveNumber,
  required,
  seedInteger,
} from '../options';
import { createRng, shuffledIndices } from '../random';
import { type tf } from '../tensorflow/backend';
import { createAlternatingFlip } from './alternatingFlip';
import { checkModelFits, type TrainingOptions } from './config';
import { readVariables, writeVariables } from './modelState';
import { createAdam } from './optimizer';
import { trainAlone } from './trainAlone';
import { createTrainingStep, namedWeights } from './trainingStep';

/** What {@link findLearningRate} can be told: what `trainModel` will be, and the rates to try. */
export interface LearningRateFinderOptions extends Pick<
  TrainingOptions,
  | 'trainSet'
  | 'batchSize'
  | 'seed'
  | 'preprocess'
  | 'optimizer'
  | 'labelSmoothing'
  | 'augmentation'
  | 'bfloat16'
> {
  /** The first step's rate. Default 1e-5. */
  readonly from?: number;
  /** The last step's rate. Default 10. */
  readonly to?: number;
  /** Steps, each with a batch of its own. Default 100, as fastai. */
  readonly steps?: number;
}

/** How the loss went while the rate rose. */
export interface LearningRateSearch {
  /** Of each step made: fewer than `steps` where the loss ran away. */
  readonly learningRates: readonly number[];
  /** The batch's loss at each step, before its update; nats. */
  readonly losses: readonly number[];
  /** The losses' moving average, whose slope is looked at. */
  readonly smoothedLosses: readonly number[];
  /** The rate at which the loss fell fastest: a peak for a schedule lies here or up to several times higher. */
  readonly suggestion: number;
}

/** The share of the past in the smoothed loss; fastai's. */
const SMOOTHING = 0.98 ** 5;
/** A loss so many times its lowest value ends the trial; fastai's. */
const RUN_AWAY = 4;

/**
 * Finds a learning rate: trains with a rate that rises by the same factor at every step, and looks where the loss falls
 * fastest (Smith, "Cyclical learning rates for training neural networks", WACV 2017, section 3.3; the exponential rise
 * and the steepest point are fastai's).
 *
 * @param model is trained for a moment and gets all of its weights back.
 * @throws TypeError or RangeError for impossible options; Error where another training runs, where it is interrupted, or
 *   where the loss is not finite from the first step on.
 */
export async function findLearningRate(
  model: tf.LayersModel,
  options: LearningRateFinderOptions,
): Promise<LearningRateSearch> {
  checkOptions<LearningRateFinderOptions>('findLearningRate', options, {
    trainSet: required(anyValue),
    batchSize: required(positiveInteger),
    seed: required(seedInteger),
    preprocess: required(anyValue),
    optimizer: anyValue,
    labelSmoothing: fractionBelowOne,
    augmentation: anyValue,
    bfloat16: flag,
    from: positiveNumber,
    to: positiveNumber,
    steps: integerFrom(5, 100),
  });
  const { from = 1e-5, to = 10 } = options;
  if (to <= from) {
    throw new RangeError(
      `Expected to to be greater than from but received ${to} and ${from}: swap them.`,
    );
  }
  checkModelFits(model, options.preprocess, { trainSet: options.trainSet });
  const describe = (): string => 'a trial of learning rates';
  return trainAlone({ describe }, (interrupts) => tryRates(model, { ...options, interrupts }));
}

async function tryRates(
  model: tf.LayersModel,
  options: LearningRateFinderOptions & { readonly interrupts: Interrupts },
): Promise<LearningRateSearch> {
  const { from = 1e-5, to = 10, steps = 100, interrupts, ...training } = options;
  const { trainSet, optimizer = createAdam() } = options;
  const { height, width } = trainSet;
  const initial = readVariables(namedWeights(model));
  const step = createTrainingStep(model, { ...training, optimizer, height, width });
  const learningRates: number[] = [];
  const losses: number[] = [];
  const smoothedLosses: number[] = [];
  try {
    let average = 0;
    for (const { images, labels, flips } of endlessBatches(options)) {
      const done = losses.length;
      if (done === steps) break;
      if (interrupts.requested) {
        throw new Error(
          `The trial of learning rates was interrupted after ${done} of ${steps} steps; the model has its weights back.`,
        );
      }
      const learningRate = from * (to / from) ** (done / (steps - 1));
      const { loss } = step.run(images, labels, { learningRate, step: done + 1, flips });
      if (!Number.isFinite(loss)) break;
      average = SMOOTHING * average + (1 - SMOOTHING) * loss;
      learningRates.push(learningRate);
      losses.push(loss);
      smoothedLosses.push(average / (1 - SMOOTHING ** (done + 1))); // as Adam corrects its averages
      if (smoothedLosses[done] > RUN_AWAY * Math.min(...smoothedLosses)) break;
      await yieldToEvents();
    }
  } finally {
    step.dispose();
    writeVariables(namedWeights(model), initial);
  }
  if (losses.length === 0) {
    throw new Error(
      'Expected a finite loss at the first step but it was none: look at the pictures, preprocess and the weights.',
    );
  }
  const suggestion = learningRates[steepestFall(smoothedLosses)];
  return { learningRates, losses, smoothedLosses, suggestion };
}

/** Where the curve falls fastest a step, up to its lowest point; central differences. */
export function steepestFall(losses: readonly number[]): number {
  const lowest = losses.indexOf(Math.min(...losses));
  let steepest = 0;
  let slope = Infinity;
  for (let index = 1; index < lowest; index++) {
    const here = (losses[index + 1] - losses[index - 1]) / 2;
    if (here < slope) [steepest, slope] = [index, here];
  }
  return steepest;
}

interface TrialBatch {
  readonly images: Uint8Array;
  readonly labels: Int32Array;
  readonly flips?: Int32Array;
}

/** Whole batches, epoch after epoch: a smaller last one would have a noisier loss. */
function* endlessBatches(options: LearningRateFinderOptions): Generator<TrialBatch, void> {
  const { trainSet, seed, augmentation } = options;
  const batchSize = Math.min(options.batchSize, trainSet.size);
  const flipsOf = augmentation?.alternates
    ? createAlternatingFlip(trainSet.size, { seed })
    : undefined;
  for (let epoch = 1; ; epoch++) {
    const order = shuffledIndices(trainSet.size, createRng(seed, 'shuffle', epoch));
    const whole = order.subarray(0, trainSet.size - (trainSet.size % batchSize));
    let position = 0;
    for (const { images, labels, size } of batches(trainSet, { batchSize, order: whole })) {
      const indices = whole.subarray(position, position + size);
      yield { images, labels, flips: flipsOf?.(indices, epoch) };
      position += size;
    }
  }
}
