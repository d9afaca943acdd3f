/** Loads CIFAR-10 or throws; never substitutes other data. */
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileError, kindOf, readWholeFile } from '../atomicFile';
import { abortSignal, anyValue, callback, checkOptions, flag, text } from '../options';
import { dataDirectory, environmentPath, isOffline } from '../project';
import { sha256, sha256OfFile } from './checksum';
import {
  type ArchiveSource,
  CIFAR10_ARCHIVE,
  CIFAR10_ARCHIVE_NAME,
  readCifar10Archive,
} from './cifar10Archive';
import { downloadCifar10, findCachedCifar10, readChecksums } from './cifar10Cache';
import {
  assembleCifar10,
  CIFAR10_CLASS_NAMES,
  CIFAR10_FILES,
  CIFAR10_FOLDER,
} from './cifar10Format';
import type { DatasetSplits } from './dataset';
import { downloadInto, type DownloadProgress } from './download';

export { CIFAR10_CLASS_NAMES, parseCifar10Batch } from './cifar10Format';

export interface LoadCifar10Options {
  /** The binary files' folder, the folder around it, or the archive; default: CIFAR10_DIR, the cache, a download. */
  readonly directory?: string;
  /** Do not try to download; default: whether the environment says OFFLINE=1. */
  readonly offline?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Receives what the user must know: a download that cannot be kept. Default: console.warn. */
  readonly onNotice?: (notice: string) => void;
  /** Where downloads are kept; default: the project's `data/`. */
  readonly cacheDirectory?: string;
  /** Another place to download from, e.g. a mirror; default: the official archive. */
  readonly archive?: ArchiveSource;
}

/**
 * CIFAR-10 from, in this order: `directory`, the folder that `CIFAR10_DIR` names, the cache, the
 * official archive by download (170 MB, unpacked 184 MB, kept in the cache). The first that is there
 * counts: where it is broken, that is an error.
 *
 * `source` is `official` where this project has verified the archive's checksum, else `folder`.
 *
 * @throws Error that says what was expected where, and what to do; DownloadError.
 */
export async function loadCifar10(options: LoadCifar10Options = {}): Promise<DatasetSplits> {
  checkOptions('loadCifar10', options, {
    directory: text,
    offline: flag,
    signal: abortSignal,
    onProgress: callback,
    onNotice: callback,
    cacheDirectory: text,
    archive: anyValue,
  });
  const directory = options.directory ?? environmentPath('CIFAR10_DIR');
  if (directory !== undefined) return readCifar10(directory, options.signal);
  const {
    cacheDirectory = dataDirectory(),
    archive = CIFAR10_ARCHIVE,
    offline = isOffline(),
    signal,
    onProgress,
    onNotice,
  } = options;
  const place =
    (await findCachedCifar10(cacheDirectory)) ??
    (await downloadInto(cacheDirectory, 'CIFAR-10', {
      download: (directory) =>
        downloadCifar10(directory, { archive, offline, signal, onProgress, onNotice }),
      onNotice,
    }));
  if ((await kindOf(place)) === 'file') return readArchive(place);
  return readCifar10Folder(place, `delete the folder ${place} and run again`, signal);
}

/** CIFAR-10 from a path that the user named: a folder or the archive. */
export async function readCifar10(path: string, signal?: AbortSignal): Promise<DatasetSplits> {
  if ((await kindOf(path)) === 'file') return readArchive(path);
  const folder = await findCifar10Folder(path);
  if (folder === undefined) throw await notCifar10(path);
  return readCifar10Folder(folder, `replace it with the one in ${CIFAR10_ARCHIVE_NAME}`, signal);
}

/** The folder with the binary files: `path` itself or the archive's folder in it, if there is one. */
export async function findCifar10Folder(path: string): Promise<string | undefined> {
  for (const folder of [path, join(path, CIFAR10_FOLDER)]) {
    const names = (await kindOf(folder)) === 'folder' ? await listFolder(folder) : [];
    if (CIFAR10_FILES.some((name) => names.includes(name))) return resolve(folder);
  }
  return undefined;
}

async function readCifar10Folder(
  folder: string,
  remedy: string,
  signal?: AbortSignal,
): Promise<DatasetSplits> {
  const names = await listFolder(folder);
  const missing = CIFAR10_FILES.filter((name) => !names.includes(name));
  if (missing.length > 0) {
    throw new Error(
      `Expected ${CIFAR10_FILES.join(', ')} in ${folder} but found no ${missing.join(', ')}: ${remedy}.`,
    );
  }
  await checkClassNames(folder, names);
  const checksums = await readChecksums(folder);
  return assembleCifar10({
    place: folder,
    remedy,
    source: checksums?.archive === CIFAR10_ARCHIVE.sha256 ? 'official' : 'folder',
    async read(name) {
      signal?.throwIfAborted();
      const path = join(folder, name);
      const bytes = await readWholeFile(path);
      if (checksums && (await sha256(bytes)) !== checksums.files[name]) {
        throw new Error(
          `Expected ${path} to be as it was unpacked but its checksum differs: ${remedy}.`,
        );
      }
      return bytes;
    },
  });
}

/** The archive's list of class names, where it is there, tells CIFAR-10 from a set of the same layout. */
async function checkClassNames(folder: string, names: readonly string[]): Promise<void> {
  if (!names.includes('batches.meta.txt')) return;
  const path = join(folder, 'batches.meta.txt');
  const found = (await readWholeFile(path)).toString('utf8').trim().split(/\s+/);
  if (found.join() === CIFAR10_CLASS_NAMES.join()) return;
  throw new Error(
    `Expected the classes ${CIFAR10_CLASS_NAMES.join(', ')} in ${path} ` +
      `but found ${found.slice(0, 12).join(', ')}: pass the folder of CIFAR-10.`,
  );
}

async function readArchive(path: string): Promise<DatasetSplits> {
  const files = await readCifar10Archive(path);
  return assembleCifar10({
    place: path,
    remedy: `get ${CIFAR10_ARCHIVE_NAME} from ${CIFAR10_ARCHIVE.url} again`,
    source: (await sha256OfFile(path)) === CIFAR10_ARCHIVE.sha256 ? 'official' : 'folder',
    read: (name) => Promise.resolve(files.get(name) ?? new Uint8Array()),
  });
}

/** The error for a path that holds no CIFAR-10, with a guess where it is a near miss. */
async function notCifar10(path: string): Promise<Error> {
  const kind = await kindOf(path);
  const names = kind === 'folder' ? await listFolder(path) : [];
  const found =
    kind === undefined
      ? 'there is no such folder or file'
      : `found ${names.length === 0 ? 'an empty folder' : names.slice(0, 8).join(', ')}`;
  const isPythonVersion = names.includes('data_batch_1') || names.includes('cifar-10-batches-py');
  const remedy = isPythonVersion ? 'that is the Python version; get the binary one,' : 'pass';
  return new Error(
    `Expected CIFAR-10's binary files (${CIFAR10_FILES.join(', ')}) in ${path} but ${found}: ` +
      `${remedy} ${CIFAR10_ARCHIVE_NAME} from ${CIFAR10_ARCHIVE.url}, packed or unpacked.`,
  );
}

async function listFolder(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: unknown) => {
    throw fileError(error, `read the folder ${folder}`);
  });
}
