// npm start: set-up, then the notebooks, headless, each with a folder of its own for what it makes.
import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { fromLib } from './commandLine.mjs';
import { helpText, parseOptions, refuseSwallowedOptions } from './options.mjs';
import { readParameters } from './parameters.mjs';
import {
  currentState,
  differences,
  findRun,
  newParameters,
  planAgain,
  planResume,
  writeLaunch,
} from './run/earlierRun.mjs';
import {
  assignmentsFor,
  chooseNotebooks,
  chosenValues,
  readNotebook,
} from './run/notebookFile.mjs';
import { checkWritable, completeRun, createRunFolder } from './run/runFolder.mjs';
import { runNotebook } from './run/runNotebook.mjs';
import { summary } from './run/summary.mjs';
import { Problem, printProblem } from './setup/problem.mjs';
import { inProject } from './setup/project.mjs';
import { setUp } from './setup.mjs';

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = printProblem(error);
}

async function main(args) {
  refuseSwallowedOptions();
  const options = parseOptions(args);
  if (options.help) {
    process.stdout.write(helpText(undefined, { width: process.stdout.columns }));
    return;
  }
  // What can be wrong with the command line is found before anything is downloaded or run.
  const parent = options.out ? fromHere(options.out) : inProject('data', 'runs');
  const runs = planRuns(options, parent);
  runs.forEach(checkPlaces);
  checkWritable(parent);

  const { device } = await setUp({ ...options, device: options.device ?? runs[0].device });
  for (const run of runs) await checkPictures(run);
  for (const run of runs) {
    process.stdout.write(`\n${heading(run)}\n`);
    for (const line of run.record ? whatChanged(run, device) : []) {
      process.stdout.write(`  ${line}\n`);
    }
    const directory = run.directory ?? createRunFolder(parent, run.name, { preset: run.preset });
    const { name, preset, values, data, weights, offline } = run;
    writeLaunch(directory, { notebook: name, preset, values, data, weights, offline, device });
    const env = { ...notebookEnvironment(run), DEVICE: device };
    const executed = await runNotebook(run, { directory, values, env });
    const record = await completeRun(directory, { notebook: name, executed });
    process.stdout.write(summary(record, directory, { from: userFolder() }));
  }
}

function heading({ name, preset, values, directory, repeats }) {
  if (directory) return `${name}, ${preset}, resuming ${basename(directory)}`;
  if (repeats) return `${name}, ${preset}, again as ${basename(repeats)}`;
  const changed = Object.entries(values).map(([key, value]) => `${key} = ${value}`);
  return [`${name}, ${preset}`, ...changed].join(', ');
}

/** Named before anything runs; the data follow when they are loaded, before the first training. */
function whatChanged(run, device) {
  const lines = [...differences(run.record, { ...currentState(), device }), ...newParameters(run)];
  return lines.length > 0
    ? ['Not as it was then:', ...lines.map((line) => `  ${line}`)]
    : ['Code, versions, processor and threads are as they were then.'];
}

/** Each run: which notebook, with which values and data, and what it goes back to. */
function planRuns(options, parent) {
  if (options.again === undefined && options.resume === undefined) return planNewRuns(options);
  refuseCompany(options);
  const from = userFolder();
  const isRepeated = options.again !== undefined;
  // --out says where the new run goes; the earlier one may lie where runs lie by default.
  const parents = [...new Set([parent, inProject('data', 'runs')])];
  const name = options.again ?? options.resume;
  const directory = findRun(name, { parents, from, complete: isRepeated });
  const plan = isRepeated
    ? { ...planAgain(directory, readNotebook), repeats: directory }
    : { ...planResume(directory, readNotebook, options.assignments), directory };
  return [{ ...plan, offline: options.offline || plan.offline }];
}

