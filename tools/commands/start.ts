// npm start: the notebooks, headless, each with a folder of its own for what it makes.
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { checkLimit } from '../../lib/data/dataset';
import { checkDataset } from '../../lib/data/loadDataset';
import { findRunFolder } from '../../lib/runs/findRuns';
import { createRunFolder } from '../../lib/runs/runFolder';
import { fromHere, fromLauncher, inProject, Problem, runProgram, userFolder } from './program';
import {
  currentState,
  differences,
  newParameters,
  type Plan,
  planAgain,
  planResume,
  writeLaunch,
} from './run/earlierRun';
import { assignmentsFor, chooseNotebooks, chosenValues, readNotebook } from './run/notebookFile';
import { type ParameterValue, readParameters } from './run/parameters';
import { checkWritable, completeRun } from './run/runFolder';
import { runNotebook } from './run/runNotebook';
import { summary } from './run/summary';

interface Options {
  readonly notebooks: readonly string[];
  readonly assignments: readonly string[];
  readonly full: boolean;
  readonly offline: boolean;
  readonly seed?: number;
  readonly data?: string;
  readonly weights?: string;
  readonly again?: string;
  readonly resume?: string;
  readonly out?: string;
  readonly device?: string;
}

void runProgram<Options>(async (options) => {
  const parent = options.out === undefined ? inProject('data', 'runs') : fromHere(options.out);
  const plans = await planRuns(options, parent);
  // What can be wrong with any of them is found before the first one runs.
  plans.forEach(checkPlaces);
  checkWritable(parent);
  for (const plan of plans) await checkPictures(plan);
  const device = await prepareDevice(options, plans[0]);

  for (const plan of plans) {
    process.stdout.write(`\n${heading(plan)}\n`);
    for (const line of whatChanged(plan, device)) process.stdout.write(`  ${line}\n`);
    const { name, preset, values, data = null, weights = null, offline } = plan;
    const directory = plan.directory ?? createRunFolder(parent, { notebook: name, preset });
    await writeLaunch(directory, {
      notebook: name,
      preset,
      values,
      data,
      weights,
      offline,
      device,
    });
    const env = { ...notebookEnvironment(plan), DEVICE: device };
    const executed = await runNotebook(plan, { directory, values, env });
    const record = await completeRun(directory, { notebook: name, executed });
    process.stdout.write(summary(record, directory));
  }
});

/** A resumed run uses its earlier device; the launcher, which did not know it, has set up the default one. */
async function prepareDevice({ device, offline }: Options, plan: Plan): Promise<string> {
  const ready = process.env.DEVICE ?? 'cpu';
  const wanted = device ?? plan.device ?? ready;
  if (wanted === ready) return ready;
  interface Launcher {
    readonly setUp: (options: { device: string; offline: boolean }) => Promise<unknown>;
  }
  const launcher = await fromLauncher<Launcher>('setup.mjs');
  await launcher.setUp({ device: wanted, offline });
  return wanted;
}

function heading({ name, preset, values, directory, repeats }: Plan): string {
  if (directory) return `${name}, ${preset}, resuming ${basename(directory)}`;
  if (repeats) return `${name}, ${preset}, again as ${basename(repeats)}`;
  const changed = Object.entries(values).map(([key, value]) => `${key} = ${value}`);
  return [`${name}, ${preset}`, ...changed].join(', ');
}

/** Named before anything runs; the data follow when they are loaded, before the first training. */
function whatChanged(plan: Plan, device: string): string[] {
  if (!plan.earlier) return [];
  const lines = [
    ...differences(plan.earlier, { ...currentState(), device }),
    ...newParameters(plan),
  ];
  return lines.length > 0
    ? ['Changed since that run:', ...lines.map((line) => `  ${line}`)]
    : ['Code, versions, processor and threads are as they were then.'];
}

/** Each run: which notebook, with which values and data, and what it goes back to. */
async function planRuns(options: Options, parent: string): Promise<Plan[]> {
  const { again, resume, offline, assignments } = options;
  const name = again ?? resume;
  if (name === undefined) return planNewRuns(options);
  refuseOtherOptions(options);
  // --out says where the new run goes; the earlier one may lie where runs lie by default.
  const parents = [...new Set([parent, inProject('data', 'runs')])];
  const search = { parents, from: userFolder, complete: again !== undefined };
  const directory = await findRunFolder(name, search);
  const plan =
    again === undefined
      ? planResume(directory, readNotebook, assignments)
      : planAgain(directory, readNotebook);
  return [{ ...plan, offline: offline || plan.offline }];
}

