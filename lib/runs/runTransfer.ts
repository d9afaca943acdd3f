// Transfer learning in a run: backbone, features, a head on them, fine-tuning.
import { takeStratified } from '../data/dataset';
import { loadClassifier } from '../models/classifier';
import { describeWeights } from '../models/mobileNetV2Weights';
import {
  createTransferModel,
  loadBackbone,
  type Backbone,
  type BackboneOptions,
} from '../models/transfer';
import {
  anyValue,
  checkOption,
  checkOptions,
  flag,
  fractionBelowOne,
  positiveInteger,
  required,
} from '../options';
import { createDisplay } from '../report/display';
import { tableHtml, tableText } from '../report/tableHtml';
import { createTable, type DataTable } from '../report/tables';
import { fractionText, titleWithDataset } from '../report/theme';
import { extractFeatures, type Features } from '../training/features';
import { fineTune } from '../training/fineTune';
import { addPreparationTime } from '../training/history';
import { learningRateRule } from '../training/config';
import { createCosineSchedule, type Schedule } from '../training/schedule';
import { HEAD_RECIPES, selectHead, type HeadRecipe, type HeadTrial } from '../training/selectHead';
import { describeOptions } from './modelRecord';
import { trackExtraction } from './progress';
import {
  checkModelName,
  describeTraining,
  fit,
  keep,
  planTraining,
  type RunState,
  type RunTrainingOptions,
  type TrainingValues,
} from './runTraining';
import type { TrainedModel } from './trainedModel';

/** The features of a run's pictures. */
export interface RunFeatures {
  readonly backbone: Backbone;
  /** Whether each picture's mirror image takes part: further rows for training, the mean of both else. */
  readonly mirror: boolean;
  readonly train: Features;
  readonly val: Features;
  /** Without mirror images. */
  readonly test: Features;
  /** What those of training and validation took. */
  readonly seconds: number;
}

/** Options of `run.trainHead`. */
export interface RunHeadOptions {
  /** The features to train on. */
  readonly on: RunFeatures;
  /** Heads to try; the validation set chooses. Default `HEAD_RECIPES`. */
  readonly recipes?: readonly HeadRecipe[];
  /** Of each head; default: the values'. */
  readonly epochs?: number;
  /** A number is the peak of half a cosine. Default: the values'. */
  readonly learningRate?: number | Schedule;
  /** Default .1. */
  readonly labelSmoothing?: number;
}

/** A model of backbone and head, and the head's own choice. */
export interface TrainedHead {
  readonly recipe: HeadRecipe;
  readonly trials: readonly HeadTrial[];
}

/** Options of `run.fineTune`: those of `run.train`, and where to begin. */
export interface RunFineTuneOptions extends Omit<
  RunTrainingOptions,
  'model' | 'recipe' | 'scale' | 'maxSize' | 'continue' | 'reuse' | 'views'
> {
  /** A model of `run.trainHead`; it stays as it is. A `learningRate` that is a number is the peak of half a cosine. */
  readonly from: TrainedModel;
  /** The first layer that is trained, as Keras calls it, e.g. `block_13_expand`. */
  readonly unfreezeFrom: string;
  /** Pictures for training, and for validation, at most, the same share of every class. Default 0: all. */
  readonly limit?: number;
}

export async function loadRunBackbone(
  { recorder, onNotice }: RunState,
  options: Omit<BackboneOptions, 'onNotice'>,
): Promise<Backbone> {
  const backbone = await loadBackbone({ ...options, onNotice });
  recorder.setWeights(backbone.weights);
  return backbone;
}

export async function extractRunFeatures(
  { recorder, data }: RunState,
  backbone: Backbone,
  { mirror = false }: { readonly mirror?: boolean } = {},
): Promise<RunFeatures> {
  checkOption('run.extractFeatures', 'mirror', mirror, flag);
  const tracking = trackExtraction(recorder);
  const engine = await recorder.engine();
  const extract = (set: typeof data.trainSet, how: 'none' | 'append' | 'average') =>
    extractFeatures(backbone, set, { mirror: mirror ? how : 'none', engine, ...tracking });
  const train = await extract(data.trainSet, 'append');
  const val = await extract(data.valSet, 'average'); // as the classifier predicts
  const test = await extract(data.testSet, 'none');
  return { backbone, mirror, train, val, test, seconds: train.seconds + val.seconds };
}

