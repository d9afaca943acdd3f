import { balancedIndices } from '../data/batches';
import { checkPreprocess, type Preprocess } from '../data/preprocess';
import type { ImageDataset } from '../data/dataset';
import {
  findMetrics,
  metricsRule,
  type Metric,
  type MetricChoice,
} from '../evaluation/runningMetrics';
import {
  abortSignal,
  anyValue,
  callback,
  checkOptions,
  fractionBelowOne,
  oneOf,
  type OptionRules,
  positiveInteger,
  positiveNumber,
  required,
  rule,
  seedInteger,
  text,
} from '../options';
import { availableMemory } from '../project';
import type { Views } from '../models/views';
import { type Rng, shuffledIndices } from '../random';
import { type tf } from '../tensorflow/backend';
import type { Augmentation } from './augment';
import { checkAverageWeights, type AverageWeights } from './averageWeights';
import {
  findMonitor,
  findStoppingRule,
  type EarlyStopping,
  type Monitor,
  type StoppingRule,
} from './earlyStopping';
import type { EpochRecord, ResumeInfo, StepInfo, TrainingStart } from './history';
import {
  classWeightsRule,
  countEveryClass,
  crossEntropyLoss,
  findClassWeights,
  lossRule,
  type ClassWeights,
  type Loss,
} from './loss';
import { createAdam, type Optimizer } from './optimizer';
import { createConstantSchedule, type Schedule } from './schedule';
import type { TrainingInterrupted } from './exclusiveTraining';

/** Where and how often a training is saved, and what happens to one that is found there. */
export interface CheckpointOptions {
  /** A folder of this training's own; made where it is missing. */
  readonly directory: string;
  /** Besides the end of every epoch. Default 5. */
  readonly everyMinutes?: number;
  /**
   * - `unfinished` (default): a training that was interrupted or killed continues; one that has ended starts over.
   * - `always`: one that has ended is not repeated either: its weights and history come back at once. For running
   *   a whole notebook again after a kill.
   * - `never`: start over. What is there is removed as new checkpoints take its place.
   * - `extend`: as `unfinished`, and one that has ended is trained on up to `epochs`, which counts from its beginning. Where
   *   the learning rate is a number and neither `keepBest` nor `averageWeights` is set, the result is bit for bit that of a
   *   training of that many epochs at once.
   */
  readonly resume?: 'unfinished' | 'always' | 'never' | 'extend';
  /**
   * Called, with the first difference in words, where the checkpoint belongs to another training (other options, data or
   * layers); the training then starts over. Default: that is an error.
   */
  readonly onOther?: (difference: string) => void;
}

/** Options of every training: of whole models, and of heads on features. */
export interface LoopOptions {
  readonly epochs: number;
  /** Examples per step; an epoch's last step takes the rest. */
  readonly batchSize: number;
  /** Of the order of the examples and of everything random in a step, such as dropout. */
  readonly seed: number;
  /** A number, or a function of the progress. Default 1e-3: Keras' for Adam. */
  readonly learningRate?: number | Schedule;
  /** Default {@link createAdam}, with Keras' defaults. */
  readonly optimizer?: Optimizer;
  /** Default: the softmax cross-entropy. */
  readonly loss?: Loss;
  /** A factor on the loss of each class's examples, as in Keras; `balanced`: every class weighs the same. Default 1. */
  readonly classWeights?: ClassWeights;
  /**
   * `balanced`: an epoch draws every class equally often, the pictures of small classes several times, those of large ones not
   * all; as many steps as without. Instead of `classWeights`, not with them. Default: every example once.
   */
  readonly sampling?: 'balanced';
  /** Label smoothing: share of the target spread evenly over all classes, in [0, 1). Default 0. */
  readonly labelSmoothing?: number;
  /** Measured besides loss and accuracy, in training and validation: a name in `METRICS`, or a {@link Metric} of your own. */
  readonly metrics?: readonly MetricChoice[];
  /**
   * Averages the weights over the steps: validation, `keepBest` and the finished model take the average, the training
   * itself and an interrupted model do not. Default: no average.
   */
  readonly averageWeights?: AverageWeights;
  /** End with the weights of the epoch whose validation was best by this (`loss` or a metric's name), not the last one's. */
  readonly keepBest?: string;
  readonly earlyStopping?: EarlyStopping;
  readonly checkpoint?: CheckpointOptions;
  /**
   * Called once nothing is left to refuse, before the graph is compiled, which takes seconds; a promise is awaited. Not called
   * where an ended training comes back from its checkpoint.
   */
  readonly onStart?: (start: TrainingStart) => void | Promise<void>;
  /** Called after each step; a promise is awaited. Time spent here is the training's. */
  readonly onStep?: (step: StepInfo) => void | Promise<void>;
  /** Called after each epoch, validation included; a promise is awaited. */
  readonly onEpoch?: (epoch: EpochRecord) => void | Promise<void>;
  /** Called behind `onStart` when the training continues from a checkpoint. */
  readonly onResume?: (resumed: ResumeInfo) => void | Promise<void>;
  /** Called once an interruption has ended the training and its checkpoint is written. For displays. */
  readonly onInterrupt?: (interruption: TrainingInterrupted) => void;
  /** Stops the training within one batch, as SIGINT does. */
  readonly signal?: AbortSignal;
}

