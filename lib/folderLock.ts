/**
 * One process at a time works in a folder. The lock is a file that names its process: one that a kill left behind is
 * recognised and taken over. It tells processes of one machine apart; on a network disk it cannot see other machines.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, fileError } from './atomicFile';

/** Hidden, beside what the folder holds. */
export const LOCK_FILE = '.lock';

/** A takeover lasts milliseconds; one that is older belongs to a process that was killed in it. */
const TAKEOVER_LIMIT_MS = 5000;
/** Others may take over or let go meanwhile: more rounds than that mean that something else is wrong. */
const ATTEMPTS = 50;
/** What file systems without hard links (exFAT, some network disks) answer. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'ENOSYS'];

/** The process that holds a lock. */
interface Holder {
  readonly pid: number;
  /** Tells the process from a later one of the same number; null where the system does not say (no /proc). */
  readonly start: string | null;
}

export interface FolderLock {
  /** Frees the folder; never throws. Twice does no harm. */
  release(): Promise<void>;
}

/**
 * Takes the lock of a folder, which is made where it is missing.
 *
 * @param work what happens there, for the refusal of a second process: completes "Expected to …", e.g. `train with
 *   checkpoints in runs/1`.
 * @throws Error at once where a living process holds it, with its number and the way out; or where the lock cannot be
 *   written.
 */
export async function lockFolder(directory: string, work: string): Promise<FolderLock> {
  const path = join(directory, LOCK_FILE);
  try {
    await mkdir(directory, { recursive: true });
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      if (await create(path)) return { release: () => release(path) };
      const lock = await readLock(path);
      if (lock?.holder && isAlive(lock.holder)) throw heldBy(lock.holder, { path, work });
      if (lock) await removeStale(path);
    }
  } catch (error) {
    throw fileError(error, work);
  }
  throw new Error(`Expected to ${work} but ${path} comes back again and again: delete it.`);
}

/** The file appears with its content in one step, as a hard link; false where there is one already. */
async function create(path: string): Promise<boolean> {
  const temporary = `${path}-${randomBytes(6).toString('hex')}`;
  const own: Holder = { pid: process.pid, start: startOf(process.pid) };
  const content = JSON.stringify(own);
  try {
    await writeFile(temporary, content);
    await link(temporary, path).catch((error: unknown) => {
      if (!NO_LINKS.includes(errorCode(error) ?? '')) throw error;
      return writeFile(path, content, { flag: 'wx' });
    });
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function release(path: string): Promise<void> {
  const lock = await readLock(path).catch(() => undefined);
  if (lock?.holder?.pid === process.pid) await rm(path, { force: true }).catch(() => undefined);
}

/** Of several processes that find the same dead one's lock, a folder of that name lets one remove it. */
async function removeStale(path: string): Promise<void> {
  const guard = `${path}-takeover`;
  try {
    await mkdir(guard);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
    const { mtimeMs } = await stat(guard).catch(() => ({ mtimeMs: Infinity }));
    if (Date.now() - mtimeMs > TAKEOVER_LIMIT_MS) await rm(guard, { recursive: true, force: true });
    else await new Promise((resolve) => setTimeout(resolve, 20));
    return;
  }
  try {
    const lock = await readLock(path);
    // Where there is none any more, the next one to appear is a living process's.
    if (lock && !(lock.holder && isAlive(lock.holder)))
      await rm(path, { recursive: true, force: true });
  } finally {
    await rm(guard, { recursive: true, force: true });
  }
}

/** Undefined where there is no lock; without a holder where nobody can read it: a power cut may leave an empty one. */
async function readLock(path: string): Promise<{ readonly holder?: Holder } | undefined> {
  try {
    const { pid, start } = JSON.parse(await readFile(path, 'utf8')) as Partial<Holder>;
    if (pid === undefined || !Number.isSafeInteger(pid) || pid <= 0) return {};
    return { holder: { pid, start: typeof start === 'string' ? start : null } };
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    if (error instanceof SyntaxError || error instanceof TypeError) return {};
    throw error;
  }
}

/** Whether a process of this machine is at work: one that has ended but was never waited for (a zombie) is not. */
export function isAlive({ pid, start = null }: Pick<Holder, 'pid'> & Partial<Holder>): boolean {
  try {
    process.kill(pid, 0); // signal 0 only asks
  } catch (error) {
    if (errorCode(error) !== 'EPERM') return false; // EPERM: it lives and is somebody else's
  }
  if (/^[ZX]$/.test(statusOf(pid)[0] ?? '')) return false;
  return start === null || startOf(pid) === start;
}

/** Which boot of the machine, and when in it the process began. Linux only. */
function startOf(pid: number): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const start = statusOf(pid).at(19);
    return start === undefined ? null : `${boot} ${start}`;
  } catch {
    return null;
  }
}

/** Fields of /proc/pid/stat from the third on, the state (proc(5)): the name before them may hold spaces. Linux only. */
function statusOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop()?.split(' ') ?? [];
  } catch {
    return [];
  }
}

function heldBy({ pid }: Holder, { path, work }: { path: string; work: string }): Error {
  return new Error(
    `Expected to ${work} but process ${pid} is at work there: wait until it has ended, or stop it and try again. ` +
      `(If process ${pid} is something else, delete ${path}.)`,
  );
}
