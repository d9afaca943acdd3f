/**
 * Image features: the output of a frozen backbone for each image, computed once and cached.
 *
 * The backbone runs as one graph with its weights as constants, in ONNX Runtime or TensorFlow; pictures are resized in that
 * graph, batch by batch, so that never more than one batch exists at the backbone's size.
 */
import { batches, indicesBetween } from '../data/batches';
import { type ImageDataset, selectRows } from '../data/dataset';
import { readRowsSync } from '../data/fileRows';
import {
  createEnginePredictor,
  describeEngine,
  type Engine,
  engineRule,
} from '../evaluation/engine';
import { predictionBatch } from '../evaluation/predictor';
import { type FolderLock, lockFile } from '../folderLock';
import { Interrupted, type Interrupts, watchInterrupts, yieldToEvents } from '../interrupts';
import type { Backbone } from '../models/transfer';
import {
  abortSignal,
  callback,
  checkOptions,
  flag,
  oneOf,
  positiveInteger,
  text,
} from '../options';
import {
  type CachedFeatures,
  featureFile,
  type FeatureFile,
  fingerprintModel,
  HEADER_BYTES,
  readFeatures,
  writeFeatures,
} from './featureCache';

/** Feature vectors with the labels of their pictures. */
export interface Features {
  /**
   * float32 [size, width], row by row, not to be written to; or where they are in files. Whatever looks at them takes them from
   * `featureValues` or `featureBlocks`.
   */
  readonly values: Float32Array | FeatureRows;
  /** [size], each from 0 to classNames.length - 1. */
  readonly labels: Int32Array;
  readonly classNames: readonly string[];
  readonly size: number;
  /** Features of one picture. */
  readonly width: number;
  /** What computing them took; for what came from the cache, what it took when it was computed. */
  readonly seconds: number;
}

/** Features that are read from the cache when they are wanted: mirrored and of all layers, those of CIFAR-10 take 1.1 GB. */
export interface FeatureRows {
  /** One after another: each in memory, or the path of its file. */
  readonly parts: readonly { readonly size: number; readonly values: Float32Array | string }[];
  /** [size], which rows, counted through all parts. */
  readonly rows: Uint32Array;
}

/** Options of {@link extractFeatures}. */
export interface ExtractOptions {
  /**
   * Whether each image's mirror image also passes through the backbone, which doubles the cost:
   * - `none` (default): there is none.
   * - `append`: its features follow as further rows, with the same labels, so that a head learns both: for training.
   * - `average`: the mean of both.
   */
  readonly mirror?: 'none' | 'append' | 'average';
  /** Pictures a run of the graph. Default: {@link predictionBatch}. */
  readonly batchSize?: number;
  /** What computes. Default 'auto'. */
  readonly engine?: Engine;
  /** Keep features on disk, and take them from there. Default true. */
  readonly cache?: boolean;
  /** Where; default: `data/features` in the project's folder. It may be deleted while nothing reads from it. */
  readonly cacheDirectory?: string;
  /**
   * Whether they are held in memory, or read from the cache's files batch by batch. Default 'auto': files from 250 MB on. What
   * is in no file, since it could not be written or is averaged, is in memory always.
   */
  readonly storage?: 'auto' | 'memory' | 'file';
  /** Called after each batch, and for what the cache had. */
  readonly onProgress?: (progress: ExtractProgress) => void;
  /** Receives what the user must know: a cache that is damaged or cannot be written. Default: console.warn. */
  readonly onNotice?: (notice: string) => void;
  /** Stops within one batch, as SIGINT does; finished parts stay in the cache. */
  readonly signal?: AbortSignal;
}

export interface ExtractProgress {
  /** Forward passes, one per image; twice the number of images if mirror images are used. */
  readonly done: number;
  readonly total: number;
  /** How many of `done` came from the cache. */
  readonly cached: number;
}

/** More than that is read from the cache's files. */
const IN_MEMORY_BYTES = 250e6;

/** Pictures in each part of the cache: a stopped extraction loses one part at most. */
const PART_SIZE = 2500;

/**
 * The features of every picture of a data set, in its order.
 *
 * The cache goes by content: the pictures' own bytes, the backbone's own weights, its input size and scaling, the engine. Another
 * data set, split, size or weights file is never mistaken for what was cached; what is damaged is noticed and computed
 * again, and where nothing can be kept, a notice says so once. The first pictures of a data set share their part files (2,500 pictures each) with the whole of it.
 *
 * @throws Interrupted
 */
