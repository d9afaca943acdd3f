/** Single entry point for loading data sets in the notebooks. */
import { isAbsolute, join, resolve } from 'node:path';
import { kindOf } from '../atomicFile';
import { nearMisses } from '../nearMiss.cjs';
import {
  abortSignal,
  anyValue,
  callback,
  checkOptions,
  flag,
  nonNegativeInteger,
  oneOf,
  positiveInteger,
  seedInteger,
  text,
} from '../options';
import { dataDirectory, environmentPath } from '../project';
import { CIFAR10_CLASS_NAMES, findCifar10Folder, loadCifar10, readCifar10 } from './cifar10';
import type { ArchiveSource } from './cifar10Archive';
import { correctDataset } from './corrections';
import { checkLimit, type DatasetSplits, takeStratified } from './dataset';
import { DownloadError } from './downloadError';
import {
  checkStorage,
  type ImageFolderOptions,
  loadImageFolder,
  planImageFolder,
} from './imageFolder';
import { generateSample, SAMPLE_COUNTS } from '../sample/generateSample';

export type { DatasetSplits } from './dataset';

const DEFAULT_SEED = 42;

const SOURCES: readonly string[] = ['auto', 'cifar10', 'sample'];

export interface LoadProgress {
  readonly activity: 'downloading CIFAR-10' | 'reading pictures';
  readonly done: number;
  /** null where it is not known. */
  readonly total: number | null;
  readonly unit: 'bytes' | 'pictures';
}

export interface LoadDatasetOptions {
  /**
   * `auto` (the default), `cifar10`, `sample`; any other text is the path of a folder of pictures, or of CIFAR-10's
   * binary files or archive. In a notebook, a relative path counts from the notebook's folder: `'../photos'`.
   */
  readonly source?: 'auto' | 'cifar10' | 'sample' | (string & {});
  /** Draws the sample and splits a folder of pictures; default 42. */
  readonly seed?: number;
  /** Height and width to which a folder's pictures are brought; default 32. Other sources are 32. */
  readonly size?: number;
  /**
   * Training and test pictures at most, the same share of every class ({@link takeStratified}). A folder's other
   * pictures are not even decoded. Default 0: all.
   */
  readonly trainLimit?: number;
  readonly testLimit?: number;
  /** Of a folder: as for `loadImageFolder`. */
  readonly testOnly?: boolean;
  /**
   * Where a folder's decoded pictures are: in `memory`, or in a `file` in `data/pictures`, which is read while training and
   * kept for the next run. `auto` (the default): a file from 1.5 GB on, or from a quarter of the memory on where that is less.
   */
  readonly storage?: ImageFolderOptions['storage'];
  /** Do not try to download; default: whether the environment says OFFLINE=1. */
  readonly offline?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: LoadProgress) => void;
  /** Receives what the user must know: another source than hoped for, files skipped. Default: console.warn. */
  readonly onNotice?: (notice: string) => void;
  /** Where downloads and files of decoded pictures are kept; default: the project's `data/`. */
  readonly cacheDirectory?: string;
  /** Another place to download CIFAR-10 from, e.g. a mirror; default: the official archive. */
  readonly archive?: ArchiveSource;
}

/**
 * Loads pictures to train and to test with.
 *
 * - `cifar10`: CIFAR-10 or an error. - `sample`: the generated sample. - A path: a folder with
 *   CIFAR-10's binary files, its archive, or a folder of class folders of pictures. A relative one counts from
 *   the working directory, a notebook's own folder. A folder that is called like a source: `./sample`.
 * - `auto`: the path in `DATA_DIR` (`npm start -- --data PATH`, `npm run lab -- --data PATH`), else CIFAR-10 from
 *   `CIFAR10_DIR`, the cache or a download, else, where no server answers or OFFLINE=1, the generated sample with a
 *   notice.
 *
 * What is named, by argument or environment, is used or is an error: never something else instead. A path as argument
 * comes before `DATA_DIR`.
 */
export async function loadDataset(options: LoadDatasetOptions = {}): Promise<DatasetSplits> {
  checkLoadOptions(options);
  const { source = 'auto' } = options;
  if (source === 'sample') return createSample(options);
  const path = namedPath(source, process.cwd());
  if (source === 'cifar10') return loadRealCifar10(options, path);
  return path === undefined ? loadAutomatically(options) : loadPath(path, options);
}

/**
 * Refuses what {@link loadDataset} would refuse: a missing path, an image folder with too few images of a class, limits below the number of classes. Decodes and downloads nothing, so that a
 * launcher asks for every run before the first one starts.
 *
 * @param from what a relative path counts from: the folder in which {@link loadDataset} will be called.
 * @returns the names of the classes.
 */
export async function checkDataset(
  options: LoadDatasetOptions = {},
  from: string = process.cwd(),
): Promise<readonly string[]> {
  checkLoadOptions(options);
  const { source = 'auto', trainLimit = 0, testLimit = 0 } = options;
  const path = ['sample', 'cifar10'].includes(source) ? undefined : namedPath(source, from);
  if (path !== undefined && (await isPictureFolder(path, source))) {
    const plan = await planImageFolder(path, folderOptions(options));
    await checkStorage(plan, options);
    return plan.classNames;
  }
  const classes = CIFAR10_CLASS_NAMES.length; // the sample's too
  checkLimit('trainLimit', trainLimit, classes);
  checkLimit('testLimit', testLimit, classes);
  return CIFAR10_CLASS_NAMES;
}

