// A run in a notebook: one value that loads, trains, tests, shows and records.
import type { DatasetSplits, ImageDataset } from '../data/dataset';
import type { DecodedImage } from '../data/image';
import { applyTemperature, fitTemperature } from '../evaluation/calibration';
import type { MetricChoice } from '../evaluation/runningMetrics';
import {
  evaluateClassifier,
  evaluateProbabilities,
  type TestedModel,
} from '../evaluation/evaluate';
import { type Explanation, gradCam, type GradCamOptions } from '../evaluation/gradCam';
import { measureLatency } from '../evaluation/latency';
import { predictDataset } from '../evaluation/predict';
import { countByClass, shrinkPictures } from '../data/dataset';
import { type Classifier, loadClassifier, saveClassifier } from '../models/classifier';
import type { Backbone, BackboneOptions } from '../models/transfer';
import { checkOption, checkOptions, oneOf, required, text } from '../options';
import { showFigure } from '../report/display';
import type { Figure } from '../report/figure';
import { imageGridFigure } from '../report/imageGridFigure';
import { explanationPictures } from '../report/pictures';
import type { DataTable } from '../report/tables';
import { fractionText, withDataset } from '../report/theme';
import {
  findLearningRate,
  type LearningRateFinderOptions,
  type LearningRateSearch,
} from '../training/learningRateFinder';
import { createProgressReporter, trackLearningRates } from './progress';
import type { Preset } from './runRecord';
import { startLine } from './runFolder';
import { recordRun, type RunRecorder } from './runRecorder';
import { type Cleaner, inspectRunData } from './runCleaning';
import { loadRunData, useData, type RunData, type RunDataOptions } from './runData';
import {
  planTraining,
  trainInRun,
  type RunState,
  type RunTrainingOptions,
  type TrainingValues,
} from './runTraining';
import {
  extractRunFeatures,
  fineTuneInRun,
  loadRunBackbone,
  trainHeadInRun,
  type RunFeatures,
  type RunFineTuneOptions,
  type RunHeadOptions,
  type TrainedHead,
} from './runTransfer';
import { compareFormsInRun } from './runForms';
import type { TrainedModel } from './trainedModel';

