/**
 * Whole recipes: everything that decides about a training from scratch in one value, so that a recipe can be recorded,
 * compared, and tried without one of its pieces.
 */
import type { ImageDataset } from '../data/dataset';
import { CIFAR10_SCALE } from '../data/preprocess';
import type { Classifier } from '../models/classifier';
import { metricsRule } from '../evaluation/runningMetrics';
import { createFastCnn } from '../models/fastCnn';
import type { CreateNetwork, NetworkOptions } from '../models/modelOptions';
import type { Views } from '../models/views';
import {
  anyValue,
  checkOptions,
  flag,
  fractionBelowOne,
  nonNegativeInteger,
  nonNegativeNumber,
  oneOf,
  type OptionRules,
  positiveInteger,
  positiveNumber,
  required,
  seedInteger,
  text,
  rule,
} from '../options';
import { hasFastBfloat16, type tf } from '../tensorflow/backend';
import { createAugmentation, flipRule } from './augment';
import { type CheckpointOptions, hookRules, type TrainingOptions, viewsRule } from './config';
import type { History } from './history';
import { createMuon, createSgd, type Optimizer } from './optimizer';
import { createConstantSchedule, createTriangularSchedule, type Schedule } from './schedule';
import { trainModel } from './train';
import { setWhitening } from './whitening';

/** A training from scratch; the network is that of {@link createFastCnn} unless another one is handed over. */
export interface Recipe {
  readonly name: string;
  /** Filters of the network's blocks. */
  readonly widths: readonly number[];
  readonly convolutionsPerBlock: number;
  /** The first layer whitens patches and is frozen (`setWhitening`); else it is trained from random weights. */
  readonly whitening: boolean;
  /** Convolutions begin by passing their inputs on. */
  readonly identity: boolean;
  readonly epochs: number;
  readonly batchSize: number;
  /** Peak learning rate of Muon, which trains the convolutions' kernels; 0: SGD trains them too. */
  readonly muonLearningRate: number;
  /** Peak learning rate of Nesterov's SGD, which trains what Muon does not. */
  readonly peakLearningRate: number;
  /** Of SGD. */
  readonly momentum: number;
  /** SGD's learning rate of batch norm's offsets and other biases, in multiples of that of its kernels. */
  readonly offsetRate: number;
  /**
   * `linear`: from the peak down to 0; `triangular`: up to the peak in .23 of the steps, down to .07 of it; `constant`: half
   * the peak throughout.
   */
  readonly schedule: 'linear' | 'triangular' | 'constant';
  /** L2 penalty's gradient on kernels. */
  readonly weightDecay: number;
  readonly labelSmoothing: number;
  readonly flip: boolean | 'alternating';
  /** Pixels. */
  readonly shift: number;
  /** Side in pixels. */
  readonly cutout: number;
  /** Beta(mixup, mixup); 0 for none. */
  readonly mixup: number;
  /** Decay of the averaged weights; 0 for none. */
  readonly averageDecay: number;
  /** Of each picture, over which the finished classifier takes the mean. */
  readonly views: Views;
  /** bfloat16 where the processor is fast in it ({@link hasFastBfloat16}), or never. */
  readonly bfloat16: 'where fast' | 'never';
}

/**
 * Exceeds .85 in two epochs, half a minute on two processors.
 *
 * Chosen on 10,000 validation pictures of CIFAR-10, one run each, six views: 32, 128, 128 filters in two epochs gave .865;
 * 64, 192, 192 in one epoch, which takes as long, .846, and .849 in batches of 125. They took 1/9.6 of the time of Keras' ten
 * epochs, so the upper blocks are a quarter narrower now. The rates are those of {@link STANDARD_RECIPE}.
 */
export const FAST_RECIPE: Recipe = {
  name: 'fast',
  widths: [32, 96, 96],
  convolutionsPerBlock: 2,
  whitening: true,
  identity: true, // airbench94
  epochs: 2,
  batchSize: 250,
  muonLearningRate: 0.085,
  peakLearningRate: 1.7,
  momentum: 0.85, // airbench94
  offsetRate: 3.5,
  schedule: 'linear', // airbench94_muon
  weightDecay: 1e-3, // of the last layer, as a share of rate and batch size about airbench's
  labelSmoothing: 0.2, // airbench94
  flip: 'alternating',
  shift: 2, // airbench94
  cutout: 0,
  mixup: 0,
  averageDecay: 0, // the rate falls to 0: the last steps hardly move the weights
  views: 6,
  bfloat16: 'where fast',
};

