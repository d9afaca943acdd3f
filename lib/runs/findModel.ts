/** Which saved model is meant: a folder, a run, or none in particular. */
import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { kindOf } from '../atomicFile';
import { checkOptions, text } from '../options';
import { findRun, findRuns, type FindRunsOptions, type FoundRun } from './findRuns';
import type { RunRecord } from './runRecord';
import { EVALUATION, listRuns, loadRun, modelFolderName, runsDirectory } from './runFolder';

/** A saved model, ready for `loadClassifier`. */
export interface FoundModel {
  readonly directory: string;
  /** As the run calls it; the folder's name where it belongs to none. */
  readonly name: string;
  /** The run that is meant by the place; null where a model's folder is. */
  readonly runId: string | null;
  /** `CIFAR-10`, `generated sample (not CIFAR-10)`; null where no record tells. */
  readonly trainedOn: string | null;
  /** As its run recorded it, 0…1; null where none did. */
  readonly testAccuracy: number | null;
}

export interface FindModelOptions extends FindRunsOptions {
  /** Which model of a run; by default the one with the highest test accuracy. */
  readonly model?: string;
}

/**
 * Finds a saved model.
 *
 * @param place a model's folder; or a run as for `findRun` (folder, id, the beginning of one, `latest`). Default `latest`.
 * @throws Error that says what was expected where, and how to get it.
 */
export async function findModel(
  place = 'latest',
  options: FindModelOptions = {},
): Promise<FoundModel> {
  checkOptions('findModel', options, { runsDirectory: text, from: text, model: text });
  return (await findModels(place, options))[0];
}

/**
 * Finds the models of a run, the one with the highest test accuracy first; or the one that is meant by a folder or `options.model`.
 *
 * @param place as for {@link findModel}.
 * @returns one or more.
 */
export async function findModels(
  place: string,
  options: FindModelOptions = {},
): Promise<FoundModel[]> {
  const { model, ...search } = options;
  if (place === 'latest') return modelsOfLatest(search, model);
  const candidate = resolve(search.from ?? process.cwd(), place);
  if (await isFile(join(candidate, 'model.json'))) {
    if (model !== undefined) {
      throw new Error(
        `Expected a run, to choose its model "${model}", but ${place} is one model: leave the model out, or name the run.`,
      );
    }
    const name = basename(candidate);
    const record = await loadRun(join(candidate, '..', '..')).catch(() => undefined);
    const recorded = record?.models.find((each) => modelFolderName(each.name) === name);
    const testAccuracy = recorded?.test?.accuracy ?? null;
    return [
      { directory: candidate, name, runId: null, trainedOn: trainedOn(record), testAccuracy },
    ];
  }
  const isThere = (await kindOf(candidate)) !== undefined;
  const isOther = isThere && !(await isFile(join(candidate, 'run.json'))); // a folder of runs: which one?
  const runs = isOther ? [] : await findRuns([place], search).then((all) => all.runs, none);
  if (runs.length === 1) return modelsOfRun(runs[0], model);
  const found = runs.length > 1 ? `${runs.length} runs` : isThere ? 'neither' : 'nothing';
  throw new Error(
    `Expected a model's folder (with model.json) or a complete run (its folder or its id) at ${place} ` +
      `but found ${found}: ${await knownRuns(search.runsDirectory)}`,
  );
}

function none(): [] {
  return [];
}

/** Of the latest run that is no evaluation. */
async function modelsOfLatest(search: FindRunsOptions, model?: string): Promise<FoundModel[]> {
  const latest = await findRun('latest', search);
  if (latest.record.notebook !== EVALUATION) return modelsOfRun(latest, model);
  const { runs } = await findRuns([], search);
  return modelsOfRun(
    runs.findLast(({ record }) => record.notebook !== EVALUATION) ?? latest,
    model,
  );
}

async function modelsOfRun(
  { directory, record }: FoundRun,
  wanted?: string,
): Promise<FoundModel[]> {
  const saved: FoundModel[] = [];
  for (const { name, test } of byTestAccuracy(record)) {
    const folder = join(directory, 'models', modelFolderName(name));
    if (!(await isFile(join(folder, 'model.json')))) continue;
    saved.push({
      directory: folder,
      name,
      runId: record.id,
      trainedOn: trainedOn(record),
      testAccuracy: test?.accuracy ?? null,
    });
  }
  const isWanted = ({ name, directory: folder }: FoundModel) =>
    [name, basename(folder)].some((each) => each.toLowerCase() === wanted?.toLowerCase());
  const chosen = wanted === undefined ? saved : saved.filter(isWanted).slice(0, 1);
  if (chosen.length > 0) return chosen;
  if (saved.length === 0) {
    throw new Error(
      `Expected a saved model in the run ${directory} but found none: choose another run, or a model's folder.`,
    );
  }
  throw new Error(
    `Expected a saved model "${wanted}" in the run ${record.id} but found ` +
      `${saved.map(({ name }) => name).join(', ')}: choose one of these.`,
  );
}

function byTestAccuracy({ models }: RunRecord): RunRecord['models'] {
  return [...models].sort((a, b) => (b.test?.accuracy ?? -1) - (a.test?.accuracy ?? -1));
}

function trainedOn(record: RunRecord | undefined): string | null {
  if (!record?.dataset) return null;
  const { name, source } = record.dataset;
  return source === 'generated' ? 'the generated sample (not CIFAR-10)' : name;
}

async function knownRuns(directory = runsDirectory()): Promise<string> {
  const runs = await listRuns(directory);
  if (runs.length === 0) return '"npm start" makes a run.';
  return `the latest runs are ${runs.slice(-3).join(', ')}.`;
}

/** False where nothing can be read, too. */
export async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (info) => info.isFile(),
    () => false,
  );
}
