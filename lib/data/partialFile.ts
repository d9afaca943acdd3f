/**
 * Where the bytes of an unfinished download lie, beside their target:
 *
 *   .<name>.<version>.<owner>.part
 *
 * `version` stands for what the server called the content (its ETag), so that the end of one version is
 * never put behind the start of another. `owner` is the process that writes, so that two of them never
 * write into one file; a name is taken over by a rename, which only one process can win. What a
 * stopped process leaves is `free`; what a killed one leaves is known by its process being gone.
 */
import { randomBytes } from 'node:crypto';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { errorCode } from '../atomicFile';
import { isAlive } from '../processLock.cjs';

export interface PartialFile {
  readonly path: string;
  /** `unknown` where the server gave its content no name. */
  readonly version: string;
  readonly sizeBytes: number;
}

/**
 * A file that was not written to for this long has no owner: a process of another machine or container cannot be asked, and
 * a number may be another process' by now.
 */
const OWNER_GONE_AFTER_MS = 60 * 60 * 1000;

const HOST = hostname().replace(/[^\w-]/g, '_');

/** A new, unique name for the partial file of `target`, owned by this process. */
export function partialPath(target: string, version: string): string {
  return partPath(target, version, `${process.pid}@${HOST}@${randomBytes(4).toString('hex')}`);
}

/** Takes over the largest partial file that no living process owns and removes the others of that kind. */
export async function claimPartial(target: string): Promise<PartialFile | undefined> {
  const candidates = await ownerlessPartials(target);
  candidates.sort((a, b) => b.sizeBytes - a.sizeBytes);
  let claimed: PartialFile | undefined;
  for (const candidate of candidates) {
    if (claimed) {
      await rm(candidate.path, { force: true });
      continue;
    }
    const path = partialPath(target, candidate.version);
    const won = await rename(candidate.path, path).then(
      () => true,
      (error: unknown) => refuseUnlessMissing(error),
    );
    if (won) claimed = { ...candidate, path };
  }
  return claimed;
}

/** Leaves a partial file for the next download of `target`. */
export async function releasePartial(target: string, partial: PartialFile): Promise<void> {
  await rename(partial.path, partPath(target, partial.version, 'free')).catch(refuseUnlessMissing);
}

async function ownerlessPartials(target: string): Promise<PartialFile[]> {
  const found: PartialFile[] = [];
  const prefix = `.${basename(target)}.`;
  for (const name of await readdir(dirname(target))) {
    if (!name.startsWith(prefix)) continue;
    const match = /^(\w+)\.([\w@-]+)\.part$/.exec(name.slice(prefix.length));
    if (!match) continue;
    const path = join(dirname(target), name);
    const info = await stat(path).catch(() => undefined); // taken by another process meanwhile
    if (info && isGone(match[2], info.mtimeMs)) {
      found.push({ path, version: match[1], sizeBytes: info.size });
    }
  }
  return found;
}

function isGone(owner: string, mtimeMs: number): boolean {
  if (owner === 'free') return true;
  const [pid, host] = owner.split('@');
  const isLeft = Date.now() - mtimeMs > OWNER_GONE_AFTER_MS;
  return isLeft || (host === HOST && !isAlive({ pid: Number(pid) }));
}

function partPath(target: string, version: string, owner: string): string {
  return join(dirname(target), `.${basename(target)}.${version}.${owner}.part`);
}

function refuseUnlessMissing(error: unknown): false {
  if (errorCode(error) === 'ENOENT') return false;
  throw error;
}
