// A saved model on other labelled pictures, as a run of its own.
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { writeFileAtomic } from '../atomicFile';
import type { ImageDataset } from '../data/dataset';
import { checkDataset, loadDataset } from '../data/loadDataset';
import { listSplits } from '../data/pictureFiles';
import { sourceSizeOf } from '../data/resize';
import { evaluateClassifier, type TestedModel } from '../evaluation/evaluate';
import { macroAverage } from '../evaluation/metrics';
import { type Classifier, loadClassifier } from '../models/classifier';
import { callback, checkOptions, nonNegativeInteger, required, text } from '../options';
import { calibrationFigure } from '../report/calibrationFigure';
import { confusionMatrixFigure } from '../report/classFigures';
import { saveFigure } from '../report/export';
import { imageGridFigure } from '../report/imageGridFigure';
import { mistakePictures } from '../report/pictures';
import { tableHtml } from '../report/tableHtml';
import { type DataTable, perClassTable } from '../report/tables';
import { withDataset } from '../report/theme';
import { CLASSES_FILE, exportFigures } from './exportFigures';
import type { FoundModel } from './findModel';
import { describeTrainedModel } from './modelRecord';
import { EVALUATION, loadRun, modelFolderName } from './runFolder';
import type { RunRecord } from './runRecord';
import { recordRun } from './runRecorder';

export interface EvaluateModelOptions {
  /** A folder of class folders; one divided into `train` and `test`, or CIFAR-10's, of which the test pictures are taken. */
  readonly data: string;
  /** Pictures at most, the same share of every class. Default 0: all. */
  readonly limit?: number;
  /** The folder in which the run's own folder is made; default `data/runs`. */
  readonly runsDirectory?: string;
  /** Receives what the user must know. Default: console.warn. */
  readonly onNotice?: (notice: string) => void;
}

/** What an evaluation has found, and where it lies. */
export interface ModelEvaluation extends TestedModel {
  /** The run's folder: `run.json`, `figures/`. */
  readonly directory: string;
  readonly record: RunRecord;
  /** Of the classes that the data have. */
  readonly perClass: DataTable;
}

/**
 * Tests a saved model with new labelled pictures, which are matched by the names of their classes and brought to the size of the
 * training's. Accuracy and its interval, macro F1 (`f1`, of the classes that the data have), calibration error (`ece`), confusion
 * matrix, calibration and worst mistakes become a run without a model of its own; the model's run stays as it is.
 *
 * @throws Error where the data have a class that the model does not know, or no readable picture.
 */
export async function evaluateModel(
  model: FoundModel,
  options: EvaluateModelOptions,
): Promise<ModelEvaluation> {
  checkOptions<EvaluateModelOptions>('evaluateModel', options, {
    data: required(text),
    limit: nonNegativeInteger,
    runsDirectory: text,
    onNotice: callback,
  });
  const { directory, name } = model;
  const trainedIn = await loadRun(join(directory, '..', '..')).catch(() => undefined); // a folder of its own
  const folder = basename(directory);
  const trained = trainedIn?.models.find((each) => modelFolderName(each.name) === folder);
  const classifier = await loadClassifier(directory);
  try {
    const { testSet, splits } = await loadTestData(classifier, { ...options, name, trainedIn });
    const { limit = 0, runsDirectory } = options;
    const run = recordRun({
      notebook: EVALUATION,
      preset: limit === 0 ? 'full' : 'quick',
      parameters: { model: name, data: testSet.name, limit },
      seed: trainedIn?.seed ?? 42,
      ...(runsDirectory && { runsDirectory }),
    });
    try {
      run.setDataset({ ...splits, trainSet: { size: 0, classNames: testSet.classNames }, testSet });
      const engine = await run.engine();
      const measured = await evaluateClassifier(classifier, testSet, {
        engine,
        metrics: ['f1', 'ece'],
      });
      const present = measured.perClass.flatMap(({ support }, label) => (support > 0 ? label : []));
      const perClass = present.map((label) => measured.perClass[label]);
      // A class without pictures has no F1 that a mean could hold.
      const metrics = { ...measured.metrics, f1: macroAverage(perClass).f1 };
      const tested = {
        ...{ name, classNames: testSet.classNames },
        evaluation: { ...measured, metrics },
      };
      const record = describeTrainedModel({
        ...{ name, model: classifier.model, evaluation: { metrics } },
        history: { epochs: [], seconds: trained?.seconds ?? 0 },
        origin: {
          ...{
            fits: 0,
            testReads: 1,
            changedParameters: {},
            trainedBy: trained?.origin?.trainedBy ?? trainedIn?.id ?? null,
          },
          options: trained?.origin?.options ?? null,
        },
      });
      await run.addModel(record);
      const names = present.map((label) => testSet.classNames[label]);
      const table = perClassTable({ name, classNames: names, evaluation: { perClass } });
      await saveFigures(tested, testSet, run.figuresDirectory);
      const classes = tableHtml(table, 'Each class');
      await writeFileAtomic(join(run.figuresDirectory, CLASSES_FILE), classes);
      await exportFigures(run);
      return { ...tested, directory: run.directory, record: await run.complete(), perClass: table };
    } catch (error) {
      await rm(run.directory, { recursive: true, force: true });
      throw error;
    }
  } finally {
    classifier.model.dispose();
  }
}

