/** Which head suits the features is chosen on the validation set: each candidate takes seconds. */
import { createHead, type HeadOptions } from '../models/transfer';
import type { tf } from '../tensorflow/backend';
import {
  anyValue,
  callback,
  checkOptions,
  fractionBelowOne,
  abortSignal,
  nonNegativeInteger,
  nonNegativeNumber,
  positiveInteger,
  required,
  rule,
  seedInteger,
} from '../options';
import type { MetricValues } from '../evaluation/runningMetrics';
import { createRng, shuffledIndices } from '../random';
import { selectFeatures, type Features } from './features';
import { predictFeatures, trainHead, type HeadTrainingOptions } from './head';
import { learningRateRule } from './config';
import type { History } from './history';

/** A head's form and the strength of its regularisation. */
export type HeadRecipe = Required<Pick<HeadOptions, 'hiddenUnits' | 'dropoutRate'>> &
  Required<Pick<HeadTrainingOptions, 'weightDecay'>>;

/** Linear with more and less weight decay, and one hidden layer with dropout. */
export const HEAD_RECIPES: readonly HeadRecipe[] = [
  { hiddenUnits: 0, dropoutRate: 0, weightDecay: 0.1 },
  { hiddenUnits: 0, dropoutRate: 0.2, weightDecay: 0.5 },
  { hiddenUnits: 512, dropoutRate: 0.5, weightDecay: 0.1 },
];

/** Options of {@link selectHead}. */
export interface SelectHeadOptions {
  readonly trainFeatures: Features;
  readonly valFeatures: Features;
  readonly seed: number;
  /** Default {@link HEAD_RECIPES}. */
  readonly recipes?: readonly HeadRecipe[];
  /** Of each candidate; default 30. */
  readonly epochs?: number;
  /** Default: that of {@link trainHead}. */
  readonly learningRate?: HeadTrainingOptions['learningRate'];
  /** Default .1. */
  readonly labelSmoothing?: number;
  readonly onTrial?: (trial: HeadTrial) => void;
  readonly signal?: AbortSignal;
}

/** One candidate, trained. */
export interface HeadTrial {
  readonly recipe: HeadRecipe;
  /** Of the validation after its last epoch. */
  readonly val: MetricValues;
  readonly history: History;
}

/** The best candidate, and all of them. */
export interface SelectedHead extends HeadTrial {
  /** The caller disposes it. */
  readonly head: tf.LayersModel;
  readonly trials: readonly HeadTrial[];
  /** Of all candidates together: what the choice has cost. */
  readonly seconds: number;
}

/** Trains every candidate and keeps the one with the highest validation accuracy; of equal ones the earlier. */
export async function selectHead(options: SelectHeadOptions): Promise<SelectedHead> {
  checkOptions<SelectHeadOptions>('selectHead', options, {
    trainFeatures: required(anyValue),
    valFeatures: required(anyValue),
    seed: required(seedInteger),
    recipes: rule(
      'a list of different recipes',
      '[{ hiddenUnits: 0, dropoutRate: 0, weightDecay: 0.1 }]',
      (v) =>
        Array.isArray(v) &&
        v.length > 0 &&
        new Set(
          v.map(({ hiddenUnits, dropoutRate, weightDecay }: HeadRecipe) =>
            JSON.stringify([hiddenUnits, dropoutRate, weightDecay]),
          ),
        ).size === v.length,
    ),
    epochs: positiveInteger,
    learningRate: learningRateRule,
    labelSmoothing: fractionBelowOne,
    onTrial: callback,
    signal: abortSignal,
  });
  const { recipes = HEAD_RECIPES, onTrial, labelSmoothing = 0.1, ...training } = options;
  for (const recipe of recipes) {
    // All of them before the first one is trained.
    checkOptions<HeadRecipe>('a recipe of selectHead', recipe, {
      hiddenUnits: required(nonNegativeInteger),
      dropoutRate: required(fractionBelowOne),
      weightDecay: required(nonNegativeNumber),
    });
  }
  const { width, classNames } = options.trainFeatures;
  const trials: HeadTrial[] = [];
  let best: { readonly head: tf.LayersModel; readonly trial: HeadTrial } | undefined;
  for (const recipe of recipes) {
    const { weightDecay, ...form } = recipe;
    const numClasses = classNames.length;
    const head = createHead({ features: width, numClasses, seed: options.seed, ...form });
    try {
      const history = await trainHead(head, { ...training, labelSmoothing, weightDecay });
      const { val } = history.epochs[history.epochs.length - 1];
      const trial = { recipe, history, val: val as MetricValues };
      trials.push(trial);
      onTrial?.(trial);
      if (best === undefined || trial.val.accuracy > best.trial.val.accuracy) {
        best?.head.dispose();
        best = { head, trial };
      }
    } catch (error) {
      best?.head.dispose();
      best = undefined;
      throw error;
    } finally {
      if (best?.head !== head) head.dispose();
    }
  }
  const { head, trial } = best as NonNullable<typeof best>;
  const seconds = trials.reduce((sum, { history }) => sum + history.seconds, 0);
  return { ...trial, head, trials, seconds };
}

/**
 * What heads say of pictures that they were not trained on: the pictures are divided into five folds, stratified, by seed, and
 * those of each are predicted by a linear head that learned the others for ten epochs, and at least 300 steps: in more it
 * would learn the errors too (docs/runs.md).
 *
 * @returns probabilities float32 [features.size, numClasses], row by row.
 */
export async function predictOutOfFold(
  features: Features,
  { seed, onFold }: { readonly seed: number; readonly onFold?: (fold: number) => void },
): Promise<Float32Array> {
  const { labels, width, classNames, size } = features;
  const numClasses = classNames.length;
  const folds = new Int32Array(size);
  const dealt = new Int32Array(numClasses);
  for (const index of shuffledIndices(size, createRng(seed, 'folds'))) {
    folds[index] = 1 + (dealt[labels[index]]++ % 5);
  }
  const rows = Uint32Array.from(labels.keys());
  const epochs = Math.max(10, Math.ceil(300 / Math.ceil((0.8 * size) / 256)));
  const probabilities = new Float32Array(size * numClasses);
  for (let fold = 1; fold <= 5; fold++) {
    onFold?.(fold);
    const held = rows.filter((index) => folds[index] === fold);
    if (held.length === 0) continue;
    const head = createHead({ features: width, numClasses, seed });
    try {
      const trainFeatures = selectFeatures(
        features,
        rows.filter((index) => folds[index] !== fold),
      );
      await trainHead(head, { trainFeatures, seed, epochs, weightDecay: 0.1 });
      const predicted = predictFeatures(head, selectFeatures(features, held));
      for (const [row, index] of held.entries()) {
        const its = predicted.subarray(row * numClasses, (row + 1) * numClasses);
        probabilities.set(its, index * numClasses);
      }
    } finally {
      head.dispose();
    }
  }
  return probabilities;
}
