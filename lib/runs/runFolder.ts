// A run's folder on disk: making, completing, reading and listing it.
//
//   data/runs/<run id>/   run.json (written last), figures/, models/<name>/, progress.jsonl
import { mkdirSync } from 'node:fs';
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import * as path from 'node:path';
import { errorCode, fileError, writeFileAtomic } from '../atomicFile';
import type { Int8Accuracy } from '../evaluation/exportInt8';
import { joined, type Notebook } from '../notebook';
import { dataDirectory } from '../project';
import { parseRunRecord, type Preset, type RunRecord } from './runRecord';

/** What the record of an evaluation (`npm run evaluate`) has for its notebook: there is none. */
export const EVALUATION = 'evaluate';

/** Removes the checkpoints and gives the record its final name, last. */
export async function completeRunFolder(directory: string): Promise<void> {
  await rm(path.join(directory, 'checkpoints'), { recursive: true, force: true });
  await rename(path.join(directory, 'run.partial.json'), path.join(directory, 'run.json'));
}

/**
 * The record of a complete run.
 *
 * @param directory the run's folder, e.g. `data/runs/20260131-120000-using-cifar-quick`.
 * @throws Error where the run is not complete, or its record is not valid.
 */
export async function loadRun(directory: string): Promise<RunRecord> {
  const file = path.join(directory, 'run.json');
  try {
    return parseRunRecord(await readFile(file, 'utf8'), file);
  } catch (error) {
    throw fileError(error, `read the complete run ${file}`);
  }
}

/**
 * Notes in a complete run's record what the int8 file of one of its models reaches.
 *
 * @param modelFolder the name of the model's folder in the run.
 */
export async function recordInt8(
  directory: string,
  modelFolder: string,
  int8: Int8Accuracy,
): Promise<void> {
  const file = path.join(directory, 'run.json');
  // Not parsed as a record, so that nothing of it is lost.
  const record = JSON.parse(await readFile(file, 'utf8')) as { models: { name: string }[] };
  const models = record.models.map((each) =>
    modelFolderName(each.name) === modelFolder ? { ...each, int8 } : each,
  );
  await writeFileAtomic(file, `${JSON.stringify({ ...record, models }, null, 2)}\n`);
}

/**
 * The ids of all complete runs, oldest first; none where there is no such folder.
 *
 * @param directory the folder of runs; by default `data/runs`.
 */
export async function listRuns(directory: string = runsDirectory()): Promise<string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    const isComplete = await Promise.all(
      folders.map((name) => holdsRun(path.join(directory, name))),
    );
    return folders.filter((_, index) => isComplete[index]).sort();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw fileError(error, `list the runs in ${directory}`);
  }
}

/** Whether a folder holds a complete run; false too where it vanishes meanwhile, or may not be read. */
export function holdsRun(directory: string): Promise<boolean> {
  return readdir(directory).then(
    (names) => names.includes('run.json'),
    () => false,
  );
}

/** `data/runs` in the project's folder. */
export function runsDirectory(): string {
  return path.join(dataDirectory(), 'runs');
}

/**
 * Makes the folder of a new run, named by time, notebook and preset; with a number behind it where two runs start
 * within one second.
 *
 * @param parent the folder of runs; made where it is missing.
 * @returns absolute.
 * @throws Error where it cannot be made.
 */
export function createRunFolder(
  parent: string,
  {
    notebook,
    preset,
    now = new Date(),
  }: { readonly notebook: string; readonly preset: Preset; readonly now?: Date },
): string {
  makeDirectory(parent);
  const name = `${timeStamp(now)}-${notebook}-${preset}`;
  for (let attempt = 1; ; attempt++) {
    const directory = path.resolve(parent, attempt === 1 ? name : `${name}-${attempt}`);
    try {
      mkdirSync(directory);
      return directory;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST')
        throw fileError(error, `make the run's folder ${directory}`);
    }
  }
}

export function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    throw fileError(error, `make the run's folder ${directory}`);
  }
}

/** What a notebook prints as it starts a run; {@link startedRun} reads it. */
export function startLine(id: string): string {
  return `Run ${id}`;
}

/** The id of the run that a notebook's outputs name as started; undefined where none does. */
export function startedRun({ cells }: Notebook): string | undefined {
  const printed = cells.flatMap(({ outputs = [] }) => outputs.map(({ text }) => joined(text)));
  return printed.flatMap((text) => /^Run (\d{8}-\d{6}-\S+)$/m.exec(text)?.[1] ?? []).at(-1);
}

/** Sorts by time, and is allowed in a file name everywhere: `20260131-120000`, in UTC. */
function timeStamp(date: Date): string {
  return date.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
}

/** `CNN, all images` → `CNN-all-images`. */
export function modelFolderName(name: string): string {
  return name.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '') || 'model';
}
