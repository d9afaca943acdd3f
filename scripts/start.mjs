// npm start: set-up, then the notebooks, headless, each with a folder of its own for what it makes.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { helpText, parseOptions, refuseSwallowedOptions } from './options.mjs';
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
  const runs = planRuns(options);
  const parent = options.out ? fromHere(options.out) : inProject('data', 'runs');
  const env = notebookEnvironment(options);
  checkWritable(parent);

  const { device } = await setUp(options);
  const preset = options.full ? 'full' : 'quick';
  for (const { name, notebook, values } of runs) {
    const changed = Object.entries(values).map(([key, value]) => `${key} = ${value}`);
    process.stdout.write(`\n${[`${name}, ${preset}`, ...changed].join(', ')}\n`);
    const directory = createRunFolder(parent, name, { preset });
    const kernelEnv = { ...env, DEVICE: device, RUN_PRESET: preset };
    const executed = await runNotebook({ name, notebook }, { directory, values, env: kernelEnv });
    const record = await completeRun(directory, { notebook: name, executed });
    process.stdout.write(summary(record, directory, { from: userFolder() }));
  }
}

function planRuns({ notebooks: names, full, seed, assignments }) {
  const notebooks = chooseNotebooks(names).map((name) => ({ name, notebook: readNotebook(name) }));
  return notebooks.map((entry) => {
    const own = assignmentsFor(entry, notebooks, assignments);
    return {
      ...entry,
      values: chosenValues(entry.notebook, entry.name, { full, seed, assignments: own }),
    };
  });
}

/** Paths and switches travel to the notebook by environment variables, never in a cell. */
function notebookEnvironment({ data, offline }) {
  const env = {};
  if (offline) env.OFFLINE = '1';
  if (data !== undefined) {
    env.DATA_DIR = fromHere(data);
    if (!existsSync(env.DATA_DIR)) {
      throw new Problem(`--data names ${env.DATA_DIR}, and there is no such folder or file.`, {
        remedy: 'Name the folder that holds data_batch_1.bin and the others, or leave --data out.',
      });
    }
  }
  return env;
}

/** A path on the command line counts from where the person stands; npm itself moves to the project's folder. */
function fromHere(path) {
  return resolve(userFolder(), path);
}

function userFolder() {
  return process.env.INIT_CWD ?? process.cwd();
}
