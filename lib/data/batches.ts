import { anyValue, checkOptions, positiveInteger, required } from '../options';
import { type Rng, shuffledIndices } from '../random';
import { type ImageDataset, imageBytes, select } from './dataset';
import { readRows } from './fileRows';

export interface Batch {
  /** uint8 [size, height, width, 3], 0…255. */
  readonly images: Uint8Array;
  /** [size]. */
  readonly labels: Int32Array;
  readonly size: number;
}

export interface BatchOptions {
  readonly batchSize: number;
  /** Indices into the data set, e.g. `shuffledIndices(size, rng)`; the data set's own order without it. */
  readonly order?: Uint32Array;
}

/**
 * The data set in batches; the last one is smaller where the size is no multiple, and is kept. While one is used, the next one
 * is read.
 *
 * Every batch is a copy, so it may be kept.
 */
export function batches(
  dataset: ImageDataset,
  options: BatchOptions,
): AsyncGenerator<Batch, void, undefined> {
  checkOptions('batches', options, { batchSize: required(positiveInteger), order: anyValue });
  return generateBatches(dataset, options); // apart, so that wrong options fail here and not at the first batch
}

async function* generateBatches(
  dataset: ImageDataset,
  { batchSize, order = indicesBetween(0, dataset.size) }: BatchOptions,
): AsyncGenerator<Batch, void, undefined> {
  const count = Math.ceil(order.length / batchSize);
  const next = readAhead(count, (index) =>
    loadBatch(dataset, order.subarray(index * batchSize, (index + 1) * batchSize)),
  );
  for (let index = 0; index < count; index++) yield next();
}

/** start … end - 1. */
export function indicesBetween(start: number, end: number): Uint32Array {
  return Uint32Array.from({ length: end - start }, (_, index) => start + index);
}

/**
 * The pictures at `indices`, in that order. Where they are in a file, all reads are under way when this returns.
 *
 * @throws RangeError for an index outside the data set; Error where the file is missing.
 */
export async function loadBatch(dataset: ImageDataset, indices: ArrayLike<number>): Promise<Batch> {
  const { images, labels, size } = select(dataset, indices);
  const inMemory = images instanceof Uint8Array ? images : readRows(images, imageBytes(dataset));
  return { images: await inMemory, labels, size };
}

/**
 * Reads 0 … count - 1, one ahead of what is asked for.
 *
 * @returns a function that gives the next one, and begins to read the one behind it.
 */
export function readAhead<T>(count: number, read: (index: number) => Promise<T>): () => Promise<T> {
  let place = 0;
  const begin = (): Promise<T> => {
    const reading = (async () => read(place++))(); // a throw is a failure of that reading, too
    reading.catch(() => undefined); // told where it is asked for, and to nothing else where it never is
    return reading;
  };
  let ahead: Promise<T> | undefined;
  return async () => {
    const wanted = await (ahead ?? begin());
    ahead = place < count ? begin() : undefined;
    return wanted;
  };
}

/**
 * As many indices as there are pictures, each class as often as every other, in random order: a class's pictures are drawn in
 * random order, all of them before one comes again. Where the classes do not divide the pictures, some give one more.
 *
 * @param dataset with at least one picture of each class.
 */
export function balancedIndices(
  { labels, classNames }: Pick<ImageDataset, 'labels' | 'classNames'>,
  rng: Rng,
): Uint32Array {
  const members = classNames.map((): number[] => []);
  labels.forEach((label, index) => members[label].push(index));
  const drawn: number[] = [];
  shuffledIndices(members.length, rng).forEach((label, place) => {
    const end = Math.floor(((place + 1) * labels.length) / members.length);
    while (drawn.length < end) {
      const order = shuffledIndices(members[label].length, rng);
      for (const position of order.subarray(0, end - drawn.length))
        drawn.push(members[label][position]);
    }
  });
  return shuffledIndices(drawn.length, rng).map((place) => drawn[place]);
}