function checkLoadOptions(options: LoadDatasetOptions): void {
  checkOptions('loadDataset', options, {
    source: text,
    seed: seedInteger,
    size: positiveInteger,
    trainLimit: nonNegativeInteger,
    testLimit: nonNegativeInteger,
    testOnly: flag,
    storage: oneOf('auto', 'memory', 'file'),
    offline: flag,
    signal: abortSignal,
    onProgress: callback,
    onNotice: callback,
    cacheDirectory: text,
    archive: anyValue,
  });
}

function namedPath(source: string, from: string): string | undefined {
  return SOURCES.includes(source) ? environmentPath('DATA_DIR') : resolve(from, source);
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
      `CIFAR-10 could not be loaded: using the GENERATED SAMPLE, pictures that this project draws. ` +
        `Its accuracies are not accuracies on CIFAR-10. (${error.message})`,
    );
    return createSample(options);
  }
}

async function loadRealCifar10(
  options: LoadDatasetOptions,
  directory: string | undefined,
): Promise<DatasetSplits> {
  const { offline, signal, cacheDirectory, archive, onProgress, onNotice } = options;
  const splits = await loadCifar10({
    directory,
    offline,
    onNotice,
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
  return limited(splits, options);
}

/** CIFAR-10 with the decisions about its pictures, whose file lies among the downloads: its own folder may be read-only. */
function limited(given: DatasetSplits, options: LoadDatasetOptions): DatasetSplits {
  const { trainLimit = 0, testLimit = 0, cacheDirectory = dataDirectory() } = options;
  const name = `cifar-10-${given.sourceSha256?.slice(0, 12)}.json`;
  const splits = correctDataset(given, join(cacheDirectory, 'corrections', name), options.onNotice);
  return {
    ...splits,
    trainSet: takeStratified(splits.trainSet, trainLimit, 'trainLimit'),
    testSet: takeStratified(splits.testSet, testLimit, 'testLimit'),
  };
}

/** A path that the user named: CIFAR-10's files, its archive, or a folder of class folders. */
async function loadPath(path: string, options: LoadDatasetOptions): Promise<DatasetSplits> {
  return (await isPictureFolder(path, options.source ?? 'auto'))
    ? loadImageFolder(path, folderOptions(options))
    : limited(await readCifar10(path, options.signal), options);
}

/**
 * @param source what was asked for, `auto` where the path came from the environment.
 * @throws Error where there is nothing.
 */
async function isPictureFolder(path: string, source: string): Promise<boolean> {
  const kind = await kindOf(path);
  if (kind === undefined) throw new Error(nothingThere(path, source));
  return kind === 'folder' && (await findCifar10Folder(path)) === undefined;
}

function nothingThere(path: string, source: string): string {
  const places = "a folder of class folders of pictures, or CIFAR-10's binary files or archive";
  if (SOURCES.includes(source) || isAbsolute(source)) {
    return `Expected ${places}, in ${path} but there is no such folder or file: check the path.`;
  }
  // Without a separator it may be a mistyped word.
  const [near] = /[/\\]/.test(source) ? [] : nearMisses(source, SOURCES);
  const remedy = source.startsWith('~')
    ? 'write the whole path, "~" is not expanded.'
    : near === undefined
      ? 'check the path.'
      : `did you mean "${near}"?`;
  return (
    `Expected source to be ${SOURCES.join(', ')} or the path of ${places}, but received "${source}", ` +
    `and there is no folder or file ${path}: ${remedy}`
  );
}

function folderOptions(options: LoadDatasetOptions): ImageFolderOptions {
  const {
    seed = DEFAULT_SEED,
    size,
    trainLimit,
    testLimit,
    testOnly,
    storage,
    cacheDirectory,
    signal,
    onProgress,
  } = options;
  return {
    seed,
    size,
    trainLimit,
    testLimit,
    testOnly,
    storage,
    cacheDirectory,
    signal,
    onNotice: options.onNotice ?? console.warn,
    onProgress: (done, total) =>
      onProgress?.({ activity: 'reading pictures', done, total, unit: 'pictures' }),
  };
}

/** Every ten pictures of the sample hold each class once, so its beginning is a fair share of every class. */
function createSample(options: LoadDatasetOptions): DatasetSplits {
  const { seed = DEFAULT_SEED, trainLimit = 0, testLimit = 0 } = options;
  checkLimit('trainLimit', trainLimit, CIFAR10_CLASS_NAMES.length);
  checkLimit('testLimit', testLimit, CIFAR10_CLASS_NAMES.length);
  const count = (limit: number, most: number) => (limit === 0 ? most : Math.min(limit, most));
  return generateSample({
    seed,
    trainCount: count(trainLimit, SAMPLE_COUNTS.train),
    testCount: count(testLimit, SAMPLE_COUNTS.test),
  });
}
