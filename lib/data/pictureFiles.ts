/** Which picture files lie in a folder of class folders. Nothing is decoded here. */
import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileError } from '../atomicFile';
import type { SkippedFile } from './dataset';

export interface ClassFolder {
  readonly className: string;
  /** Paths, sorted. */
  readonly files: readonly string[];
}

/** The class folders of each set, sorted by name: that order numbers the labels. */
export interface GivenSplits {
  /** All there are where the folder has no `train` of its own. */
  readonly train: readonly ClassFolder[];
  readonly val?: readonly ClassFolder[];
  readonly test?: readonly ClassFolder[];
  /** Files that are no pictures or lie in no class folder. */
  readonly skipped: readonly SkippedFile[];
}

const EXTENSIONS = ['.jpg', '.jpeg', '.png'];

/** Below this, a split by 80:20 leaves no picture to test with. */
const MIN_PICTURES = 5;

/** Other systems' bookkeeping, besides everything whose name starts with a dot. */
const HIDDEN = ['__MACOSX', 'Thumbs.db', 'desktop.ini'];

/** What operating systems leave in folders is nobody's picture. @param name of a file or folder, without its path. */
export function isHidden(name: string): boolean {
  return name.startsWith('.') || HIDDEN.includes(name);
}

/**
 * The class folders in `directory`, or in its `train`, `val` and `test` where it has a `train` with
 * folders in it.
 *
 * @throws Error where there are fewer than two classes, a class has too few pictures, or `val` or
 *   `test` have other classes than `train`.
 */
export async function listSplits(directory: string): Promise<GivenSplits> {
  const skipped: SkippedFile[] = [];
  const names = await subfolders(directory);
  const hasTrain =
    names.includes('train') && (await subfolders(join(directory, 'train'))).length > 0;
  const train = await listClasses(hasTrain ? join(directory, 'train') : directory, skipped);
  await checkClasses(train, hasTrain ? join(directory, 'train') : directory);
  if (!hasTrain) return { train, skipped };

  const listLike = async (split: 'val' | 'test'): Promise<readonly ClassFolder[] | undefined> => {
    if (!names.includes(split)) return undefined;
    const classes = await listClasses(join(directory, split), skipped);
    requireSameClasses(classes, train, join(directory, split));
    return classes;
  };
  const val = await listLike('val');
  const test = await listLike('test');
  for (const name of names.filter((each) => !['train', 'val', 'test'].includes(each))) {
    skipped.push({
      path: join(directory, name),
      reason: 'beside train it is neither val nor test',
    });
  }
  return { train, val, test, skipped };
}

/** The class folders in a folder with their pictures; what else lies in them is listed as skipped. */
async function listClasses(directory: string, skipped: SkippedFile[]): Promise<ClassFolder[]> {
  for (const path of await loosePictures(directory)) {
    skipped.push({ path, reason: 'it lies in no class folder' });
  }
  const classes: ClassFolder[] = [];
  for (const className of await subfolders(directory)) {
    const folder = join(directory, className);
    const files: string[] = [];
    for (const name of await visibleNames(folder)) {
      const path = join(folder, name);
      // Not looked into: a link, or a path such as "/", would lead far away.
      if (await isFolder(path)) skipped.push({ path, reason: 'it is a folder in a class folder' });
      else if (isPictureName(name)) files.push(path);
      else skipped.push({ path, reason: `it is no ${EXTENSIONS.join(', ')} file` });
    }
    classes.push({ className, files });
  }
  return classes;
}

async function checkClasses(classes: readonly ClassFolder[], folder: string): Promise<void> {
  if (classes.every(({ files }) => files.length === 0)) throw await noPictures(folder);
  if (classes.length < 2) {
    throw new Error(
      `Expected at least two class folders in ${folder} but found one, ${classes[0].className}: ` +
        `add a folder of pictures of something else.`,
    );
  }
  const small = classes.filter(({ files }) => files.length < MIN_PICTURES);
  if (small.length > 0) {
    const shown = small
      .slice(0, 10)
      .map(({ className, files }) => `${files.length} of ${className}`);
    if (small.length > shown.length) shown.push(`… (${small.length} such classes)`);
    throw new Error(
      `Expected at least ${MIN_PICTURES} .jpg or .png pictures of each class in ${folder} ` +
        `but found ${shown.join(', ')}: add pictures or remove the folder.`,
    );
  }
}

/** The error for a folder that holds no pictures where they are expected, or nothing at all. */
async function noPictures(folder: string): Promise<Error> {
  const loose = (await loosePictures(folder)).length;
  const names = await visibleNames(folder);
  const found =
    loose > 0
      ? `${loose} picture${loose === 1 ? '' : 's'} in no class folder`
      : names.length > 0
        ? names.slice(0, 8).join(', ')
        : 'an empty folder';
  return new Error(
    `Expected folders of .jpg or .png pictures, named after their classes, in ${folder} ` +
      `but found ${found}: sort the pictures into such folders, or pass CIFAR-10's binary files.`,
  );
}

function requireSameClasses(
  classes: readonly ClassFolder[],
  train: readonly ClassFolder[],
  folder: string,
): void {
  const known = train.map(({ className }) => className);
  const unknown = classes.map(({ className }) => className).filter((name) => !known.includes(name));
  if (classes.length > 0 && unknown.length === 0) return;
  const found = classes.length === 0 ? 'no folder' : unknown.join(', ');
  throw new Error(
    `Expected the class folders of train (${known.join(', ')}) in ${folder} but found ${found}: ` +
      `name them alike, or move ${folder} elsewhere.`,
  );
}

/** The names of the folders in a folder, hidden ones aside, sorted by code units on every machine. */
async function subfolders(directory: string): Promise<string[]> {
  const names: string[] = [];
  for (const name of await visibleNames(directory)) {
    if (await isFolder(join(directory, name))) names.push(name);
  }
  return names;
}

/** Pictures that lie in the folder itself. */
async function loosePictures(directory: string): Promise<string[]> {
  const names = await visibleNames(directory);
  return names.filter(isPictureName).map((name) => join(directory, name));
}

async function visibleNames(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw fileError(error, `read the folder ${folder}`);
  });
  return names.filter((name) => !isHidden(name)).sort();
}

/** Links are followed; a link to nothing counts as a file, and reading it will say what is wrong. */
async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isDirectory(),
    () => false,
  );
}

function isPictureName(name: string): boolean {
  return EXTENSIONS.includes(extname(name).toLowerCase());
}