export async function extractFeatures(
  backbone: Pick<Backbone, 'model' | 'preprocess'>,
  dataset: ImageDataset,
  options: ExtractOptions = {},
): Promise<Features> {
  checkOptions<ExtractOptions>('extractFeatures', options, {
    mirror: oneOf('none', 'append', 'average'),
    batchSize: positiveInteger,
    engine: engineRule,
    cache: flag,
    cacheDirectory: text,
    storage: oneOf('auto', 'memory', 'file'),
    onProgress: callback,
    onNotice: callback,
    signal: abortSignal,
  });
  const { mirror = 'none', storage = 'auto' } = options;
  await yieldToEvents(); // watchInterrupts wants an await before it
  const interrupts = watchInterrupts(options.signal);
  let extraction: Extraction | undefined;
  try {
    extraction = new Extraction(backbone, dataset, { ...options, mirror, interrupts });
    const { labels, classNames } = dataset;
    const isAppended = mirror === 'append';
    const size = isAppended ? 2 * dataset.size : dataset.size;
    const width = backbone.model.outputs[0].shape[1] as number;
    const isInFiles = storage === 'file' || (storage === 'auto' && isLarge({ size, width }));
    const whole = new Float32Array(isInFiles ? 0 : size * width);
    const parts: FeatureRows['parts'][number][] = [];
    let [filled, seconds] = [0, 0];
    for await (const { values, path, ...part } of extraction.parts()) {
      if (isInFiles) parts.push({ size: values.length / width, values: path ?? values });
      else whole.set(values, filled);
      filled += values.length;
      seconds += part.seconds;
    }
    return {
      values: isInFiles ? { parts, rows: indicesBetween(0, size) } : whole,
      labels: isAppended ? Int32Array.from([...labels, ...labels]) : labels,
      classNames,
      size,
      width,
      seconds,
    };
  } finally {
    interrupts.stop();
    extraction?.dispose();
  }
}

/** Features of a part's pictures, and the file that holds them, if one does. */
type ExtractedPart = CachedFeatures & { readonly path?: string };

/** One call of `extractFeatures`. */
class Extraction {
  private readonly predictor;
  private readonly fingerprint: string;
  private readonly total: number;
  private done = 0;
  private cached = 0;

  constructor(
    private readonly backbone: Pick<Backbone, 'model' | 'preprocess'>,
    private readonly dataset: ImageDataset,
    private readonly options: ExtractOptions & { readonly interrupts: Interrupts },
  ) {
    const { height, width } = dataset;
    const { engine = 'auto' } = options;
    this.predictor = createEnginePredictor(backbone, { engine, height, width });
    this.fingerprint = options.cache === false ? '' : fingerprintModel(backbone.model);
    this.total = dataset.size * (options.mirror === 'none' ? 1 : 2);
  }

  /** All features, in their order. */
  async *parts(): AsyncGenerator<ExtractedPart> {
    const { mirror } = this.options;
    const { size } = this.dataset;
    for (const isMirrored of mirror === 'append' ? [false, true] : [false]) {
      for (let start = 0; start < size; start += PART_SIZE) {
        const order = indicesBetween(start, Math.min(start + PART_SIZE, size));
        const part = await this.part(order, isMirrored);
        if (mirror === 'average') {
          const { values, seconds } = await this.part(order, true);
          const mean = part.values.map((value, place) => (value + values[place]) / 2);
          yield { values: mean, seconds: part.seconds + seconds };
        } else yield part;
      }
    }
  }

  /** The pictures of a part, batch by batch. */
  private async *images(order: Uint32Array, isMirrored: boolean): AsyncGenerator<Uint8Array> {
    const { batchSize = predictionBatch(this.backbone) } = this.options;
    for await (const { images } of batches(this.dataset, { batchSize, order })) {
      yield isMirrored ? mirrored(images, this.dataset) : images;
    }
  }

  private async part(order: Uint32Array, isMirrored: boolean): Promise<ExtractedPart> {
    const size = order.length;
    const { cache = true, cacheDirectory, engine = 'auto', onNotice = console.warn } = this.options;
    const { height, width } = this.dataset;
    const file = cache
      ? await featureFile({
          images: this.images(order, isMirrored),
          picture: [size, height, width],
          preprocess: this.backbone.preprocess,
          model: this.fingerprint,
          engine: await describeEngine(engine),
          directory: cacheDirectory,
        })
      : undefined;
    const count = size * (this.backbone.model.outputs[0].shape[1] as number);
    const read = async (onNotice: (notice: string) => void) => {
      const known = file && (await readFeatures(file, { count, onNotice }));
      if (!known) return undefined;
      this.cached += size;
      this.advance(size);
      return { ...known, path: file.path };
    };
    const known = await read(onNotice);
    if (known) return known;
    const lock = file && (await lockFeatures(file, this.options.interrupts));
    try {
      // Another run may have computed them while this one waited.
      const made = lock && (await read(() => undefined));
      if (made) return made;
      const startedAt = performance.now();
      const values = await this.compute(this.images(order, isMirrored), count);
      const computed = { values, seconds: (performance.now() - startedAt) / 1000 };
      const isKept = file && (await writeFeatures(file, { ...computed, onNotice }));
      return isKept ? { ...computed, path: file.path } : computed;
    } finally {
      lock?.release();
    }
  }

