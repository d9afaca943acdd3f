/** One door to the pictures, for the notebooks. */
import { resolve } from 'node:path';
import { kindOf } from '../atomicFile';
import {
  abortSignal,
  anyValue,
  callback,
  checkOptions,
  flag,
  positiveInteger,
  seedInteger,
  text,
} from '../options';
import { environmentPath } from '../project';
import { findCifar10Folder, loadCifar10, readCifar10 } from './cifar10';
import type { ArchiveSource } from './cifar10Archive';
import type { DatasetSplits } from './dataset';
import { DownloadError } from './downloadError';
import { loadImageFolder } from './imageFolder';
import { generateSample } from '../sample/generateSample';

export type { DatasetSplits } from './dataset';

const DEFAULT_SEED = 42;

export interface LoadProgress {
  readonly activity: 'downloading CIFAR-10' | 'reading pictures';
  readonly done: number;
  /** null where it is not known. */
  readonly total: number | null;
  readonly unit: 'bytes' | 'pictures';
}

export interface LoadDatasetOptions {
  /** `auto` (the default), `cifar10`, `sample`, or a path. */
  readonly source?: 'auto' | 'cifar10' | 'sample' | (string & {});
  /** Draws the sample and splits a folder of pictures; default 42. */
  readonly seed?: number;
  /** Height and width to which a folder's pictures are brought; default 32. Other sources are 32. */
  readonly size?: number;
  /** Pictures of the sample; default 5000 and 1000. */
  readonly trainCount?: number;
  readonly testCount?: number;
  /** Do not try to download; default: whether the environment says OFFLINE=1. */
  readonly offline?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Receives what the user must know: another source than hoped for, files skipped. Default: console.warn. */
  readonly onNotice?: (notice: string) => void;
  /** Where downloads are kept; default: the project's `data/`. */
  readonly cacheDirectory?: string;
  /** Another place to download CIFAR-10 from, e.g. a mirror; default: the official archive. */
  readonly archive?: ArchiveSource;
}

/**
 * Loads pictures to train and to test with.
 *
 * - `cifar10`: CIFAR-10 or an error. - `sample`: the generated sample. - A path: a folder with
 *   CIFAR-10's binary files, its archive, or a folder of class folders of pictures.
 * - `auto`: the path in `DATA_DIR` (`npm start -- --data PATH`), else CIFAR-10 from `CIFAR10_DIR`, the
 *   cache or a download, else, where nobody answers or OFFLINE=1, the generated sample with a notice.
 *
 * What is named, by argument or environment, is used or is an error: never something else instead.
 */
export async function loadDataset(options: LoadDatasetOptions = {}): Promise<DatasetSplits> {
  checkOptions('loadDataset', options, {
    source: text,
    seed: seedInteger,
    size: positiveInteger,
    trainCount: positiveInteger,
    testCount: positiveInteger,
    offline: flag,
    signal: abortSignal,
    onProgress: callback,
    onNotice: callback,
    cacheDirectory: text,
    archive: anyValue,
  });
  const { source = 'auto' } = options;
  if (source === 'sample') return createSample(options);
  const named = environmentPath('DATA_DIR');
  if (source === 'cifar10') return loadRealCifar10(options, named);
  if (source !== 'auto') return loadPath(resolve(source), options);
  return named === undefined ? loadAutomatically(options) : loadPath(named, options);
}

async function loadAutomatically(options: LoadDatasetOptions): Promise<DatasetSplits> {
  const { onNotice = console.warn } = options;
  try {
    return await loadRealCifar10(options, undefined);
  } catch (error) {
    const isOutOfReach =
      error instanceof DownloadError && ['unreachable', 'refused'].includes(error.failure);
    if (!isOutOfReach) throw error;
    onNotice(
      `CIFAR-10 is out of reach: using the GENERATED SAMPLE, pictures that this project draws. ` +
        `Its accuracies are not accuracies on CIFAR-10. (${error.message})`,
    );
    return createSample(options);
  }
}

function loadRealCifar10(
  options: LoadDatasetOptions,
  directory: string | undefined,
): Promise<DatasetSplits> {
  const { offline, signal, cacheDirectory, archive, onProgress } = options;
  return loadCifar10({
    directory,
    offline,
    signal,
    cacheDirectory,
    archive,
    onProgress: ({ receivedBytes, totalBytes }) =>
      onProgress?.({
        activity: 'downloading CIFAR-10',
        done: receivedBytes,
        total: totalBytes,
        unit: 'bytes',
      }),
  });
}

/** A path that the user named: CIFAR-10's files, its archive, or a folder of class folders. */
async function loadPath(path: string, options: LoadDatasetOptions): Promise<DatasetSplits> {
  const { seed = DEFAULT_SEED, size, signal, onProgress, onNotice = console.warn } = options;
  if ((await kindOf(path)) !== 'folder' || (await findCifar10Folder(path)) !== undefined) {
    return readCifar10(path, signal);
  }
  return loadImageFolder(path, {
    seed,
    size,
    signal,
    onNotice,
    onProgress: (done, total) =>
      onProgress?.({ activity: 'reading pictures', done, total, unit: 'pictures' }),
  });
}

function createSample({
  seed = DEFAULT_SEED,
  trainCount,
  testCount,
}: LoadDatasetOptions): DatasetSplits {
  return generateSample({ seed, trainCount, testCount });
}
