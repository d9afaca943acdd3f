// The pictures of a run: loaded, a validation set split off, recorded.
import { splitDataset, type DatasetSplits, type ImageDataset } from '../data/dataset';
import { loadDataset, type LoadDatasetOptions } from '../data/loadDataset';
import { checkOption, properFraction } from '../options';
import { trackLoading } from './progress';
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
