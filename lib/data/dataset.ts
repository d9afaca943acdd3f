/** Labelled pictures, one byte a value, in memory or in a file: 60,000 pictures of 32×32 take 184 MB. */
import {
  checkOption,
  checkOptions,
  describeValue,
  nonNegativeInteger,
  positiveInteger,
  properFraction,
  required,
  seedInteger,
} from '../options';
import { createRng, shuffledIndices } from '../random';
import { fingerprintArrays } from './checksum';
import { type FileRows, readRowsSync } from './fileRows';
import { coverResize } from './resize';

/**
 * Where pictures come from: `official` is the published archive, checked by its checksum; `folder` is
 * what the user pointed at, checked by its layout alone; `generated` was drawn by this project.
 */
export type DatasetSource = 'official' | 'folder' | 'generated';

export interface ImageDataset {
  /** `CIFAR-10`, `generated sample` or the folder's name: it goes into titles and records. */
  readonly name: string;
  readonly source: DatasetSource;
  /**
   * uint8 [size, height, width, 3] (NHWC), RGB, 0…255, not to be written to; or where they are in a file. Whatever looks at
   * them takes them from `imagesAt`, `imageOf` or `batches`.
   */
  readonly images: Uint8Array | FileRows;
  /** [size], each from 0 to classNames.length - 1. */
  readonly labels: Int32Array;
  readonly classNames: readonly string[];
  readonly size: number;
  readonly height: number;
  readonly width: number;
  /** [size], the absolute path of each picture's file. Only of a folder of pictures. */
  readonly paths?: readonly string[];
  /** [size], where each picture stands in CIFAR-10's files: training 0…49,999, test 50,000…59,999. Of nothing else. */
  readonly numbers?: Uint32Array;
}

/** What is trained with and what is tested with, from one place. */
export interface DatasetSplits {
  readonly name: string;
  readonly source: DatasetSource;
  readonly trainSet: ImageDataset;
  readonly testSet: ImageDataset;
  /** Only where a folder brings its own; `splitDataset` makes one otherwise. */
  readonly valSet?: ImageDataset;
  /**
   * SHA-256, hexadecimal, of the data before limits and random splits: the same for every seed. Absent for the generated
   * sample, which a seed draws.
   */
  readonly sourceSha256?: string;
  /** Of a folder of pictures: SHA-256 of all its files' names and sizes, whatever size, sets and corrections are asked for. */
  readonly filesSha256?: string;
  /** What was decided about single pictures, and applied. Absent for pictures that are not read from files. */
  readonly corrections?: AppliedCorrections;
  /** Read from CIFAR-10's own files: a name proves nothing, since a folder of pictures may bear it too. */
  readonly isCifar10?: boolean;
  /** Only of a folder of pictures: the files that were passed over, and why. */
  readonly skipped?: readonly SkippedFile[];
}

export interface SkippedFile {
  readonly path: string;
  readonly reason: string;
}

/** What loading made of a file of corrections. */
export interface AppliedCorrections {
  /** The file's path; it need not exist yet. */
  readonly file: string;
  /** Pictures of another class than their folder, or record, says. */
  readonly relabelled: number;
  readonly dropped: number;
  /** SHA-256 of the file, hexadecimal; null where there is none. */
  readonly sha256: string | null;
}

/** Pictures are RGB throughout, one byte a channel. */
const CHANNELS = 3;

/**
 * A checked data set; the arrays are kept, not copied.
 *
 * @throws Error where the arrays' lengths do not fit each other or a label names no class.
 */
export function createDataset(fields: Omit<ImageDataset, 'size'>): ImageDataset {
  const { name, images, labels, classNames, height, width } = fields;
  const size = labels.length;
  const bytes = imageBytes(fields);
  const given = images instanceof Uint8Array ? images.length : images.rows.length * bytes;
  if (given !== size * bytes) {
    throw new Error(
      `Expected ${size * bytes} bytes (${size} × ${height} × ${width} × ${CHANNELS}) in the images of ` +
        `"${name}" but received ${given}: pass one label for each picture.`,
    );
  }
  if (fields.paths && fields.paths.length !== size) {
    throw new Error(
      `Expected ${size} paths of "${name}", as many as labels, but received ${fields.paths.length}: ` +
        'pass one for each picture, or none.',
    );
  }
  const wrong = labels.findIndex((label) => label < 0 || label >= classNames.length);
  if (wrong >= 0) {
    throw new Error(
      `Expected the labels of "${name}" to be from 0 to ${classNames.length - 1} ` +
        `but received ${labels[wrong]} at index ${wrong}: check the class names.`,
    );
  }
  return { ...fields, size };
}