/** A run in progress. A cell that runs again replaces what it said before. */
export interface Run extends RunRecorder {
  /** @throws Error before `loadData`. */
  readonly data: RunData;
  /** The finished models, in the order in which they were first trained. */
  readonly trained: readonly TrainedModel[];
  /**
   * Loads the pictures, sets validation pictures aside by the run's seed, records both. Progress appears below the cell.
   *
   * @throws as `loadDataset`.
   */
  loadData(options?: RunDataOptions): Promise<RunData>;
  /** Takes pictures that are in memory already. */
  useData(splits: DatasetSplits): RunData;
  /**
   * Makes a network, trains it, shows its curves below the cell, saves and records it. A finished one starts afresh when the
   * cell runs again and replaces its entry in the record, which counts the fits; a stopped one continues; a stopped one
   * whose options have changed starts afresh with a notice; with `continue: true` a finished one trains on.
   *
   * @param name of the model, e.g. `CNN`: the same name means the same entry of the record.
   * @param values the notebook's parameters: `seed`, `epochs`, `batchSize` and `learningRate` are taken from it.
   * @throws as `trainModel`; what the run had of that name before stays then.
   */
  train(name: string, values: TrainingValues, options: RunTrainingOptions): Promise<TrainedModel>;
  /** Tries learning rates on a new network, which is disposed; the options are those of `train`. */
  findLearningRate(
    values: TrainingValues,
    options: RunTrainingOptions & Pick<LearningRateFinderOptions, 'from' | 'to' | 'steps'>,
  ): Promise<LearningRateSearch>;
  /** Loads MobileNetV2 without its top, all layers frozen, and records where its weights come from. */
  loadBackbone(options?: Omit<BackboneOptions, 'onNotice'>): Promise<Backbone>;
  /** What the backbone sees in the run's pictures, from the cache where it is there. */
  extractFeatures(
    backbone: Backbone,
    options?: { readonly mirror?: boolean },
  ): Promise<RunFeatures>;
  /**
   * Looks for what may be wrong with single pictures, and shows it with their indices: probable label errors (training and
   * validation pictures), near duplicates within and between the sets, outliers, blurred, dark and tiny pictures.
   *
   * @param features of the run's data: `run.extractFeatures`.
   * @returns whose `relabel` and `drop` note decisions, which `run.loadData` obeys.
   * @throws TrainingInterrupted where it is stopped.
   */
  inspectData(features: RunFeatures): Promise<Cleaner>;
  /** Tries heads on the features, `values.epochs` each, and keeps the best by validation as one model from pictures on. */
  trainHead(
    name: string,
    values: TrainingValues,
    options: RunHeadOptions,
  ): Promise<TrainedModel & TrainedHead>;
  /** Trains the upper layers of a copy of `from` further; otherwise as `train`. */
  fineTune(
    name: string,
    values: TrainingValues,
    options: RunFineTuneOptions,
  ): Promise<TrainedModel>;
  /**
   * Fits the temperature that makes a model as sure as it is right (Guo et al. 2017) on the validation pictures, saves it with
   * the classifier, records calibration error and loss before and after, and prints them.
   *
   * @returns the validation's evaluation before and after, for `calibrationFigure`.
   * @throws Error for a model that was not validated, which may know the pictures, or has met the test set before.
   */
  calibrate(model: TrainedModel): Promise<TestedModel[]>;
  /**
   * Evaluates finished models on the test set, once each, and records it. A second time is noted in the record: a test set
   * that is met again and again guides choices.
   *
   * @throws Error for a model that this run has not trained, or has replaced.
   */
  test(
    models: readonly TrainedModel[],
    options?: { readonly metrics?: readonly MetricChoice[] },
  ): Promise<void>;
  /** Loads each model from its folder, as an application would, and times single pictures of the data's size. */
  measureLatency(models: readonly TrainedModel[]): Promise<void>;
  /**
   * Exports a tested model to ONNX, in float32 and in int8, into the run's folder `onnx`, and compares: size, milliseconds for one
   * picture, test accuracy, and for how many test pictures it names another class than TensorFlow.
   */
  compareForms(model: TrainedModel): Promise<DataTable>;
  /**
   * Shows pictures, each beside the places in it that speak for its class ({@link gradCam}), and keeps the figure.
   *
   * @param pictures paths or pixels. @param options those of `gradCam`; `name`: of the figure, default `why`.
   */
  explain(
    classifier: Classifier,
    pictures: readonly (DecodedImage | string)[],
    options?: GradCamOptions & { readonly name?: string },
  ): Promise<Explanation[]>;
  /** Shows a figure, its title naming the data, and keeps it in the run's folder under `name`. */
  show(name: string, figure: Figure): Promise<void>;
}

/**
 * Starts a run: makes its folder below `data/runs`, or takes over the one that the launcher prepared, and prints its id.
 *
 * @param notebook the notebook's file name without its ending, e.g. `using-cifar`.
 * @param parameters what the parameters cell came to ({@link parameters}); recorded as it is.
 * @throws Error where the folder cannot be made.
 */
