/** How much data a method needs: its test accuracy against the number of training pictures per class. */
import { countByClass, select, type ImageDataset } from '../data/dataset';
import { UNIT_SCALE, type Preprocess } from '../data/preprocess';
import { evaluateClassifier, evaluateProbabilities } from '../evaluation/evaluate';
import { createCnn } from '../models/cnn';
import type { CreateNetwork } from '../models/modelOptions';
import { createHead } from '../models/transfer';
import {
  anyValue,
  callback,
  checkOption,
  checkOptions,
  differentOf,
  nonNegativeInteger,
  positiveInteger,
  required,
  rule,
  seedInteger,
} from '../options';
import { watchInterrupts, yieldToEvents } from '../interrupts';
import { createRng, shuffledIndices } from '../random';
import type { DataEfficiencySeries } from '../report/comparisonFigures';
import { fractionText } from '../report/theme';
import { selectFeatures, type Features } from '../training/features';
import { predictFeatures, trainHead } from '../training/head';
import type { TrainingOptions } from '../training/config';
import type { HeadRecipe } from '../training/selectHead';
import { trainModel } from '../training/train';
import { createProgressReporter } from '../runs/progress';
import type { RunRecorder } from '../runs/runRecorder';

/** One way to learn from a few pictures. */
export interface DataEfficiencyMethod {
  readonly name: string;
  /**
   * Trains from scratch on some of the training pictures and tests.
   *
   * @param indices which ones. @param options.signal of an interrupt, for the trainings and evaluations inside.
   * @returns test accuracy, 0…1.
   */
  measure(
    indices: Uint32Array,
    options: { readonly seed: number; readonly signal?: AbortSignal },
  ): Promise<number>;
}

/** One measurement that has just been made. */
export interface DataEfficiencyResult {
  readonly method: string;
  readonly picturesPerClass: number;
  readonly seed: number;
  readonly accuracy: number;
  /** Measurements made, and to be made in all. */
  readonly done: number;
  readonly total: number;
}

export interface DataEfficiencyOptions {
  readonly trainSet: ImageDataset;
  readonly methods: readonly DataEfficiencyMethod[];
  /** Counts above what the smallest class has are left out. */
  readonly picturesPerClass: readonly number[];
  /** One choice of pictures and one training each; every method sees the same choice. At least 3 make error bars. */
  readonly seeds: readonly number[];
  readonly onResult?: (result: DataEfficiencyResult) => void;
}

/** A figure tells them apart by their names. */
const methodList = rule(
  'a list of methods of different names',
  '[scratchMethod({ … })]',
  (value) => {
    const names = Array.isArray(value)
      ? value.map((method: DataEfficiencyMethod) => method.name)
      : [];
    return names.length > 0 && new Set(names).size === names.length;
  },
);

/**
 * Measures every method at every count with every seed. A larger choice contains the smaller ones of its seed.
 *
 * @returns for `dataEfficiencyFigure`.
 * @throws RangeError before any training where no class has enough pictures for the smallest count, or something is
 *   given twice.
 */
export async function measureDataEfficiency(
  options: DataEfficiencyOptions,
): Promise<DataEfficiencySeries[]> {
  checkOptions<DataEfficiencyOptions>('measureDataEfficiency', options, {
    trainSet: required(anyValue),
    methods: required(methodList),
    picturesPerClass: required(differentOf(positiveInteger, 'integers greater than 0')),
    seeds: required(differentOf(seedInteger, 'integers')),
    onResult: callback,
  });
  const { trainSet, methods, seeds, onResult } = options;
  const smallest = Math.min(...countByClass(trainSet));
  const possible = options.picturesPerClass.filter((count) => count <= smallest);
  if (possible.length === 0) {
    throw new RangeError(
      `Expected picturesPerClass of at most ${smallest}, the size of the smallest class, but received ` +
        `${options.picturesPerClass.join(', ')}: pass smaller counts.`,
    );
  }
  const total = methods.length * possible.length * seeds.length;
  let done = 0;
  const series: DataEfficiencySeries[] = [];
  await yieldToEvents(); // watchInterrupts wants an await before it
  const interrupts = watchInterrupts();
  const { signal } = interrupts;
  try {
    for (const method of methods) {
      const points = [];
      for (const picturesPerClass of possible) {
        const accuracies: number[] = [];
        for (const seed of seeds) {
          const indices = balancedIndices(trainSet, picturesPerClass, seed);
          const accuracy = await method.measure(indices, { seed, signal });
          accuracies.push(accuracy);
          const { name } = method;
          onResult?.({ method: name, picturesPerClass, seed, accuracy, done: ++done, total });
        }
        points.push({ picturesPerClass, accuracies });
      }
      series.push({ name: method.name, points, classNames: trainSet.classNames });
    }
  } finally {
    interrupts.stop();
  }
  return series;
}

