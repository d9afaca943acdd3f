// What an earlier run was started with, to do it once more (--again) or to finish it (--resume).
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { writeFileAtomic } from '../../../lib/atomicFile';
import { LAUNCH_FILE } from '../../../lib/runs/findRuns';
import { EVALUATION } from '../../../lib/runs/runFolder';
import { describeCommit, describeMachine } from '../../../lib/runs/machine';
import {
  gitSchema,
  parseRunRecord,
  type Preset,
  presetSchema,
  type RunRecord,
} from '../../../lib/runs/runRecord';
import { isAlive, processStart } from '../../../lib/processLock.cjs';
import { operationThreads, projectRoot } from '../../../lib/project';
import {
  count,
  flag,
  nullable,
  objectOf,
  oneOf,
  optional,
  primitive,
  recordOf,
  type Schema,
  text,
} from '../../../lib/schema';
import { inProject, Problem } from '../program';
import type { Notebook } from '../../../lib/notebook';
import type { NamedNotebook } from './notebookFile';
import { checkValues, parseAssignments, type ParameterValues, readParameters } from './parameters';

/** How a run is started. */
export interface Launch {
  readonly notebook: string;
  readonly preset: Preset;
  readonly values: ParameterValues;
  /** Where the data and the weights lie, absolute; null where the command line named none. */
  readonly data: string | null;
  readonly weights: string | null;
  readonly offline: boolean;
  readonly device: string;
}

/** What may change a run's numbers: commit, versions, machine. */
type State = Pick<RunRecord, 'git' | 'threads'> & {
  readonly versions: Readonly<Record<string, string | null>>;
  readonly machine: Pick<RunRecord['machine'], 'cpu'>;
  readonly device?: string;
};

/** launch.json. */
type LaunchRecord = Launch &
  State & { readonly schemaVersion: 1; readonly pid: number; readonly start: string | null };

const launchSchema: Schema<LaunchRecord> = objectOf<LaunchRecord>({
  schemaVersion: oneOf(1),
  notebook: text,
  preset: presetSchema,
  values: recordOf(primitive),
  data: optional(text),
  weights: optional(text),
  offline: flag,
  device: text,
  pid: count,
  start: optional(text),
  git: gitSchema,
  threads: count,
  versions: recordOf(nullable(text)),
  machine: objectOf<LaunchRecord['machine']>({ cpu: text }),
});

/** A run to be started, with what it has of an earlier one. */
export interface Plan extends NamedNotebook {
  readonly values: ParameterValues;
  readonly preset: Preset;
  readonly data?: string;
  readonly weights?: string;
  readonly offline: boolean;
  readonly device?: string;
  /** The earlier run's state. */
  readonly earlier?: State;
  /** The folder of the run that is resumed. */
  readonly directory?: string;
  /** The folder of the run that is repeated. */
  readonly repeats?: string;
}

/** Writes down how a run is started, beside what it makes. */
export async function writeLaunch(directory: string, launch: Launch): Promise<void> {
  const { pid } = process;
  const record: LaunchRecord = {
    schemaVersion: 1,
    ...launch,
    pid,
    start: processStart(pid) ?? null,
    ...currentState(),
  };
  await writeFileAtomic(join(directory, LAUNCH_FILE), `${JSON.stringify(record, null, 2)}\n`);
}

/**
 * How a complete run is done once more: its notebook with all its parameters.
 *
 * @throws {Problem} where the run is not complete, its record is damaged, or the notebook no longer fits.
 */
export function planAgain(directory: string, readNotebook: (name: string) => Notebook): Plan {
  const id = basename(directory);
  const file = join(directory, 'run.json');
  if (!existsSync(file)) {
    throw new Problem(`The run ${id} is not complete, so there is no record to repeat.`, {
      remedy: `Finish it: npm start -- --resume ${id}`,
    });
  }
  const record = read(file, parseRunRecord);
  // A run from Jupyter has none.
  const launch = existsSync(join(directory, LAUNCH_FILE)) ? readLaunch(directory) : undefined;
  const { notebook: name, preset, parameters, seed } = record;
  if (name === EVALUATION) {
    throw new Problem(`${id} is an evaluation of a model, which has no notebook.`, {
      remedy: 'Repeat it: npm run evaluate -- RUN --data FOLDER',
    });
  }
  const notebook = readNotebook(name);
  const declared = readParameters(notebook, `${name}.ipynb`);
  // The seed has a field of its own in the record, and is a parameter like the others in the notebook.
  const hasSeed = declared.some((parameter) => parameter.name === 'seed');
  // A notebook need not record every parameter; the others' values from the command line are in the launch record.
  const values = { ...launch?.values, ...(hasSeed ? { seed } : {}), ...parameters };
  checkValues(declared, values, `the record of ${id}`);
  const earlier = { ...record, versions: { ...record.versions } };
  return { name, notebook, values, preset, ...placesOf(launch), earlier, repeats: directory };
}

/**
 * How an unfinished run is finished: the same notebook with the same values, in the same folder.
 *
 * @param assignments values to change.
 * @throws {Problem} where the run is complete, still at work, or its record is damaged.
 */
