// Locks that name the process which holds them: one that a kill left behind is recognised and taken over. Plain
// JavaScript: set-up needs it before lib is compiled.
//
// A process of this machine is asked for by its number. On another machine that shares the disk it cannot be: there the
// holder touches its lock every few seconds, and one that is no longer touched is left over.
'use strict';
const { randomBytes } = require('node:crypto');
const fs = require('node:fs');
const { hostname } = require('node:os');

/**
 * @typedef {{ readonly pid: number, readonly start?: string }} ProcessId `start` tells a process from a later one of
 *   the same number; missing where the system does not say (no /proc)
 * @typedef {ProcessId & { readonly host?: string, readonly child?: ProcessId }} Holder `host`: where its number counts;
 *   `child`: a tool that it started, ended where it is killed
 */

/** How often a holder touches its lock. */
const BEAT_MS = 5000;
/** NFS may answer for 60 s what it knew of a file (nfs(5), acregmax); beyond that, six missed beats. */
const STALE_AFTER_MS = 90_000;

/** A takeover lasts milliseconds; one that is older belongs to a process that was killed in it. */
const TAKEOVER_LIMIT_MS = 5000;
/** What file systems without hard links (exFAT, some network disks) answer. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'ENOSYS'];

/**
 * Tries once to take a lock.
 *
 * @param {string} path the lock's file; its folder exists
 * @returns {{ taken: boolean, holder?: Holder }} `holder`: the living process that has it; neither taken nor held where
 *   a dead process's lock was removed, or is being removed: try again
 * @throws Error of the file system where the lock cannot be written
 */
function tryLock(path) {
  if (create(path)) return { taken: true };
  const lock = readLock(path);
  if (lock?.holder && isAtWork(path, lock.holder)) return { taken: false, holder: lock.holder };
  if (lock) removeStale(path);
  return { taken: false };
}

/**
 * Whether a lock is held as far as one look tells: one of another machine is, if it was touched lately.
 *
 * @param {string} path
 */
function isHeld(path) {
  const holder = readLock(path)?.holder;
  if (!holder) return false;
  if (isHere(holder)) return isAlive(holder);
  const touched = fs.statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? -Infinity;
  return Date.now() - touched < STALE_AFTER_MS;
}

/**
 * Keeps a lock that this process has taken.
 *
 * @param {string} path
 * @param {() => void} onLost called, possibly more than once, where it is no longer this process's: removed, or taken over
 *   after a long sleep
 * @returns {{ setChild(pid: number): void, release(): void }} `setChild` notes a tool that is ended with all its processes
 *   by the process that takes the lock over; `release` never throws, and twice does no harm
 */
function keepLock(path, onLost = () => undefined) {
  const timer = setInterval(() => {
    try {
      const now = new Date();
      if (isOurs(readLock(path)?.holder)) fs.utimesSync(path, now, now);
      else onLost();
    } catch {
      // The disk does not answer: it may again.
    }
  }, BEAT_MS);
  timer.unref();
  return {
    setChild(pid) {
      const temporary = `${path}-${randomBytes(6).toString('hex')}`;
      const child = { pid, start: processStart(pid) };
      fs.writeFileSync(temporary, JSON.stringify({ ...thisProcess(), child }));
      fs.renameSync(temporary, path);
    },
    release() {
      clearInterval(timer);
      try {
        if (isOurs(readLock(path)?.holder)) fs.rmSync(path, { force: true });
      } catch {
        // A disk that went away took the lock with it.
      }
    },
  };
}

/** When this process first saw a lock of another machine as it is, by its own clock: the other's may differ. */
const beats = new Map();

/**
 * @param {string} path
 * @param {Holder} holder
 */
function isAtWork(path, holder) {
  if (isHere(holder)) return isAlive(holder);
  const beat = `${holder.host} ${holder.start} ${fs.statSync(path, { throwIfNoEntry: false })?.mtimeMs}`;
  if (beats.get(path)?.beat !== beat) beats.set(path, { beat, at: performance.now() });
  return performance.now() - beats.get(path).at < STALE_AFTER_MS;
}

/**
 * The file appears with its content in one step, as a hard link; false where there is one already.
 *
 * @param {string} path
 */
