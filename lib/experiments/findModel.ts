/** Which saved model is meant: a folder, a run, or none in particular. */
import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { kindOf } from '../atomicFile';
import { findRun, findRuns, type FoundRun } from './findRuns';
import type { RunRecord } from './runRecord';
import { listRuns, modelFolderName, runsDirectory } from './runs';

/** A saved model, ready for `loadClassifier`. */
export interface FoundModel {
  readonly directory: string;
  /** As the run calls it; the folder's name where it belongs to none. */
  readonly name: string;
  readonly runId: string | null;
}

/**
 * Finds a saved model.
 *
 * @param place a model's folder; or a run as for `findRun` (folder, id, the beginning of one, `latest`): its model with
 *   the highest test accuracy. Default `latest`.
 * @param options.directory the folder of runs; default `data/runs`.
 * @throws Error that says what was expected where, and how to get it.
 */
export async function findModel(
  place?: string,
  { directory = runsDirectory() }: { readonly directory?: string } = {},
): Promise<FoundModel> {
  const options = { runsDirectory: directory };
  if (place === undefined) return bestOfRun(await findRun('latest', options));
  const candidate = resolve(place);
  if (await isFile(join(candidate, 'model.json'))) {
    return { directory: candidate, name: basename(candidate), runId: null };
  }
  const isThere = (await kindOf(candidate)) !== undefined;
  const isOther = isThere && !(await isFile(join(candidate, 'run.json'))); // a folder of runs: which one?
  const runs = isOther ? [] : await findRuns([place], options).then((all) => all.runs, none);
  if (runs.length === 1) return bestOfRun(runs[0]);
  const found = runs.length > 1 ? `${runs.length} runs` : isThere ? 'neither' : 'nothing';
  throw new Error(
    `Expected a model's folder (with model.json) or a complete run (its folder or its id) at ${place} ` +
      `but found ${found}: ${await knownRuns(directory)}`,
  );
}

function none(): [] {
  return [];
}

async function bestOfRun({ directory, record }: FoundRun): Promise<FoundModel> {
  for (const model of byTestAccuracy(record)) {
    const folder = join(directory, 'models', modelFolderName(model.name));
    if (await isFile(join(folder, 'model.json'))) {
      return { directory: folder, name: model.name, runId: record.id };
    }
  }
  throw new Error(
    `Expected a saved model in the run ${directory} but found none: choose another run, or a model's folder.`,
  );
}

function byTestAccuracy({ models }: RunRecord): RunRecord['models'] {
  return [...models].sort((a, b) => (b.test?.accuracy ?? 0) - (a.test?.accuracy ?? 0));
}

async function knownRuns(directory: string): Promise<string> {
  const runs = await listRuns(directory);
  if (runs.length === 0) return '"npm start" makes a run.';
  return `the latest runs are ${runs.slice(-3).join(', ')}.`;
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isFile(),
    () => false,
  );
}
