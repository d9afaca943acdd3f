// One set-up at a time per clone: a second one waits.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { keepLock, tryLock } from '../../../lib/processLock.cjs';
import { setupFolder } from './project.mjs';

/**
 * Waits until no other process sets this clone up, then holds the lock until `release()`.
 *
 * @param {{ folder?: string, onWait?: (pid: number) => void }} options `onWait` is called once, when it has to wait
 * @returns {Promise<{ setChild(pid: number): void, release(): void }>} `setChild` records the running tool, so that a
 *   later call can end it where this process is killed and the tool is not
 */
export async function acquireLock({ folder = setupFolder, onWait } = {}) {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'lock');
  let isWaiting = false;
  for (;;) {
    const { taken, holder } = tryLock(path);
    if (taken) break;
    if (holder && !isWaiting) onWait?.(holder.pid);
    isWaiting ||= holder !== undefined;
    await sleep(holder ? 250 : 20);
  }
  const lock = keepLock(path);
  const release = () => {
    lock.release();
    process.off('exit', release);
  };
  process.on('exit', release);
  return { ...lock, release };
}
