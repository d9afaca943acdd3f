/** A user's own pictures: a folder with one folder for each class. */
import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import {
  abortSignal,
  callback,
  checkOptions,
  flag,
  nonNegativeInteger,
  oneOf,
  positiveInteger,
  seedInteger,
  text,
} from '../options';
import { availableMemory, dataDirectory } from '../project';
import { createRng, shuffledIndices } from '../random';
import { sha256Of } from './checksum';
import {
  CORRECTIONS_FILE,
  type Corrections,
  correctedSha256,
  pictureKey,
  readCorrections,
} from './corrections';
import {
  type AppliedCorrections,
  countByClass,
  createDataset,
  type DatasetSplits,
  type ImageDataset,
  type SkippedFile,
  stratifiedIndices,
  stratifiedQuotas,
} from './dataset';
import { sideBySide } from './image';
import { type ClassFolder, listSplits, skippedNotice } from './pictureFiles';
import {
  checkPictureStore,
  type DecodedFile,
  decodeFile,
  type PictureStore,
  withPictureStore,
} from './pictureStore';

export interface ImageFolderOptions {
  /** Height and width that every picture is brought to; default 32. */
  readonly size?: number;
  /** Chooses the test pictures and the order; default 42. */
  readonly seed?: number;
  /**
   * Training and test pictures at most, the same share of every class ({@link takeStratified}); others are not decoded.
   * A validation folder gives no more than `trainLimit` either. Default 0: all.
   */
  readonly trainLimit?: number;
  readonly testLimit?: number;
  /**
   * The pictures are to test a trained model with: those of the folder `test` where it is divided, else all, be they few; none
   * is for training. Default false.
   */
  readonly testOnly?: boolean;
  /**
   * Where the decoded pictures are (3 × size² bytes each): in `memory`, twice for a moment when validation pictures are split
   * off; or in a `file` below `cacheDirectory`, of which no more than a few batches are in memory. `auto` (the default): a file
   * from 1.5 GB on, or from a quarter of the memory on where that is less.
   */
  readonly storage?: 'auto' | 'memory' | 'file';
  /** Default: the project's `data/`. */
  readonly cacheDirectory?: string;
  readonly signal?: AbortSignal;
  /** Called after each picture that is decoded. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Receives what the user must know, such as the files that were skipped. Default: console.warn. */
  readonly onNotice?: (notice: string) => void;
}

/** Bytes of decoded pictures, beside the training and the runs of a sweep, from which on a file holds them. */
const LARGE = 1.5e9;

/** Which files become which set: what {@link loadImageFolder} decodes. */
export interface ImageFolderPlan {
  readonly root: string;
  readonly classNames: readonly string[];
  readonly size: number;
  readonly storage: 'memory' | 'file';
  /** All pictures of the folder, whatever is taken of them. */
  readonly allFiles: readonly string[];
  /** All that a limit, if there is one, does not leave out, also what corrections do: the same for every seed. */
  readonly files: readonly string[];
  readonly train: PlannedSet;
  readonly val?: PlannedSet;
  readonly test: PlannedSet;
  readonly skipped: readonly SkippedFile[];
  readonly corrections: Corrections;
}

/** Files in random order, by seed. */
interface PlannedSet {
  readonly files: readonly LabelledFile[];
  /** What the limit leaves out: each takes the place of one of its class that cannot be read. */
  readonly spare: readonly LabelledFile[];
}

interface LabelledFile {
  readonly path: string;
  readonly label: number;
}

/**
 * Looks through a folder as {@link loadImageFolder} does, and refuses what it would refuse, but decodes nothing.
 *
 * @throws Error as `loadImageFolder`.
 */
