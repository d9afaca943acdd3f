/** The archive that CIFAR-10's authors publish. */
import { open } from 'node:fs/promises';
import { list } from 'tar';
import { errorCode, fileError } from '../atomicFile';
import { CIFAR10_FILE_BYTES, CIFAR10_FILES, CIFAR10_FOLDER } from './cifar10Format';

export interface ArchiveSource {
  readonly url: string;
  readonly sizeBytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

export const CIFAR10_ARCHIVE_NAME = 'cifar-10-binary.tar.gz';

/**
 * https://www.cs.toronto.edu/~kriz/cifar.html, "CIFAR-10 binary version (suitable for C programs)". The
 * page states the md5, c32a1d4ab5d03f1284b67883e8d87530; this is the sha256 of the same file.
 */
export const CIFAR10_ARCHIVE: ArchiveSource = {
  url: `https://www.cs.toronto.edu/~kriz/${CIFAR10_ARCHIVE_NAME}`,
  sizeBytes: 170_052_171,
  sha256: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
};

/** The two texts in the archive are 61 and 88 bytes long; what is longer than this is something else. */
const MAX_TEXT_BYTES = 4096;
const TEXT_FILES = ['batches.meta.txt', 'readme.html'];

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
        `pass ${CIFAR10_ARCHIVE_NAME} from ${CIFAR10_ARCHIVE.url}, or a folder.`,
      { cause: error },
    );
  }
  const missing = CIFAR10_FILES.filter((name) => !files.has(name));
  if (missing.length > 0) {
    const found = others.length > 0 ? others.slice(0, 8).join(', ') : 'no other file';
    throw new Error(
      `Expected ${missing.join(', ')} of ${CIFAR10_FILE_BYTES} bytes each in ${path} but found ${found}: ` +
        `pass the binary version of CIFAR-10, ${CIFAR10_ARCHIVE_NAME} from ${CIFAR10_ARCHIVE.url}.`,
    );
  }
  return files;
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
  return [...CIFAR10_FILES, ...TEXT_FILES].includes(name) ? name : undefined;
}

function hasKnownSize(name: string, size: number): boolean {
  return CIFAR10_FILES.includes(name) ? size === CIFAR10_FILE_BYTES : size <= MAX_TEXT_BYTES;
}
