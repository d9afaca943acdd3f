import { checkPreprocess, type Preprocess } from '../data/preprocess';
import type { ImageDataset } from '../data/dataset';
import {
  abortSignal,
  anyValue,
  callback,
  checkOptions,
  flag,
  fractionBelowOne,
  oneOf,
  positiveInteger,
  positiveNumber,
  required,
  rule,
  seedInteger,
  text,
} from '../options';
import { type tf } from '../tensorflow/backend';
import type { Augmentation } from './augment';
import { checkAverageWeights, type AverageWeights } from './averageWeights';
import { earlyStoppingRules, monitorRule, type EarlyStopping, type Monitor } from './earlyStopping';
import type { EpochRecord, ResumeInfo, StepInfo } from './history';
import { createAdam, type Optimizer } from './optimizer';
import { createConstantSchedule, type Schedule } from './schedule';
import type { TrainingInterrupted } from './trainAlone';

/** Where and how often a training is saved, and what happens to one that is found there. */
export interface CheckpointOptions {
  /** A folder of this training's own; made where it is missing. */
  readonly directory: string;
  /** Besides the end of every epoch. Default 5. */
  readonly everyMinutes?: number;
  /**
   * - `unfinished` (default): a training that was interrupted or killed goes on; one that has ended starts over.
   * - `always`: one that has ended is not repeated either: its weights and history come back at once. For running
   *   a whole notebook again after a kill.
   * - `never`: start over. What is there is removed as new checkpoints take its place.
   */
  readonly resume?: 'unfinished' | 'always' | 'never';
}

/** What {@link trainModel} can be told. */
export interface TrainingOptions {
  readonly trainSet: ImageDataset;
  /** Evaluated after each epoch. */
  readonly valSet?: ImageDataset;
  readonly epochs: number;
  /** Images per step; an epoch's last step takes the rest. */
  readonly batchSize: number;
  /** Of the order of the images and of everything random in a step, such as dropout. */
  readonly seed: number;
  /** What happens to the pixels before the first layer; evaluation and prediction take the same one. */
  readonly preprocess: Preprocess;
  /** A number, or a function of the progress. Default 1e-3: Keras' for Adam. */
  readonly learningRate?: number | Schedule;
  /** Default {@link createAdam}, with Keras' defaults. */
  readonly optimizer?: Optimizer;
  /** Share of the target that is spread evenly over all classes, in [0, 1). Default 0. */
  readonly labelSmoothing?: number;
  /** Changes training pictures at random ({@link createAugmentation}); the validation set stays as it is. */
  readonly augmentation?: Augmentation;
  /**
   * Averages the weights over the steps: validation, `keepBest` and the finished model take the average, the training
   * itself and an interrupted model do not. Default: no average.
   */
  readonly averageWeights?: AverageWeights;
  /** Validates as a classifier with `flipAverage` predicts. Default false. */
  readonly flipAverage?: boolean;
  /** Computes activations in bfloat16; weights and optimizer stay float32. Default false. */
  readonly bfloat16?: boolean;
  /** End with the weights of the epoch that was best by this figure, instead of the last one's. */
  readonly keepBest?: Monitor;
  readonly earlyStopping?: EarlyStopping;
  readonly checkpoint?: CheckpointOptions;
  /** Called after each step; a promise is awaited. Time spent here is the training's. */
  readonly onStep?: (step: StepInfo) => void | Promise<void>;
  /** Called after each epoch, validation included; a promise is awaited. */
  readonly onEpoch?: (epoch: EpochRecord) => void | Promise<void>;
  /** Called before the first step when the training goes on from a checkpoint. */
  readonly onResume?: (resumed: ResumeInfo) => void | Promise<void>;
  /**
   * Called once an interruption has ended the training and its checkpoint is written. For displays: Jupyter drops what
   * an interrupted cell rejects with.
   */
  readonly onInterrupt?: (interruption: TrainingInterrupted) => void;
  /** Stops the training within one batch, as SIGINT does. */
  readonly signal?: AbortSignal;
}

/** Checked options, with the defaults filled in. */
export interface TrainingConfig extends TrainingOptions {
  readonly schedule: Schedule;
  readonly optimizer: Optimizer;
  readonly labelSmoothing: number;
  readonly bfloat16: boolean;
  readonly stepsPerEpoch: number;
  /** Over all epochs. */
  readonly totalSteps: number;
}