export async function planImageFolder(
  directory: string,
  options: ImageFolderOptions = {},
): Promise<ImageFolderPlan> {
  checkOptions('loadImageFolder', options, {
    size: positiveInteger,
    seed: seedInteger,
    trainLimit: nonNegativeInteger,
    testLimit: nonNegativeInteger,
    testOnly: flag,
    storage: oneOf('auto', 'memory', 'file'),
    cacheDirectory: text,
    signal: abortSignal,
    onProgress: callback,
    onNotice: callback,
  });
  const { size = 32, seed = 42, trainLimit = 0, testLimit = 0, testOnly } = options;
  const root = resolve(directory);
  const given = await listSplits(root, { testOnly });
  const { train, test } = testOnly
    ? { train: [], test: given.test ?? given.train }
    : given.test
      ? { train: given.train, test: given.test }
      : holdOutTest(given.train, seed);
  if (given.val && !given.test && !testOnly) {
    const { onNotice = console.warn } = options;
    onNotice(`${root} has no test folder: a part of its train folder is tested on instead.`);
  }
  const classNames = given.train.map(({ className }) => className);
  const corrections = readCorrections(join(root, CORRECTIONS_FILE), { classNames });
  const unseen = testOnly ? [...(given.test ? given.train : []), ...(given.val ?? [])] : [];
  corrections.leaveOut(unseen.flatMap(({ files }) => files.map((path) => pictureKey(root, path))));
  const choose = (split: string, classes: readonly ClassFolder[], name: string): PlannedSet => {
    // Corrected after the division and in the order of all files: what is dropped moves no other picture.
    const files = shuffled(classes, { classNames, seed, split }).flatMap(({ path, label }) => {
      const corrected = corrections.labelOf(pictureKey(root, path), label, () =>
        readFileSync(path),
      );
      return corrected === undefined ? [] : [{ path, label: corrected }];
    });
    const labels = Int32Array.from(files, ({ label }) => label);
    if (split !== 'val' && !testOnly) requireEveryClass({ labels, classNames }, root);
    const limit = name === 'testLimit' ? testLimit : trainLimit;
    const chosen = stratifiedIndices({ labels, classNames }, limit, name);
    const isChosen = new Set(chosen);
    return {
      files: Array.from(chosen, (index) => files[index]),
      spare: files.filter((_, index) => !isChosen.has(index)),
    };
  };
  const sets = {
    train: choose('train', train, 'trainLimit'),
    test: choose('test', test, 'testLimit'),
    ...(given.val && !testOnly && { val: choose('val', given.val, 'trainLimit') }),
  };
  const isLimited = Object.values(sets).some(({ spare }) => spare.length > 0);
  const files = isLimited
    ? Object.values(sets).flatMap((set) => set.files.map(({ path }) => path))
    : [train, test, (!testOnly && given.val) || []].flat().flatMap((each) => each.files);
  const storage = chooseStorage(Object.values(sets), size, options.storage);
  const { skipped } = given;
  const present = [given.train, given.val ?? [], given.test ?? []].flat();
  const allFiles = present.flatMap((each) => each.files);
  return { root, allFiles, classNames, size, storage, files, ...sets, skipped, corrections };
}

/**
 * Loads `directory/<class name>/<picture>`, or `directory/train|val|test/<class name>/<picture>` (also `valid`,
 * `validation` and capitals).
 *
 * The classes are the folders' names, sorted. Without a `test` folder, a stratified fifth becomes the
 * test set, by seed. Every set is in a random order, by seed. Pictures that cannot be read are left
 * out, listed in `skipped` and told in a notice; so are pictures that are in more than one set. What `corrections.json` in
 * the folder says of single pictures is done first, after the division into sets.
 *
 * Pictures are decoded a few at a time: beyond the result (3 × size² bytes a picture) little memory is used. More of them than
 * memory holds are read from a file (`storage`): training, prediction and figures are the same to the last bit.
 *
 * @throws Error where there are fewer than two classes, where a class has too few pictures (it is
 *   named), where a limit is below the number of classes, or where the disk has no room for a file of the result.
 */