export function startRun(
  notebook: string,
  parameters: { readonly seed: number },
  options: { readonly preset?: Preset; readonly runsDirectory?: string } = {},
): Run {
  checkOptions('startRun', options, { preset: oneOf('quick', 'full'), runsDirectory: text });
  const { seed, ...others } = parameters;
  const recorder = recordRun({ notebook, seed, parameters: others, ...options });
  console.log(startLine(recorder.id));
  const { onNotice } = createProgressReporter(recorder);
  let data: RunData | undefined;
  const state: RunState = {
    recorder,
    get data() {
      if (data) return data;
      throw new Error(
        'Expected the data of the run but they are not loaded: run the cell with run.loadData first.',
      );
    },
    trained: new Map(),
    onNotice,
  };

  const verbs: Omit<Run, keyof RunRecorder | 'data' | 'trained'> = {
    loadData: async (loading) => (data = await loadRunData(recorder, loading)),
    useData: (splits) => (data = useData(recorder, splits)),
    train: (name, values, training) => trainInRun(state, name, { values, options: training }),
    async findLearningRate(values, { from, to, steps, ...training }) {
      const plan = planTraining(state, values, training);
      const model = await plan.createModel();
      const { trainSet, batchSize, optimizer, labelSmoothing, preprocess, bfloat16 } =
        plan.training;
      try {
        return await findLearningRate(model, {
          trainSet,
          batchSize,
          optimizer,
          labelSmoothing,
          preprocess,
          bfloat16,
          seed,
          from,
          to,
          steps,
          ...trackLearningRates(recorder),
        });
      } finally {
        model.dispose();
      }
    },
    loadBackbone: (weights = {}) => loadRunBackbone(state, weights),
    extractFeatures: (backbone, extraction) => extractRunFeatures(state, backbone, extraction),
    inspectData: (features) => inspectRunData(run, features),
    trainHead: (name, values, head) => trainHeadInRun(state, name, { values, options: head }),
    fineTune: (name, values, tuning) => fineTuneInRun(state, name, { values, options: tuning }),
    async calibrate(model) {
      checkIsCurrent(state, model);
      return calibrateInRun(state, model);
    },
    async test(models, { metrics } = {}) {
      for (const model of models) checkIsCurrent(state, model);
      for (const model of models) await testInRun(state, model, metrics);
    },
    async measureLatency(models) {
      const { height, width } = state.data.testSet;
      for (const model of models) checkIsCurrent(state, model);
      const { show } = createProgressReporter(recorder); // its line belongs below this cell
      for (const model of models) {
        show(`measuring the latency of ${model.name}`);
        const classifier = await loadClassifier(model.directory);
        try {
          const engine = await recorder.engine();
          model.setLatency(await measureLatency(classifier, { height, width, engine }));
        } finally {
          classifier.model.dispose();
        }
      }
    },
    async compareForms(model) {
      checkIsCurrent(state, model);
      return compareFormsInRun(state, model);
    },
    async explain(classifier, pictures, { name = 'why', ...options } = {}) {
      const explanations: Explanation[] = [];
      for (const picture of pictures) {
        explanations.push(await gradCam(classifier, picture, options));
      }
      const title = 'What speaks for the class';
      const shown = explanations.flatMap(explanationPictures);
      const figure = imageGridFigure(shown, { title, columns: 2, side: 256 });
      await showFigure(figure, { name, run: recorder });
      return explanations;
    },
    async show(name, figure) {
      checkOption('run.show', 'the name', name, required(text));
      await showFigure(data ? withDataset(figure, data) : figure, { name, run: recorder });
    },
  };
  const run = Object.defineProperties(Object.assign(recorder, verbs), {
    data: { get: () => state.data },
    trained: { get: () => [...state.trained.values()] },
  }) as Run;
  return run;
}

