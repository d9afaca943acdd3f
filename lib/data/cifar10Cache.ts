/** The folder that the project keeps of the downloaded archive, and how it comes to be. */
import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  errorCode,
  fileError,
  kindOf,
  readWholeFile,
  recoverFolder,
  writeFolderAtomic,
} from '../atomicFile';
import { objectOf, text } from '../schema';
import { sha256, sha256OfFile } from './checksum';
import { type ArchiveSource, CIFAR10_ARCHIVE_NAME, readCifar10Archive } from './cifar10Archive';
import { CIFAR10_FILES, CIFAR10_FOLDER } from './cifar10Format';
import { downloadFile, type DownloadProgress } from './download';
import { DownloadError } from './downloadError';

/** Written beside the unpacked files: which archive they come from and what they contained then. */
export interface Cifar10Checksums {
  /** sha256 of the archive, hexadecimal. */
  readonly archive: string;
  /** sha256 of each of the six binary files, by name. */
  readonly files: Readonly<Record<string, string>>;
}

const checksumsSchema = objectOf<Cifar10Checksums>({
  archive: text,
  files: objectOf<Record<string, string>>(
    Object.fromEntries(CIFAR10_FILES.map((name) => [name, text])),
  ),
});

export interface DownloadCifar10Options {
  readonly archive: ArchiveSource;
  readonly offline: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Receives what the user must know. Default: console.warn. */
  readonly onNotice?: (notice: string) => void;
}

const CHECKSUMS_FILE = 'checksums.json';
const REMEDY = `download ${CIFAR10_ARCHIVE_NAME} elsewhere and pass its path with --data`;

/** The cache's folder, if it is there; its content is checked when it is read. */
export async function findCachedCifar10(directory: string): Promise<string | undefined> {
  const folder = join(directory, CIFAR10_FOLDER);
  await recoverFolder(folder);
  return (await kindOf(folder)) === 'folder' ? folder : undefined;
}

/**
 * Downloads and verifies the archive and unpacks it into `<directory>/cifar-10-batches-bin`; the archive
 * itself is removed then. One that lies in `directory` already saves the download.
 *
 * @returns the folder; the archive where it cannot be unpacked there, for want of space or permission.
 * @throws DownloadError, also where `offline` rules it out.
 */
export async function downloadCifar10(
  directory: string,
  options: DownloadCifar10Options,
): Promise<string> {
  const { archive, offline, signal, onProgress, onNotice = console.warn } = options;
  const path = join(directory, CIFAR10_ARCHIVE_NAME);
  if ((await kindOf(path)) !== undefined) {
    await requireArchive(path, archive); // laid there by the user, or a kill came before unpacking
  } else if (offline) {
    throw new DownloadError(
      'unreachable',
      `Expected CIFAR-10 in ${join(directory, CIFAR10_FOLDER)} but there is nothing, ` +
        `and downloading was ruled out (offline): ${REMEDY}.`,
    );
  } else {
    const { url, ...expected } = archive;
    await downloadFile(url, path, { ...expected, signal, onProgress, remedy: REMEDY });
  }
  try {
    const folder = await unpack(path, directory, archive);
    await rm(path, { force: true }).catch(() => undefined); // it only takes space
    return folder;
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    // Another process may have done the same a moment earlier, and removed the archive.
    const folder = await findCachedCifar10(directory);
    if (folder !== undefined) return folder;
    if ((await kindOf(path)) === undefined) throw error;
    onNotice(`CIFAR-10 stays packed, so every load takes longer. (${(error as Error).message})`);
    return path;
  }
}

/**
 * The checksums that lie in a folder which `downloadCifar10` made; undefined where the files came some
 * other way.
 *
 * @throws Error where the list is there but broken.
 */
export async function readChecksums(folder: string): Promise<Cifar10Checksums | undefined> {
  const path = join(folder, CHECKSUMS_FILE);
  if ((await kindOf(path)) === undefined) return undefined;
  try {
    return checksumsSchema(JSON.parse((await readWholeFile(path)).toString('utf8')), '');
  } catch (error) {
    if (errorCode(error) !== undefined) throw fileError(error, `read ${path}`);
  }
  throw new Error(
    `Expected the checksums of CIFAR-10's files in ${path} but found something else: ` +
      `delete the folder ${folder} and run again.`,
  );
}

async function unpack(path: string, directory: string, archive: ArchiveSource): Promise<string> {
  const contents = await readCifar10Archive(path);
  const files: Record<string, string> = {};
  for (const name of CIFAR10_FILES) {
    files[name] = await sha256(contents.get(name) ?? new Uint8Array());
  }
  const checksums: Cifar10Checksums = { archive: archive.sha256, files };
  const folder = join(directory, CIFAR10_FOLDER);
  await writeFolderAtomic(folder, async (temporaryFolder) => {
    for (const [name, bytes] of contents) await writeFile(join(temporaryFolder, name), bytes);
    const text = `${JSON.stringify(checksums, null, 2)}\n`;
    await writeFile(join(temporaryFolder, CHECKSUMS_FILE), text);
  });
  return folder;
}

async function requireArchive(path: string, { sizeBytes, sha256 }: ArchiveSource): Promise<void> {
  const { size } = await stat(path);
  if (size === sizeBytes && (await sha256OfFile(path)) === sha256) return;
  throw new Error(
    `Expected ${path} to be CIFAR-10's archive (${sizeBytes} bytes, sha256 ${sha256}) ` +
      `but found another file of ${size} bytes: delete it and run again, or pass its path with --data.`,
  );
}