export async function loadImageFolder(
  directory: string,
  options: ImageFolderOptions = {},
): Promise<DatasetSplits> {
  const plan = await planImageFolder(directory, options);
  const { root, classNames, size, storage, train, val, test } = plan;
  const { signal, onProgress, onNotice = console.warn } = options;
  const skipped = [...plan.skipped];
  const total = countFiles(plan);
  const repaired: string[] = [];
  const hashes = new Map<string, string>();
  let done = 0;
  const loadSets = async (store?: PictureStore) => {
    const load = (planned: PlannedSet): Promise<ImageDataset> => {
      const place = store
        ? storedPictures(store)
        : memoryPictures(planned.files.length, size, signal);
      const onPicture = () => store ?? onProgress?.(++done, total);
      const onNotice = (notice: string) => repaired.push(notice);
      const of = { name: basename(root), classNames, size };
      return decodeSet(planned, { ...of, place, skipped, hashes, onNotice, onPicture });
    };
    return {
      training: await load(train),
      test: await load(test),
      ...(val && { validation: await load(val) }),
    };
  };
  const of = { ...storedFiles(plan), signal, onProgress, onNotice };
  const sets = await (storage === 'file'
    ? withPictureStore(storeDirectory(options), of, loadSets)
    : loadSets());
  const { training: trainSet, test: testSet, validation: valSet } = sets;
  if (!options.testOnly) for (const set of [trainSet, testSet]) requireEveryClass(set, root);
  if (skipped.length > 0) onNotice(skippedNotice(skipped, root));
  if (repaired.length > 5) repaired.splice(5, Infinity, `… and ${repaired.length - 5} more`);
  if (repaired.length > 0) onNotice(repaired.join('\n'));
  for (const notice of repeatedPictures(sets, root, hashes)) onNotice(notice);
  const corrections = plan.corrections.finish(onNotice);
  return {
    corrections,
    ...(await fingerprintFiles(plan, corrections)),
    name: trainSet.name,
    source: 'folder',
    trainSet,
    testSet,
    ...(valSet && { valSet }),
    skipped,
  };
}

/** The share of the test set where there is no `test` folder. */
const TEST_FRACTION = 0.2;

/** Takes a stratified share of each class's files for the test set. */
function holdOutTest(
  classes: readonly ClassFolder[],
  seed: number,
): { readonly train: readonly ClassFolder[]; readonly test: readonly ClassFolder[] } {
  const quotas = stratifiedQuotas(
    classes.map(({ files }) => files.length),
    TEST_FRACTION,
  ).map((quota) => Math.max(quota, 1));
  const part = (isTest: boolean): ClassFolder[] =>
    classes.map(({ className, files }, label) => {
      const order = shuffledIndices(files.length, createRng(seed, 'test split', className));
      const chosen = isTest ? order.slice(0, quotas[label]) : order.slice(quotas[label]);
      return { className, files: Array.from(chosen.sort(), (index) => files[index]) };
    });
  return { train: part(false), test: part(true) };
}

/** All files of a split in random order: the first few are then a fair sample of the classes. */
function shuffled(
  classes: readonly ClassFolder[],
  options: {
    readonly classNames: readonly string[];
    readonly seed: number;
    readonly split: string;
  },
): LabelledFile[] {
  const files = classes.flatMap(({ className, files }) => {
    const label = options.classNames.indexOf(className);
    return files.map((path) => ({ path, label }));
  });
  const rng = createRng(options.seed, 'folder order', options.split);
  return Array.from(shuffledIndices(files.length, rng), (index) => files[index]);
}

/** @throws Error where a plan's pictures would be decoded into a file for which the disk has no room. */
export async function checkStorage(
  plan: ImageFolderPlan,
  options: Pick<ImageFolderOptions, 'cacheDirectory'>,
): Promise<void> {
  if (plan.storage === 'file') await checkPictureStore(storeDirectory(options), storedFiles(plan));
}

function storeDirectory({ cacheDirectory }: Pick<ImageFolderOptions, 'cacheDirectory'>): string {
  return join(cacheDirectory ?? dataDirectory(), 'pictures');
}

function storedFiles({
  size,
  files,
  train,
  test,
  val,
}: ImageFolderPlan): Pick<ImageFolderPlan, 'size' | 'files'> & { readonly spare: string[] } {
  const spare = [train, test, val].flatMap((set) => set?.spare ?? []).map(({ path }) => path);
  return { size, files, spare };
}

