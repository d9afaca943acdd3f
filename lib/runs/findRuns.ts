// Which runs are meant: by id, by the beginning of an id, by folder, or all there are.
import { readdir, readFile, stat } from 'node:fs/promises';
import * as path from 'node:path';
import { errorCode, fileError } from '../atomicFile';
import { nearMisses } from '../nearMiss.cjs';
import { checkOptions, text } from '../options';
import type { RunRecord } from './runRecord';
import { holdsRun, loadRun, runsDirectory } from './runFolder';

/** How the launcher started a run, in the run's folder. */
export const LAUNCH_FILE = 'launch.json';

/** Where a sweep's folder keeps its runs. */
export const ROWS_FOLDER = 'rows';

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

/** A record of 10,000 epochs is 3 MB: a larger file cannot be a record. */
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
  const search = { parents: [parent], from, isRun: holdsRun, latest: LATEST.complete };
  const directories =
    names.length === 0
      ? await subfolders(parent)
      : (await Promise.all(names.map((name) => expand(name, search)))).flat();

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
  if (runs.length > 1)
    throw severalRuns(
      name,
      runs.map(({ directory }) => directory),
    );
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

/**
 * The folder of one run, complete or not; nothing in it is read.
 *
 * @param name a run's id, the beginning of one, the path of its folder, or `latest`.
 * @param options `parents`: the folders of runs; `from`: where paths count from; `complete`: whether `latest` is to be
 *   complete, or still unfinished.
 * @throws Error where there is none, or several are meant.
 */
export async function findRunFolder(
  name: string,
  {
    parents,
    from,
    complete,
  }: { readonly parents: readonly string[]; readonly from: string; readonly complete: boolean },
): Promise<string> {
  const isRun = async (folder: string) => (await holdsRun(folder)) || isUnfinished(folder);
  const latest = complete ? LATEST.complete : LATEST.unfinished;
  const folders = await expand(name, { parents, from, isRun, latest });
  const runs = folders.length === 1 ? folders : await filtered(folders, isRun);
  if (runs.length === 1) return runs[0];
  throw severalRuns(name, runs);
}

function severalRuns(name: string, folders: readonly string[]): Error {
  const ids = folders.slice(0, 5).map((folder) => path.basename(folder));
  return new Error(
    `Expected one run but "${name}" means ${folders.length} (${ids.join(', ')}${folders.length > 5 ? ', …' : ''}): ` +
      'write more of its id.',
  );
}

/** Whether a folder holds a run that the launcher began and that did not end. */
async function isUnfinished(folder: string): Promise<boolean> {
  const names = await readdir(folder).catch((): string[] => []);
  return names.includes(LAUNCH_FILE) && !names.includes('run.json');
}

/** What `latest` may mean. */
const LATEST = {
  complete: {
    accepts: holdsRun,
    kind: 'a complete run',
    kinds: 'complete runs',
    remedy: '"npm start" makes one',
  },
  unfinished: {
    accepts: isUnfinished,
    kind: 'an unfinished run',
    kinds: 'runs that can be resumed',
    remedy: 'there is nothing to resume',
  },
} as const;

/** Of a list in an error: a person looks for one of the last days. */
const MOST_NAMES = 5;

interface Search {
  readonly parents: readonly string[];
  readonly from: string;
  readonly isRun: (folder: string) => Promise<boolean>;
  readonly latest: (typeof LATEST)[keyof typeof LATEST];
}

async function expand(name: string, search: Search): Promise<string[]> {
  const { parents, from, isRun } = search;
  const place = path.resolve(from, name);
  const found = await Promise.all(parents.map((parent) => subfolders(parent).catch(() => [])));
  const folders = sortedById(found.flat());
  const exact = folders.filter((folder) => path.basename(folder) === name);
  if (exact.length > 0) return exact;
  if (name === 'latest') {
    const { accepts, kind, remedy } = search.latest;
    const latest = (await filtered(folders, accepts)).at(-1);
    if (latest !== undefined) return [latest];
    throw new Error(`Expected ${kind} but there is none in ${parents.join(' or ')}: ${remedy}.`);
  }
  if (await isFolder(place)) {
    if (await isRun(place)) return [place];
    // A sweep keeps its runs one folder deeper.
    const rows = path.join(place, ROWS_FOLDER);
    const below = await subfolders((await isFolder(rows)) ? rows : place);
    // A folder of runs; else one that says itself why it is none.
    return (await filtered(below, isRun)).length > 0 ? below : [place];
  }
  const begun = name === '' ? [] : folders.filter((each) => path.basename(each).startsWith(name));
  if (begun.length > 0) return begun;
  throw await nothingFound(name, { folders, ...search });
}

/** Proposes what could be meant: of the kind that is looked for, the latest first. */
async function nothingFound(
  name: string,
  { folders, parents, latest }: Search & { readonly folders: readonly string[] },
): Promise<Error> {
  const { accepts, kinds, remedy } = latest;
  const fitting = await filtered(folders, accepts);
  const [known, all] = [fitting, folders].map((each) => each.map((one) => path.basename(one)));
  const near = [known, all]
    .map((names) => nearMisses(name, names))
    .find(({ length }) => length > 0);
  const more = known.length - MOST_NAMES;
  const latestFirst = known.reverse().slice(0, MOST_NAMES);
  const list = latestFirst.join(', ') + (more > 0 ? ` and ${more} older ones` : '');
  return new Error(
    `Expected a run's id or folder but found none for "${name}": ` +
      (near !== undefined
        ? `did you mean ${near.join(' or ')}?`
        : known.length > 0
          ? `the ${kinds} are ${list}.`
          : `there are no ${kinds} in ${parents.join(' or ')}; ${remedy}.`),
  );
}

async function filtered(
  folders: readonly string[],
  accepts: (folder: string) => Promise<boolean>,
): Promise<string[]> {
  const accepted = await Promise.all(folders.map(accepts));
  return folders.filter((_, index) => accepted[index]);
}

/** An id begins with the time: the latest run is the last one, whatever its folder. */
function sortedById(folders: readonly string[]): string[] {
  return [...folders].sort((a, b) => (path.basename(a) < path.basename(b) ? -1 : 1));
}

async function readRecord(directory: string): Promise<RunRecord> {
  const file = path.join(directory, 'run.json');
  const found = await stat(file).catch(async (error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw fileError(error, `read ${file}`);
    if (await isPruned(directory)) throw new Error('pruned by a search before its end.');
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

/** Whether the last that a run's progress.jsonl says is that a search ended it. */
async function isPruned(directory: string): Promise<boolean> {
  const text = await readFile(path.join(directory, 'progress.jsonl'), 'utf8').catch(() => '');
  return /"state":"pruned"\}\s*$/.test(text.slice(-200));
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
