// How a run trains a model in one cell: made, shown, checkpointed, saved, recorded.
import { shrinkPictures, type ImageDataset } from '../data/dataset';
import { UNIT_SCALE, CIFAR10_SCALE, type Preprocess } from '../data/preprocess';
import { saveClassifier, type Classifier } from '../models/classifier';
import type { NetworkOptions } from '../models/modelOptions';
import { countTrainedParameters } from '../models/transfer';
import {
  anyValue,
  callback,
  checkOption,
  checkOptions,
  flag,
  positiveInteger,
  required,
  text,
  type OptionRules,
} from '../options';
import { createTrainingDisplay } from '../report/trainingDisplay';
import type { tf } from '../tensorflow/backend';
import {
  hookRules,
  loopRules,
  type CheckpointOptions,
  type TrainingOptions,
  viewsRule,
} from '../training/config';
import { addPreparationTime, type History } from '../training/history';
import { networkPart, recipeNetwork, recipeTraining, type Recipe } from '../training/recipe';
import { trainModel } from '../training/train';
import { findEarlierModel } from './earlierModel';
import { describeOptions } from './modelRecord';
import type { RunData } from './runData';
import type { ModelOrigin } from './runRecord';
import type { RunRecorder } from './runRecorder';
import { TrainedModel } from './trainedModel';

/** The values of a parameters cell that a training takes; it may hold others. */
export interface TrainingValues {
  readonly seed: number;
  readonly epochs?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
}

/** What decides about a training besides the values; each of `trainModel`'s options may be given here too. */
export interface RunTrainingOptions extends Partial<
  Omit<TrainingOptions, 'preprocess' | 'checkpoint' | 'seed' | 'valSet'>
> {
  /** Makes or loads the network, e.g. `createCnn`, or a function of one's own. Default: the recipe's own. */
  readonly model?: (options: NetworkOptions) => tf.LayersModel | Promise<tf.LayersModel>;
  /** Brings network, epochs, batch size, rate, augmentation and scaling; other options overrule it. */
  readonly recipe?: Recipe;
  /** Default: the run's validation set; none where `trainSet` holds its pictures; null: none. */
  readonly valSet?: ImageDataset | null;
  /** How pixels are scaled; default `UNIT_SCALE`, or the recipe's. */
  readonly scale?: Pick<Preprocess, 'mean' | 'std'>;
  /** Scales larger pictures down to this longer side, in pixels, in training and test. Default: as they are. */
  readonly maxSize?: number;
  /** Trains the finished model of that name on for as many epochs as `epochs` says. Default: a new model. */
  readonly continue?: boolean;
  /**
   * A notebook, e.g. `using-cifar`: the model of that name that its latest complete run trained on the same pictures with the
   * same values is taken instead of a training. Where there is none it is trained.
   */
  readonly reuse?: string;
}

const { epochs, batchSize, seed: _, ...otherLoopRules } = loopRules;
const trainingRules: OptionRules<RunTrainingOptions> = {
  ...otherLoopRules,
  ...hookRules,
  epochs: { ...epochs, required: false },
  batchSize: { ...batchSize, required: false },
  trainSet: anyValue,
  valSet: anyValue,
  augmentation: anyValue,
  views: viewsRule,
  bfloat16: flag,
  model: callback,
  recipe: anyValue,
  scale: anyValue,
  maxSize: positiveInteger,
  continue: flag,
  reuse: text,
};

/** What the verbs of a run share. */
export interface RunState {
  readonly recorder: RunRecorder;
  /** @throws Error before the data are loaded. */
  readonly data: RunData;
  /** The finished models of this run, by name. */
  readonly trained: Map<string, TrainedModel>;
  readonly onNotice: (notice: string) => void;
}

/** What a training needs, from the parameters, a recipe and the options together. */
export interface TrainingPlan {
  readonly createModel: () => tf.LayersModel | Promise<tf.LayersModel>;
  readonly training: Omit<TrainingOptions, 'checkpoint'>;
}

/** @throws Error for a name that is none, or whose folder another model of the run has. */
export function checkModelName({ recorder, trained }: RunState, verb: string, name: string): void {
  checkOption(verb, 'the name', name, required(text));
  const directory = recorder.modelDirectory(name);
  const other = [...trained.values()].find((each) => each.directory === directory);
  if (other === undefined || other.name === name) return;
  throw new Error(
    `Expected a name of its own for each model but "${name}" would be saved where "${other.name}" is: ` +
      'choose one that differs in letters or digits.',
  );
}