/**
 * .937 in about the time in which Keras trains the classic CNN for ten epochs (tools/bench/accuracy.md).
 *
 * Chosen on 10,000 validation pictures, four epochs, one run each, six views: Muon's rates of .06, .085 and .12 gave .912,
 * .917 and .915; batches of 500 at .12 gave .915. What else was tried: tools/bench/recipes.md.
 */
export const STANDARD_RECIPE: Recipe = {
  ...FAST_RECIPE,
  name: 'standard',
  widths: [64, 256, 256],
  epochs: 9,
};

/**
 * Left to run on: .949 in 5.4 times the standard recipe's time (one seed, tools/bench/accuracy.md).
 *
 * Wider blocks (airbench95: 128, 384, 384), twice as many epochs, and cutout (airbench96), since more epochs need more
 * variety. Nothing of it was searched for.
 */
export const LONG_RECIPE: Recipe = {
  ...STANDARD_RECIPE,
  name: 'long',
  widths: [128, 384, 384],
  epochs: 20,
  cutout: 8,
};

/** The recipes by their names. */
export const RECIPES = {
  fast: FAST_RECIPE,
  standard: STANDARD_RECIPE,
  long: LONG_RECIPE,
} as const;

/** Overrides that disable each component of a recipe, for ablations. */
const WITHOUT = {
  whitening: { whitening: false },
  'identity initialisation': { identity: false },
  Muon: { muonLearningRate: 0 },
  'larger rate of offsets': { offsetRate: 1 },
  flips: { flip: false },
  'alternating flips': { flip: true },
  shifts: { shift: 0 },
  cutout: { cutout: 0 },
  mixup: { mixup: 0 },
  'label smoothing': { labelSmoothing: 0 },
  'weight decay': { weightDecay: 0 },
  schedule: { schedule: 'constant' },
  'averaged weights': { averageDecay: 0 },
  'test-time views': { views: 1 },
} as const satisfies Readonly<Record<string, Partial<Recipe>>>;

/** A piece that a recipe can do without. */
export type RecipePiece = keyof typeof WITHOUT;

/** Every piece that can be left out; a recipe need not have all of them. */
export const RECIPE_PIECES: readonly RecipePiece[] = Object.keys(WITHOUT) as RecipePiece[];

/**
 * The recipe without one piece, all else equal; the same recipe where it does not contain the piece.
 *
 * Without alternating flips it tosses a coin each time; without whitening the first layer is as large, but trained from
 * random weights; without the schedule the rate is half the peak, about the triangle's mean.
 */
export function withoutPiece(recipe: Recipe, piece: RecipePiece): Recipe {
  if (piece === 'alternating flips' && recipe.flip !== 'alternating') return recipe;
  return { ...recipe, ...WITHOUT[piece] };
}

const recipeRules: OptionRules<Recipe> = {
  name: required(text),
  widths: required(anyValue), // the network checks them
  convolutionsPerBlock: required(positiveInteger),
  whitening: required(flag),
  identity: required(flag),
  epochs: required(positiveInteger),
  batchSize: required(positiveInteger),
  muonLearningRate: required(nonNegativeNumber),
  peakLearningRate: required(positiveNumber),
  momentum: required(fractionBelowOne),
  offsetRate: required(nonNegativeNumber),
  schedule: required(oneOf('linear', 'triangular', 'constant')),
  weightDecay: required(nonNegativeNumber),
  labelSmoothing: required(fractionBelowOne),
  flip: required(flipRule),
  shift: required(nonNegativeInteger),
  cutout: required(nonNegativeInteger),
  mixup: required(nonNegativeNumber),
  averageDecay: required(fractionBelowOne),
  views: required(viewsRule),
  bfloat16: required(oneOf('where fast', 'never')),
};

/** Options of {@link trainRecipe}. */
export interface TrainRecipeOptions extends Pick<
  TrainingOptions,
  'onStart' | 'onStep' | 'onEpoch' | 'onResume' | 'onInterrupt' | 'signal' | 'metrics'
> {
  readonly recipe: Recipe;
  /** Of the initial weights, the order of the pictures and the augmentation. */
  readonly seed: number;
  /** Another network; `widths`, `convolutionsPerBlock` and `whitening` are then not used. Default {@link createFastCnn}. */
  readonly model?: CreateNetwork;
  readonly checkpoint?: CheckpointOptions;
}

