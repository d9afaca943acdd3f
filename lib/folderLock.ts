/** One process at a time works in a folder; a second one is refused, with the first one's number. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileError } from './atomicFile';
import { tryLock, unlock } from './processLock.cjs';

/** Hidden, beside what the folder holds. */
export const LOCK_FILE = '.lock';

/** Others may take over or let go meanwhile: more rounds than that mean that something else is wrong. */
const ATTEMPTS = 50;

export interface FolderLock {
  /** Frees the folder; never throws. Twice does no harm. */
  release(): void;
}

/**
 * Takes the lock of a folder, which is made where it is missing.
 *
 * @param work what happens there, for the refusal of a second process: completes "Expected to …", e.g. `train with
 *   checkpoints in runs/1`.
 * @throws Error at once where a living process holds it, with its number and the remedy; or where the lock cannot be
 *   written.
 */
export async function lockFolder(directory: string, work: string): Promise<FolderLock> {
  const path = join(directory, LOCK_FILE);
  try {
    await mkdir(directory, { recursive: true });
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const { taken, holder } = tryLock(path);
      if (taken) return { release: () => unlock(path) };
      if (holder) throw heldBy(holder.pid, { path, work });
      await sleep(20);
    }
  } catch (error) {
    throw fileError(error, work);
  }
  throw new Error(`Expected to ${work} but ${path} comes back again and again: delete it.`);
}

function heldBy(pid: number, { path, work }: { path: string; work: string }): Error {
  return new Error(
    `Expected to ${work} but process ${pid} is at work there: wait until it has ended, or stop it and try again. ` +
      `(If process ${pid} is something else, delete ${path}.)`,
  );
}