/** The pictures, with the numbers that the classifier gives their classes. */
async function loadTestData(
  { classNames, preprocess }: Classifier,
  options: EvaluateModelOptions & { readonly name: string; readonly trainedIn?: RunRecord },
) {
  const { data, limit, name, trainedIn, onNotice = console.warn } = options;
  const { height, width } = sourceSizeOf(preprocess);
  if (height !== width) {
    throw new Error(
      `Expected a model of square pictures but "${name}" takes ${height} × ${width}: folders are loaded as squares.`,
    );
  }
  const loading = { source: data, size: height, testOnly: true, testLimit: limit, onNotice };
  const found = await checkDataset(loading);
  const unknown = found.filter((each) => !classNames.includes(each));
  if (unknown.length > 0) {
    throw new Error(
      `Expected classes of "${name}" (${listed(classNames)}) in ${data} but found ${listed(unknown)} too: ` +
        'name these folders as the model names their class, or move them elsewhere.',
    );
  }
  const splits = await loadDataset(loading);
  const { size, labels } = splits.testSet;
  if (size === 0)
    throw new Error(`Expected pictures in ${data} but none can be read: pass others.`);
  const present = new Set(Array.from(labels, (label) => splits.testSet.classNames[label]));
  const absent = classNames.filter((each) => !present.has(each));
  if (absent.length > 0) {
    onNotice(`No pictures of ${listed(absent)}: nothing is said of how well they are found.`);
  }
  const { source, files = null } = trainedIn?.dataset?.sha256 ?? {};
  const isSame = files === null ? source === splits.sourceSha256 : files === splits.filesSha256;
  // A part that is for the test alone was not trained on: CIFAR-10's, or that of a divided folder.
  const isWhole = async () =>
    splits.testSet.paths && (await listSplits(data, { testOnly: true })).test === undefined;
  if (splits.source === 'folder' && isSame && (await isWhole())) {
    onNotice(`"${name}" was trained on pictures of this folder: the accuracy is too high.`);
  }
  const numbers = splits.testSet.classNames.map((each) => classNames.indexOf(each));
  const testSet = { ...splits.testSet, classNames, labels: labels.map((label) => numbers[label]) };
  return { testSet, splits };
}

async function saveFigures(
  tested: TestedModel,
  testSet: ImageDataset,
  directory: string,
): Promise<void> {
  const mistakes = mistakePictures(tested, testSet, 20);
  const figures = {
    'confusion-matrix': confusionMatrixFigure(tested),
    calibration: calibrationFigure([tested]),
    ...(mistakes.length > 0 && {
      'worst-mistakes': imageGridFigure(mistakes, { title: `${tested.name}: worst mistakes` }),
    }),
  };
  for (const [name, figure] of Object.entries(figures)) {
    const formats = ['json', 'svg'] as const;
    await saveFigure(withDataset(figure, testSet), { directory, name, formats });
  }
}

function listed(names: readonly string[]): string {
  const more = names.length - 10;
  return names.slice(0, 10).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