/** Options of {@link trainModel}. */
export interface TrainingOptions extends LoopOptions {
  readonly trainSet: ImageDataset;
  /** Evaluated after each epoch. */
  readonly valSet?: ImageDataset;
  /** What happens to the pixels before the first layer; evaluation and prediction take the same one. */
  readonly preprocess: Preprocess;
  /**
   * Changes training pictures at random ({@link createAugmentation}), several one after the other; the validation set
   * stays as it is.
   */
  readonly augmentation?: Augmentation | readonly Augmentation[];
  /** Validates as a classifier of that many views predicts. Default 1. */
  readonly views?: Views;
  /** Computes activations in bfloat16; weights and optimizer stay float32. Default false. */
  readonly bfloat16?: boolean;
}

/** Checked options of a loop, with the defaults filled in. */
export interface LoopConfig extends Omit<
  LoopOptions,
  'metrics' | 'keepBest' | 'earlyStopping' | 'classWeights'
> {
  /** The learning rate of the step that follows this number of steps. */
  readonly rateOf: (stepsDone: number) => number;
  readonly optimizer: Optimizer;
  readonly loss: Loss;
  readonly classWeights?: readonly number[];
  /** The examples of an epoch. */
  readonly order: (rng: Rng) => Uint32Array;
  readonly labelSmoothing: number;
  readonly metrics: readonly Metric[];
  readonly keepBest?: Monitor;
  readonly earlyStopping?: StoppingRule;
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

/** A number of test-time views. */
export const viewsRule = rule('1, 2 or 6', '6', (value) =>
  ([1, 2, 6] as unknown[]).includes(value),
);

/** Rules for options that observe a training and do not affect its result. */
export const hookRules = {
  checkpoint: anyValue,
  onStart: callback,
  onStep: callback,
  onEpoch: callback,
  onResume: callback,
  onInterrupt: callback,
  signal: abortSignal,
} as const satisfies Partial<OptionRules<LoopOptions>>;

/** The rules of {@link LoopOptions}; epochs and batch size have no default here. */
export const loopRules: OptionRules<LoopOptions> = {
  epochs: required(positiveInteger),
  batchSize: required(positiveInteger),
  seed: required(seedInteger),
  learningRate: learningRateRule,
  optimizer: anyValue,
  loss: lossRule,
  classWeights: classWeightsRule,
  sampling: oneOf('balanced'),
  labelSmoothing: fractionBelowOne,
  metrics: metricsRule,
  averageWeights: anyValue,
  keepBest: text,
  earlyStopping: anyValue,
  ...hookRules,
};

/**
 * Fills in the defaults of individually valid options, and refuses invalid combinations.
 *
 * @param examples what is trained on; `hasValidation`: whether there is something to validate with.
 * @throws TypeError or RangeError: expected, received, remedy.
 */
export function completeLoopOptions(
  options: LoopOptions,
  examples: Pick<ImageDataset, 'labels' | 'classNames' | 'size'> & {
    readonly hasValidation: boolean;
  },
): LoopConfig {
  const { epochs, batchSize, learningRate = 1e-3, checkpoint, classWeights } = options;
  const { earlyStopping, keepBest, sampling } = options;
  const metrics = findMetrics(options.metrics);
  if (options.averageWeights) checkAverageWeights(options.averageWeights);
  if (checkpoint) {
    checkOptions<CheckpointOptions>('checkpoint', checkpoint, {
      directory: required(text),
      everyMinutes: positiveNumber,
      resume: oneOf('unfinished', 'always', 'never', 'extend'),
      onOther: callback,
    });
  }
  if ((earlyStopping || keepBest !== undefined) && !examples.hasValidation) {
    throw new TypeError(
      `Expected a valSet for ${earlyStopping ? 'earlyStopping' : 'keepBest'} but received none: ` +
        'split one off the training set with splitDataset.',
    );
  }
  if (sampling) countEveryClass(examples, "sampling 'balanced'");
  const stepsPerEpoch = Math.ceil(examples.size / batchSize);
  const totalSteps = stepsPerEpoch * epochs;
  const schedule =
    typeof learningRate === 'number'
      ? createConstantSchedule({ value: learningRate })
      : learningRate;
  return {
    ...options,
    rateOf: (stepsDone) => schedule(stepsDone / totalSteps),
    optimizer: options.optimizer ?? createAdam(),
    loss: options.loss ?? crossEntropyLoss,
    classWeights: classWeights && findClassWeights(classWeights, examples),
    order: (rng) =>
      sampling ? balancedIndices(examples, rng) : shuffledIndices(examples.size, rng),
    labelSmoothing: options.labelSmoothing ?? 0,
    metrics,
    keepBest: keepBest === undefined ? undefined : findMonitor(keepBest, metrics, 'keepBest'),
    earlyStopping: earlyStopping && findStoppingRule(earlyStopping, metrics),
    stepsPerEpoch,
    totalSteps,
  };
}

/** The loop options that determine the training curve, as plain JSON, for checkpoints. */
export function describeLoop(config: LoopConfig): object {
  const { epochs, batchSize, seed, optimizer, rateOf, totalSteps, labelSmoothing } = config;
  const { loss, classWeights, sampling, metrics, averageWeights, keepBest, earlyStopping } = config;
  return {
    epochs,
    batchSize,
    seed,
    optimizer: { name: optimizer.name, ...optimizer.hyperparameters },
    // A function is known by its values: enough of them that no two schedules in use share all.
    learningRate: Array.from({ length: 64 }, (_, index) => rateOf((index / 64) * totalSteps)),
    loss: { name: loss.name, ...loss.hyperparameters },
    classWeights,
    sampling,
    labelSmoothing,
    metrics: metrics.map(({ name }) => name),
    averageWeights,
    keepBest: keepBest?.name,
    earlyStopping,
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

/**
 * Roughly what a training takes at its peak, in bytes. Measured on MLP, CNN, the recipes' network and MobileNetV2, in float32 and
 * bfloat16: for each trained parameter its gradient, the optimizer's averages and copies of all of them, 13 numbers, with
 * checkpoints 18; for each number that a layer gives for a batch, from the first trained layer on, 1; and 100 MB. It came from 23 %
 * below to 55 % above; a step that has to be recorded with a whole batch takes more.
 */
export function estimateMemory(
  model: tf.LayersModel,
  { batchSize, checkpoint }: { readonly batchSize: number; readonly checkpoint?: unknown },
): number {
  const count = (shape: readonly (number | null)[]) =>
    shape.reduce<number>((product, side) => product * (side ?? 1), 1);
  const sum = (shapes: readonly (readonly (number | null)[])[]) =>
    shapes.reduce((total, shape) => total + count(shape), 0);
  const trained = sum(model.trainableWeights.map(({ shape }) => shape));
  const firstTrained = model.layers.findIndex((layer) => layer.trainableWeights.length > 0);
  const outputs = model.layers.slice(firstTrained).flatMap(({ output }) => output);
  const activations = sum(outputs.map(({ shape }) => shape.slice(1)));
  return 4 * ((checkpoint ? 18 : 13) * trained + batchSize * activations) + 100e6;
}

/** @throws RangeError where the machine, or its container, has less memory. */
export function checkMemory(bytes: number): void {
  const available = availableMemory();
  if (bytes <= available) return;
  throw new RangeError(
    `Expected a training that fits into ${gigabytes(available)} of memory but this one takes about ${gigabytes(bytes)}: ` +
      'take smaller pictures (shrinkPictures), a smaller network or a smaller batchSize.',
  );
}

/** `2.1 GB`. */
export function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
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