  private async compute(images: AsyncIterable<Uint8Array>, count: number): Promise<Float32Array> {
    const values = new Float32Array(count);
    const { height, width } = this.dataset;
    let filled = 0;
    for await (const batch of images) {
      if (this.options.interrupts.requested) {
        throw new Interrupted(
          `Feature extraction was interrupted after ${this.done} of ${this.total} pictures: ` +
            (this.options.cache === false
              ? 'nothing of it is kept.'
              : 'run it again to continue with what the cache has.'),
        );
      }
      const size = batch.length / (height * width * 3);
      const computed = await this.predictor.run(batch, size);
      values.set(computed, filled);
      filled += computed.length;
      this.advance(size);
      await yieldToEvents();
    }
    return values;
  }

  private advance(pictures: number): void {
    this.done += pictures;
    this.options.onProgress?.({ done: this.done, total: this.total, cached: this.cached });
  }

  dispose(): void {
    this.predictor.dispose();
  }
}

/** Runs side by side compute no part twice. Undefined where there can be no lock, as on a read-only disk, or to stop. */
function lockFeatures(
  { path }: FeatureFile,
  interrupts: Interrupts,
): Promise<FolderLock | undefined> {
  const waits = () => !interrupts.requested;
  return lockFile(`${path}.lock`, 'compute features', { waits }).catch(() => undefined);
}

/**
 * The rows at `indices`, in that order: copied, and of files left where they are if that is more than 250 MB.
 *
 * @throws RangeError for an index that is not a row's; Error where a file is missing or shorter.
 */
export function selectFeatures(features: Features, indices: ArrayLike<number>): Features {
  const { values, labels, width } = features;
  const of = { of: 'the features', what: 'rows' };
  const size = indices.length;
  if (values instanceof Float32Array)
    return { ...features, ...selectRows({ values, labels, width }, indices, of), size };
  const chosen = selectRows({ values: values.rows, labels, width: 1 }, indices, of);
  const rows = { parts: values.parts, rows: chosen.values };
  const selected = { ...features, labels: chosen.labels, values: rows, size };
  return isLarge(selected) ? selected : { ...selected, values: featureValues(selected) };
}

function isLarge({ size, width }: Pick<Features, 'size' | 'width'>): boolean {
  return size * width * Float32Array.BYTES_PER_ELEMENT > IN_MEMORY_BYTES;
}

/**
 * All values, float32 [size, width], row by row, not to be written to.
 *
 * @throws Error where a file is missing or shorter.
 */
export function featureValues({ values, size, width }: Features): Float32Array {
  if (values instanceof Float32Array) return values;
  const { parts, rows } = values;
  const result = new Float32Array(size * width);
  let start = 0;
  for (const part of parts) {
    const end = start + part.size;
    const places = Uint32Array.from(rows.keys()).filter(
      (place) => rows[place] >= start && rows[place] < end,
    );
    const wanted = places.map((place) => rows[place] - start);
    for (const [position, row] of rowsOfPart(part.values, wanted, width).entries()) {
      result.set(row, places[position] * width);
    }
    start = end;
  }
  return result;
}

function rowsOfPart(part: Float32Array | string, rows: Uint32Array, width: number): Float32Array[] {
  const rowAt = (values: Float32Array, row: number) =>
    values.subarray(row * width, (row + 1) * width);
  if (part instanceof Float32Array) return Array.from(rows, (row) => rowAt(part, row));
  if (rows.length === 0) return [];
  const bytes = width * Float32Array.BYTES_PER_ELEMENT;
  const read = readRowsSync({ path: part, rows, offset: HEADER_BYTES }, bytes);
  const values = new Float32Array(read.buffer);
  return Array.from(rows.keys(), (position) => rowAt(values, position));
}

/** The values in blocks of 4,096 rows at most, so that never more than one is read at once. */
export function* featureBlocks(features: Features): Generator<Float32Array> {
  const { values, size, width } = features;
  for (let start = 0; start < size; start += 4096) {
    const end = Math.min(start + 4096, size);
    yield values instanceof Float32Array
      ? values.subarray(start * width, end * width)
      : featureValues(selectFeatures(features, indicesBetween(start, end)));
  }
}

/**
 * Pictures mirrored left to right, copied.
 *
 * @param images uint8 [n, height, width, 3].
 */
export function mirrored(images: Uint8Array, { width }: { readonly width: number }): Uint8Array {
  const result = new Uint8Array(images.length);
  const rowBytes = width * 3;
  for (let row = 0; row < images.length / rowBytes; row++) {
    for (let x = 0; x < width; x++) {
      const from = row * rowBytes + x * 3;
      const to = row * rowBytes + (width - 1 - x) * 3;
      result[to] = images[from];
      result[to + 1] = images[from + 1];
      result[to + 2] = images[from + 2];
    }
  }
  return result;
}
