// npm start: the notebooks, headless, each with a folder of its own for what it makes.
import { basename } from 'node:path';
import { findRunFolder } from '../../lib/runs/findRuns';
import { createRunFolder } from '../../lib/runs/runFolder';
import {
  fromHere,
  fromLauncher,
  inProject,
  Problem,
  runProgram,
  userFolder,
  wrapText,
} from './program';
import { checkPictures, checkPlaces } from './run/checkData';
import {
  currentState,
  differences,
  newParameters,
  type Plan,
  planAgain,
  planResume,
} from './run/earlierRun';
import { assignmentsFor, chooseNotebooks, chosenValues, readNotebook } from './run/notebookFile';
import { checkWritable } from './run/runFolder';
import { runPlan } from './run/runPlan';
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
  for (const plan of plans) await checkPictures(plan, plan);
  const device = await prepareDevice(options, plans[0]);

  for (const plan of plans) {
    process.stdout.write(`\n${wrapText(heading(plan))}\n`);
    for (const line of whatChanged(plan, device)) {
      process.stdout.write(`${wrapText(`  ${line}`)}\n`);
    }
    const { name, preset } = plan;
    const directory = plan.directory ?? createRunFolder(parent, { notebook: name, preset });
    const record = await runPlan(plan, { directory, device });
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