/** A learning rate as every training takes it. */
export const learningRateRule = rule(
  'a number greater than 0 or a schedule',
  '0.001',
  (value) => typeof value === 'function' || positiveNumber.accepts(value),
);

/**
 * Refuses unknown and impossible options before anything runs.
 *
 * @throws TypeError or RangeError: expected, received, remedy; Error where `preprocess` is none.
 */
export function checkTrainingOptions(
  model: tf.LayersModel,
  options: TrainingOptions,
): TrainingConfig {
  checkOptions<TrainingOptions>('trainModel', options, {
    trainSet: required(anyValue),
    valSet: anyValue,
    epochs: required(positiveInteger),
    batchSize: required(positiveInteger),
    seed: required(seedInteger),
    preprocess: required(anyValue),
    learningRate: learningRateRule,
    optimizer: anyValue,
    labelSmoothing: fractionBelowOne,
    augmentation: anyValue,
    averageWeights: anyValue,
    flipAverage: flag,
    bfloat16: flag,
    keepBest: monitorRule,
    earlyStopping: anyValue,
    checkpoint: anyValue,
    onStep: callback,
    onEpoch: callback,
    onResume: callback,
    onInterrupt: callback,
    signal: abortSignal,
  });
  const { trainSet, valSet, epochs, batchSize, preprocess, learningRate = 1e-3 } = options;
  const { earlyStopping, keepBest, checkpoint } = options;
  if (earlyStopping) checkOptions('earlyStopping', earlyStopping, earlyStoppingRules);
  if (options.averageWeights) checkAverageWeights(options.averageWeights);
  if (checkpoint) {
    checkOptions<CheckpointOptions>('checkpoint', checkpoint, {
      directory: required(text),
      everyMinutes: positiveNumber,
      resume: oneOf('unfinished', 'always', 'never'),
    });
  }
  if ((earlyStopping || keepBest) && !valSet) {
    throw new TypeError(
      `Expected a valSet for ${earlyStopping ? 'earlyStopping' : 'keepBest'} but received none: ` +
        'split one off the training set with splitDataset.',
    );
  }
  checkModelFits(model, preprocess, { trainSet, valSet });
  const stepsPerEpoch = Math.ceil(trainSet.size / batchSize);
  return {
    ...options,
    schedule:
      typeof learningRate === 'number'
        ? createConstantSchedule({ value: learningRate })
        : learningRate,
    optimizer: options.optimizer ?? createAdam(),
    labelSmoothing: options.labelSmoothing ?? 0,
    bfloat16: options.bfloat16 ?? false,
    stepsPerEpoch,
    totalSteps: stepsPerEpoch * epochs,
  };
}

/**
 * Refuses preprocessing and data that the model does not take.
 *
 * @throws RangeError: expected, received, remedy; Error where `preprocess` is none.
 */
export function checkModelFits(
  model: tf.LayersModel,
  preprocess: Preprocess,
  datasets: Readonly<Record<string, ImageDataset | undefined>>,
): void {
  const example = 'pass { height, width, ...UNIT_SCALE }';
  checkPreprocess(preprocess, 'the preprocess option', example);
  checkFits(model, preprocess);
  for (const [name, dataset] of Object.entries(datasets)) {
    if (dataset) checkDatasetFits(model, name, dataset);
  }
}

function checkFits(model: tf.LayersModel, { height, width }: Preprocess): void {
  const [, modelHeight, modelWidth] = model.inputs[0].shape;
  const fits = (side: number | null, expected: number) => side === null || side === expected;
  if (!fits(modelHeight, height) || !fits(modelWidth, width)) {
    throw new RangeError(
      `Expected preprocess to make the ${modelHeight}×${modelWidth} images that the model takes but received ` +
        `${height}×${width}: pass preprocess.height and width as in the model's inputShape.`,
    );
  }
}

function checkDatasetFits(model: tf.LayersModel, name: string, dataset: ImageDataset): void {
  if (!(dataset.size > 0)) {
    throw new RangeError(`Expected at least one image in ${name} but received ${dataset.size}.`);
  }
  const shape = model.outputs[0].shape;
  const numClasses = shape[shape.length - 1];
  if (dataset.classNames.length !== numClasses) {
    throw new RangeError(
      `Expected ${name} to have the model's ${numClasses} classes but received ` +
        `${dataset.classNames.length}: make the model with numClasses: ${dataset.classNames.length}.`,
    );
  }
}
