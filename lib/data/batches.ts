import { anyValue, checkOptions, positiveInteger, required } from '../options';
import { type Rng, shuffledIndices } from '../random';
import { type ImageDataset, imageBytes, select } from './dataset';

export interface Batch {
  /** uint8 [size, height, width, 3], 0…255. Perhaps a view of the data set: not to be written to. */
  readonly images: Uint8Array;
  /** [size]. Perhaps a view of the data set: not to be written to. */
  readonly labels: Int32Array;
  readonly size: number;
}

export interface BatchOptions {
  readonly batchSize: number;
  /** Indices into the data set, e.g. `shuffledIndices(size, rng)`; the data set's own order without it. */
  readonly order?: Uint32Array;
}

/**
 * The data set in batches; the last one is smaller where the size is no multiple, and is kept.
 *
 * No buffer is used twice, so a batch may be kept. With `order` every batch is a copy; without, it
 * is a view of the data set, which costs nothing.
 */
export function batches(
  dataset: ImageDataset,
  options: BatchOptions,
): Generator<Batch, void, undefined> {
  checkOptions('batches', options, { batchSize: required(positiveInteger), order: anyValue });
  return generateBatches(dataset, options); // apart, so that wrong options fail here and not at the first batch
}

function* generateBatches(
  dataset: ImageDataset,
  { batchSize, order }: BatchOptions,
): Generator<Batch, void, undefined> {
  const count = order?.length ?? dataset.size;
  const bytes = imageBytes(dataset);
  for (let start = 0; start < count; start += batchSize) {
    const end = Math.min(start + batchSize, count);
    if (order) {
      const { images, labels, size } = select(dataset, order.subarray(start, end));
      yield { images, labels, size };
    } else {
      yield {
        images: dataset.images.subarray(start * bytes, end * bytes),
        labels: dataset.labels.subarray(start, end),
        size: end - start,
      };
    }
  }
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
