/** One process at a time works in a folder; a second one is refused, with the first one's number. */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileError } from './atomicFile';
import { isHere, keepLock, STALE_AFTER_MS, tryLock } from './processLock.cjs';

/** Hidden, beside what the folder holds. */
export const LOCK_FILE = '.lock';

/** Others may take over or let go meanwhile: more rounds than that mean that something else is wrong. */
const ATTEMPTS = 50;

export interface FolderLock {
  /** Notes a process that is ended, with its group, where this one is killed and the lock taken over. */
  setChild(pid: number): void;
  /** Frees the folder; never throws. Twice does no harm. */
  release(): void;
}

export interface LockOptions {
  /** Asked now and then while another process holds it: whether to wait for its end. Default: never. */
  readonly waits?: () => boolean;
  /** Called where the lock is lost: removed by hand, or taken over after this machine slept. */
  readonly onLost?: () => void;
}

/**
 * Takes the lock of a folder, which is made where it is missing.
 *
 * @param work what happens there, for the refusal of a second process: completes "Expected to …", e.g. `train with
 *   checkpoints in runs/1`.
 * @throws Error where a living process holds it, with its number and the remedy: at once for one of this machine, for one
 *   of another machine once it could have shown that it has ended; or where the lock cannot be written.
 */
export function lockFolder(
  directory: string,
  work: string,
  options: LockOptions = {},
): Promise<FolderLock> {
  return lockFile(join(directory, LOCK_FILE), work, options);
}

/** Takes the lock of this path; otherwise as {@link lockFolder}. */
export async function lockFile(
  path: string,
  work: string,
  { waits, onLost }: LockOptions = {},
): Promise<FolderLock> {
  try {
    await mkdir(dirname(path), { recursive: true });
    const startedAt = performance.now();
    const isPatient = () => performance.now() - startedAt < STALE_AFTER_MS + 10_000;
    for (let attempt = 1; attempt <= ATTEMPTS;) {
      const { taken, holder } = tryLock(path);
      if (taken) return keepLock(path, onLost);
      const isAwaited = holder && (waits ? waits() : !isHere(holder) && isPatient());
      if (holder && !isAwaited) throw heldBy(holder, { path, work });
      if (!holder) attempt += 1;
      await sleep(holder ? 250 : 20);
    }
  } catch (error) {
    throw fileError(error, work);
  }
  throw new Error(`Expected to ${work} but ${path} comes back again and again: delete it.`);
}

function heldBy(
  holder: { readonly pid: number; readonly host?: string },
  { path, work }: { readonly path: string; readonly work: string },
): Error {
  const { pid, host = '' } = holder;
  const where = isHere(holder) ? '' : ` of ${host.split(' ')[0]}`;
  return new Error(
    `Expected to ${work} but process ${pid}${where} is at work there: wait until it has ended, or stop it and try again. ` +
      `(If process ${pid} is something else, delete ${path}.)`,
  );
}
