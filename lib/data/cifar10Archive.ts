/** The archive that CIFAR-10's authors publish. */
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';
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
  try {
    await readEntries(path, (entry) => {
      const name = knownName(entry.path);
      if (name !== undefined && entry.type === 'File' && hasKnownSize(name, entry.size)) {
        void entry.concat().then((bytes) => files.set(name, bytes));
        return;
      }
      if (entry.type === 'File') others.push(`${entry.path} (${entry.size} bytes)`);
      entry.resume();
    });
  } catch (error) {
    if (/^E[A-Z]+$/.test(errorCode(error) ?? '')) throw fileError(error, `read ${path}`);
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

/**
 * Streams an archive's entries. Node unzips, and the parser gets the plain bytes: for a file that is
 * cut, tar's own `list({ file })` neither resolves nor rejects (7.5).
 */
async function readEntries(path: string, onReadEntry: (entry: ReadEntry) => void): Promise<void> {
  const parser = new Parser({ strict: true, onReadEntry }); // strict: damage is an error, no warning
  const ended = once(parser, 'end'); // rejects with the parser's error
  const unzipped = pipeline(createReadStream(path), createGunzip(), async (pieces) => {
    for await (const piece of pieces) parser.write(piece as Buffer);
    parser.end();
  });
  await Promise.all([unzipped, ended]);
}

function knownName(entryPath: string): string | undefined {
  const name = entryPath.replace(`${CIFAR10_FOLDER}/`, '').replace(/^\.\//, '');
  return [...CIFAR10_FILES, ...TEXT_FILES].includes(name) ? name : undefined;
}

function hasKnownSize(name: string, size: number): boolean {
  return CIFAR10_FILES.includes(name) ? size === CIFAR10_FILE_BYTES : size <= MAX_TEXT_BYTES;
}