interface DecodeSetOptions {
  readonly name: string;
  readonly classNames: readonly string[];
  readonly size: number;
  readonly place: PicturePlace;
  readonly skipped: SkippedFile[];
  /** Receives the checksums of the pixels by path. */
  readonly hashes: Map<string, string>;
  readonly onNotice: (notice: string) => void;
  readonly onPicture: () => void;
}

/** Where the pictures of a set are. */
interface PicturePlace {
  /** Puts the picture of a file there, if it can be decoded. */
  put(index: number, path: string): Promise<DecodedFile>;
  /** Those that were put at these indices, which ascend. */
  images(indices: readonly number[]): ImageDataset['images'];
}

function memoryPictures(count: number, size: number, signal?: AbortSignal): PicturePlace {
  const bytes = size * size * 3;
  const images = new Uint8Array(count * bytes);
  return {
    async put(index, path) {
      signal?.throwIfAborted();
      const { pixels, ...file } = await decodeFile(path, size);
      if (pixels) images.set(pixels, index * bytes);
      return file;
    },
    images(indices) {
      // Close the gaps that failures left; the order stays.
      for (const [place, index] of indices.entries())
        images.copyWithin(place * bytes, index * bytes, (index + 1) * bytes);
      return images.subarray(0, indices.length * bytes);
    },
  };
}

function storedPictures({ path, find }: PictureStore): PicturePlace {
  const rows: number[] = [];
  return {
    async put(index, file) {
      const found = await find(file);
      rows[index] = found.row;
      return found;
    },
    images: (indices) => ({ path, rows: Uint32Array.from(indices, (index) => rows[index]) }),
  };
}

/** Decodes files into one data set, with their paths; those that fail are added to `skipped`. */
async function decodeSet(
  { files, spare }: PlannedSet,
  options: DecodeSetOptions,
): Promise<ImageDataset> {
  const { name, classNames, size, place, skipped, hashes, onNotice, onPicture } = options;
  const decoded = new Map<number, LabelledFile>();
  const decode = async (index: number, file: LabelledFile): Promise<SkippedFile | undefined> => {
    const { path, sha256, notices } = await place.put(index, file.path);
    if (sha256 === null) return { path, reason: notices[0] };
    notices.forEach(onNotice);
    hashes.set(path, sha256);
    decoded.set(index, file);
    return undefined;
  };
  const failures: (SkippedFile | undefined)[] = [];
  await sideBySide(files.length, async (index) => {
    failures[index] = await decode(index, files[index]);
    onPicture();
  });

  // One after the other, so that always the same pictures replace them.
  const spares = classNames.map((_, label) => spare.filter((file) => file.label === label));
  for (const [index, { label }] of files.entries()) {
    for (let failure = failures[index]; failure;) {
      skipped.push(failure);
      const instead = spares[label].shift();
      failure = instead && (await decode(index, instead));
    }
  }
  const indices = [...decoded.keys()].sort((a, b) => a - b);
  const kept = indices.map((index) => decoded.get(index) as LabelledFile);
  return createDataset({
    name,
    source: 'folder',
    images: place.images(indices),
    labels: Int32Array.from(kept, ({ label }) => label),
    classNames,
    height: size,
    width: size,
    paths: kept.map(({ path }) => path),
  });
}

/**
 * Notices about pixel-identical duplicates: a model that has memorized an image will
 * classify its duplicate correctly, which inflates the accuracy.
 */
function* repeatedPictures(
  sets: {
    readonly training: ImageDataset;
    readonly validation?: ImageDataset;
    readonly test: ImageDataset;
  },
  root: string,
  hashes: ReadonlyMap<string, string>,
): Generator<string> {
  const { training, validation, test } = sets;
  const known = new Map<string, string>();
  const addPictures = ({ paths = [] }: ImageDataset, options = {}) =>
    addHashes(known, new Map(paths.map((path) => [path, hashes.get(path) ?? ''])), options);
  const within = addPictures(training);
  const tell = ({ count, example }: Repeated, of: string, place: string, remedy: string) => {
    const [here, there] = example.map((path) => relative(root, path));
    return `${count} of the ${of} pictures are in ${place} (${here} is ${there}): ${remedy}.`;
  };
  const once = 'leave each picture in one set only';
  if (validation) {
    const repeated = addPictures(validation, { within: false });
    if (repeated.count > 0) {
      const of = `${validation.size} validation`;
      yield tell(
        repeated,
        of,
        'the training set too',
        `the validation accuracy is too high; ${once}`,
      );
    }
  } else if (within.count > 0) {
    // A validation set that is split off may get the one, and the training set the other.
    const remedy = 'the validation accuracy may be too high; leave each picture once';
    yield tell(within, `${training.size} training`, 'that set more than once', remedy);
  }
  const repeated = addPictures(test, { within: false });
  if (repeated.count > 0) {
    const place = validation ? 'the training or validation set too' : 'the training set too';
    yield tell(repeated, `${test.size} test`, place, `the test accuracy is too high; ${once}`);
  }
}

