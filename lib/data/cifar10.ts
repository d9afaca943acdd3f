/** CIFAR-10 or an error, never something else. */
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { errorCode, fileError, kindOf, recoverFolder } from '../atomicFile';
import { abortSignal, callback, checkOptions, flag, text } from '../options';
import { dataDirectory, environmentPath, isOffline } from '../project';
import { sha256 } from './checksum';
import {
  CIFAR10_ARCHIVE,
  isOfficialArchive,
  readChecksums,
  readCifar10Archive,
  unpackOfficialArchive,
} from './cifar10Archive';
import {
  assembleCifar10,
  CIFAR10_CLASS_NAMES,
  CIFAR10_FOLDER,
  CIFAR10_TEST_FILE,
  CIFAR10_TRAIN_FILES,
} from './cifar10Format';
import type { DatasetSplits } from './dataset';
import { downloadFile, type DownloadProgress } from './download';
import { DownloadError } from './downloadError';

export { CIFAR10_CLASS_NAMES, parseCifar10Batch } from './cifar10Format';

export interface LoadCifar10Options {
  /** The binary files' folder, the folder around it, or the archive; default: CIFAR10_DIR, the cache, a download. */
  readonly directory?: string;
  /** Do not try to download; default: whether the environment says OFFLINE=1. */
  readonly offline?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Where downloads are kept; default: the project's `data/`. */
  readonly cacheDirectory?: string;
  /** Where the archive is; for mirrors. Its size and checksum are the official ones in any case. */
  readonly archiveUrl?: string;
}

const BINARY_FILES = [...CIFAR10_TRAIN_FILES, CIFAR10_TEST_FILE];

const DOWNLOAD_REMEDY = `download ${CIFAR10_ARCHIVE.name} elsewhere and pass its path with --data`;

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
    cacheDirectory: text,
    archiveUrl: text,
  });
  const directory = options.directory ?? environmentPath('CIFAR10_DIR');
  if (directory !== undefined) return readCifar10(directory, options.signal);
  const cached = await findCachedCifar10(options.cacheDirectory);
  const folder = cached ?? (await downloadCifar10(options));
  return readCifar10Folder(folder, `delete the folder ${folder} and run again`, options.signal);
}

/** The cache's folder, if it is there; its content is checked when it is read. */
export async function findCachedCifar10(
  cacheDirectory = dataDirectory(),
): Promise<string | undefined> {
  const folder = join(cacheDirectory, CIFAR10_FOLDER);
  await recoverFolder(folder);
  return (await kindOf(folder)) === 'folder' ? folder : undefined;
}

/** CIFAR-10 from a path that the user named: a folder or the archive. */
export async function readCifar10(path: string, signal?: AbortSignal): Promise<DatasetSplits> {
  if ((await kindOf(path)) === 'file') return readArchive(path);
  const folder = await findCifar10Folder(path);
  if (folder === undefined) throw await notCifar10(path);
  return readCifar10Folder(folder, `replace it with the one in ${CIFAR10_ARCHIVE.name}`, signal);
}

/** The folder with the binary files: `path` itself or the archive's folder in it, if there is one. */
export async function findCifar10Folder(path: string): Promise<string | undefined> {
  for (const folder of [path, join(path, CIFAR10_FOLDER)]) {
    const names = await readdir(folder).catch((): string[] => []);
    if (BINARY_FILES.some((name) => names.includes(name))) return resolve(folder);
  }
  return undefined;
}

async function readCifar10Folder(
  folder: string,
  remedy: string,
  signal?: AbortSignal,
): Promise<DatasetSplits> {
  const names = await readdir(folder);
  const missing = BINARY_FILES.filter((name) => !names.includes(name));
  if (missing.length > 0) {
    throw new Error(
      `Expected ${BINARY_FILES.join(', ')} in ${folder} but found no ${missing.join(', ')}: ${remedy}.`,
    );
  }
  await checkClassNames(folder, names);
  const checksums = await readChecksums(folder);
  return assembleCifar10({
    place: folder,
    remedy,
    source: checksums ? 'official' : 'folder',
    async read(name) {
      signal?.throwIfAborted();
      const path = join(folder, name);
      const bytes = await readFile(path).catch((error: unknown) => {
        throw fileError(error, `read ${path}`);
      });
      if (checksums && (await sha256(bytes)) !== checksums[name]) {
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
  const found = (await readFile(path, 'utf8')).trim().split(/\s+/);
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
    remedy: `get ${CIFAR10_ARCHIVE.name} from ${CIFAR10_ARCHIVE.url} again`,
    source: (await isOfficialArchive(path)) ? 'official' : 'folder',
    read: (name) => Promise.resolve(files.get(name) ?? new Uint8Array()),
  });
}

/** Downloads, verifies and unpacks the archive into the cache, which then no longer needs it. */
async function downloadCifar10(options: LoadCifar10Options): Promise<string> {
  const { cacheDirectory = dataDirectory(), offline = isOffline() } = options;
  const archive = join(cacheDirectory, CIFAR10_ARCHIVE.name);
  if ((await kindOf(archive)) !== undefined) {
    await requireOfficialArchive(archive); // laid there by the user, or a kill came before unpacking
  } else {
    const remedy = DOWNLOAD_REMEDY;
    if (offline) {
      throw new DownloadError(
        'unreachable',
        `Expected CIFAR-10 in ${join(cacheDirectory, CIFAR10_FOLDER)} but there is nothing, ` +
          `and downloading was ruled out (offline): ${remedy}.`,
      );
    }
    const { archiveUrl = CIFAR10_ARCHIVE.url, signal, onProgress } = options;
    const { sizeBytes, sha256 } = CIFAR10_ARCHIVE;
    await downloadFile(archiveUrl, archive, { sizeBytes, sha256, signal, onProgress, remedy });
  }
  try {
    const folder = await unpackOfficialArchive(archive, cacheDirectory);
    await rm(archive, { force: true });
    return folder;
  } catch (error) {
    // Another process may have done the same a moment earlier, and removed the archive.
    const folder = errorCode(error) === 'ENOENT' ? await findCachedCifar10(cacheDirectory) : null;
    if (folder) return folder;
    throw error;
  }
}

async function requireOfficialArchive(archive: string): Promise<void> {
  const { size } = await stat(archive);
  if (size === CIFAR10_ARCHIVE.sizeBytes && (await isOfficialArchive(archive))) return;
  throw new Error(
    `Expected ${archive} to be CIFAR-10's official archive (${CIFAR10_ARCHIVE.sizeBytes} bytes, ` +
      `sha256 ${CIFAR10_ARCHIVE.sha256}) but found another file of ${size} bytes: ` +
      `delete it and run again, or pass its path with --data.`,
  );
}

/** The error for a path that holds no CIFAR-10, with a guess where it is a near miss. */
async function notCifar10(path: string): Promise<Error> {
  const kind = await kindOf(path);
  const names = kind === 'folder' ? await readdir(path) : [];
  const found =
    kind === undefined
      ? 'there is no such folder or file'
      : `found ${names.length === 0 ? 'an empty folder' : names.slice(0, 8).join(', ')}`;
  const isPythonVersion = names.includes('data_batch_1') || names.includes('cifar-10-batches-py');
  const remedy = isPythonVersion ? 'that is the Python version; get the binary one,' : 'pass';
  return new Error(
    `Expected CIFAR-10's binary files (${BINARY_FILES.join(', ')}) in ${path} but ${found}: ` +
      `${remedy} ${CIFAR10_ARCHIVE.name} from ${CIFAR10_ARCHIVE.url}, packed or unpacked.`,
  );
}
