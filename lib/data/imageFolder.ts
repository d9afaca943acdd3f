/** A user's own pictures: a folder with one folder for each class. */
import { availableParallelism } from 'node:os';
import { basename, relative, resolve } from 'node:path';
import {
  abortSignal,
  callback,
  checkOptions,
  positiveInteger,
  properFraction,
  seedInteger,
} from '../options';
import { createRng, shuffledIndices } from '../random';
import {
  countByClass,
  createDataset,
  type DatasetSplits,
  type ImageDataset,
  type SkippedFile,
  stratifiedQuotas,
} from './dataset';
import { decodeImage } from './image';
import { type ClassFolder, listSplits } from './pictureFiles';

export interface ImageFolderOptions {
  /** Height and width that every picture is brought to; default 32. */
  readonly size?: number;
  /** Chooses the test pictures and the order; default 42. */
  readonly seed?: number;
  /** The share of the test set where there is no `test` folder; default 0.2. */
  readonly testFraction?: number;
  readonly signal?: AbortSignal;
  /** Called after each picture. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Receives what the user must know, such as the files that were skipped. Default: console.warn. */
  readonly onNotice?: (notice: string) => void;
}

/** The decoded pictures stay in memory, beside the training: more than this is refused. */
const MAX_BYTES = 1.5e9;

/**
 * Loads `directory/<class name>/<picture>`, or `directory/train|val|test/<class name>/<picture>`.
 *
 * The classes are the folders' names, sorted. Without a `test` folder, a stratified fifth becomes the
 * test set, by seed. Every set is in a random order, by seed. Pictures that cannot be read are left
 * out, listed in `skipped` and told in a notice.
 *
 * Pictures are decoded a few at a time: beyond the result (3 × size² bytes a picture) little memory is used.
 *
 * @throws Error where there are fewer than two classes, where a class has too few pictures (it is
 *   named), or where the result would not fit into memory.
 */
export async function loadImageFolder(
  directory: string,
  options: ImageFolderOptions = {},
): Promise<DatasetSplits> {
  checkOptions('loadImageFolder', options, {
    size: positiveInteger,
    seed: seedInteger,
    testFraction: properFraction,
    signal: abortSignal,
    onProgress: callback,
    onNotice: callback,
  });
  const { size = 32, seed = 42, testFraction = 0.2, onNotice = console.warn } = options;
  const root = resolve(directory);
  const given = await listSplits(root);
  const skipped = [...given.skipped];
  const { train, test } = given.test
    ? { train: given.train, test: given.test }
    : holdOutTest(given.train, testFraction, seed);
  if (given.val && !given.test) {
    onNotice(`${root} has no test folder: a part of its train folder is tested on instead.`);
  }
  const total = countFiles([...train, ...test, ...(given.val ?? [])]);
  checkMemory(total, size);

  const classNames = given.train.map(({ className }) => className);
  let done = 0;
  const load = (split: string, classes: readonly ClassFolder[]): Promise<ImageDataset> =>
    decodeSet(shuffled(classes, seed, split), {
      name: basename(root),
      classNames,
      size,
      signal: options.signal,
      skipped,
      onPicture: () => options.onProgress?.(++done, total),
    });
  const trainSet = await load('train', train);
  const testSet = await load('test', test);
  const valSet = given.val && (await load('val', given.val));
  for (const set of [trainSet, testSet]) requireEveryClass(set, root);
  if (skipped.length > 0) onNotice(skippedNotice(skipped, root));
  return {
    name: trainSet.name,
    source: 'folder',
    trainSet,
    testSet,
    ...(valSet && { valSet }),
    skipped,
  };
}

/** Takes a stratified share of each class's files for the test set. */
function holdOutTest(
  classes: readonly ClassFolder[],
  testFraction: number,
  seed: number,
): { readonly train: readonly ClassFolder[]; readonly test: readonly ClassFolder[] } {
  const quotas = stratifiedQuotas(
    classes.map(({ files }) => files.length),
    testFraction,
  ).map((quota) => Math.max(quota, 1));
  const part = (isTest: boolean): ClassFolder[] =>
    classes.map(({ className, files }, label) => {
      const order = shuffledIndices(files.length, createRng(seed, 'test split', className));
      const chosen = isTest ? order.slice(0, quotas[label]) : order.slice(quotas[label]);
      return { className, files: Array.from(chosen.sort(), (index) => files[index]) };
    });
  return { train: part(false), test: part(true) };
}