/** How many pictures of a set were known, and the paths of the first one and of the one that it equals. */
interface Repeated {
  readonly count: number;
  readonly example: readonly string[];
}

/**
 * @param hashes of a set's pictures, by path.
 * @param options.within whether those count that are twice in this set. Default true.
 */
function addHashes(
  known: Map<string, string>,
  hashes: ReadonlyMap<string, string>,
  { within = true }: { readonly within?: boolean } = {},
): Repeated {
  let count = 0;
  let example: string[] = [];
  const added = within ? known : new Map<string, string>();
  for (const [path, hash] of hashes) {
    const same = known.get(hash);
    if (same === undefined) added.set(hash, path);
    else if (++count === 1) example = [path, same];
  }
  for (const [hash, path] of added) known.set(hash, path);
  return { count, example };
}

function chooseStorage(
  sets: readonly PlannedSet[],
  size: number,
  wanted: ImageFolderOptions['storage'] = 'auto',
): 'memory' | 'file' {
  const counts = sets.map(({ files }) => files.length);
  const pictures = counts.reduce((sum, count) => sum + count, 0);
  const bytes = pictures * size * size * 3;
  const available = availableMemory();
  if (wanted === 'auto') return bytes <= Math.min(LARGE, available / 4) ? 'memory' : 'file';
  if (wanted === 'file' || 2 * bytes <= available) return wanted;
  throw new Error(
    `Expected pictures of at most half the memory, ${(available / 2e9).toFixed(1)} GB, but ${pictures} (${counts.join(' + ')}) ` +
      `of ${size} × ${size} take ${(bytes / 1e9).toFixed(1)} GB: pass storage: 'auto', or a smaller size (inputSize).`,
  );
}

function requireEveryClass(set: Pick<ImageDataset, 'labels' | 'classNames'>, root: string): void {
  const counts = countByClass(set);
  const empty = set.classNames.filter((_, label) => counts[label] === 0);
  if (empty.length === 0) return;
  throw new Error(
    `Expected readable pictures of each class to train and to test with in ${root} ` +
      `but too few could be read of ${empty.join(', ')}: add pictures or remove the folder.`,
  );
}

/** Names and sizes: as many files as decoded bytes tell apart in practice. What a limit leaves out counts too. */
async function fingerprintFiles(
  { root, size, allFiles, train, val, test }: ImageFolderPlan,
  corrections: AppliedCorrections,
): Promise<Pick<DatasetSplits, 'sourceSha256' | 'filesSha256'>> {
  const lines = new Map<string, string>();
  const describe = async (path: string): Promise<void> => {
    const bytes = await stat(path).then(
      (found) => found.size,
      () => 0,
    );
    lines.set(path, `${relative(root, path)} ${bytes}`);
  };
  await Promise.all(allFiles.map(describe));
  const used = [train, val, test].flatMap((set) => (set ? [...set.files, ...set.spare] : []));
  const usedLines = used.map(({ path }) => lines.get(path)).sort();
  return {
    sourceSha256: correctedSha256(
      sha256Of([`${size} pixels`, ...usedLines].join('\n')),
      corrections,
    ),
    filesSha256: sha256Of([...lines.values()].sort().join('\n')),
  };
}

function countFiles({ train, val, test }: ImageFolderPlan): number {
  return train.files.length + (val?.files.length ?? 0) + test.files.length;
}