/** Puts values, recipe and options together; the later ones overrule. */
export function planTraining(
  { data }: Pick<RunState, 'data'>,
  values: TrainingValues,
  options: RunTrainingOptions,
): TrainingPlan {
  const {
    model,
    recipe,
    scale,
    maxSize,
    trainSet: given = data.trainSet,
    valSet,
    ...training
  } = options;
  const { continue: _continue, reuse: _reuse, ...others } = training;
  const shrink = (set: ImageDataset) =>
    maxSize === undefined ? set : shrinkPictures(set, maxSize);
  const trainSet = shrink(given);
  const holdsValidation = given === data.wholeTrainSet && given !== data.trainSet;
  const validated = valSet === undefined && !holdsValidation ? data.valSet : (valSet ?? undefined);
  const { height, width, classNames } = trainSet;
  const preprocess = { height, width, ...(scale ?? (recipe ? CIFAR10_SCALE : UNIT_SCALE)) };
  const network: NetworkOptions = {
    inputShape: [height, width, 3],
    numClasses: classNames.length,
    seed: values.seed,
  };
  return {
    createModel: () => {
      if (model) return model(network);
      if (recipe) return recipeNetwork(recipe, trainSet, network);
      throw new TypeError(
        'Expected model or recipe but received neither: pass for example { model: ml.createCnn }.',
      );
    },
    training: {
      ...pickValues(values),
      ...(recipe ? recipeTraining(recipe) : {}),
      ...defined(others),
      trainSet,
      ...(validated ? { valSet: shrink(validated) } : {}),
      preprocess,
      seed: values.seed,
    } as TrainingPlan['training'],
  };
}

/** Trains a model of a run. */
export async function trainInRun(
  state: RunState,
  name: string,
  { values, options }: { readonly values: TrainingValues; readonly options: RunTrainingOptions },
): Promise<TrainedModel> {
  checkModelName(state, 'run.train', name);
  checkOptions<RunTrainingOptions>('run.train', options, trainingRules);
  const plan = planTraining(state, values, options);
  const reused =
    options.reuse === undefined ? undefined : await reuseModel(state, name, { plan, options });
  if (reused) return reused;
  const earlier = options.continue ? state.trained.get(name) : undefined;
  const epochs = plan.training.epochs + (earlier?.history.epochs.length ?? 0);
  const { preprocess, trainSet, views } = plan.training;
  return fit(state, name, {
    values,
    isContinued: options.continue === true,
    maxSize: options.maxSize,
    createModel: plan.createModel,
    train: (model, hooks) => trainModel(model, { ...plan.training, epochs, ...hooks }),
    hooks: options,
    classifier: { classNames: trainSet.classNames, preprocess, views },
    options: describeTraining({ ...plan.training, epochs }, options),
  });
}

/** What a record says about how a model was trained. */
export function describeTraining(
  training: TrainingPlan['training'],
  { recipe, maxSize }: Pick<RunTrainingOptions, 'recipe' | 'maxSize'>,
): NonNullable<ModelOrigin['options']> {
  const { trainSet, valSet: _valSet, seed: _seed, metrics: _metrics, ...options } = training;
  return describeOptions({
    // Of a recipe what makes the network: the rest is among the options.
    ...(recipe && { recipe: { name: recipe.name, ...networkPart(recipe) } }),
    ...options,
    maxSize,
    pictures: trainSet.size,
  });
}

/** What one kind of training does of its own. */
export interface Fit {
  readonly values: TrainingValues;
  readonly isContinued?: boolean;
  readonly maxSize?: number;
  /** Of what came before, such as features: they count as the model's own. */
  readonly preparationSeconds?: number;
  createModel(): tf.LayersModel | Promise<tf.LayersModel>;
  train(
    model: tf.LayersModel,
    hooks: Hooks & Pick<TrainingOptions, 'checkpoint'>,
  ): Promise<History>;
  /** The caller's own callbacks, called after those of the display. */
  readonly hooks: Hooks;
  /** What makes the trained model a classifier. */
  readonly classifier: Omit<Classifier, 'model'>;
  /** For the record. */
  readonly options: ModelOrigin['options'];
}

/** Makes, trains, shows, saves and records one model. Where it fails, the fit before it stays in record and folder. */
export async function fit(state: RunState, name: string, plan: Fit): Promise<TrainedModel> {
  const { recorder, data, onNotice } = state;
  const earlier = state.trained.get(name);
  const checkpoint = recorder.checkpoint(name);
  const display = createTrainingDisplay({
    model: name,
    dataset: data,
    run: {
      directory: recorder.directory,
      progress: (event) => recorder.progress(event),
    },
  });
  const model = await plan.createModel();
  let history: History;
  try {
    history = await plan.train(model, {
      ...joinHooks(display.callbacks, plan.hooks),
      checkpoint: checkpointFor(checkpoint, {
        name,
        onNotice,
        isContinued: plan.isContinued ?? false,
      }),
    });
  } catch (error) {
    model.dispose();
    throw error;
  }
  display.finish(history);
  return keep(state, name, {
    classifier: { ...plan.classifier, model },
    history: addPreparationTime(history, plan.preparationSeconds ?? 0),
    maxSize: plan.maxSize,
    options: plan.options,
    changedParameters: changedParameters(recorder, plan.values),
    // A training that goes further is the same fit.
    fits: (earlier?.record.origin?.fits ?? 0) + (plan.isContinued && earlier ? 0 : 1),
  });
}

