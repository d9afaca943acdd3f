// Which runs are meant: by id, by the beginning of an id, by folder, or all there are.
import { readdir, stat } from 'node:fs/promises';
import * as path from 'node:path';
import { errorCode, fileError } from '../atomicFile';
import { checkOptions, text } from '../options';
import type { RunRecord } from './runRecord';
import { holdsRun, loadRun, runsDirectory } from './runs';

export interface FoundRun {
  /** The run's folder, absolute. */
  readonly directory: string;
  readonly record: RunRecord;
}

/** A folder that holds no complete run of this version, and why. */
export interface SkippedFolder {
  readonly directory: string;
  readonly reason: string;
}

export interface FoundRuns {
  /** Oldest first. */
  readonly runs: readonly FoundRun[];
  readonly skipped: readonly SkippedFolder[];
}

export interface FindRunsOptions {
  /** Where ids are looked up; by default `data/runs`. */
  readonly runsDirectory?: string;
  /** What relative paths count from; by default the working directory. */
  readonly from?: string;
}

/** A record of 10,000 epochs has 3 MB: what is larger is none. */
const MAX_RECORD_BYTES = 64e6;

/**
 * The complete runs among `names`, each once; what cannot be read is skipped and named, never silently.
 *
 * @param names ids, beginnings of ids, `latest`, folders of runs, or folders of such folders; none: all of `data/runs`.
 * @throws Error for a name that is none of these.
 */
export async function findRuns(
  names: readonly string[] = [],
  options: FindRunsOptions = {},
): Promise<FoundRuns> {
  checkOptions('findRuns', options, { runsDirectory: text, from: text });
  const { runsDirectory: parent = runsDirectory(), from = process.cwd() } = options;
  const directories =
    names.length === 0
      ? await subfolders(parent)
      : (await Promise.all(names.map((name) => expand(name, { parent, from })))).flat();

  const runs: FoundRun[] = [];
  const skipped: SkippedFolder[] = [];
  for (const directory of new Set(directories)) {
    try {
      runs.push({ directory, record: await readRecord(directory) });
    } catch (error) {
      skipped.push({ directory, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  runs.sort((a, b) => a.record.startedAt.localeCompare(b.record.startedAt));
  return { runs, skipped };
}

/**
 * The folder of one run.
 *
 * @param name as for {@link findRuns}, but of one run.
 * @throws Error where there is no such run, or there are several.
 */
export async function findRun(name: string, options: FindRunsOptions = {}): Promise<FoundRun> {
  const { runs, skipped } = await findRuns([name], options);
  if (runs.length === 1) return runs[0];
  if (runs.length > 1) {
    const ids = runs.slice(0, 5).map(({ record }) => record.id);
    throw new Error(
      `Expected one run but "${name}" means ${runs.length} (${ids.join(', ')}${runs.length > 5 ? ', …' : ''}): ` +
        'write more of its id.',
    );
  }
  throw new Error(skipped[0]?.reason ?? `Expected a run in ${name} but found none.`);
}

/**
 * What was skipped and why, in one line.
 *
 * @param place how to write the folder; by default its name alone, which tells other people nothing of this machine.
 */
export function describeSkipped(
  { directory, reason }: SkippedFolder,
  place: string = path.basename(directory),
): string {
  return reason.includes(directory) ? reason.replaceAll(directory, place) : `${place}: ${reason}`;
}

interface Places {
  readonly parent: string;
  readonly from: string;
}

async function expand(name: string, { parent, from }: Places): Promise<string[]> {
  const place = path.resolve(from, name);
  const ids = await subfolders(parent).catch(() => []);
  const exact = ids.filter((directory) => path.basename(directory) === name);
  if (exact.length > 0) return exact;
  if (name === 'latest') return [await latestRun(ids)];
  if (await isFolder(place)) {
    const entries = await readdir(place);
    if (entries.includes('run.json')) return [place];
    const below = await subfolders(place);
    const hold = await Promise.all(below.map(holdsRun));
    // A folder of runs; else one that says itself why it is none.
    return hold.includes(true) ? below : [place];
  }
  const begun = name === '' ? [] : ids.filter((each) => path.basename(each).startsWith(name));
  if (begun.length > 0) return begun;
  const known = ids.slice(-3).map((directory) => path.basename(directory));
  throw new Error(
    `Expected a run's id or folder but found none for "${name}": ` +
      (known.length === 0 ? `there are no runs in ${parent}.` : `try ${known.join(', ')}.`),
  );
}

/** Not by the file `latest`: whoever copied or removed runs by hand did not change it. */
async function latestRun(directories: readonly string[]): Promise<string> {
  for (const directory of [...directories].sort().reverse()) {
    if (await holdsRun(directory)) return directory;
  }
  throw new Error('Expected a complete run but there is none yet: "npm start" makes one.');
}

async function readRecord(directory: string): Promise<RunRecord> {
  const file = path.join(directory, 'run.json');
  const found = await stat(file).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw fileError(error, `read ${file}`);
    throw new Error(
      `Expected run.json in ${directory} but there is none: it is no run, or one that did not end ` +
        '("npm start -- --resume RUN" finishes it).',
    );
  });
  if (!found.isFile() || found.size > MAX_RECORD_BYTES) {
    const kind = found.isFile() ? `${Math.round(found.size / 1e6)} MB` : 'something else';
    throw new Error(`Expected ${file} to be a file of a few kilobytes but found ${kind}.`);
  }
  return loadRun(directory);
}

async function isFolder(place: string): Promise<boolean> {
  return stat(place).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function subfolders(directory: string): Promise<string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
      .map((entry) => path.join(directory, entry.name))
      .sort();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw fileError(error, `list the runs in ${directory}`);
  }
}
