// A run: one pass through a notebook, with a folder of its own and, once complete, a record of what came out.
//
//   data/runs/<run id>/   run.json (written last), figures/, models/<name>/, progress.jsonl
//   data/runs/latest      the id of the last complete run
import { mkdirSync } from 'node:fs';
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import * as path from 'node:path';
import { errorCode, fileError, writeFileAtomic } from '../atomicFile';
import { checkOptions, oneOf, required, rule, seedInteger, text } from '../options';
import { dataDirectory } from '../project';
import type { CheckpointOptions } from '../training/config';
import { describeRecordedDataset, recordDataset, type RecordedSplits } from './datasetRecord';
import { checkRemembered, compareWithEarlier, rememberDataset } from './earlierData';
import { describeEnvironment } from './environment';
import type { ProgressEvent } from '../training/history';
import { createProgressLog } from './progress';
import {
  type DatasetRecord,
  type ModelRecord,
  modelSchema,
  parseRunRecord,
  type Preset,
  type RunRecord,
  type WeightsRecord,
} from './runRecord';

export type { RecordedSplits } from './datasetRecord';

/** A run in progress. Calling a method again replaces what it said before, as re-run cells do. */
export interface Run {
  /** The folder's name, e.g. `20260131-120000-using-cifar-quick`. */
  readonly id: string;
  /** The run's folder, absolute. */
  readonly directory: string;
  /** Where the figures go: `<directory>/figures`. */
  readonly figuresDirectory: string;
  /** Where a model goes: `<directory>/models/<name>`, the name without what a file system dislikes. */
  modelDirectory(name: string): string;
  /**
   * Where and how a training of this run keeps its checkpoints, for `trainModel`: one that was interrupted continues when
   * its cell runs again. In a run that the launcher resumes, one that had ended is not repeated either.
   */
  checkpoint(model: string): CheckpointOptions;
  /** Reports progress; never throws. */
  progress(event: ProgressEvent): void;
  /**
   * Records which data the run uses, with their numbers and checksums, and reports it. Call it before the
   * training: a run that repeats another one (`npm start -- --again`) names here what is different about the data.
   *
   * @throws Error in a resumed run (`--resume`) whose data are no longer those it began with.
   */
  setDataset(splits: RecordedSplits): void;
  /** Records which pretrained weights the run starts from, and reports it. */
  setWeights(weights: WeightsRecord): void;
  /** The models added so far, in that order. */
  readonly models: readonly ModelRecord[];
  /** Adds a finished model, or replaces the one of that name. @throws Error for a value such as NaN. */
  addModel(model: ModelRecord): void;
  /**
   * Writes the record. Where the launcher prepared the folder (`RUN_DIR`) it finishes the run itself,
   * once the executed notebook is there too; elsewhere the run is complete with this call.
   */
  complete(): Promise<RunRecord>;
}

export interface RunOptions {
  /** The notebook's file name without its ending, e.g. `using-cifar`. */
  readonly notebook: string;
  /** What the parameters cell came to, by name; recorded as it is. */
  readonly parameters: Readonly<Record<string, string | number | boolean>>;
  readonly seed: number;
  /** By default what the launcher says (`RUN_PRESET`), else quick. */
  readonly preset?: Preset;
  /** Where the run's folder is made if the launcher made none; by default `data/runs`. */
  readonly runsDirectory?: string;
}

/**
 * Starts a run: makes its folder, or takes over the one that the launcher prepared (`RUN_DIR`).
 *
 * @throws Error where the folder cannot be made.
 */
export function startRun(options: RunOptions): Run {
  checkOptions<RunOptions>('startRun', options, {
    notebook: required(rule('a file name', '"using-cifar"', isFileName)),
    parameters: required(rule('an object', '{ epochs }', isObject)),
    seed: required(seedInteger),
    preset: oneOf('quick', 'full'),
    runsDirectory: text,
  });
  const { notebook, parameters, seed } = options;
  const preset = options.preset ?? environmentPreset();
  const startedAt = new Date();
  const prepared = process.env.RUN_DIR;
  const directory = prepared
    ? path.resolve(prepared)
    : createRunFolder(options.runsDirectory ?? runsDirectory(), {
        notebook,
        preset,
        now: startedAt,
      });
  makeDirectory(directory);

  const id = path.basename(directory);
  const models = new Map<string, ModelRecord>();
  let dataset: DatasetRecord | null = null;
  let weights: WeightsRecord | null = null;

  const progress = createProgressLog(path.join(directory, 'progress.jsonl'));

  return {
    id,
    directory,
    figuresDirectory: path.join(directory, 'figures'),
    modelDirectory: (name) => path.join(directory, 'models', modelFolderName(name)),
    checkpoint: (model) => ({
      directory: path.join(directory, 'checkpoints', modelFolderName(model)),
      resume: process.env.RUN_RESUME === '1' ? 'always' : 'unfinished',
    }),
    progress,
    setDataset(splits) {
      dataset = recordDataset(splits);
      progress({ event: 'note', text: describeRecordedDataset(dataset) });
      if (process.env.RUN_AGAIN) announceComparison(dataset, { progress });
      if (process.env.RUN_RESUME === '1') checkRemembered(dataset, directory);
      rememberDataset(dataset, directory);
    },
    setWeights({ name, source }) {
      weights = { name, source };
      progress({ event: 'note', text: `Pretrained weights: ${name} (${source})` });
    },
    get models() {
      return [...models.values()];
    },
    addModel(model) {
      models.set(model.name, modelSchema(model, `the model "${model.name}"`));
    },
    async complete() {
      const record: RunRecord = {
        schemaVersion: 2,
        id,
        notebook,
        preset,
        parameters,
        seed,
        startedAt: startedAt.toISOString(),
        finishedAt: new Date().toISOString(),
        dataset,
        weights,
        models: [...models.values()],
        ...describeEnvironment(),
      };
      const partial = path.join(directory, 'run.partial.json');
      await writeFileAtomic(partial, `${JSON.stringify(record, null, 2)}\n`);
      if (!prepared) await completeRunFolder(directory);
      return record;
    },
  };
}

/** A repeated run says before it trains whether its data are those of the first. */
function announceComparison(dataset: DatasetRecord, { progress }: Pick<Run, 'progress'>): void {
  const { differs, lines } = compareWithEarlier(dataset, process.env.RUN_AGAIN ?? '');
  for (const text of lines) progress({ event: 'note', text });
  if (differs) console.warn(lines.join('\n'));
}

/** Removes the checkpoints and gives the record its final name, last; then `latest` beside the run's folder names it. */
export async function completeRunFolder(directory: string): Promise<void> {
  await rm(path.join(directory, 'checkpoints'), { recursive: true, force: true });
  await rename(path.join(directory, 'run.partial.json'), path.join(directory, 'run.json'));
  await writeFileAtomic(
    path.join(path.dirname(directory), 'latest'),
    `${path.basename(directory)}\n`,
  );
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

function environmentPreset(): Preset {
  return process.env.RUN_PRESET === 'full' ? 'full' : 'quick';
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

function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    throw fileError(error, `make the run's folder ${directory}`);
  }
}

/** Sorts by time, and is allowed in a file name everywhere: `20260131-120000`, in UTC. */
function timeStamp(date: Date): string {
  return date.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
}

/** `CNN, all images` → `CNN-all-images`. */
export function modelFolderName(name: string): string {
  return name.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '') || 'model';
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isFileName(value: unknown): boolean {
  return typeof value === 'string' && /^[\p{L}\p{N}][\p{L}\p{N} ._-]*$/u.test(value);
}