export function planResume(
  directory: string,
  readNotebook: (name: string) => Notebook,
  assignments: readonly string[] = [],
): Plan {
  const id = basename(directory);
  if (existsSync(join(directory, 'run.json')))
    throw new Problem(`The run ${id} is complete: there is nothing to resume.`, {
      remedy: `To do it once more: npm start -- --again ${id}`,
    });
  if (!existsSync(join(directory, LAUNCH_FILE)))
    throw new Problem(`The run ${id} does not say how it was started.`, {
      remedy: 'Start a new one: npm start',
    });
  const launch = readLaunch(directory);
  const { pid, start } = launch;
  if (pid !== process.pid && isAlive({ pid, start: start ?? undefined }))
    throw new Problem(`The run ${id} is still at work (process ${pid}).`, {
      remedy: 'Wait for it, or stop it with Ctrl-C first.',
    });
  const { notebook: name, preset } = launch;
  const notebook = readNotebook(name);
  const declared = readParameters(notebook, `${name}.ipynb`);
  const values = { ...launch.values, ...parseAssignments(declared, assignments) };
  checkValues(declared, values, `${LAUNCH_FILE} of ${id}`);
  return { name, notebook, values, preset, ...placesOf(launch), earlier: launch, directory };
}

function placesOf(launch: Launch | undefined): Pick<Plan, 'data' | 'weights' | 'offline'> {
  const { data, weights, offline = false, device } = launch ?? {};
  return {
    offline,
    ...(data ? { data } : {}),
    ...(weights ? { weights } : {}),
    ...(device ? { device } : {}),
  };
}

/** The path of the data that a run was started with; undefined where it named none, or was not started by `npm start`. */
export function launchedData(directory: string): string | undefined {
  if (!existsSync(join(directory, LAUNCH_FILE))) return undefined;
  return readLaunch(directory).data ?? undefined;
}

/**
 * The notebook's parameters that an earlier run did not know: they take the notebook's values.
 *
 * @returns one sentence for each.
 */
export function newParameters({ name, notebook, values, repeats }: Plan): string[] {
  if (!repeats) return [];
  return readParameters(notebook, `${name}.ipynb`)
    .filter((parameter) => !Object.hasOwn(values, parameter.name))
    .map(({ name: added, value }) => `The parameter ${added} is new since then: ${value}.`);
}

/**
 * What is different from the time of an earlier run and may change its numbers.
 *
 * @param now where no `device` is given, it is not compared.
 * @returns one sentence for each difference.
 */
export function differences(before: State, now: State = currentState()): string[] {
  const lines: string[] = [];
  const commit = (git: State['git']) =>
    git ? `${git.commit.slice(0, 10)}${git.dirty ? ' with changes' : ''}` : 'none';
  const wasChanged = (before.git?.dirty ?? false) || (now.git?.dirty ?? false);
  if (commit(before.git) !== commit(now.git) || wasChanged)
    lines.push(`The code: commit ${commit(before.git)} then, ${commit(now.git)} now.`);
  for (const [name, version] of Object.entries(now.versions)) {
    const then = before.versions[name];
    if (then && version && then !== version) lines.push(`${name}: ${then} then, ${version} now.`);
  }
  if (before.device && now.device && before.device !== now.device)
    lines.push(`The device: ${before.device} then, ${now.device} now.`);
  if (before.machine.cpu !== now.machine.cpu)
    lines.push(`The processor: ${before.machine.cpu} then, ${now.machine.cpu} now.`);
  if (before.threads !== now.threads)
    lines.push(
      `Threads: ${before.threads} then, ${now.threads} now; sums are rounded in another order.`,
    );
  return lines;
}

/** Commit, versions and machine as they are; TensorFlow is not loaded for it. */
export function currentState(): State {
  return {
    git: describeCommit(projectRoot()),
    versions: {
      node: process.versions.node,
      tensorflow: versionIn('.tensorflow', 'runtime.json'),
      tfjs: versionIn('node_modules', '@tensorflow/tfjs', 'package.json'),
      onnxruntime: versionIn('node_modules', 'onnxruntime-node', 'package.json'),
      tslab: versionIn('node_modules', 'tslab', 'package.json'),
    },
    threads: operationThreads(),
    machine: { cpu: describeMachine().cpu },
  };
}

function versionIn(...file: readonly string[]): string | null {
  try {
    const { version } = JSON.parse(readFileSync(inProject(...file), 'utf8')) as {
      version?: string;
    };
    return version ?? null;
  } catch {
    return null;
  }
}

function readLaunch(directory: string): LaunchRecord {
  return read(join(directory, LAUNCH_FILE), (json) => launchSchema(JSON.parse(json), ''));
}

/** @throws {Problem} where the file is not what this version of the project writes. */
function read<T>(file: string, parse: (json: string, file: string) => T): T {
  try {
    return parse(readFileSync(file, 'utf8'), file);
  } catch (error) {
    throw new Problem(`${file} is no record of a run. ${(error as Error).message}`, {
      remedy: 'Start a new one: npm start',
    });
  }
}