interface LabelledFile {
  readonly path: string;
  readonly className: string;
}

/** All files of a split in random order: the first few are then a fair sample of the classes. */
function shuffled(classes: readonly ClassFolder[], seed: number, split: string): LabelledFile[] {
  const files = classes.flatMap(({ className, files }) =>
    files.map((path) => ({ path, className })),
  );
  const order = shuffledIndices(files.length, createRng(seed, 'folder order', split));
  return Array.from(order, (index) => files[index]);
}

interface DecodeSetOptions {
  readonly name: string;
  readonly classNames: readonly string[];
  readonly size: number;
  readonly signal?: AbortSignal;
  readonly skipped: SkippedFile[];
  readonly onPicture: () => void;
}

/** Decodes files into one data set; those that fail are added to `skipped`. */
async function decodeSet(
  files: readonly LabelledFile[],
  options: DecodeSetOptions,
): Promise<ImageDataset> {
  const { name, classNames, size, signal, skipped, onPicture } = options;
  const bytes = size * size * 3;
  const images = new Uint8Array(files.length * bytes);
  const failures = new Map<number, string>();
  let next = 0;
  const decodeNext = async (): Promise<void> => {
    while (next < files.length) {
      signal?.throwIfAborted();
      const index = next++;
      try {
        const { data } = await decodeImage(files[index].path, { height: size, width: size });
        images.set(data, index * bytes);
      } catch (error) {
        failures.set(index, reasonOf(error));
      }
      onPicture();
    }
  };
  // As many at once as there are processors: each holds one whole picture in memory for a moment.
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), 4) }, decodeNext));

  const labels: number[] = [];
  for (const [index, { path, className }] of files.entries()) {
    const failure = failures.get(index);
    if (failure !== undefined) {
      skipped.push({ path, reason: failure });
      continue;
    }
    // Close the gaps that failures left; the order stays.
    images.copyWithin(labels.length * bytes, index * bytes, (index + 1) * bytes);
    labels.push(classNames.indexOf(className));
  }
  return createDataset({
    name,
    source: 'folder',
    images: images.subarray(0, labels.length * bytes),
    labels: Int32Array.from(labels),
    classNames,
    height: size,
    width: size,
  });
}

/** The decoder's own words: the file's name stands beside them already. */
function reasonOf(error: unknown): string {
  const inner = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return inner instanceof Error ? inner.message.trim() : String(inner);
}

function checkMemory(pictures: number, size: number): void {
  const bytes = pictures * size * size * 3;
  if (bytes <= MAX_BYTES) return;
  const largest = Math.floor(Math.sqrt(MAX_BYTES / (3 * pictures)));
  throw new Error(
    `Expected pictures of at most ${MAX_BYTES / 1e9} GB in memory but ${pictures} of ${size} × ${size} ` +
      `take ${(bytes / 1e9).toFixed(1)} GB: pass a size of ${largest} or less.`,
  );
}

function requireEveryClass(set: ImageDataset, root: string): void {
  const counts = countByClass(set);
  const empty = set.classNames.filter((_, label) => counts[label] === 0);
  if (empty.length === 0) return;
  throw new Error(
    `Expected readable pictures of each class to train and to test with in ${root} ` +
      `but too few could be read of ${empty.join(', ')}: add pictures or remove the folder.`,
  );
}

function skippedNotice(skipped: readonly SkippedFile[], root: string): string {
  const shown = skipped
    .slice(0, 5)
    .map(({ path, reason }) => `\n  ${relative(root, path)}: ${reason}`);
  const more = skipped.length - shown.length;
  const count = `${skipped.length} file${skipped.length === 1 ? '' : 's'}`;
  return `Skipped ${count} in ${root}:${shown.join('')}${more > 0 ? `\n  … and ${more} more` : ''}`;
}

function countFiles(classes: readonly ClassFolder[]): number {
  return classes.reduce((sum, { files }) => sum + files.length, 0);
}
