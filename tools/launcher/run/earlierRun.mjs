// What an earlier run was started with, to do it once more (--again) or to finish it (--resume).
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import { basename, join, resolve } from 'node:path';
import { suggest } from '../nearMiss.mjs';
import { checkValues, parseAssignments, readParameters } from '../parameters.mjs';
import { isAlive, processStart } from '../setup/lock.mjs';
import { Problem } from '../setup/problem.mjs';
import { inProject, root, writeFileAtomic } from '../setup/project.mjs';
import { findWrongField } from './recordFields.mjs';

const RECORD_FILE = 'run.json';
const LAUNCH_FILE = 'launch.json';

/**
 * Writes down how a run is started, beside what it makes.
 *
 * @param {string} directory the run's folder
 * @param {{ notebook: string, preset: string, values: Record<string, unknown>, data?: string, weights?: string,
 *   offline: boolean, device: string }} launch
 */
export function writeLaunch(directory, launch) {
  const { pid } = process;
  const record = { schemaVersion: 1, ...launch, pid, start: processStart(pid), ...currentState() };
  writeFileAtomic(join(directory, LAUNCH_FILE), `${JSON.stringify(record, null, 2)}\n`);
}

/**
 * The folder of an earlier run.
 *
 * @param {string} name a run's id, the beginning of one, the path of its folder, or "latest": the last that can be
 *   repeated or resumed
 * @param {{ parents: readonly string[], from: string, complete: boolean }} options `parents`: the folders of runs;
 *   `from`: where paths count from; `complete`: whether "latest" is to be complete, or still unfinished
 * @throws {Problem} where there is none, or several are meant
 */
export function findRun(name, { parents, from, complete }) {
  const exact = [...parents.map((parent) => join(parent, name)), resolve(from, name)].find(isRun);
  if (exact) return exact;
  const known = parents.flatMap(runsIn).sort((a, b) => (basename(a) < basename(b) ? -1 : 1));
  const meant =
    name === 'latest'
      ? known.filter((path) => isComplete(path) === complete).slice(-1)
      : known.filter((path) => basename(path).startsWith(name));
  if (meant.length === 1) return meant[0];
  if (meant.length > 1)
    throw new Problem(`"${name}" means ${meant.length} runs: ${meant.map(idOf).join(', ')}.`, {
      remedy: 'Write more of the id.',
    });
  const kind = name === 'latest' ? `${complete ? 'complete' : 'unfinished'} run` : `run ${name}`;
  throw new Problem(`There is no ${kind} in ${parents.join(' or ')}.`, {
    remedy:
      known.length > 0
        ? suggest(name, known.map(idOf))
        : 'There is none at all: npm start makes one.',
  });
}

function runsIn(parent) {
  const names = existsSync(parent) ? readdirSync(parent) : [];
  return names.map((name) => join(parent, name)).filter(isRun);
}

function isRun(path) {
  return isComplete(path) || existsSync(join(path, LAUNCH_FILE));
}

function isComplete(path) {
  return existsSync(join(path, RECORD_FILE));
}

const idOf = (path) => basename(path);

/**
 * How a complete run is done once more: its notebook with all its parameters.
 *
 * @param {string} directory
 * @param {(name: string) => object} readNotebook
 * @throws {Problem} where the run is not complete, its record is damaged, or the notebook no longer fits
 */
export function planAgain(directory, readNotebook) {
  const id = basename(directory);
  const record = readRecord(directory, RECORD_FILE, {
    missing: `The run ${id} is not complete, so there is no record to repeat.`,
    remedy: `Finish it: npm start -- --resume ${id}`,
  });
  // A run from Jupyter has none.
  const isLaunched = existsSync(join(directory, LAUNCH_FILE));
  const launch = isLaunched ? readRecord(directory, LAUNCH_FILE) : {};
  const { data, weights, offline = false, device } = launch;
  const { notebook: name, preset, parameters, seed } = record;
  const notebook = readNotebook(name);
  const declared = readParameters(notebook, `${name}.ipynb`);
  // The seed has a field of its own in the record, and is a parameter like the others in the notebook.
  const hasSeed = declared.some((parameter) => parameter.name === 'seed');
  // A notebook need not record every parameter; what the command line said of the others stands in the launch.
  const values = { ...launch.values, ...(hasSeed ? { seed } : {}), ...parameters };
  checkValues(declared, values, `the record of ${id}`);
  return { name, notebook, values, preset, data, weights, offline, device, record };
}

/**
 * How an unfinished run is finished: the same notebook with the same values, in the same folder.
 *
 * @param {string} directory
 * @param {(name: string) => object} readNotebook
 * @param {readonly string[]} assignments values to change
 * @throws {Problem} where the run is complete, still at work, or its record is damaged
 */
