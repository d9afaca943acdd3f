/**
 * Features on disk. A file is named after all that its numbers depend on, so a stale one is never found; it carries
 * its own checksum, so a damaged one is never believed.
 *
 *     8 bytes   "FEATURE2"
 *    32 bytes   the key: SHA-256 of pictures, sizes, scaling, weights and engine
 *    32 bytes   SHA-256 of the rest
 *     8 bytes   float64: the seconds that computing them took
 *     rest      float32, row by row, in the machine's own order (little-endian wherever TensorFlow runs)
 */
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { errorCode, readWholeFile, writeFileAtomic } from '../atomicFile';
import type { Preprocess } from '../data/preprocess';
import type { EngineDescription } from '../evaluation/engine';
import { dataDirectory } from '../project';
import { type tf } from '../tensorflow/backend';

const MAGIC = Buffer.from('FEATURE2');
const HASH_BYTES = 32;
const HASHED_FROM = MAGIC.length + 2 * HASH_BYTES;
/** Where the values begin. */
export const HEADER_BYTES = HASHED_FROM + Float64Array.BYTES_PER_ELEMENT;

/** Features of some pictures and what they once cost. */
export interface CachedFeatures {
  /** float32, row by row. */
  readonly values: Float32Array;
  /** Of computing them, whenever that was. */
  readonly seconds: number;
}

/** Where the features of some pictures belong. */
export interface FeatureFile {
  readonly path: string;
  readonly key: Buffer;
}

/** Everything that features depend on. */
export interface FeatureSource {
  /** uint8 [size, height, width, 3], in pieces. */
  readonly images: AsyncIterable<Uint8Array>;
  readonly picture: readonly [size: number, height: number, width: number];
  readonly preprocess: Preprocess;
  /** Of {@link fingerprintModel}. */
  readonly model: string;
  /** What computes: its version may change the last digits. */
  readonly engine: EngineDescription;
  /** Default: `data/features`. */
  readonly directory?: string;
}

export async function featureFile(source: FeatureSource): Promise<FeatureFile> {
  const { images, picture, preprocess, model, engine, directory } = source;
  const { height, width, mean, std } = preprocess;
  const hash = createHash('sha256');
  hash.update(JSON.stringify({ picture, height, width, mean, std, model, engine }));
  for await (const piece of images) hash.update(piece);
  const key = hash.digest();
  const name = `${key.toString('hex').slice(0, 32)}.features`;
  return { path: join(directory ?? join(dataDirectory(), 'features'), name), key };
}

/** SHA-256 of a model's architecture and of every weight in it; 10 million numbers take some 50 ms. */
export function fingerprintModel(model: tf.LayersModel): string {
  const hash = createHash('sha256');
  for (const layer of model.layers) {
    // The architecture without `trainable`, which no output depends on.
    const config = { ...layer.getConfig(), trainable: undefined };
    hash.update(JSON.stringify([layer.getClassName(), config]));
    for (const weight of layer.weights) {
      hash.update(JSON.stringify(weight.shape));
      const values = weight.read().dataSync() as Float32Array;
      hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    }
  }
  return hash.digest('hex');
}

/**
 * @param options.count how many numbers are expected.
 * @returns undefined where there is no file, or one that cannot be believed, with a notice.
 */
export async function readFeatures(
  { path, key }: FeatureFile,
  { count, onNotice }: { readonly count: number; readonly onNotice: (notice: string) => void },
): Promise<CachedFeatures | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readWholeFile(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') tellUseless(path, error, onNotice);
    return undefined;
  }
  const fault = findFault(bytes, key, count);
  if (fault === undefined)
    return { values: floats(bytes), seconds: bytes.readDoubleLE(HASHED_FROM) };
  onNotice(`The cached features in ${path} are ${fault}: computing them again.`);
  return undefined;
}

/**
 * Writes atomically: a kill leaves the old file or the complete new one. If the write fails (disk full, read-only), a notice
 * says so: the features are there, and a cache only saves time.
 *
 * @returns whether they are in the file.
 */
export async function writeFeatures(
  file: FeatureFile,
  { values, seconds, onNotice }: CachedFeatures & { readonly onNotice: (notice: string) => void },
): Promise<boolean> {
  const head = Buffer.alloc(Float64Array.BYTES_PER_ELEMENT);
  head.writeDoubleLE(seconds);
  const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const bytes = Buffer.concat([MAGIC, file.key, sha256(head, data), head, data]);
  try {
    await writeFileAtomic(file.path, bytes);
    return true;
  } catch (error) {
    tellUseless(file.path, error, onNotice);
    return false;
  }
}

/** Folders for which a notice has been given. */
const useless = new Set<string>();

/** Warns once per folder: the next part and the next cell would hit the same error. */
function tellUseless(path: string, error: unknown, onNotice: (notice: string) => void): void {
  const folder = dirname(path);
  if (useless.has(folder)) return;
  useless.add(folder);
  const reason = error instanceof Error ? error.message : String(error);
  onNotice(`Features are not kept, so every run has to recompute them. (${reason})`);
}

function findFault(bytes: Buffer, key: Buffer, count: number): string | undefined {
  const keyEnd = MAGIC.length + HASH_BYTES;
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return 'of another format';
  if (!bytes.subarray(MAGIC.length, keyEnd).equals(key)) return "other pictures' or weights'";
  if (bytes.length !== HEADER_BYTES + count * Float32Array.BYTES_PER_ELEMENT)
    return `cut (${bytes.length} bytes)`;
  const isWhole = sha256(bytes.subarray(HASHED_FROM)).equals(bytes.subarray(keyEnd, HASHED_FROM));
  return isWhole ? undefined : 'damaged';
}

/** A copy: a Float32Array must begin at a multiple of four bytes. */
function floats(bytes: Buffer): Float32Array {
  const data = Uint8Array.from(bytes.subarray(HEADER_BYTES));
  return new Float32Array(data.buffer);
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
