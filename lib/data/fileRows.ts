/** Rows of one file, pictures or features, read when they are wanted: for more of them than memory holds. */
import { closeSync, openSync, read, readSync } from 'node:fs';
import { promisify } from 'node:util';
import { errorCode } from '../atomicFile';

/** Rows of a file, all of one length, in an order. */
export interface FileRows {
  readonly path: string;
  /** [size], where each row stands in the file, counted in rows. */
  readonly rows: Uint32Array;
  /** Bytes before the first row. Default 0. */
  readonly offset?: number;
}

/**
 * The rows, in their order: uint8 [rows.length, bytes]. The file is open only meanwhile, so that no data set has to be closed.
 *
 * @param bytes of one row.
 * @throws Error where the file is missing or shorter.
 */
export function readRowsSync(from: FileRows, bytes: number): Uint8Array {
  const values = new Uint8Array(from.rows.length * bytes);
  try {
    const file = openSync(from.path, 'r');
    try {
      for (const { start, length, position } of pieces(from, bytes)) {
        checkLength(readSync(file, values, start, length, position), length);
      }
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw readingError(from.path, error);
  }
  return values;
}

const readPiece = promisify(read);

/**
 * {@link readRowsSync} on other threads. All reads are under way when this returns: they continue while TensorFlow computes and
 * the event loop stands still.
 */
export async function readRows(from: FileRows, bytes: number): Promise<Uint8Array> {
  const values = new Uint8Array(from.rows.length * bytes);
  try {
    const file = openSync(from.path, 'r');
    const reads = Array.from(pieces(from, bytes), async ({ start, length, position }) => {
      checkLength((await readPiece(file, values, start, length, position)).bytesRead, length);
    });
    // Closed behind the last one, also where one fails: its number may belong to another file then.
    await Promise.allSettled(reads).finally(() => closeSync(file));
    await Promise.all(reads);
  } catch (error) {
    throw readingError(from.path, error);
  }
  return values;
}

/** What is read at once: rows that are neighbours in the file and in the result. */
function* pieces({ rows, offset = 0 }: FileRows, bytes: number) {
  for (let from = 0, to = 1; from < rows.length; from = to++) {
    while (to < rows.length && rows[to] === rows[to - 1] + 1) to++;
    yield {
      start: from * bytes,
      length: (to - from) * bytes,
      position: offset + rows[from] * bytes,
    };
  }
}

function checkLength(found: number, expected: number): void {
  if (found !== expected) throw new Error('it is shorter than it was');
}

function readingError(path: string, error: unknown): Error {
  const reason = errorCode(error) === 'ENOENT' ? 'it is missing' : (error as Error).message;
  return new Error(
    `Expected the rows of ${path} but ${reason}: run the cell again that loads or extracts them, which makes the file again; ` +
      'a training with checkpoints then continues where it was.',
    { cause: error },
  );
}
