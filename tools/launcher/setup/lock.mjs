// One set-up at a time per clone. The lock names its process, so that one left behind by a kill is recognised.
import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readJson, setupFolder, writeFileAtomic } from './project.mjs';

/** A takeover lasts microseconds; one that is older belongs to a process that was killed in it. */
const TAKEOVER_LIMIT_MS = 5000;

/**
 * Waits until no other process sets this clone up, then holds the lock until `release()`.
 *
 * @param {{ folder?: string, onWait?: (pid: number) => void }} options `onWait` is called once, when it has to wait
 * @returns {Promise<{ setChild(pid: number | undefined): void, release(): void }>} `setChild` records the running
 *   tool, so that a later call can end it where this process is killed and the tool is not
 */
export async function acquireLock({ folder = setupFolder, onWait } = {}) {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'lock');
  const own = { pid: process.pid, start: processStart(process.pid) };
  let waiting = false;
  while (!tryCreate(path, own)) {
    const holder = readJson(path);
    if (holder && isAlive(holder)) {
      if (!waiting) onWait?.(holder.pid);
      waiting = true;
      await sleep(250);
    } else {
      removeStale(path);
    }
  }
  const release = () => {
    if (readJson(path)?.pid === process.pid) rmSync(path, { force: true });
    process.off('exit', release);
  };
  process.on('exit', release);
  return {
    setChild(pid) {
      const child = pid && { pid, start: processStart(pid) };
      writeFileAtomic(path, JSON.stringify({ ...own, child }));
    },
    release,
  };
}

/** Creates the lock with its content in one step (a hard link), or returns false where there is one. */
function tryCreate(path, content) {
  const temporary = `${path}.${process.pid}.new`;
  writeFileSync(temporary, JSON.stringify(content));
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Removes a dead process's lock, and ends the tool that it left running. Only one process does so at a time. */
function removeStale(path) {
  const guard = `${path}.takeover`;
  try {
    mkdirSync(guard);
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    if (ageOf(guard) > TAKEOVER_LIMIT_MS) rmSync(guard, { recursive: true, force: true });
    return;
  }
  try {
    const holder = readJson(path);
    if (holder && isAlive(holder)) return;
    if (holder?.child && isAlive(holder.child)) killGroup(holder.child.pid);
    rmSync(path, { force: true });
  } finally {
    rmSync(guard, { recursive: true, force: true });
  }
}

/** Ends a process and everything that it started; the tools run as leaders of their own groups. */
export function killGroup(pid, signal = 'SIGKILL') {
  try {
    process.kill(-pid, signal);
  } catch {
    // It ended by itself.
  }
}

function ageOf(path) {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

/**
 * Whether a process still runs; `start`, where it is known, tells it from a later one with the same number. A zombie,
 * which ended but was never waited for (containers without an init), does not run.
 */
export function isAlive({ pid, start }) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code !== 'EPERM') return false;
  }
  if (/^[ZX]$/.test(statusOf(pid)[0])) return false;
  return start === undefined || processStart(pid) === start;
}

/** Which boot of the machine, and when in it a process began: tells it from a later one with its number. Linux only. */
export function processStart(pid) {
  const start = statusOf(pid)[19];
  if (start === undefined) return undefined;
  return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${start}`;
}

/** Fields of /proc/pid/stat from the third on, the state (proc(5)): the name before them may hold spaces. Linux only. */
function statusOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop().split(' ');
  } catch {
    return [];
  }
}