/**
 * Callback for {@link measureDataEfficiency}: one line below the cell that moves, and notes for the launcher.
 *
 * @example await measureDataEfficiency({ trainSet, methods, picturesPerClass, seeds, ...trackDataEfficiency(run) });
 */
export function trackDataEfficiency(
  run: Pick<RunRecorder, 'progress'>,
): Required<Pick<DataEfficiencyOptions, 'onResult'>> {
  const { show } = createProgressReporter(run);
  return {
    onResult: ({ method, picturesPerClass, seed, accuracy, done, total }) =>
      show(
        `${done} of ${total}: ${method}, ${picturesPerClass} pictures a class, seed ${seed}: test accuracy ${fractionText(accuracy)}`,
      ),
  };
}

/**
 * The numbers of pictures per class to try: 10, 30, 100, 300, 1000 … and, last, all that there are.
 *
 * @param options `most`: the largest count; 0: the size of the smallest class.
 * @throws RangeError where the smallest class has no picture.
 */
export function trainingSetSizes(
  trainSet: ImageDataset,
  { most }: { readonly most: number },
): number[] {
  checkOption('trainingSetSizes', 'most', most, required(nonNegativeInteger));
  const smallest = Math.min(...countByClass(trainSet));
  if (smallest === 0) {
    throw new RangeError(
      'Expected pictures of every class but one has none: take more of the training set.',
    );
  }
  const limit = most > 0 ? Math.min(most, smallest) : smallest;
  const ladder = [10, 30, 100, 300, 1000, 3000, 10_000, 30_000];
  // A last rung close to the one before would cost much and show nothing.
  return [...ladder.filter((count) => count < limit / 1.2), limit];
}

/**
 * The same number of pictures of each class, in an order in which every prefix is nearly balanced too.
 *
 * @throws RangeError where a class has fewer.
 */
export function balancedIndices(
  { labels, classNames, size }: Pick<ImageDataset, 'labels' | 'classNames' | 'size'>,
  picturesPerClass: number,
  seed: number,
): Uint32Array {
  const taken = classNames.map((): number[] => []);
  for (const index of shuffledIndices(size, createRng(seed, 'data efficiency'))) {
    const ofClass = taken[labels[index]];
    if (ofClass.length < picturesPerClass) ofClass.push(index);
  }
  const short = taken.findIndex((of) => of.length < picturesPerClass);
  if (short >= 0) {
    throw new RangeError(
      `Expected ${picturesPerClass} pictures of each class but ${classNames[short]} has ${taken[short].length}: ` +
        'pass a smaller number.',
    );
  }
  return Uint32Array.from(
    Array.from({ length: picturesPerClass }, (_, place) => taken.map((of) => of[place])).flat(),
  );
}

/** Options of {@link scratchMethod}. */
export interface ScratchMethodOptions extends Pick<
  TrainingOptions,
  'learningRate' | 'optimizer' | 'labelSmoothing' | 'augmentation' | 'classWeights' | 'bfloat16'
