import { Interrupted } from '../interrupts';
import {
  anyValue,
  callback,
  checkOptions,
  flag,
  fractionBelowOne,
  integerFrom,
  positiveInteger,
  positiveNumber,
  required,
  seedInteger,
} from '../options';
import type { tf } from '../tensorflow/backend';
import {
  checkModelFits,
  completeLoopOptions,
  type LoopConfig,
  type TrainingOptions,
} from './config';
import { runTraining } from './loop';
import { readVariables, writeVariables } from './modelState';
import { oneAugmentation, pictureSource } from './train';
import { createTrainingStep, namedWeights } from './trainingStep';

/** Options of {@link findLearningRate}: those of the training to come, and the rates to try. */
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
  | 'onStep'
> {
  /** The first step's rate. Default 1e-5. */
  readonly from?: number;
  /** The last step's rate. Default 10. */
  readonly to?: number;
  /** Steps, each with a batch of its own. Default 100, as fastai. */
  readonly steps?: number;
  /** Called before the first step is compiled, and after each step. */
  readonly onProgress?: (progress: LearningRateProgress) => void;
}

/** How far a search is. */
export interface LearningRateProgress {
  /** Steps made. */
  readonly done: number;
  readonly total: number;
  /** True with the last step: before `total` where the loss ran away. */
  readonly ended: boolean;
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
/** A loss of this multiple of its lowest value ends the trial; fastai's. */
const RUN_AWAY = 4;

/**
 * Finds a learning rate: trains with a rate that rises by the same factor at every step, and looks where the loss falls
 * fastest (Smith, "Cyclical learning rates for training neural networks", WACV 2017, section 3.3; the exponential rise
 * and the steepest point are fastai's).
 *
 * @param model is trained briefly; all of its weights are restored afterwards.
 * @throws TypeError or RangeError for impossible options; Interrupted; Error where another training runs, or
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
    onStep: callback,
    from: positiveNumber,
    to: positiveNumber,
    steps: integerFrom(5, 100),
    onProgress: callback,
  });
  const { from = 1e-5, to = 10 } = options;
  if (to <= from) {
    throw new RangeError(
      `Expected to to be greater than from but received ${to} and ${from}: swap them.`,
    );
  }
  checkModelFits(model, options.preprocess, { trainSet: options.trainSet });
  return tryRates(model, options);
}

async function tryRates(
  model: tf.LayersModel,
  options: LearningRateFinderOptions,
): Promise<LearningRateSearch> {
  const { trainSet, preprocess, bfloat16, from = 1e-5, to = 10, steps = 100 } = options;
  const { seed, optimizer, labelSmoothing, onStep, onProgress } = options;
  const { size, height, width } = trainSet;
  const batchSize = Math.min(options.batchSize, size);
  const stepsPerEpoch = Math.floor(size / batchSize);
  const epochs = Math.ceil(steps / stepsPerEpoch);
  const augmentation = oneAugmentation(options.augmentation);
  const rateOf = (stepsDone: number): number => from * (to / from) ** (stepsDone / (steps - 1));
  const learningRates: number[] = [];
  const losses: number[] = [];
  const smoothedLosses: number[] = [];
  let average = 0;
  const tell = (done: number, ended: boolean) => onProgress?.({ done, total: steps, ended });
  const onStart = () => tell(0, false);
  const training = { epochs, batchSize, seed, optimizer, labelSmoothing, onStart, onStep };
  const config: LoopConfig = {
    ...completeLoopOptions(training, { ...trainSet, hasValidation: false }),
    rateOf,
    stepsPerEpoch,
    totalSteps: steps,
  };
  /** Keeps a step's loss, unless it is not finite. */
  const isLast = (loss: number, step: number): boolean => {
    if (!Number.isFinite(loss)) return true;
    average = SMOOTHING * average + (1 - SMOOTHING) * loss;
    learningRates.push(rateOf(step - 1));
    losses.push(loss);
    smoothedLosses.push(average / (1 - SMOOTHING ** step)); // as Adam corrects its averages
    const ranAway = smoothedLosses[step - 1] > RUN_AWAY * Math.min(...smoothedLosses);
    return ranAway || step === steps;
  };
  const initial = readVariables(namedWeights(model));
  try {
    await runTraining({
      what: 'a search for a learning rate',
      model,
      config,
      source: pictureSource(trainSet, { augmentation, seed }),
      orderStream: 'shuffle',
      dropRest: true,
      createStep: () =>
        createTrainingStep(model, { ...config, preprocess, height, width, augmentation, bfloat16 }),
      onLoss(loss, step) {
        const ended = isLast(loss, step);
        tell(step, ended);
        return ended ? 'end' : undefined;
      },
    });
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    throw new Interrupted(
      `The search for a learning rate was interrupted after ${losses.length} of ${steps} steps: nothing of it is kept.`,
    );
  } finally {
    writeVariables(namedWeights(model), initial);
  }
  if (losses.length === 0) {
    throw new Error(
      'Expected a finite loss at the first step but it was not finite: check the images, preprocess and the weights.',
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
