// The pictures of a run: loaded, a validation set split off, recorded.
import { splitDataset, type DatasetSplits, type ImageDataset } from '../data/dataset';
import { loadDataset, type LoadDatasetOptions } from '../data/loadDataset';
import { checkOption, properFraction } from '../options';
import { datasetDifferences, recordDataset } from './datasetRecord';
import { trackLoading } from './progress';
import type { RunRecord } from './runRecord';
import type { RunRecorder } from './runRecorder';

/** What a run learns from, chooses by and is tested on. */
export interface RunData extends DatasetSplits {
  readonly valSet: ImageDataset;
  /** The training pictures before validation pictures were set aside, for a second fit once all choices are made. */
  readonly wholeTrainSet: ImageDataset;
  readonly classNames: readonly string[];
}

/** Options of `run.loadData`: those of `loadDataset`, and how much is set aside. */
export interface RunDataOptions extends Omit<
  LoadDatasetOptions,
  'seed' | 'onProgress' | 'onNotice'
> {
  /** The validation set's share of the training pictures, of every class alike. Default .1; a folder's own goes first. */
  readonly valFraction?: number;
}

/** Loads the data of a run, its seed being that of the split. */
export async function loadRunData(
  recorder: RunRecorder,
  options: RunDataOptions = {},
): Promise<RunData> {
  const { valFraction = 0.1, ...loading } = options;
  checkOption('run.loadData', 'valFraction', valFraction, properFraction);
  const { seed } = recorder;
  const splits = await loadDataset({ ...loading, seed, ...trackLoading(recorder) });
  return useData(recorder, splits, valFraction);
}

/** Takes pictures that are in memory already as a run's data, and records them. */
export function useData(recorder: RunRecorder, splits: DatasetSplits, valFraction = 0.1): RunData {
  const { trainSet: wholeTrainSet, valSet: own } = splits;
  const { trainSet, valSet } = own
    ? { trainSet: wholeTrainSet, valSet: own }
    : splitDataset(wholeTrainSet, { valFraction, seed: recorder.seed });
  recorder.setDataset({ ...splits, trainSet, valSet });
  return { ...splits, trainSet, valSet, wholeTrainSet, classNames: trainSet.classNames };
}

/**
 * Loads the training and validation pictures of a complete run again.
 *
 * @param options.source where they are, as for `loadDataset`; default: where it looks by itself. `size`: of a folder's pictures.
 * @throws Error where the run recorded no validation pictures, or where what is found is not its pictures to the last byte.
 */
export async function reloadRunData(
  { id, seed, dataset }: Pick<RunRecord, 'id' | 'seed' | 'dataset'>,
  options: Pick<LoadDatasetOptions, 'source' | 'size' | 'onNotice'> = {},
): Promise<Pick<RunData, 'trainSet' | 'valSet'>> {
  if (!dataset?.sha256?.train || !dataset.sha256.val) {
    throw new Error(
      `Expected a run that recorded its training and validation pictures but ${id} did not: choose another run.`,
    );
  }
  const { train, val, test } = dataset.counts;
  const source = options.source ?? (dataset.source === 'generated' ? 'sample' : 'auto');
  const limits = { trainLimit: train + val, testLimit: test };
  const splits = await loadDataset({ ...options, ...limits, source, seed });
  const { trainSet, valSet } = splits.valSet
    ? { trainSet: splits.trainSet, valSet: splits.valSet }
    : splitDataset(splits.trainSet, { valFraction: val / (train + val), seed });
  const found = recordDataset({ ...splits, trainSet, valSet, testSet: { size: test } });
  const differences = datasetDifferences(dataset, found);
  if (differences.length === 0) return { trainSet, valSet };
  throw new Error(
    `Expected the pictures of the run ${id} but found others: say where they are, with --data or CIFAR10_DIR. ` +
      differences.join(' '),
  );
}