/** Saves a model that is trained, adds it to the record, and disposes the one that it replaces. */
export async function keep(
  state: RunState,
  name: string,
  made: {
    readonly classifier: Classifier;
    readonly history: History;
    readonly maxSize?: number;
    readonly changedParameters?: ModelOrigin['changedParameters'];
    readonly options: ModelOrigin['options'];
    readonly fits: number;
    readonly trainedBy?: string;
  },
): Promise<TrainedModel> {
  const { recorder, trained } = state;
  const { classifier, history, maxSize, fits, changedParameters = {}, trainedBy = null } = made;
  const { options } = made;
  const directory = recorder.modelDirectory(name);
  await saveClassifier(classifier, directory);
  const replaced = trained.get(name);
  const model = new TrainedModel({
    name,
    classifier,
    history,
    directory,
    maxSize,
    trainedParameterCount: countTrainedParameters(classifier.model),
    origin: {
      fits,
      testReads: replaced?.record.origin?.testReads ?? 0,
      changedParameters,
      trainedBy,
      options,
    },
  });
  trained.set(name, model);
  await recorder.addModel(model.record);
  replaced?.model.dispose();
  return model;
}

/** A finished training starts afresh, a stopped one continues, a stopped one with other options starts afresh and says so. */
function checkpointFor(
  checkpoint: CheckpointOptions,
  {
    name,
    onNotice,
    isContinued,
  }: {
    readonly name: string;
    readonly onNotice: (notice: string) => void;
    readonly isContinued: boolean;
  },
): CheckpointOptions {
  // The launcher's --resume finishes a run as it was begun, or not at all.
  if (checkpoint.resume === 'always') return checkpoint;
  if (!isContinued) {
    return {
      ...checkpoint,
      onOther: (difference) =>
        onNotice(
          `${name}: the stopped training is not continued, since ${difference}. A new one starts.`,
        ),
    };
  }
  return {
    ...checkpoint,
    resume: 'extend',
    onOther(difference) {
      throw new Error(
        `Expected the same options to train "${name}" on but ${difference}: pass the same, or leave out continue to train ` +
          'a new model.',
      );
    },
  };
}

/** Parameters of the run that a training was given with another value, e.g. since their cell was edited after `startRun`. */
function changedParameters(
  { parameters, seed }: Pick<RunRecorder, 'parameters' | 'seed'>,
  values: TrainingValues,
): ModelOrigin['changedParameters'] {
  const run: Record<string, unknown> = { ...parameters, seed };
  return Object.fromEntries(
    Object.entries(values).filter(([key, value]) => Object.hasOwn(run, key) && run[key] !== value),
  );
}

async function reuseModel(
  state: RunState,
  name: string,
  { plan, options }: { readonly plan: TrainingPlan; readonly options: RunTrainingOptions },
): Promise<TrainedModel | undefined> {
  const { epochs, batchSize, learningRate, seed } = plan.training;
  const found = await findEarlierModel(state.recorder, state.data, {
    notebook: options.reuse as string,
    model: name,
    parameters: {
      epochs,
      batchSize,
      ...(typeof learningRate === 'number' ? { learningRate } : {}),
    },
    seed,
  });
  if (!found) return undefined;
  state.onNotice(
    `${name}: taken from the run ${found.runId}, which trained it with the same values.`,
  );
  const { classifier, history, runId } = found;
  return keep(state, name, {
    classifier: { ...classifier, temperature: undefined },
    history,
    options: found.options,
    fits: 0,
    trainedBy: runId,
    maxSize: options.maxSize,
  });
}

const HOOKS = ['onStart', 'onStep', 'onEpoch', 'onResume', 'onInterrupt'] as const;
type Hooks = Pick<TrainingOptions, (typeof HOOKS)[number]>;

/** Both are called, the display's first. */
function joinHooks(display: Hooks, own: Hooks): Hooks {
  const joined = HOOKS.map((name) => {
    const [first, second] = [display[name], own[name]] as ((news: unknown) => unknown)[];
    if (!second) return [name, first];
    return [
      name,
      async (news: unknown) => {
        await first(news);
        await second(news);
      },
    ];
  });
  return Object.fromEntries(joined) as Hooks;
}

function pickValues(values: TrainingValues): Partial<TrainingOptions> {
  const { epochs, batchSize, learningRate } = values;
  const known = { epochs, batchSize, learningRate };
  for (const [name, value] of Object.entries(known)) {
    // A slip would silently mean the default.
    const slip = Object.keys(values).find((key) => key.toLowerCase() === name.toLowerCase());
    if (value !== undefined || slip === undefined) continue;
    throw new TypeError(`Expected the parameter ${name} but received "${slip}": write it ${name}.`);
  }
  return defined(known);
}

/** Without the fields that are undefined, which would overrule. */
function defined<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