/**
 * The first `count` pictures; all of them where there are fewer. A view: nothing is copied. For a limit on what is
 * trained with see {@link takeStratified}: the first few need not hold every class.
 */
export function take(dataset: ImageDataset, count: number): ImageDataset {
  checkOption('take', 'count', count, required(nonNegativeInteger));
  const size = Math.min(count, dataset.size);
  const { images } = dataset;
  return {
    ...dataset,
    images:
      images instanceof Uint8Array
        ? images.subarray(0, size * imageBytes(dataset))
        : { ...images, rows: images.rows.subarray(0, size) },
    labels: dataset.labels.subarray(0, size),
    size,
    ...(dataset.paths && { paths: dataset.paths.slice(0, size) }),
    ...(dataset.numbers && { numbers: dataset.numbers.subarray(0, size) }),
  };
}

/**
 * The pictures at `indices`, in that order: copied in memory, and left where they are in a file.
 *
 * @throws RangeError for an index outside the data set.
 */
export function select(dataset: ImageDataset, indices: ArrayLike<number>): ImageDataset {
  const { images, labels, paths, numbers } = dataset;
  const rows =
    images instanceof Uint8Array
      ? { values: images, labels, width: imageBytes(dataset) }
      : { values: images.rows, labels, width: 1 };
  const of = { of: `"${dataset.name}"`, what: 'pictures' };
  const selected = selectRows<Uint8Array | Uint32Array>(rows, indices, of);
  const { values } = selected;
  return {
    ...dataset,
    images: values instanceof Uint8Array ? values : { ...(images as FileRows), rows: values },
    labels: selected.labels,
    size: indices.length,
    ...(paths && { paths: Array.from(indices, (index) => paths[index]) }),
    ...(numbers && { numbers: Uint32Array.from(indices, (index) => numbers[index]) }),
  };
}

/**
 * The rows at `indices`, in that order, copied with their labels.
 *
 * @param rows.values [labels.length, width], row by row.
 * @param words for the error: what the indices belong to, and what they choose.
 * @throws RangeError for an index outside the rows.
 */
export function selectRows<Values extends Uint8Array | Uint32Array | Float32Array>(
  rows: { readonly values: Values; readonly labels: Int32Array; readonly width: number },
  indices: ArrayLike<number>,
  { of, what }: { readonly of: string; readonly what: string },
): { readonly values: Values; readonly labels: Int32Array } {
  const { values, labels, width } = rows;
  const length = indices.length * width;
  // Not by the values' own constructor: they may be a Buffer, whose slices are views.
  const Type = [Float32Array, Uint32Array].find((type) => values instanceof type) ?? Uint8Array;
  const selected = new Type(length) as Values;
  const selectedLabels = new Int32Array(indices.length);
  for (let position = 0; position < indices.length; position++) {
    const index = indices[position];
    if (!Number.isInteger(index) || index < 0 || index >= labels.length) {
      throw new RangeError(
        `Expected indices from 0 to ${labels.length - 1} of ${of} ` +
          `but received ${describeValue(index)}: select ${what} that exist.`,
      );
    }
    selected.set(values.subarray(index * width, (index + 1) * width), position * width);
    selectedLabels[position] = labels[index];
  }
  return { values: selected, labels: selectedLabels };
}

/**
 * At most `count` pictures, the same share of every class and at least one of each: of each class the first ones, in
 * the data set's order. All of them where there are no more, or where `count` is 0.
 *
 * @param name what the caller calls the limit, for the error.
 * @throws RangeError for a limit below the number of classes.
 */