> {
  readonly trainSet: ImageDataset;
  readonly testSet: ImageDataset;
  /** Default: the pictures as they are, scaled to [0, 1]. */
  readonly preprocess?: Preprocess;
  /** The network. Default {@link createCnn}. */
  readonly model?: CreateNetwork;
  /**
   * Steps of each training at least: with few pictures many epochs, so that what is short is data and
   * not time. Default 600.
   */
  readonly steps?: number;
  /** Epochs of each training at least, for the larger choices. Default 1. */
  readonly epochs?: number;
  /** Default 32. */
  readonly batchSize?: number;
  /** Default `CNN from scratch`. */
  readonly name?: string;
}

/** A network trained from random weights; by default the notebook's CNN with Adam at 1e-3. */
export function scratchMethod(options: ScratchMethodOptions): DataEfficiencyMethod {
  const { name = 'CNN from scratch', model: createModel = createCnn, ...rest } = options;
  const {
    trainSet,
    testSet,
    steps = 600,
    epochs: leastEpochs = 1,
    batchSize = 32,
    ...training
  } = rest;
  const { preprocess = { height: trainSet.height, width: trainSet.width, ...UNIT_SCALE } } =
    training;
  const { height, width } = preprocess;
  const { classNames } = trainSet;
  return {
    name,
    async measure(indices, { seed, signal }) {
      const selected = select(trainSet, indices);
      const stepsPerEpoch = Math.ceil(selected.size / batchSize);
      const epochs = Math.max(leastEpochs, Math.ceil(steps / stepsPerEpoch));
      const inputShape = [height, width, 3] as const;
      const model = createModel({ inputShape, numClasses: classNames.length, seed });
      try {
        const choice = { preprocess, trainSet: selected, epochs, batchSize, seed, signal };
        await trainModel(model, { ...training, ...choice });
        const classifier = { model, classNames, preprocess };
        return (await evaluateClassifier(classifier, testSet, { signal })).accuracy;
      } finally {
        model.dispose();
      }
    },
  };
}

/** Options of {@link transferMethod}. */
export interface TransferMethodOptions {
  /** Of the head, e.g. the one that `selectHead` chose. Default: linear, without weight decay. */
  readonly recipe?: HeadRecipe;
  /** Default .1, as `selectHead`. */
  readonly labelSmoothing?: number;
  /** Steps of each training at least. Default 300. */
  readonly steps?: number;
  /** How often each training sees every picture at least. Default 10: a hidden head learns on after two. */
  readonly epochs?: number;
  /** Default `frozen MobileNetV2`. */
  readonly name?: string;
}

/**
 * A head on the features of a frozen backbone.
 *
 * @param features of training and test pictures, e.g. of `run.extractFeatures`; `train` begins with one row for each picture
 *   of the training set, in its order.
 */
export function transferMethod(
  {
    train: trainFeatures,
    test: testFeatures,
  }: { readonly train: Features; readonly test: Features },
  options: TransferMethodOptions = {},
): DataEfficiencyMethod {
  const { recipe, steps = 300, epochs: leastEpochs = 10, labelSmoothing = 0.1 } = options;
  const { hiddenUnits, dropoutRate, weightDecay } = recipe ?? {};
  const { width, classNames } = trainFeatures;
  return {
    name: options.name ?? 'frozen MobileNetV2',
    async measure(indices, { seed, signal }) {
      const selected = selectFeatures(trainFeatures, indices);
      const batchSize = Math.min(256, selected.size);
      const epochs = Math.max(leastEpochs, Math.ceil(steps / Math.ceil(selected.size / batchSize)));
      const numClasses = classNames.length;
      const head = createHead({ features: width, numClasses, hiddenUnits, dropoutRate, seed });
      try {
        const choice = { trainFeatures: selected, epochs, batchSize, seed, signal };
        await trainHead(head, { ...choice, labelSmoothing, weightDecay });
        return evaluateProbabilities(predictFeatures(head, testFeatures), testFeatures).accuracy;
      } finally {
        head.dispose();
      }
    },
  };
}
