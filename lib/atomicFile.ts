/**
 * Files and folders that are either the old ones or the new ones, never half of each: everything is
 * written beside its place under a temporary name, flushed to the disk and renamed. A kill at any
 * instant leaves at most a temporary name behind, which a later write to the same place clears away.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, renameSync, rmSync, type Stats, writeFileSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/** Temporary names older than this are left over from a killed process. */
const STALE_AFTER_MS = 24 * 60 * 60 * 1000;

/**
 * Writes a file in one step; folders on the way are made. Concurrent writers do not mix: the last one wins.
 *
 * @throws Error that names the file and the remedy where the disk is full or access is denied.
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array): Promise<void> {
  const target = resolve(path);
  const temporary = temporaryName(target);
  try {
    await mkdir(dirname(target), { recursive: true });
    await clearStale(target);
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
    await syncFolder(dirname(target));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fileError(error, `write ${target}`);
  }
}

/** {@link writeFileAtomic} of a small file, for what must not wait: its caller has more to say when it is written. */
export function writeFileAtomicSync(path: string, data: string): void {
  const target = resolve(path);
  const temporary = temporaryName(target);
  try {
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(temporary, data, { flag: 'wx', flush: true });
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw fileError(error, `write ${target}`);
  }
}

/**
 * Makes or replaces a folder in one step: `fill` writes into an empty temporary folder beside it,
 * which then takes its place. Where `fill` throws, what existed before stays as it was.
 *
 * Replacing takes two renames (no file system swaps folders through Node): a kill exactly between
 * them leaves the old folder as `<path>.previous`, and `recoverFolder` puts it back.
 *
 * @param fill receives the temporary folder's path; its files are flushed afterwards.
 */
export async function writeFolderAtomic(
  path: string,
  fill: (temporaryFolder: string) => Promise<void>,
): Promise<void> {
  const target = resolve(path);
  const temporary = temporaryName(target);
  try {
    await mkdir(dirname(target), { recursive: true });
    await clearStale(target);
    await mkdir(temporary);
    await fill(temporary);
    await syncTree(temporary);
    await recoverFolder(target);
    await replaceFolder(temporary, target);
    await syncFolder(dirname(target));
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    throw fileError(error, `write the folder ${target}`);
  }
}

/**
 * Puts a folder back that a kill in `writeFolderAtomic` left aside, if there is one.
 * Call this before reading a folder that is written that way.
 */
export async function recoverFolder(path: string): Promise<void> {
  const target = resolve(path);
  if ((await kindOf(target)) !== undefined) return;
  // Looked for first: on a read-only disk even a rename of nothing is refused for that.
  if ((await kindOf(previousName(target))) === undefined) return;
  try {
    await rename(previousName(target), target);
  } catch (error) {
    // Nothing to put back, or a writer was faster: then its folder, the newer one, stays.
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(errorCode(error) ?? '')) {
      throw fileError(error, `restore the folder ${target}`);
    }
  }
}

/**
 * Turns a file-system error into a message for users; returns any other error unchanged.
 *
 * @param action completes "Expected to …", e.g. `write data/runs/latest`.
 */
export function fileError(error: unknown, action: string): Error {
  const code = errorCode(error);
  const reasons: Record<string, string> = {
    ENOSPC: 'the disk is full: free some space and run again',
    EDQUOT: 'your disk quota is used up: free some space and run again',
    EACCES: 'you have no permission: change the permissions or choose another place',
    EPERM: 'you have no permission: change the permissions or choose another place',
    EROFS: 'that disk is read-only: choose another place',
    ENOENT: 'there is no such file or folder: check the path',
    ENOTDIR: 'a part of that path is a file, not a folder: check the path',
    ELOOP: 'it is a link that leads back to itself: remove it',
    ENAMETOOLONG: 'its name is too long for this system: shorten it',
    EISDIR: 'that is a folder, not a file: check the path',
    EEXIST: 'a file of that name is in the way: move it or choose another place',
  };
  if (code === undefined || !(code in reasons)) {
    return error instanceof Error ? error : new Error(String(error));
  }
  const failure = new Error(`Expected to ${action} but ${reasons[code]} (${code}).`, {
    cause: error,
  });
  return Object.assign(failure, { code });
}

/** `ENOENT` and the like from an error of the file system, else undefined. */
export function errorCode(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/**
 * What lies at a path, links followed; undefined where there is nothing.
 *
 * @throws Error for a named pipe, a socket or a device: reading it would block for ever.
 */
export async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  let info: Stats;
  try {
    info = await stat(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return undefined;
    throw fileError(error, `read ${path}`);
  }
  if (info.isDirectory()) return 'folder';
  if (info.isFile()) return 'file';
  throw new Error(`Expected a file at ${path} but it is ${specialKind(info)}: name another.`);
}

/** A file's content. @throws Error as {@link kindOf} and `fileError`; `action` as there. */
export async function readWholeFile(path: string, action = `read ${path}`): Promise<Buffer> {
  await kindOf(path);
  return readFile(path).catch((error: unknown) => {
    throw fileError(error, action);
  });
}

/** What is neither file nor folder, in words: `a named pipe`. */
export function specialKind(info: Pick<Stats, 'isFIFO' | 'isSocket'>): string {
  return info.isFIFO() ? 'a named pipe' : info.isSocket() ? 'a socket' : 'a device';
}

/** Two renames; where another process was faster, its folder is the one that gives way. */
async function replaceFolder(temporary: string, target: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    if ((await kindOf(target)) !== undefined) {
      await discardPrevious(target);
      await rename(target, previousName(target)).catch(ignore('ENOENT', 'ENOTEMPTY', 'EEXIST'));
    }
    try {
      await rename(temporary, target);
      break;
    } catch (error) {
      const taken = ['ENOTEMPTY', 'EEXIST'].includes(errorCode(error) ?? '');
      if (!taken || attempt === 100) throw error;
    }
  }
  await discardPrevious(target);
}

/** Removes the old folder under a private temporary name, so that no other process sees it half removed. */
async function discardPrevious(target: string): Promise<void> {
  const temporary = temporaryName(target);
  await rename(previousName(target), temporary).catch(ignore('ENOENT'));
  await rm(temporary, { recursive: true, force: true });
}

/** In the same folder, hidden, and different for every call: a rename must not cross file systems. */
function temporaryName(target: string): string {
  return join(dirname(target), `${temporaryPrefix(target)}${randomBytes(6).toString('hex')}`);
}

function temporaryPrefix(target: string): string {
  return `.${basename(target)}.tmp-`;
}

function previousName(target: string): string {
  return `${target}.previous`;
}

async function clearStale(target: string): Promise<void> {
  const folder = dirname(target);
  for (const name of await readdir(folder)) {
    if (!name.startsWith(temporaryPrefix(target))) continue;
    const path = join(folder, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }));
    if (Date.now() - mtimeMs > STALE_AFTER_MS) await rm(path, { recursive: true, force: true });
  }
}

async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await syncTree(path);
    else if (entry.isFile()) await sync(path, 'r+');
  }
  await syncFolder(folder);
}

/** A rename survives a power cut only once its folder is flushed. Some systems refuse that: no harm. */
async function syncFolder(folder: string): Promise<void> {
  await sync(folder, 'r').catch(() => undefined);
}

async function sync(path: string, flags: string): Promise<void> {
  const file = await open(path, flags);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function ignore(...codes: readonly string[]): (error: unknown) => void {
  return (error) => {
    if (!codes.includes(errorCode(error) ?? '')) throw error;
  };
}
