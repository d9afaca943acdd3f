/** Which picture files lie in a folder, and in a folder of class folders. Nothing is decoded here. */
import type { Dirent, Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { extname, join, relative } from 'node:path';
import { errorCode, fileError, specialKind } from '../atomicFile';
import { CORRECTIONS_FILE } from './corrections';
import type { SkippedFile } from './dataset';

export interface ClassFolder {
  /** The folder's name in Unicode's composed form (NFC): one name is one class, however a disk writes it. */
  readonly className: string;
  /** Paths, sorted; each file once. */
  readonly files: readonly string[];
}

/** The class folders of each set, sorted by name: that order numbers the labels. */
export interface GivenSplits {
  /** All there are where the folder has no `train` of its own. */
  readonly train: readonly ClassFolder[];
  readonly val?: readonly ClassFolder[];
  readonly test?: readonly ClassFolder[];
  /** What is not a picture, cannot be read or is in no class folder; what may be a whole class comes first. */
  readonly skipped: readonly SkippedFile[];
}

/** An entry of a folder. */
export interface FolderEntry {
  /** As it lies on the disk. */
  readonly name: string;
  readonly path: string;
  /** With all links resolved. */
  readonly realPath: string;
  /** `other`: passed over, for `reason`. */
  readonly kind: 'folder' | 'picture' | 'other';
  readonly reason: string;
}

/** The endings of picture files, in small letters; what a file holds is found out when it is decoded. */
export const PICTURE_EXTENSIONS: readonly string[] = [
  '.jpg',
  '.jpeg',
  '.jfif',
  '.png',
  '.webp',
  '.avif',
  '.tif',
  '.tiff',
  '.gif',
];

/** Below this, a split by 80:20 leaves no picture to test with. */
const MIN_PICTURES = 5;

/** Bookkeeping of other systems and of ours, besides everything whose name starts with a dot. */
const HIDDEN = ['__MACOSX', 'Thumbs.db', 'desktop.ini', CORRECTIONS_FILE];

/** Folders that a file system or a network disk makes for itself: passed over, and named. */
const SYSTEM_FOLDERS = [
  '@eaDir',
  'lost+found',
  '#recycle',
  '$RECYCLE.BIN',
  'System Volume Information',
];

/** The names, in small letters, under which exporters write the sets. */
const SPLIT_NAMES = {
  train: ['train', 'training'],
  val: ['val', 'valid', 'validation'],
  test: ['test', 'testing'],
} as const;

/**
 * The entries of a folder, by name; metadata files of operating systems are ignored. Links are followed.
 *
 * @param real the folder's path with all links resolved, where it is known.
 * @throws Error where the folder cannot be read.
 */
export async function listFolder(folder: string, real?: string): Promise<FolderEntry[]> {
  let found: Dirent<Buffer>[];
  try {
    real ??= await realpath(folder);
    // As bytes: a name need not be UTF-8, and a file of another name could not be opened.
    found = (await readdir(folder, {
      withFileTypes: true,
      encoding: 'buffer',
    } as unknown as { withFileTypes: true })) as unknown as Dirent<Buffer>[];
  } catch (error) {
    throw fileError(error, `read the folder ${folder}`);
  }
  const entries: FolderEntry[] = [];
  for (const entry of found) {
    const name = entry.name.toString('utf8');
    if (name.startsWith('.') || HIDDEN.includes(name)) continue;
    const path = join(folder, name);
    if (Buffer.from(name).equals(entry.name)) {
      entries.push({ name, path, ...(await examine(entry, { name, path, real })) });
    } else {
      const reason = 'its name is not valid UTF-8: rename it';
      const shown = printableName(entry.name);
      entries.push({
        name: shown,
        path: join(folder, shown),
        realPath: path,
        kind: 'other',
        reason,
      });
    }
  }
  // By code units, on every machine.
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function examine(
  entry: Dirent<Buffer>,
  { name, path, real }: { readonly name: string; readonly path: string; readonly real: string },
): Promise<Pick<FolderEntry, 'realPath' | 'kind' | 'reason'>> {
  let realPath = join(real, name);
  let info: Pick<Stats, 'isDirectory' | 'isFile' | 'isFIFO' | 'isSocket'> = entry;
  if (entry.isSymbolicLink()) {
    try {
      realPath = await realpath(path);
      info = await stat(realPath);
    } catch (error) {
      return { realPath, kind: 'other', reason: linkFault(error) };
    }
  }
  const other = (reason: string) => ({ realPath, kind: 'other', reason }) as const;
  if (info.isDirectory()) {
    if (SYSTEM_FOLDERS.includes(name)) return other('it is a folder of the file system');
    return { realPath, kind: 'folder', reason: '' };
  }
  if (!info.isFile()) return other(`it is ${specialKind(info)}`);
  if (isPictureName(name)) return { realPath, kind: 'picture', reason: '' };
  return other(`it is not a ${PICTURE_EXTENSIONS.join(', ')} file`);
}

function linkFault(error: unknown): string {
  const code = errorCode(error);
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'it is a link to nothing';
  if (code === 'ELOOP') return 'it is a link that leads back to itself';
  return `it is a link that cannot be followed (${code ?? String(error)})`;
}

/** Bytes that are not UTF-8 as `\xe4`. */
function printableName(name: Buffer): string {
  return Array.from(name.toString('latin1'), (character) =>
    /[ -~]/.test(character)
      ? character
      : `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  ).join('');
}

function isPictureName(name: string): boolean {
  return PICTURE_EXTENSIONS.includes(extname(name).toLowerCase());
}

/**
 * The class folders in `directory`, or in its folders for training, validation and test where it has one for training
 * with folders in it.
 *
 * @param options.testOnly one class, and one picture of a class, are enough.
 * @throws Error where there are fewer than two classes, a class has too few pictures, or the folders for validation
 *   or test have other classes than that for training.
 */
export async function listSplits(
  directory: string,
  { testOnly = false }: { readonly testOnly?: boolean } = {},
): Promise<GivenSplits> {
  const skipped: SkippedFile[] = [];
  const entries = await listFolder(directory);
  const named = (split: keyof typeof SPLIT_NAMES): FolderEntry[] => {
    const names: readonly string[] = SPLIT_NAMES[split];
    return entries.filter(
      ({ name, kind }) => kind === 'folder' && names.includes(name.toLowerCase()),
    );
  };
  const withFolders: FolderEntry[] = [];
  for (const folder of named('train')) {
    const isSplit = (await listFolder(folder.path)).some(({ kind }) => kind === 'folder');
    if (isSplit) withFolders.push(folder); // else it is a class of that name
  }
  const trainFolder = onlyOne(withFolders, directory);
  const train = await listClasses(trainFolder?.path ?? directory, skipped);
  const place = trainFolder?.path ?? directory;
  if (train.every(({ files }) => files.length === 0)) throw await noPictures(place);
  if (!testOnly) checkClasses(train, place);
  if (!trainFolder) return { train, skipped };

  const listLike = async (folder?: FolderEntry): Promise<readonly ClassFolder[] | undefined> => {
    if (!folder) return undefined;
    const classes = await listClasses(folder.path, skipped);
    requireSameClasses(classes, train, folder.path);
    return classes;
  };
  const [valFolder, testFolder] = [named('val'), named('test')].map((folders) =>
    onlyOne(folders, directory),
  );
  const val = await listLike(valFolder);
  const test = await listLike(testFolder);
  for (const entry of entries) {
    if ([trainFolder, valFolder, testFolder].includes(entry)) continue;
    const reason = entry.kind === 'other' ? entry.reason : 'it is beside the training folder';
    skipped.push({ path: entry.path, reason });
  }
  return { train, val, test, skipped };
}

function onlyOne(folders: readonly FolderEntry[], directory: string): FolderEntry | undefined {
  if (folders.length <= 1) return folders.at(0);
  throw new Error(
    `Expected one folder for each set in ${directory} but found ${folders.map(({ name }) => name).join(' and ')}: ` +
      'move all but one elsewhere.',
  );
}

/** The class folders in a folder with their pictures; their other entries are listed as skipped. */
async function listClasses(directory: string, skipped: SkippedFile[]): Promise<ClassFolder[]> {
  const classes = new Map<string, string[]>();
  const seen = new Map<string, string>();
  const within: SkippedFile[] = [];
  for (const entry of await listFolder(directory)) {
    if (entry.kind !== 'folder') {
      const reason = entry.kind === 'picture' ? 'it is in no class folder' : entry.reason;
      skipped.push({ path: entry.path, reason });
      continue;
    }
    const className = entry.name.normalize('NFC');
    const files = classes.get(className) ?? [];
    classes.set(className, files);
    for (const { path, realPath, kind, reason } of await listFolder(entry.path, entry.realPath)) {
      const known = seen.get(realPath);
      if (kind === 'other') within.push({ path, reason });
      // Not looked into: a link, or a path such as "/", would lead far away.
      else if (kind === 'folder') within.push({ path, reason: 'it is a folder in a class folder' });
      else if (known !== undefined)
        within.push({ path, reason: `it is the same file as ${known}` });
      else {
        seen.set(realPath, path);
        files.push(path);
      }
    }
  }
  skipped.push(...within);
  return [...classes]
    .map(([className, files]) => ({ className, files: files.sort() }))
    .sort((a, b) => (a.className < b.className ? -1 : 1));
}

function checkClasses(classes: readonly ClassFolder[], folder: string): void {
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
      `Expected at least ${MIN_PICTURES} pictures (${PICTURE_EXTENSIONS.join(', ')}) of each class in ${folder} ` +
        `but found ${shown.join(', ')}: add pictures or remove the folder.`,
    );
  }
}

/** The error for a folder that holds no pictures where they are expected, or nothing at all. */
async function noPictures(folder: string): Promise<Error> {
  const entries = await listFolder(folder);
  const loose = entries.filter(({ kind }) => kind === 'picture').length;
  const found =
    loose > 0
      ? `${loose} picture${loose === 1 ? '' : 's'} in no class folder`
      : entries.length > 0
        ? entries
            .slice(0, 8)
            .map(({ name, kind, reason }) => (kind === 'other' ? `${name} (${reason})` : name))
            .join(', ')
        : 'an empty folder';
  return new Error(
    `Expected folders of pictures (${PICTURE_EXTENSIONS.join(', ')}), named after their classes, in ${folder} ` +
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
    `Expected the class folders of the training set (${known.join(', ')}) in ${folder} but found ${found}: ` +
      `name them alike, or move ${folder} elsewhere.`,
  );
}

/** Names some files of each reason, so that no kind of loss hides behind another. */
export function skippedNotice(skipped: readonly SkippedFile[], root: string): string {
  const alike = new Map<string, number>();
  const shown = skipped
    .filter(({ reason }) => {
      const count = (alike.get(reason) ?? 0) + 1;
      alike.set(reason, count);
      return count <= 3;
    })
    .slice(0, 20)
    .map(({ path, reason }) => `\n  ${relative(root, path)}: ${reason}`);
  const more = skipped.length - shown.length;
  const count = `${skipped.length} file${skipped.length === 1 ? '' : 's'}`;
  return `Skipped ${count} in ${root}:${shown.join('')}${more > 0 ? `\n  … and ${more} more` : ''}`;
}
