// What a run in progress writes down: its folder, its progress and, once complete, its record.
import * as path from 'node:path';
import { writeFileAtomic } from '../atomicFile';
import { checkOptions, oneOf, required, rule, seedInteger, text } from '../options';
import { isObject } from '../schema';
import type { CheckpointOptions } from '../training/config';
import { describeRecordedDataset, recordDataset, type RecordedSplits } from './datasetRecord';
import type { Engine, EngineDescription } from '../evaluation/engine';
import { checkRemembered, compareWithEarlier, rememberDataset, runEngine } from './earlierData';
import { describeEnvironment } from './environment';
import type { ProgressEvent } from '../training/history';
import type { ParameterValue } from './parameters';
import { createProgressLog } from './progress';
import {
  type DatasetRecord,
  type ModelRecord,
  modelSchema,
  type Preset,
  type RunRecord,
  type WeightsRecord,
} from './runRecord';

import {
  completeRunFolder,
  createRunFolder,
  makeDirectory,
  modelFolderName,
  runsDirectory,
} from './runFolder';

/** A run in progress. Calling a method again replaces what it said before, as re-run cells do. */
export interface RunRecorder {
  /** The folder's name, e.g. `20260131-120000-using-cifar-quick`. */
  readonly id: string;
  /** The run's folder, absolute. */
  readonly directory: string;
  readonly seed: number;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
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
  /**
   * What computes the run's predictions, the same for all, and in a resumed run what it began with; recorded once it is asked
   * for. Where it is ONNX Runtime the answer is 'auto': TensorFlow predicts with a model of a layer that ONNX does not know.
   *
   * @throws Error in a resumed run whose engine no longer loads.
   */
  engine(): Promise<Engine>;
  /** The models added so far, in that order. */
  readonly models: readonly ModelRecord[];
  /** What the record says so far, of a run that ends now. */
  readonly record: RunRecord;
  /**
   * Adds a finished model, or replaces the one of that name; a record that is complete already is written again.
   *
   * @throws Error for a value such as NaN.
   */
  addModel(model: ModelRecord): Promise<void>;
  /**
   * Writes the record. Where the launcher prepared the folder (`RUN_DIR`) it finishes the run itself,
   * once the executed notebook is there too; elsewhere the run is complete with this call.
   */
  complete(): Promise<RunRecord>;
}

export interface RunRecorderOptions {
  /** The notebook's file name without its ending, e.g. `using-cifar`. */
  readonly notebook: string;
  /** What the parameters cell came to, by name; recorded as it is. */
  readonly parameters: Readonly<Record<string, ParameterValue>>;
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
export function recordRun(options: RunRecorderOptions): RunRecorder {
  checkOptions<RunRecorderOptions>('startRun', options, {
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
  let engine: EngineDescription | null = null;
  const isResumed = process.env.RUN_RESUME === '1';

  const progress = createProgressLog(path.join(directory, 'progress.jsonl'));

  let isComplete = false;
  let writing: Promise<unknown> = Promise.resolve();

  const makeRecord = (): RunRecord => {
    return {
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
      ...describeEnvironment({ notebook, engine }),
    };
  };
  /** One write after the other. What is complete already is only written again: a training may have a checkpoint there. */
  const write = (record: RunRecord): Promise<void> => {
    const name = isComplete && !prepared ? 'run.json' : 'run.partial.json';
    const text = `${JSON.stringify(record, null, 2)}\n`;
    const written = writing.then(() => writeFileAtomic(path.join(directory, name), text));
    writing = written.catch(() => undefined); // its caller hears of it
    return written;
  };

  async function complete(): Promise<RunRecord> {
    const record = makeRecord();
    await write(record);
    if (!prepared && !isComplete) await completeRunFolder(directory);
    isComplete = true;
    return record;
  }

  return {
    id,
    directory,
    seed,
    parameters,
    figuresDirectory: path.join(directory, 'figures'),
    modelDirectory: (name) => path.join(directory, 'models', modelFolderName(name)),
    checkpoint: (model) => ({
      directory: path.join(directory, 'checkpoints', modelFolderName(model)),
      resume: isResumed ? 'always' : 'unfinished',
    }),
    progress,
    setDataset(splits) {
      dataset = recordDataset(splits);
      progress({ event: 'note', text: describeRecordedDataset(dataset) });
      if (process.env.RUN_AGAIN) announceComparison(dataset, { progress });
      if (isResumed) checkRemembered(dataset, directory);
      rememberDataset(dataset, directory);
    },
    setWeights({ name, source }) {
      weights = { name, source };
      progress({ event: 'note', text: `Pretrained weights: ${name} (${source})` });
    },
    async engine() {
      engine ??= await runEngine(directory, { isResumed });
      return engine.name === 'onnx' ? 'auto' : 'tensorflow';
    },
    get models() {
      return [...models.values()];
    },
    get record() {
      return makeRecord();
    },
    async addModel(model) {
      models.set(model.name, modelSchema(model, `the model "${model.name}"`));
      if (isComplete) await write(makeRecord());
    },
    complete,
  };
}

/** A repeated run says before it trains whether its data are those of the first. */
function announceComparison(
  dataset: DatasetRecord,
  { progress }: Pick<RunRecorder, 'progress'>,
): void {
  const { differs, lines } = compareWithEarlier(dataset, process.env.RUN_AGAIN ?? '');
  for (const text of lines) progress({ event: 'note', text });
  if (differs) console.warn(lines.join('\n'));
}

function environmentPreset(): Preset {
  return process.env.RUN_PRESET === 'full' ? 'full' : 'quick';
}

function isFileName(value: unknown): boolean {
  return typeof value === 'string' && /^[\p{L}\p{N}][\p{L}\p{N} ._-]*$/u.test(value);
}
