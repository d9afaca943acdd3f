// What an earlier run was started with, to do it once more (--again) or to finish it (--resume).
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import os from 'node:os';
import { basename, join, resolve } from 'node:path';
import { suggest } from '../nearMiss.mjs';
import { checkValues, readParameters } from '../parameters.mjs';
import { Problem } from '../setup/problem.mjs';
import { inProject, root, writeFileAtomic } from '../setup/project.mjs';

const LAUNCH_FILE = 'launch.json';

/**
 * Writes down how a run is started, beside what it makes.
 *
 * @param {string} directory the run's folder
 * @param {{ notebook: string, preset: string, values: Record<string, unknown>, data?: string, offline: boolean,
 *   device: string }} launch
 */
export function writeLaunch(directory, launch) {
  const record = { schemaVersion: 1, ...launch, pid: process.pid, ...currentState() };
  writeFileAtomic(join(directory, LAUNCH_FILE), `${JSON.stringify(record, null, 2)}\n`);
}

/**
 * The folder of an earlier run.
 *
 * @param {string} name a run's id, or the path of its folder
 * @param {{ parent: string, from: string }} options `parent`: the folder of runs; `from`: where paths count from
 * @throws {Problem} where there is none
 */
export function findRun(name, { parent, from }) {
  const candidates = [join(parent, name), resolve(from, name)];
  const found = candidates.find((path) => isRun(path));
  if (found) return found;
  const known = existsSync(parent)
    ? readdirSync(parent).filter((id) => isRun(join(parent, id)))
    : [];
  throw new Problem(`There is no run ${name} in ${parent}.`, {
    remedy: known.length > 0 ? suggest(name, known) : 'There is none at all: npm start makes one.',
  });
}

function isRun(path) {
  return ['run.json', LAUNCH_FILE].some((file) => existsSync(join(path, file)));
}

/**
 * How a complete run is done once more: its notebook with all its parameters.
 *
 * @param {string} directory
 * @param {(name: string) => object} readNotebook
 * @throws {Problem} where the run is not complete, its record is damaged, or the notebook no longer fits
 */
export function planAgain(directory, readNotebook) {
  const record = readRecord(directory, 'run.json', {
    missing: `The run ${basename(directory)} is not complete, so there is no record to repeat.`,
    remedy: `Finish it: npm start -- --resume ${basename(directory)}`,
    fields: ['notebook', 'preset', 'parameters', 'versions'],
  });
  const { data, offline = false, device } = readLaunch(directory) ?? {};
  const { notebook: name, preset, parameters } = record;
  const notebook = readNotebook(name);
  checkValues(
    readParameters(notebook, `${name}.ipynb`),
    parameters,
    `the record of ${basename(directory)}`,
  );
  return { name, notebook, values: parameters, preset, data, offline, device, record };
}

/**
 * How an unfinished run is finished: the same notebook with the same values, in the same folder.
 *
 * @throws {Problem} where the run is complete, still at work, or its record is damaged
 */
export function planResume(directory, readNotebook) {
  const id = basename(directory);
  if (existsSync(join(directory, 'run.json')))
    throw new Problem(`The run ${id} is complete: there is nothing to resume.`, {
      remedy: `To do it once more: npm start -- --again ${id}`,
    });
  const launch = readRecord(directory, LAUNCH_FILE, {
    missing: `The run ${id} does not say how it was started.`,
    remedy: 'Start a new one: npm start',
    fields: ['notebook', 'preset', 'values'],
  });
  if (launch.pid !== process.pid && isAlive(launch.pid))
    throw new Problem(`The run ${id} is still at work (process ${launch.pid}).`, {
      remedy: 'Wait for it, or stop it with Ctrl-C first.',
    });
  const { notebook: name, preset, values, data, offline = false, device } = launch;
  const notebook = readNotebook(name);
  checkValues(readParameters(notebook, `${name}.ipynb`), values, `${LAUNCH_FILE} of ${id}`);
  return { name, notebook, values, preset, data, offline, device, record: launch };
}

/**
 * What is different from the time of an earlier run and may change its numbers.
 *
 * @param {{ git?: { commit: string, dirty: boolean } | null, versions?: Record<string, string | null>, threads?: number,
 *   machine?: { cpu?: string } }} before
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

function readLaunch(directory) {
  return readJsonOr(join(directory, LAUNCH_FILE));
}

function readRecord(directory, file, { missing, remedy, fields }) {
  const path = join(directory, file);
  if (!existsSync(path)) throw new Problem(missing, { remedy });
  const record = readJsonOr(path);
  const absent = fields.find((field) => record?.[field] === undefined);
  if (record && absent === undefined) return record;
  const what = record ? `it has no "${absent}"` : 'it is no JSON';
  throw new Problem(`${path} is no record of a run: ${what}.`, {
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

function isAlive(pid) {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