/** An earlier run brings its notebook, values and data with it. */
function refuseOtherOptions(options: Options): void {
  const { again, resume, notebooks, assignments, full, seed, data, weights } = options;
  const flag = again === undefined ? '--resume' : '--again';
  const given: [string, boolean][] = [
    ['--resume', again !== undefined && resume !== undefined],
    ['--notebook', notebooks.length > 0],
    // A run that failed for a value is finished with another one; each training knows whether it is still the same.
    ['--set', again !== undefined && assignments.length > 0],
    ['--full', full],
    ['--seed', seed !== undefined],
    ['--data', data !== undefined],
    ['--weights', weights !== undefined],
  ];
  const [other] = given.find(([, isGiven]) => isGiven) ?? [];
  if (other === undefined) return;
  throw new Problem(
    `${flag} takes everything from the earlier run, so ${other} has no place beside it.`,
    { remedy: `Leave ${other} out, or start a new run without ${flag}.` },
  );
}

function planNewRuns(options: Options): Plan[] {
  const { full, seed, assignments, data, weights, offline } = options;
  const notebooks = chooseNotebooks(options.notebooks).map((name) => ({
    name,
    notebook: readNotebook(name),
  }));
  return notebooks.map((entry) => ({
    ...entry,
    preset: full ? 'full' : 'quick',
    offline,
    ...(data === undefined ? {} : { data: fromHere(data) }),
    ...(weights === undefined ? {} : { weights: fromHere(weights) }),
    values: chosenValues(entry, {
      full,
      seed,
      assignments: assignmentsFor(entry, notebooks, assignments),
    }),
  }));
}

/** Paths and switches travel to the notebook by environment variables, never in a cell. */
function notebookEnvironment(plan: Plan): NodeJS.ProcessEnv {
  const { preset, data, weights, offline, directory, repeats } = plan;
  return {
    ...absolutePaths(process.env),
    RUN_PRESET: preset,
    ...(offline ? { OFFLINE: '1' } : {}),
    ...(data === undefined ? {} : { DATA_DIR: data }),
    ...(weights === undefined ? {} : { MOBILENETV2_DIR: weights }),
    ...(directory ? { RUN_RESUME: '1' } : {}),
    ...(repeats ? { RUN_AGAIN: repeats } : {}),
  };
}

/** Resolves paths in environment variables against the user's working directory, not the kernel's folder. */
function absolutePaths(env: NodeJS.ProcessEnv): Record<string, string> {
  const named = ['CIFAR10_DIR', 'MOBILENETV2_DIR', 'DATA_DIR'].flatMap((name) => {
    const path = env[name];
    return path ? [[name, fromHere(path)] as const] : [];
  });
  return Object.fromEntries(named);
}

/** @throws {Problem} where a run's data or weights are not there. */
function checkPlaces({ data, weights }: Plan): void {
  const remedies = {
    data: 'Name a folder with one folder of pictures for each class, or the one that holds data_batch_1.bin and the others, or leave --data out.',
    weights: "Name an .h5 file of Keras' MobileNetV2, or a folder of them, or leave --weights out.",
  };
  for (const [option, path] of Object.entries({ data, weights })) {
    if (path === undefined || existsSync(path)) continue;
    throw new Problem(`--${option} names ${path}, and there is no such folder or file.`, {
      remedy: remedies[option as keyof typeof remedies],
    });
  }
}

/**
 * What a run would refuse in the middle of its work, hours after the first one began, is refused before any begins:
 * pictures that do not fit into memory, limits that leave a class without pictures.
 *
 * @throws {Problem}
 */
async function checkPictures(plan: Plan): Promise<void> {
  const declared = readParameters(plan.notebook, `${plan.name}.ipynb`);
  const defaults = Object.fromEntries(declared.map(({ name, value }) => [name, value]));
  const values: Record<string, ParameterValue> = { ...defaults, ...plan.values };
  const { dataSource, inputSize, trainLimit, testLimit, ...others } = values;
  if (dataSource === undefined) return; // a notebook that loads other data
  const named = notebookEnvironment(plan).DATA_DIR;
  const source = dataSource === 'auto' && named ? named : dataSource;
  const onNotice = () => undefined; // said by the notebook
  const options = { source, size: inputSize, trainLimit, testLimit, onNotice };
  try {
    const classes = await checkDataset(options as Parameters<typeof checkDataset>[0]);
    for (const [name, value] of Object.entries(others)) {
      if (name.endsWith('Limit')) checkLimit(name, value as number, classes);
    }
  } catch (error) {
    throw new Problem(`${plan.name} cannot run on these data. ${(error as Error).message}`);
  }
}
