/** The archive that CIFAR-10's authors publish, and the folder that the project keeps of it. */
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { list } from 'tar';
import { errorCode, fileError, writeFolderAtomic } from '../atomicFile';
import { sha256, sha256OfFile } from './checksum';
import {
  CIFAR10_FILE_BYTES,
  CIFAR10_FOLDER,
  CIFAR10_TEST_FILE,
  CIFAR10_TRAIN_FILES,
} from './cifar10Format';

/** https://www.cs.toronto.edu/~kriz/cifar.html, "CIFAR-10 binary version"; the page states the md5. */
export const CIFAR10_ARCHIVE = {
  url: 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz',
  name: 'cifar-10-binary.tar.gz',
  sizeBytes: 170_052_171,
  md5: 'c32a1d4ab5d03f1284b67883e8d87530',
  sha256: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
} as const;

/** The two texts in the archive are 61 and 88 bytes long; what is longer than this is something else. */
const MAX_TEXT_BYTES = 4096;
const TEXT_FILES = ['batches.meta.txt', 'readme.html'];
const BINARY_FILES = [...CIFAR10_TRAIN_FILES, CIFAR10_TEST_FILE];

/** Written beside the unpacked files: which archive they come from and what they contained then. */
const CHECKSUMS_FILE = 'checksums.json';

interface Checksums {
  /** sha256 of the archive, hexadecimal. */
  readonly archive: string;
  /** sha256 of each of the six binary files. */
  readonly files: Readonly<Record<string, string>>;
}

/**
 * Reads the archive's known files into memory (184 MB); anything else in it is passed over, so that
 * no name in an archive can place a file anywhere.
 *
 * @throws Error where the file is no such archive, is cut, or lacks one of the six binary files.
 */
export async function readCifar10Archive(path: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  const others: string[] = [];
  const pending: Promise<void>[] = [];
  try {
    await requireGzip(path);
    await list({
      file: path,
      strict: true, // a damaged archive is an error, not a warning
      onReadEntry: (entry) => {
        const name = knownName(entry.path);
        if (name === undefined || entry.type !== 'File' || !hasKnownSize(name, entry.size)) {
          if (entry.type === 'File') others.push(`${entry.path} (${entry.size} bytes)`);
          return;
        }
        pending.push(entry.concat().then((bytes) => void files.set(name, bytes)));
      },
    });
    await Promise.all(pending);
  } catch (error) {
    await Promise.allSettled(pending);
    if (errorCode(error)?.startsWith('E')) throw fileError(error, `read ${path}`);
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `Expected ${path} to be a whole .tar.gz archive but reading it failed (${reason}): ` +
        `pass ${CIFAR10_ARCHIVE.name} from ${CIFAR10_ARCHIVE.url}, or a folder.`,
      { cause: error },
    );
  }
  const missing = BINARY_FILES.filter((name) => !files.has(name));
  if (missing.length > 0) {
    const found = others.length > 0 ? others.slice(0, 8).join(', ') : 'no other file';
    throw new Error(
      `Expected ${missing.join(', ')} of ${CIFAR10_FILE_BYTES} bytes each in ${path} but found ${found}: ` +
        `pass the binary version of CIFAR-10, ${CIFAR10_ARCHIVE.name} from ${CIFAR10_ARCHIVE.url}.`,
    );
  }
  return files;
}

/**
 * Unpacks the official archive into `<directory>/cifar-10-batches-bin`, in one step.
 *
 * @param archive a file whose checksum has been verified.
 * @returns the folder.
 */
export async function unpackOfficialArchive(archive: string, directory: string): Promise<string> {
  const files = await readCifar10Archive(archive);
  const folder = join(directory, CIFAR10_FOLDER);
  const checksums: Checksums = {
    archive: CIFAR10_ARCHIVE.sha256,
    files: Object.fromEntries(
      await Promise.all(
        BINARY_FILES.map(async (name) => [name, await sha256(files.get(name) ?? new Uint8Array())]),
      ),
    ) as Record<string, string>,
  };
  await writeFolderAtomic(folder, async (temporaryFolder) => {
    for (const [name, bytes] of files) await writeFile(join(temporaryFolder, name), bytes);
    const text = `${JSON.stringify(checksums, null, 2)}\n`;
    await writeFile(join(temporaryFolder, CHECKSUMS_FILE), text);
  });
  return folder;
}

/** Whether a file is the published archive, byte for byte. */
export async function isOfficialArchive(path: string): Promise<boolean> {
  return (await sha256OfFile(path)) === CIFAR10_ARCHIVE.sha256;
}

/**
 * The checksums that `unpackOfficialArchive` left in a folder; undefined where the files came some
 * other way.
 *
 * @throws Error where the list is there but broken.
 */
export async function readChecksums(
  folder: string,
): Promise<Readonly<Record<string, string>> | undefined> {
  const path = join(folder, CHECKSUMS_FILE);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw fileError(error, `read ${path}`);
  }
  try {
    const { archive, files } = JSON.parse(text) as Checksums;
    if (archive === CIFAR10_ARCHIVE.sha256 && BINARY_FILES.every((name) => name in files)) {
      return files;
    }
  } catch {
    // falls through to the error below
  }
  throw new Error(
    `Expected the checksums of CIFAR-10's files in ${path} but found something else: ` +
      `delete the folder ${folder} and run again.`,
  );
}

/** tar would read an uncompressed or foreign file as an empty archive. */
async function requireGzip(path: string): Promise<void> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 0);
    if (bytesRead < 2 || buffer[0] !== 0x1f || buffer[1] !== 0x8b) throw new Error('not gzip');
  } finally {
    await file.close();
  }
}

function knownName(entryPath: string): string | undefined {
  const name = entryPath.replace(`${CIFAR10_FOLDER}/`, '').replace(/^\.\//, '');
  return [...BINARY_FILES, ...TEXT_FILES].includes(name) ? name : undefined;
}

function hasKnownSize(name: string, size: number): boolean {
  return BINARY_FILES.includes(name) ? size === CIFAR10_FILE_BYTES : size <= MAX_TEXT_BYTES;
}
