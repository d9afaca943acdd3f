/**
 * Image features: the output of a frozen backbone for each image, computed once and cached.
 *
 * The backbone runs as one graph with its weights as constants, in ONNX Runtime or TensorFlow; pictures are resized in that
 * graph, batch by batch, so that never more than one batch exists at the backbone's size.
 */
import { imageBytes, type ImageDataset, selectRows } from '../data/dataset';
import {
  createEnginePredictor,
  describeEngine,
  type Engine,
  engineRule,
} from '../evaluation/engine';
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
  readFeatures,
  writeFeatures,
} from './featureCache';

/** Feature vectors with the labels of their pictures. */
export interface Features {
  /** float32 [size, width], row by row. Not to be written to. */
  readonly values: Float32Array;
  /** [size], each from 0 to classNames.length - 1. */
  readonly labels: Int32Array;
  readonly classNames: readonly string[];
  readonly size: number;
  /** Features of one picture. */
  readonly width: number;
  /** What computing them took; for what came from the cache, what it took when it was computed. */
  readonly seconds: number;
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
  /** Pictures a run of the graph. Default 32: at 192 px one layer's result alone takes 113 MB. */
  readonly batchSize?: number;
  /** What computes. Default 'auto'. */
  readonly engine?: Engine;
  /** Keep features on disk, and take them from there. Default true. */
  readonly cache?: boolean;
  /** Where; default: `data/features` in the project's folder. It may be deleted at any time. */
  readonly cacheDirectory?: string;
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
    onProgress: callback,
    onNotice: callback,
    signal: abortSignal,
  });
  const { mirror = 'none' } = options;
  await yieldToEvents(); // watchInterrupts wants an await before it
  const interrupts = watchInterrupts(options.signal);
  let extraction: Extraction | undefined;
  try {
    extraction = new Extraction(backbone, dataset, { ...options, mirror, interrupts });
    const { labels, classNames, size } = dataset;
    const width = backbone.model.outputs[0].shape[1] as number;
    const features = { labels, classNames, size, width, ...(await extraction.view(false)) };
    if (mirror === 'none') return features;
    const other = { ...features, ...(await extraction.view(true)) };
    return mirror === 'append' ? appendFeatures(features, other) : averageFeatures(features, other);
  } finally {
    interrupts.stop();
    extraction?.dispose();
  }
}

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

  /** The features of all pictures, or of their mirror images: float32 [size, width]. */
  async view(isMirrored: boolean): Promise<CachedFeatures> {
    const { size, width } = this.dataset;
    const features = this.backbone.model.outputs[0].shape[1] as number;
    const values = new Float32Array(size * features);
    let seconds = 0;
    const bytes = imageBytes(this.dataset);
    for (let start = 0; start < size; start += PART_SIZE) {
      const end = Math.min(start + PART_SIZE, size);
      const part = this.dataset.images.subarray(start * bytes, end * bytes);
      const images = isMirrored ? mirrored(part, { width }) : part;
      const computed = await this.part(images, end - start);
      values.set(computed.values, start * features);
      seconds += computed.seconds;
    }
    return { values, seconds };
  }

  private async part(images: Uint8Array, size: number): Promise<CachedFeatures> {
    const { cache = true, cacheDirectory, engine = 'auto', onNotice = console.warn } = this.options;
    const { height, width } = this.dataset;
    const file = cache
      ? featureFile({
          images,
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
      return known;
    };
    const known = await read(onNotice);
    if (known) return known;
    const lock = file && (await lockFeatures(file, this.options.interrupts));
    try {
      // Another run may have computed them while this one waited.
      const made = lock && (await read(() => undefined));
      if (made) return made;
      const startedAt = performance.now();
      const values = await this.compute(images, size, count);
      const computed = { values, seconds: (performance.now() - startedAt) / 1000 };
      if (file) await writeFeatures(file, { ...computed, onNotice });
      return computed;
    } finally {
      lock?.release();
    }
  }

  private async compute(images: Uint8Array, size: number, count: number): Promise<Float32Array> {
    const { batchSize = 32, interrupts } = this.options;
    const values = new Float32Array(count);
    const bytes = imageBytes(this.dataset);
    for (let start = 0; start < size; start += batchSize) {
      if (interrupts.requested) {
        throw new Interrupted(
          `Feature extraction was interrupted after ${this.done} of ${this.total} pictures: ` +
            (this.options.cache === false
              ? 'nothing of it is kept.'
              : 'run it again to continue with what the cache has.'),
        );
      }
      const end = Math.min(start + batchSize, size);
      const batch = images.subarray(start * bytes, end * bytes);
      values.set(await this.predictor.run(batch, end - start), start * (count / size));
      this.advance(end - start);
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
 * The rows at `indices`, in that order, copied.
 *
 * @throws RangeError for an index that is not a row's.
 */
export function selectFeatures(features: Features, indices: ArrayLike<number>): Features {
  const selected = selectRows(features, indices, { of: 'the features', what: 'rows' });
  return { ...features, ...selected, size: indices.length };
}

function appendFeatures(a: Features, b: Features): Features {
  const values = new Float32Array(a.values.length + b.values.length);
  values.set(a.values);
  values.set(b.values, a.values.length);
  const labels = new Int32Array(a.size + b.size);
  labels.set(a.labels);
  labels.set(b.labels, a.size);
  return { ...a, values, labels, size: a.size + b.size, seconds: a.seconds + b.seconds };
}

function averageFeatures(a: Features, b: Features): Features {
  const values = a.values.map((value, index) => (value + b.values[index]) / 2);
  return { ...a, values, seconds: a.seconds + b.seconds };
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