export function takeStratified(dataset: ImageDataset, count: number, name = 'count'): ImageDataset {
  const indices = stratifiedIndices(dataset, count, name);
  return indices.length === dataset.size ? dataset : select(dataset, indices);
}

/** The numbers, ascending, of the pictures that {@link takeStratified} takes. */
export function stratifiedIndices(
  dataset: Pick<ImageDataset, 'labels' | 'classNames'>,
  count: number,
  name = 'count',
): Uint32Array {
  const { labels } = dataset;
  const counts = countByClass(dataset);
  checkLimit(name, count, counts.filter((each) => each > 0).length);
  const all = Uint32Array.from(labels.keys());
  if (count === 0 || count >= labels.length) return all;
  // What is left out is a share of every class, as a validation set is, and no class gives its last picture.
  const leftOut = stratifiedQuotas(counts, (labels.length - count) / labels.length);
  const wanted = counts.map((each, label) => each - leftOut[label]);
  return all.filter((index) => wanted[labels[index]]-- > 0);
}

/**
 * Refuses a number of pictures that cannot hold one of each class; 0 stands for no limit.
 *
 * @param name what the caller calls the limit.
 */
export function checkLimit(name: string, count: number, classes: number): void {
  checkOption('the data', name, count, required(nonNegativeInteger));
  if (count === 0 || count >= classes) return;
  throw new RangeError(
    `Expected ${name} to be 0 (all pictures) or at least ${classes}, one picture of each class, ` +
      `but received ${count}: raise it.`,
  );
}

/**
 * The pictures scaled down to a longer side of at most `side` pixels, as picture files are (`coverResize`); the
 * same data set where they are no larger. The smaller ones are in memory.
 *
 * Networks from scratch take pictures of this size: an MLP's parameters grow with the number of pixels, to 308 million
 * at 224 × 224, and what a few pictures teach is not in the finest detail.
 */
export function shrinkPictures(dataset: ImageDataset, side = 64): ImageDataset {
  checkOption('shrinkPictures', 'side', side, required(positiveInteger));
  const longer = Math.max(dataset.height, dataset.width);
  if (longer <= side) return dataset;
  const scaled = (pixels: number) => Math.max(1, Math.round((pixels * side) / longer));
  const size = { height: scaled(dataset.height), width: scaled(dataset.width) };
  const images = new Uint8Array(dataset.size * imageBytes(size));
  for (let index = 0; index < dataset.size; index++) {
    const { height, width } = dataset;
    const picture = { data: imageOf(dataset, index), height, width };
    images.set(coverResize(picture, size).data, index * imageBytes(size));
  }
  return { ...dataset, images, ...size };
}

export interface SplitOptions {
  /** The validation set's share, between 0 and 1. */
  readonly valFraction?: number;
  /** The same seed chooses the same pictures. */
  readonly seed: number;
}

/**
 * Splits into training and validation set, stratified: each class gives the same share.
 *
 * The validation set has round(size × valFraction) pictures; where the classes' shares are no whole
 * numbers, those with the largest remainders give one more. No class gives its last picture. Both
 * sets keep the order of the original.
 *
 * @throws RangeError where the validation set would be empty.
 */
export function splitDataset(
  dataset: ImageDataset,
  options: SplitOptions,
): { readonly trainSet: ImageDataset; readonly valSet: ImageDataset } {
  checkOptions('splitDataset', options, {
    valFraction: properFraction,
    seed: required(seedInteger),
  });
  const { valFraction = 0.1, seed } = options;
  const quotas = stratifiedQuotas(countByClass(dataset), valFraction);
  if (quotas.every((quota) => quota === 0)) {
    throw new RangeError(
      `Expected pictures to validate with but a share of ${valFraction} of the ${dataset.size} of "${dataset.name}", ` +
        'of which each class keeps one, is none: take more pictures or a larger share.',
    );
  }

  const isVal = new Uint8Array(dataset.size);
  const order = shuffledIndices(dataset.size, createRng(seed, 'validation split'));
  for (const index of order) {
    if (quotas[dataset.labels[index]] === 0) continue;
    quotas[dataset.labels[index]]--;
    isVal[index] = 1;
  }
  const indices = Uint32Array.from({ length: dataset.size }, (_, index) => index);
  return {
    trainSet: select(
      dataset,
      indices.filter((index) => isVal[index] === 0),
    ),
    valSet: select(
      dataset,
      indices.filter((index) => isVal[index] === 1),
    ),
  };
}