async function calibrateInRun(
  { recorder, data }: RunState,
  model: TrainedModel,
): Promise<TestedModel[]> {
  const { name, classNames, classifier } = model;
  if (model.val === null) {
    throw new Error(
      `Expected a model with a validation accuracy but "${name}" has none: its temperature needs validation pictures that ` +
        'it was not trained on. Train it with a valSet.',
    );
  }
  const valSet = asTrained(model, data.valSet);
  const numClasses = classNames.length;
  const { labels, size: pictures } = valSet;
  const evaluate = (outputs: Float32Array) =>
    evaluateProbabilities(outputs, valSet, { metrics: ['ece'] });
  const engine = await recorder.engine();
  const probabilities = await predictDataset({ ...classifier, temperature: 1 }, valSet, { engine });
  const before = evaluate(probabilities);
  const temperature = fitTemperature({ probabilities, labels, numClasses });
  const after = evaluate(applyTemperature({ probabilities, numClasses }, temperature));
  if (temperature !== classifier.temperature) {
    model.checkUntested();
    // Saved first: after a failure the cell that runs again saves it, and nothing says that it is calibrated.
    await saveClassifier({ ...classifier, temperature }, model.directory);
    model.setCalibration({ temperature, pictures, before: before.metrics, after: after.metrics });
    await recorder.addModel(model.record);
  }
  const [error, loss] = ['ece', 'loss'].map((key) =>
    [before, after].map(({ metrics }) => fractionText(metrics[key])).join(' → '),
  );
  const calibrated = `${name}, temperature ${temperature.toFixed(2)}`;
  console.log(
    `${calibrated}: calibration error ${error}, loss ${loss} on ${pictures} validation pictures`,
  );
  return [
    { name: `${name} as trained`, classNames, evaluation: before },
    { name: calibrated, classNames, evaluation: after },
  ];
}

/** Pictures in the size of a model's training. */
function asTrained({ maxSize }: TrainedModel, pictures: ImageDataset): ImageDataset {
  return maxSize === undefined ? pictures : shrinkPictures(pictures, maxSize);
}

async function testInRun(
  { recorder, data }: RunState,
  model: TrainedModel,
  metrics?: readonly MetricChoice[],
): Promise<void> {
  const { name, classifier } = model;
  const testSet = asTrained(model, data.testSet);
  const engine = await recorder.engine();
  // Where classes differ in size, the accuracy is mostly that of the large ones.
  const counts = countByClass(testSet);
  const isUneven = Math.max(...counts) > 1.5 * Math.min(...counts);
  const measured = metrics ?? (isUneven ? (['f1'] as const) : undefined);
  const evaluation = await evaluateClassifier(classifier, testSet, { engine, metrics: measured });
  const testReads = (model.record.origin?.testReads ?? 0) + 1;
  // What test-time views bring is the difference to it.
  const singleViewAccuracy =
    (classifier.views ?? 1) === 1
      ? null
      : (await evaluateClassifier({ ...classifier, views: 1 }, testSet, { engine })).accuracy;
  model.setEvaluation(evaluation, { testReads, singleViewAccuracy });
  await recorder.addModel(model.record);
  const { interval } = evaluation;
  const fraction = (value: number): string => fractionText(value, interval);
  const oneView = singleViewAccuracy === null ? '' : ` (one view: ${fraction(singleViewAccuracy)})`;
  const { f1 } = evaluation.metrics;
  const macroF1 = f1 === undefined ? '' : `, macro F1 ${fraction(f1)}`;
  const again = testReads > 1 ? ` (test set read ${testReads} times)` : '';
  console.log(
    `${name}: test accuracy ${fraction(evaluation.accuracy)}${oneView}, 95 % interval ${fraction(interval.low)} to ${fraction(interval.high)}${macroF1}${again}`,
  );
}

function checkIsCurrent({ trained }: RunState, model: TrainedModel | undefined): void {
  if (model === undefined) throw missingModel();
  if (trained.get(model.name) === model) return;
  throw new Error(
    `Expected a model of this run but "${model.name}" ` +
      (trained.has(model.name) ? 'has been trained again since' : 'is not one') +
      ': run the cell that trains it, and those between that hand it on, then this one.',
  );
}

/** A cell that was stopped, or has not run, leaves its variable undefined: tslab does not refuse the next cell. */
function missingModel(): Error {
  return new Error(
    'Expected trained models but one is missing: its training was stopped or has not run. Run its cell, then this one.',
  );
}
