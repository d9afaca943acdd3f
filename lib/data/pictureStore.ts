/**
 * The decoded pictures of a folder in one file, for more of them than memory holds: decoded once, read by rows from then on
 * (`fileRows.ts`). A file is named after all that its rows depend on, so a stale one is never found, and two that are
 * called the same hold the same rows, whichever run made them.
 *
 *     rows        uint8 [count, size, size, 3], RGB; of a file that cannot be decoded zeros
 *     JSON        which row is which file, and the SHA-256 of its pixels
 *     32 bytes    SHA-256 of the JSON
 *      4 bytes    its length, uint32, little-endian
 *      8 bytes    "PICTURE1"
 */
import { existsSync } from 'node:fs';
import { open, rename, rm, stat, statfs, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode, fileError } from '../atomicFile';
import { lockFile } from '../folderLock';
import { sha256Of } from './checksum';
import { DECODER, decodeImage, sideBySide } from './image';

const MAGIC = 'PICTURE1';
const HASH_BYTES = 32;
const TAIL_BYTES = HASH_BYTES + 4 + MAGIC.length;
/** Bytes that are read at once where all of them are. */
const READ_AT_ONCE = 4e6;

/** What became of a file. */
export interface DecodedFile {
  readonly path: string;
  /** SHA-256 of its pixels, hexadecimal; null where they could not be decoded. */
  readonly sha256: string | null;
  /** What the user must know, or why it could not be decoded. */
  readonly notices: readonly string[];
}

export interface PictureStoreOptions {
  /** Height and width of the pictures. */
  readonly size: number;
  /** Files to decode, in any order. */
  readonly files: readonly string[];
  /** Files that may have to take the place of those that cannot be decoded, in the order in which they do. */
  readonly spare: readonly string[];
  readonly signal?: AbortSignal;
  /** Called after each picture that is decoded. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly onNotice: (notice: string) => void;
}

/** A file of decoded pictures, whole or in the making. */
export interface PictureStore {
  readonly path: string;
  /** The row of a file, and what became of it. A spare one is decoded where it has not been. */
  readonly find: (file: string) => Promise<DecodedFile & { readonly row: number }>;
}

/**
 * Opens the file of decoded pictures, or makes it, for as long as `use` takes. It takes its name once `use` is done: a kill leaves
 * a file of another name, which the next run writes over. Of several processes one decodes, and the others wait.
 *
 * @throws Error where the file cannot be written, such as on a full disk.
 */
export async function withPictureStore<T>(
  directory: string,
  options: PictureStoreOptions,
  use: (store: PictureStore) => Promise<T>,
): Promise<T> {
  const { size, signal, onNotice } = options;
  const files = [...options.files].sort();
  const path = join(directory, `${await nameOf(files, options)}.pictures`);
  const bytes = size * size * 3;
  const known = await readStore(path, bytes, onNotice);
  if (known) return use(storeOf(path, known));
  const lock = await lockFile(`${path}.lock`, `decode pictures into ${path}`, {
    waits: () => !signal?.aborted,
  });
  const partial = `${path}.partial`;
  let file: FileHandle | undefined;
  try {
    // Another run may have made it while this one waited.
    const made = await readStore(path, bytes, () => undefined);
    if (made) return await use(storeOf(path, made));
    await checkSpace(directory, files.length, size);
    onNotice(
      `${files.length} pictures take ${((files.length * bytes) / 1e9).toFixed(1)} GB: they are decoded into ${path} and read ` +
        'from there. It may be deleted once no run reads from it.',
    );
    file = await open(partial, 'w');
    const result = await fillStore(file, { ...options, files, path }, use);
    await file.sync();
    await file.close();
    await rename(partial, path);
    return result;
  } catch (error) {
    await file?.close().catch(() => undefined);
    await rm(partial, { force: true }).catch(() => undefined);
    throw fileError(error, `write ${path}`);
  } finally {
    lock.release();
  }
}

function storeOf(
  path: string,
  rows: readonly DecodedFile[],
  add?: (file: string) => Promise<number>,
): PictureStore {
  const places = new Map(rows.map((each, row) => [each.path, row]));
  return {
    path,
    async find(file) {
      const row = places.get(file) ?? (await add?.(file)) ?? -1;
      return { ...rows[row], row };
    },
  };
}

/** Decodes all files, and the spare ones that `use` asks for; then what they are is written behind them. */
async function fillStore<T>(
  file: FileHandle,
  options: PictureStoreOptions & { readonly path: string },
  use: (store: PictureStore) => Promise<T>,
): Promise<T> {
  const { path, size, files, signal, onProgress } = options;
  const bytes = size * size * 3;
  const rows: DecodedFile[] = [];
  let failure: Error | undefined;
  const add = async (row: number, path: string): Promise<void> => {
    signal?.throwIfAborted();
    if (failure) throw failure; // of a picture that is decoded beside this one
    const { pixels, ...decoded } = await decodeFile(path, size);
    rows[row] = decoded;
    if (pixels) await writeAt(file, pixels, row * bytes);
  };
  let done = 0;
  await sideBySide(files.length, async (row) => {
    await add(row, files[row]).catch((error: Error) => {
      failure ??= error;
      throw error;
    });
    onProgress?.(++done, files.length);
  });
  const result = await use(
    storeOf(path, rows, async (spare) => {
      await add(rows.length, spare);
      return rows.length - 1;
    }),
  );
  const index = Buffer.from(JSON.stringify(rows));
  const tail = Buffer.alloc(TAIL_BYTES);
  tail.write(sha256Of(index), 'hex');
  tail.writeUInt32LE(index.length, HASH_BYTES);
  tail.write(MAGIC, HASH_BYTES + 4);
  await writeAt(file, Buffer.concat([index, tail]), rows.length * bytes);
  return result;
}

/** A disk that is getting full takes a part at first: the next part then fails. */
async function writeAt(file: FileHandle, data: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < data.length;) {
    done += (await file.write(data, done, data.length - done, position + done)).bytesWritten;
  }
}