/** How many pictures each class has, in the order of `classNames`. */
export function countByClass({
  labels,
  classNames,
}: Pick<ImageDataset, 'labels' | 'classNames'>): number[] {
  const counts = classNames.map(() => 0);
  for (const label of labels) counts[label]++;
  return counts;
}

const fingerprints = new WeakMap<object, string>();
/** Bytes: pictures of a file are hashed piece by piece. */
const HASHED_AT_ONCE = 4e6;

/**
 * SHA-256, in hexadecimal, of the pictures' number and size, all their bytes and all labels, in their order: what
 * records, checkpoints and comparisons know a data set by. CIFAR-10 takes .2 s, once for each value.
 */
export function fingerprintDataset(
  dataset: Pick<ImageDataset, 'size' | 'height' | 'width' | 'images' | 'labels'>,
): string {
  const known = fingerprints.get(dataset);
  if (known !== undefined) return known;
  const { size, height, width, labels } = dataset;
  const step = Math.max(1, Math.floor(HASHED_AT_ONCE / imageBytes(dataset)));
  const parts = function* (): Generator<ArrayBufferView> {
    for (let start = 0; start < size; start += step)
      yield imagesBetween(dataset, start, Math.min(start + step, size));
    yield labels;
  };
  const fingerprint = fingerprintArrays([size, height, width], parts());
  fingerprints.set(dataset, fingerprint);
  return fingerprint;
}

/** The bytes of one picture: height × width × 3. */
export function imageBytes(dataset: Pick<ImageDataset, 'height' | 'width'>): number {
  return dataset.height * dataset.width * CHANNELS;
}

/** One picture, uint8 [height · width · 3]: a view, or read from the file. */
export function imageOf(set: ImageDataset, index: number): Uint8Array {
  return imagesBetween(set, index, index + 1);
}

/**
 * The pictures at `indices`, in that order, copied: uint8 [indices.length, height, width, 3]. Where they are in a file, the event
 * loop stands still: what computes meanwhile takes `batches`.
 *
 * @throws RangeError for an index outside the data set; Error where the file is missing.
 */
export function imagesAt(dataset: ImageDataset, indices: ArrayLike<number>): Uint8Array {
  const { images } = select(dataset, indices);
  return images instanceof Uint8Array ? images : readRowsSync(images, imageBytes(dataset));
}

function imagesBetween(
  set: Pick<ImageDataset, 'images' | 'height' | 'width'>,
  start: number,
  end: number,
): Uint8Array {
  const { images } = set;
  const bytes = imageBytes(set);
  return images instanceof Uint8Array
    ? images.subarray(start * bytes, end * bytes)
    : readRowsSync({ ...images, rows: images.rows.subarray(start, end) }, bytes);
}

/**
 * How many of each class's `counts` make a share of `fraction` of all (the method of largest
 * remainders; ties go to the earlier class), leaving every class at least one.
 */
export function stratifiedQuotas(counts: readonly number[], fraction: number): number[] {
  const total = Math.round(counts.reduce((sum, count) => sum + count, 0) * fraction);
  const quotas = counts.map((count) => Math.floor(count * fraction));
  let missing = total - quotas.reduce((sum, quota) => sum + quota, 0);
  const byRemainder = counts
    .map((count, label) => ({ label, remainder: count * fraction - quotas[label] }))
    .sort((a, b) => b.remainder - a.remainder || a.label - b.label);
  // Once around is enough unless small classes have no more to give: then the others give again.
  for (let given = true; given && missing > 0;) {
    given = false;
    for (const { label } of byRemainder) {
      if (missing === 0 || quotas[label] + 1 >= counts[label]) continue;
      quotas[label]++;
      missing--;
      given = true;
    }
  }
  return quotas;
}
