/** Finished models side by side: accuracy, training time, size on disk and latency. */
import type { Evaluation } from '../evaluation/evaluate';
import { measureLatency, type Latency } from '../evaluation/latency';
import type { ImageDataset } from '../data/dataset';
import { loadClassifier } from '../models/classifier';
import { createTable, type DataTable } from '../report/tables';
import type { History } from '../training/history';
import { describeTrainedModel } from '../runs/modelRecord';
import type { ModelRecord } from '../runs/runRecord';

/** A finished model, saved and tested. */
export interface ComparedModel {
  readonly name: string;
  /** The folder it was saved in. */
  readonly directory: string;
  /** Its training, including the time of all preparation. */
  readonly history: History;
  readonly evaluation: Evaluation;
  /** How many of its parameters were trained; default: all. */
  readonly trainedParameterCount?: number;
}

/** A comparedModel measured. */
export interface MeasuredModel extends ComparedModel {
  readonly trainedParameterCount: number;
  readonly record: ModelRecord;
  readonly latency: Latency;
}

/** Loads each model from its folder, as a user would, and measures its latency for pictures of the test set's size. */
export async function measureModels(
  comparedModels: readonly ComparedModel[],
  testSet: Pick<ImageDataset, 'height' | 'width'>,
): Promise<MeasuredModel[]> {
  const measured: MeasuredModel[] = [];
  const { height, width } = testSet;
  for (const comparedModel of comparedModels) {
    const classifier = await loadClassifier(comparedModel.directory);
    try {
      const latency = await measureLatency(classifier, { height, width });
      const record = describeTrainedModel({ ...comparedModel, model: classifier.model });
      const trainedParameterCount = comparedModel.trainedParameterCount ?? record.parameterCount;
      measured.push({ ...comparedModel, trainedParameterCount, record, latency });
    } finally {
      classifier.model.dispose();
    }
  }
  return measured;
}

/** Test accuracy with its 95 % interval, parameters, seconds of training, milliseconds for one picture, size on disk. */
export function modelComparisonTable(comparedModels: readonly MeasuredModel[]): DataTable {
  return createTable(
    comparedModels.map(({ name, evaluation, record, trainedParameterCount, latency }) => ({
      model: name,
      'test accuracy': evaluation.accuracy,
      from: evaluation.interval.low,
      to: evaluation.interval.high,
      parameters: record.parameterCount,
      trained: trainedParameterCount,
      seconds: record.seconds,
      'ms, p50': latency.p50Milliseconds,
      'ms, p90': latency.p90Milliseconds,
      MB: record.sizeBytes / 1e6,
    })),
  );
}