/** @param size height and width of `pixels`, uint8 [size, size, 3]. */
export async function decodeFile(
  path: string,
  size: number,
): Promise<DecodedFile & { readonly pixels?: Uint8Array }> {
  const notices: string[] = [];
  const onNotice = (notice: string) => notices.push(notice);
  try {
    const { data } = await decodeImage(path, { height: size, width: size, onNotice });
    return { path, sha256: sha256Of(data), notices, pixels: data };
  } catch (error) {
    return { path, sha256: null, notices: [reasonOf(error)] };
  }
}

/** The decoder's own words: the file's name stands beside them already. */
function reasonOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return inner instanceof Error ? inner.message.trim() : String(inner);
}

/** @throws Error where {@link withPictureStore} would have to make a file for which the disk has no room. */
export async function checkPictureStore(
  directory: string,
  options: Pick<PictureStoreOptions, 'size' | 'files' | 'spare'>,
): Promise<void> {
  const name = `${await nameOf([...options.files].sort(), options)}.pictures`;
  if (existsSync(join(directory, name))) return;
  let place = directory;
  while (!existsSync(place)) place = dirname(place);
  await checkSpace(place, options.files.length, options.size);
}

/** @throws Error before the first of many pictures is decoded, and not behind the last that fits. */
async function checkSpace(directory: string, count: number, size: number): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  const [needed, free] = [count * size * size * 3, bavail * bsize].map((n) => (n / 1e9).toFixed(1));
  if (count * size * size * 3 <= bavail * bsize) return;
  throw new Error(
    `Expected ${needed} GB of free space in ${directory} for ${count} decoded pictures of ${size} × ${size} but there are ${free} GB: ` +
      'delete older files there, or pass a smaller size (inputSize) or limits (trainLimit, testLimit).',
  );
}

/** By size and time of change, as rsync knows files: reading all photos takes minutes at the start of each run. */
async function nameOf(
  files: readonly string[],
  { size, spare }: Pick<PictureStoreOptions, 'size' | 'spare'>,
): Promise<string> {
  const describe = (path: string) =>
    stat(path).then(
      (found) => `${path}\n${found.size} ${found.mtimeMs}`,
      (error: unknown) => `${path}\n${errorCode(error)}`,
    );
  const found = await Promise.all([...files, ...spare].map(describe));
  return sha256Of([MAGIC, DECODER, size, files.length, ...found].join('\n')).slice(0, 32);
}

/** What is in a whole file, every row of it compared with its checksum; undefined where there is none, with a notice if it is faulty. */
async function readStore(
  path: string,
  bytes: number,
  onNotice: (notice: string) => void,
): Promise<readonly DecodedFile[] | undefined> {
  let file: FileHandle | undefined;
  try {
    file = await open(path);
    const found = await readIndex(file, bytes);
    const fault = typeof found === 'string' ? found : await findFault(file, bytes, found);
    if (typeof found !== 'string' && fault === undefined) return found;
    onNotice(`The decoded pictures in ${path} are ${String(fault)}: decoding them again.`);
    return undefined;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw fileError(error, `read ${path}`);
  } finally {
    await file?.close();
  }
}

async function readIndex(
  file: FileHandle,
  bytes: number,
): Promise<readonly DecodedFile[] | string> {
  const { size } = await file.stat();
  const read = async (length: number, position: number) => {
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, Math.max(0, position));
    return buffer;
  };
  const tail = await read(TAIL_BYTES, size - TAIL_BYTES);
  if (tail.toString('latin1', HASH_BYTES + 4) !== MAGIC) return 'cut, or of another format';
  const length = tail.readUInt32LE(HASH_BYTES);
  const start = size - TAIL_BYTES - length;
  const index = start < 0 ? Buffer.alloc(0) : await read(length, start);
  if (sha256Of(index) !== tail.toString('hex', 0, HASH_BYTES)) return 'damaged';
  const rows = JSON.parse(index.toString('utf8')) as DecodedFile[]; // its checksum says that this project wrote it
  return start === rows.length * bytes ? rows : 'cut';
}

async function findFault(
  file: FileHandle,
  bytes: number,
  rows: readonly DecodedFile[],
): Promise<string | undefined> {
  const step = Math.max(1, Math.floor(READ_AT_ONCE / bytes));
  const pixels = Buffer.alloc(step * bytes);
  for (let start = 0; start < rows.length; start += step) {
    await file.read(pixels, 0, pixels.length, start * bytes);
    for (const [place, { sha256 }] of rows.slice(start, start + step).entries()) {
      const row = pixels.subarray(place * bytes, (place + 1) * bytes);
      if (sha256 !== null && sha256Of(row) !== sha256) return 'damaged';
    }
  }
  return undefined;
}