function create(path) {
  const temporary = `${path}-${randomBytes(6).toString('hex')}`;
  const content = JSON.stringify(thisProcess());
  try {
    fs.writeFileSync(temporary, content);
    try {
      fs.linkSync(temporary, path);
    } catch (error) {
      if (!NO_LINKS.includes(codeOf(error))) throw error;
      fs.writeFileSync(path, content, { flag: 'wx' });
    }
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    fs.rmSync(temporary, { force: true });
  }
}

/**
 * If several processes find the same stale lock, a folder beside it lets only one of them remove it.
 *
 * @param {string} path
 */
function removeStale(path) {
  const guard = `${path}-takeover`;
  try {
    fs.mkdirSync(guard);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    const age = Date.now() - (fs.statSync(guard, { throwIfNoEntry: false })?.mtimeMs ?? Infinity);
    if (age > TAKEOVER_LIMIT_MS) fs.rmSync(guard, { recursive: true, force: true });
    return;
  }
  try {
    const lock = readLock(path);
    // If the lock is gone, any new one belongs to a living process.
    if (!lock || (lock.holder && isAtWork(path, lock.holder))) return;
    const child = lock.holder && isHere(lock.holder) ? lock.holder.child : undefined;
    if (child && isAlive(child)) killGroup(child.pid);
    fs.rmSync(path, { recursive: true, force: true });
  } finally {
    fs.rmSync(guard, { recursive: true, force: true });
  }
}

/**
 * Undefined where there is no lock; without a holder where it cannot be read: a power cut may leave an empty one.
 *
 * @param {string} path
 * @returns {{ holder?: Holder } | undefined}
 */
function readLock(path) {
  try {
    const holder = JSON.parse(fs.readFileSync(path, 'utf8'));
    return Number.isSafeInteger(holder.pid) && holder.pid > 0 ? { holder } : {};
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    if (error instanceof SyntaxError || error instanceof TypeError) return {};
    throw error;
  }
}

/** @returns {Holder} */
function thisProcess() {
  return { pid: process.pid, start: processStart(process.pid), host: HOST };
}

/** @param {Holder} [holder] */
function isOurs(holder) {
  return holder?.pid === process.pid && isHere(holder);
}

/**
 * Whether a holder's number is one of this machine's. An older lock does not say.
 *
 * @param {Holder} holder
 */
function isHere({ host = HOST }) {
  return host === HOST;
}

/** A container has numbers of its own. */
const HOST = `${hostname()} ${pidNamespace()}`.trim();

function pidNamespace() {
  try {
    return fs.readlinkSync('/proc/self/ns/pid');
  } catch {
    return ''; // not Linux
  }
}

/**
 * Whether a process of this machine is at work: one that has ended but was never waited for (a zombie) is not.
 *
 * @param {ProcessId} id
 */
function isAlive({ pid, start }) {
  try {
    process.kill(pid, 0); // signal 0 only asks
  } catch (error) {
    if (codeOf(error) !== 'EPERM') return false; // EPERM: alive, but owned by another user
  }
  if (/^[ZX]$/.test(statusOf(pid)[0])) return false;
  return typeof start !== 'string' || processStart(pid) === start;
}

/**
 * Which boot of the machine, and when in it a process began. Linux only.
 *
 * @param {number} pid
 * @returns {string | undefined}
 */
function processStart(pid) {
  const start = statusOf(pid).at(19);
  if (start === undefined) return undefined;
  return `${fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${start}`;
}

/**
 * Fields of /proc/pid/stat from the third on, the state (proc(5)): the name before them may hold spaces. Linux only.
 *
 * @param {number} pid
 * @returns {string[]}
 */
function statusOf(pid) {
  try {
    return fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  } catch {
    return [];
  }
}

/**
 * Ends a process and everything that it started, where it leads a group of its own.
 *
 * @param {number} pid
 */
function killGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return /** @type {NodeJS.ErrnoException} */ (error).code ?? '';
}

module.exports = {
  tryLock,
  keepLock,
  isHeld,
  isHere,
  isAlive,
  processStart,
  killGroup,
  STALE_AFTER_MS,
};