/** Tries heads on the features, puts the best on the backbone, saves and records the whole model. */
export async function trainHeadInRun(
  state: RunState,
  name: string,
  { values, options }: { readonly values: TrainingValues; readonly options: RunHeadOptions },
): Promise<TrainedModel & TrainedHead> {
  checkModelName(state, 'run.trainHead', name);
  checkOptions<RunHeadOptions>('run.trainHead', options, {
    on: required(anyValue),
    recipes: anyValue,
    epochs: positiveInteger,
    learningRate: learningRateRule,
    labelSmoothing: fractionBelowOne,
  });
  const { on: features, recipes = HEAD_RECIPES, labelSmoothing } = options;
  const { epochs, learningRate } = { ...values, ...options };
  const { backbone, train, val, mirror } = features;
  const { data, recorder } = state;
  const display = createDisplay();
  const caption = titleWithDataset(`${name}: heads on ${describeWeights(backbone.weights)}`, data);
  const trials: HeadTrial[] = [];
  const selectOptions = {
    labelSmoothing,
    ...(epochs === undefined ? {} : { epochs }),
    ...(learningRate === undefined ? {} : { learningRate: asPeak(learningRate) }),
  };
  const selected = await selectHead({
    trainFeatures: train,
    valFeatures: val,
    seed: values.seed,
    recipes,
    ...selectOptions,
    onTrial(trial) {
      trials.push(trial);
      const table = trialsTable(trials);
      const [html, plain] = [tableHtml(table, caption), tableText(table, caption)];
      display.show({ 'text/html': html, 'text/plain': plain });
      const accuracy = fractionText(trial.val.accuracy);
      recorder.progress({
        event: 'note',
        text: `${name}: head ${trials.length} of ${recipes.length}: validation accuracy ${accuracy}`,
      });
    },
  });
  const { height, width } = data.trainSet;
  const model = createTransferModel(backbone.model, selected.head);
  selected.head.dispose();
  // All that it took: the features, and the heads that were not chosen.
  const preparation = features.seconds + selected.seconds - selected.history.seconds;
  const trained = await keep(state, name, {
    classifier: {
      model,
      classNames: data.classNames,
      // The pictures were enlarged: a file is brought to their size first.
      preprocess: { ...backbone.preprocess, sourceSize: { height, width } },
      ...(mirror ? { views: 2 } : {}),
    },
    options: describeOptions({
      ...describeBackbone(backbone),
      heads: recipes,
      mirror,
      ...selectOptions,
      pictures: train.size,
    }),
    history: addPreparationTime(selected.history, preparation),
    fits: (state.trained.get(name)?.record.origin?.fits ?? 0) + 1,
  });
  return Object.assign(trained, { recipe: selected.recipe, trials: selected.trials });
}

function describeBackbone({ weights, preprocess }: Backbone): object {
  const { name, source } = weights;
  return { weights: `${name} (${source})`, preprocess };
}

/** A number is where half a cosine begins: what is fine-tuned ends with small steps. */
function asPeak(learningRate: number | Schedule): Schedule {
  return typeof learningRate === 'number'
    ? createCosineSchedule({ peak: learningRate })
    : learningRate;
}

function trialsTable(trials: readonly HeadTrial[]): DataTable {
  return createTable(
    trials.map(({ recipe, val, history }) => ({
      'hidden units': recipe.hiddenUnits,
      dropout: recipe.dropoutRate,
      'weight decay': recipe.weightDecay,
      'validation accuracy': val.accuracy,
      'validation loss': val.loss,
      seconds: history.seconds,
    })),
  );
}

/** Trains a copy of a model further, its upper layers only; its seconds count from the first picture. */
export async function fineTuneInRun(
  state: RunState,
  name: string,
  { values, options }: { readonly values: TrainingValues; readonly options: RunFineTuneOptions },
): Promise<TrainedModel> {
  checkModelName(state, 'run.fineTune', name);
  const { from, unfreezeFrom, limit = 0, ...rest } = options;
  const { learningRate } = { ...values, ...rest };
  const { data } = state;
  const { training } = planTraining(state, values, {
    ...rest,
    ...(learningRate === undefined ? {} : { learningRate: asPeak(learningRate) }),
    trainSet: rest.trainSet ?? takeStratified(data.trainSet, limit, 'limit'),
    valSet: rest.valSet ?? takeStratified(data.valSet, limit, 'limit'),
  });
  const { preprocess, views } = from.classifier;
  const fromOptions = from.record.origin?.options;
  return fit(state, name, {
    values,
    createModel: async () => (await loadClassifier(from.directory)).model,
    train: (model, hooks) =>
      fineTune(model, { ...training, ...hooks, preprocess, views, unfreezeFrom }),
    preparationSeconds: from.history.seconds,
    hooks: options,
    classifier: { ...from.classifier, temperature: undefined }, // its own, once it is calibrated
    options: {
      ...describeTraining({ ...training, preprocess, views }, {}),
      ...describeOptions({ unfreezeFrom, from: { name: from.name, options: fromOptions } }),
    },
  });
}