const networkRule = rule(
  'a function that creates a network',
  'createCnn',
  (value) => typeof value === 'function',
);

/**
 * Makes a network and trains it by the recipe.
 *
 * @param data.trainSet pictures of any number of classes; of at least 17 pixels for the recipe's own network.
 * @param data.valSet evaluated after each epoch, as the finished classifier predicts. That takes time: leave it out where
 *   seconds are compared.
 * @returns the finished classifier, whose model is the caller's to dispose, and the training's history.
 * @throws as `trainModel`; the model is disposed then.
 */
export async function trainRecipe(
  data: { readonly trainSet: ImageDataset; readonly valSet?: ImageDataset },
  options: TrainRecipeOptions,
): Promise<{ readonly classifier: Classifier; readonly history: History }> {
  checkOptions<TrainRecipeOptions>('trainRecipe', options, {
    recipe: required(anyValue),
    seed: required(seedInteger),
    model: networkRule,
    metrics: metricsRule,
    ...hookRules,
  });
  const { recipe, seed, model: createModel, ...hooks } = options;
  checkOptions<Recipe>('the recipe', recipe, recipeRules);
  const { height, width, classNames } = data.trainSet;
  const preprocess = { height, width, ...CIFAR10_SCALE };
  const network = { inputShape: [height, width, 3], numClasses: classNames.length, seed } as const;
  const model = createModel?.(network) ?? recipeNetwork(recipe, data.trainSet, network);
  try {
    const training = { ...data, ...hooks, ...recipeTraining(recipe), preprocess, seed };
    const history = await trainModel(model, training);
    const classifier = { model, classNames, preprocess, views: recipe.views };
    return { classifier, history };
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** What of a recipe makes its own network. */
export function networkPart({
  widths,
  convolutionsPerBlock,
  whitening,
  identity,
}: Recipe): Pick<Recipe, 'widths' | 'convolutionsPerBlock' | 'whitening' | 'identity'> {
  return { widths, convolutionsPerBlock, whitening, identity };
}

/** The recipe's own network, its first layer set by the training pictures where the recipe whitens. */
export function recipeNetwork(
  recipe: Recipe,
  trainSet: ImageDataset,
  network: NetworkOptions,
): tf.LayersModel {
  const model = createFastCnn({ ...network, ...networkPart(recipe) });
  try {
    const { height, width } = trainSet;
    if (recipe.whitening)
      setWhitening(model, trainSet, { preprocess: { height, width, ...CIFAR10_SCALE } });
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/**
 * A recipe's part of `trainModel`'s options, for any model.
 *
 * @example await trainModel(model, { ...recipeTraining(RECIPES.fast), trainSet, preprocess, seed });
 */
export function recipeTraining(
  recipe: Recipe,
): Omit<TrainingOptions, 'trainSet' | 'preprocess' | 'seed'> {
  const { epochs, batchSize, labelSmoothing, averageDecay } = recipe;
  const { flip, shift, cutout, mixup } = recipe;
  return {
    epochs,
    batchSize,
    learningRate: recipeSchedule(recipe),
    optimizer: recipeOptimizer(recipe),
    labelSmoothing,
    augmentation: createAugmentation({ flip, shift, cutout, mixup }),
    ...(averageDecay > 0 ? { averageWeights: { decay: averageDecay } } : {}),
    views: recipe.views,
    bfloat16: recipe.bfloat16 === 'where fast' && hasFastBfloat16(),
  };
}

function recipeOptimizer(recipe: Recipe): Optimizer {
  const { momentum, weightDecay, offsetRate, muonLearningRate, peakLearningRate } = recipe;
  const sgd = createSgd({ momentum, nesterov: momentum > 0, weightDecay, offsetRate });
  if (muonLearningRate === 0) return sgd;
  return createMuon({ others: sgd, othersRate: peakLearningRate / muonLearningRate });
}

/** The recipe's learning rate over the progress, of Muon where the recipe uses it, for {@link trainModel} or a figure. */
export function recipeSchedule(recipe: Recipe): Schedule {
  const { schedule, muonLearningRate, peakLearningRate } = recipe;
  const peak = muonLearningRate > 0 ? muonLearningRate : peakLearningRate;
  if (schedule === 'linear') return (progress) => peak * (1 - progress);
  return schedule === 'triangular'
    ? createTriangularSchedule({ peak })
    : createConstantSchedule({ value: peak / 2 });
}