export function planResume(directory, readNotebook, assignments = []) {
  const id = basename(directory);
  if (existsSync(join(directory, RECORD_FILE)))
    throw new Problem(`The run ${id} is complete: there is nothing to resume.`, {
      remedy: `To do it once more: npm start -- --again ${id}`,
    });
  const launch = readRecord(directory, LAUNCH_FILE, {
    missing: `The run ${id} does not say how it was started.`,
    remedy: 'Start a new one: npm start',
  });
  if (launch.pid !== process.pid && isAlive(launch))
    throw new Problem(`The run ${id} is still at work (process ${launch.pid}).`, {
      remedy: 'Wait for it, or stop it with Ctrl-C first.',
    });
  const { notebook: name, preset, data, weights, offline = false, device } = launch;
  const notebook = readNotebook(name);
  const declared = readParameters(notebook, `${name}.ipynb`);
  const values = { ...launch.values, ...parseAssignments(declared, assignments) };
  checkValues(declared, values, `${LAUNCH_FILE} of ${id}`);
  return { name, notebook, values, preset, data, weights, offline, device, record: launch };
}

/**
 * The notebook's parameters that an earlier run did not know: they take the notebook's values.
 *
 * @param {{ name: string, notebook: object, values: object, repeats?: string }} run `repeats`: the earlier run's folder
 * @returns {string[]} one sentence for each
 */
export function newParameters({ name, notebook, values, repeats }) {
  if (!repeats) return [];
  return readParameters(notebook, `${name}.ipynb`)
    .filter((parameter) => !Object.hasOwn(values, parameter.name))
    .map(({ name: added, value }) => `The parameter ${added} is new since then: ${value}.`);
}

/**
 * What is different from the time of an earlier run and may change its numbers.
 *
 * @param {{ git?: { commit: string, dirty: boolean } | null, versions?: Record<string, string | null>, threads?: number,
 *   machine?: { cpu?: string }, device?: string }} before
 * @param {typeof before} now where no `device` is given, it is not compared
 * @returns {string[]} one sentence for each difference
 */
export function differences(before, now = currentState()) {
  const lines = [];
  const commit = (git) =>
    git ? `${git.commit.slice(0, 10)}${git.dirty ? ' with changes' : ''}` : 'none';
  const wasChanged = before.git?.dirty || now.git?.dirty;
  if (commit(before.git) !== commit(now.git) || wasChanged)
    lines.push(`The code: commit ${commit(before.git)} then, ${commit(now.git)} now.`);
  for (const [name, version] of Object.entries(now.versions)) {
    const then = before.versions?.[name];
    if (then && version && then !== version) lines.push(`${name}: ${then} then, ${version} now.`);
  }
  if (before.device && now.device && before.device !== now.device)
    lines.push(`The device: ${before.device} then, ${now.device} now.`);
  if (before.machine?.cpu && before.machine.cpu !== now.machine.cpu)
    lines.push(`The processor: ${before.machine.cpu} then, ${now.machine.cpu} now.`);
  if (before.threads && before.threads !== now.threads)
    lines.push(
      `Threads: ${before.threads} then, ${now.threads} now; sums are rounded in another order.`,
    );
  return lines;
}

/** Commit, versions and machine as they are, in the form that a run's record has them. */
export function currentState() {
  const processors = os.cpus();
  return {
    git: currentCommit(),
    versions: {
      node: process.versions.node,
      tensorflow: readJsonOr(inProject('.tensorflow', 'runtime.json'))?.version ?? null,
      tfjs: installedVersion('@tensorflow/tfjs'),
      tslab: installedVersion('tslab'),
    },
    threads: Number(process.env.TF_NUM_INTRAOP_THREADS) || os.availableParallelism(),
    machine: { cpu: processors[0]?.model.trim() || 'unknown' },
  };
}

function currentCommit() {
  const git = (...args) =>
    execFileSync('git', ['-C', root, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 5000,
    }).trim();
  try {
    if (git('rev-parse', '--show-prefix') !== '') return null;
    const dirty = git('status', '--porcelain', '--untracked-files=no') !== '';
    return { commit: git('rev-parse', 'HEAD'), dirty };
  } catch {
    return null;
  }
}

function installedVersion(name) {
  return readJsonOr(inProject('node_modules', name, 'package.json'))?.version ?? null;
}

/**
 * Reads and checks run.json or launch.json.
 *
 * @throws {Problem} where it is missing, or not what this version of the project writes
 */
function readRecord(directory, file, { missing, remedy } = {}) {
  const path = join(directory, file);
  if (!existsSync(path)) throw new Problem(missing, { remedy });
  const wrong = findWrongField(readJsonOr(path), file);
  if (wrong === undefined) return readJsonOr(path);
  throw new Problem(`${path} is no record of a run: ${wrong}.`, {
    remedy: 'Start a new one: npm start',
  });
}

function readJsonOr(path) {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8'));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