/** An earlier run brings its notebook, values and data with it. */
function refuseCompany({ again, resume, notebooks, assignments, full, seed, data, weights }) {
  const flag = again === undefined ? '--resume' : '--again';
  const company = [
    ['--resume', again !== undefined && resume !== undefined],
    ['--notebook', notebooks.length > 0],
    // A run that failed for a value is finished with another one; each training knows whether it is still the same.
    ['--set', again !== undefined && assignments.length > 0],
    ['--full', full],
    ['--seed', seed !== undefined],
    ['--data', data !== undefined],
    ['--weights', weights !== undefined],
  ].find(([, given]) => given);
  if (!company) return;
  throw new Problem(
    `${flag} takes everything from the earlier run, so ${company[0]} has no place beside it.`,
    {
      remedy: `Leave ${company[0]} out, or start a new run without ${flag}.`,
    },
  );
}

function planNewRuns({ notebooks: names, full, seed, assignments, data, weights, offline }) {
  const notebooks = chooseNotebooks(names).map((name) => ({ name, notebook: readNotebook(name) }));
  return notebooks.map((entry) => {
    const own = assignmentsFor(entry, notebooks, assignments);
    return {
      ...entry,
      preset: full ? 'full' : 'quick',
      data: data === undefined ? undefined : fromHere(data),
      weights: weights === undefined ? undefined : fromHere(weights),
      offline,
      values: chosenValues(entry.notebook, entry.name, { full, seed, assignments: own }),
    };
  });
}

/** Paths and switches travel to the notebook by environment variables, never in a cell. */
function notebookEnvironment({ preset, data, weights, offline, directory, repeats }) {
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

/** Places that the person named by a variable count from where the person stands, not from the kernel's folder. */
function absolutePaths(env) {
  const named = ['CIFAR10_DIR', 'MOBILENETV2_DIR', 'DATA_DIR'].filter((name) => env[name]);
  return Object.fromEntries(named.map((name) => [name, fromHere(env[name])]));
}

/** @throws {Problem} where a run's data or weights are not there */
function checkPlaces({ data, weights }) {
  const remedies = {
    data: 'Name a folder with one folder of pictures for each class, or the one that holds data_batch_1.bin and the others, or leave --data out.',
    weights: "Name an .h5 file of Keras' MobileNetV2, or a folder of them, or leave --weights out.",
  };
  for (const [option, path] of Object.entries({ data, weights })) {
    if (path === undefined || existsSync(path)) continue;
    throw new Problem(`--${option} names ${path}, and there is no such folder or file.`, {
      remedy: remedies[option],
    });
  }
}

/**
 * What a run would refuse in the middle of its work, hours after the first one began, is refused before any begins:
 * pictures that do not fit into memory, limits that leave a class without pictures.
 *
 * @throws {Problem}
 */
async function checkPictures(run) {
  const declared = readParameters(run.notebook, `${run.name}.ipynb`);
  const defaults = Object.fromEntries(declared.map(({ name, value }) => [name, value]));
  const { dataSource, inputSize, trainLimit, testLimit, ...others } = {
    ...defaults,
    ...run.values,
  };
  if (dataSource === undefined) return; // a notebook of somebody's own, which loads something else
  const named = notebookEnvironment(run).DATA_DIR;
  const source = dataSource === 'auto' && named ? named : dataSource;
  try {
    const { checkDataset } = fromLib('data/loadDataset');
    const onNotice = () => undefined; // said by the notebook
    const options = { source, size: inputSize, trainLimit, testLimit, onNotice };
    const classes = await checkDataset(options);
    for (const [name, value] of Object.entries(others)) {
      if (name.endsWith('Limit')) fromLib('data/dataset').checkLimit(name, value, classes);
    }
  } catch (error) {
    throw new Problem(`${run.name} cannot run on these data. ${error.message}`);
  }
}

/** A path on the command line counts from where the person stands; npm itself moves to the project's folder. */
function fromHere(path) {
  return resolve(userFolder(), path);
}

function userFolder() {
  return process.env.INIT_CWD ?? process.cwd();
}
