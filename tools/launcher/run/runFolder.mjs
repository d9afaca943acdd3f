// A run's folder: made before the notebook runs, complete only when run.json has its final name.
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, relative } from 'node:path';
import { runCommand, CommandFailed } from '../setup/command.mjs';
import { Problem, lastLines, writeProblem } from '../setup/problem.mjs';
import {
  inProject,
  inVenv,
  jupyterEnvironment,
  readJson,
  root,
  writeFileAtomic,
} from '../setup/project.mjs';

/**
 * Makes the folder of a new run.
 *
 * @param {string} parent the folder of runs, absolute; made where it is missing
 * @param {string} notebook
 * @param {{ preset: 'quick' | 'full', now?: Date }} options
 * @returns {string} absolute
 * @throws {Problem} where it cannot be made
 */
export function createRunFolder(parent, notebook, { preset, now = new Date() }) {
  // Sorts by time and is allowed on every file system; the same form as lib/experiments/runs.ts makes.
  const time = now.toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-');
  try {
    mkdirSync(parent, { recursive: true });
    for (let attempt = 1; ; attempt++) {
      const id = `${time}-${notebook}-${preset}${attempt === 1 ? '' : `-${attempt}`}`;
      try {
        mkdirSync(join(parent, id));
        return join(parent, id);
      } catch (error) {
        if (error.code !== 'EEXIST') throw error;
      }
    }
  } catch (error) {
    throw folderProblem(parent, error);
  }
}

/** Finds out before any work whether runs can be written below `parent`. @throws {Problem} */
export function checkWritable(parent) {
  try {
    mkdirSync(parent, { recursive: true });
    const probe = join(parent, `.writable-${process.pid}`);
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (error) {
    throw folderProblem(parent, error);
  }
}

/**
 * Turns the executed notebook into the run's record and completes the folder, run.json last.
 *
 * @param {string} directory the run's folder
 * @param {{ notebook: string, executed: string, onSpawn?: (pid: number) => void }} options `executed`: the runner's output
 * @returns {Promise<object | undefined>} run.json's content; `undefined` where the notebook kept no record
 */
export async function completeRun(directory, { notebook, executed }) {
  const record = join(directory, 'notebook.ipynb');
  const text = recordText(readFileSync(executed, 'utf8'), { notebook, directory });
  writeFileAtomic(record, text);
  await exportHtml(record, join(directory, 'notebook.html'), notebook);
  rmSync(executed, { force: true });

  const partial = join(directory, 'run.partial.json');
  if (!existsSync(partial)) return undefined;
  // They served to finish this run.
  rmSync(join(directory, 'checkpoints'), { recursive: true, force: true });
  syncFile(partial);
  renameSync(partial, join(directory, 'run.json'));
  writeFileAtomic(join(directory, '..', 'latest'), `${basename(directory)}\n`);
  return readJson(join(directory, 'run.json'));
}

/**
 * An executed notebook as a record: a first cell that says so, and no paths of this machine.
 *
 * @param {string} text an executed .ipynb
 * @param {{ notebook: string, directory: string }} run
 */
export function recordText(text, { notebook, directory }) {
  const executed = JSON.parse(text);
  const id = basename(directory);
  const note = `> **A record.** This is what the run \`${id}\` of \`notebooks/${notebook}.ipynb\` computed. To run it again, open that notebook, or say \`npm start -- --notebook ${notebook}\`; this copy lies elsewhere and finds no library.`;
  const cell = {
    cell_type: 'markdown',
    ...(executed.nbformat_minor >= 5 ? { id: 'record' } : {}),
    metadata: { tags: ['record'] },
    source: note,
  };
  const metadata = {
    ...executed.metadata,
    record: { run: id, notebook: `notebooks/${notebook}.ipynb` },
  };
  const whole = JSON.stringify(
    { ...executed, metadata, cells: [cell, ...executed.cells] },
    null,
    1,
  );
  return `${withoutPaths(whole, directory)}\n`;
}

/** Replaces absolute paths of the clone, and of a run's folder outside it, by relative ones. */
export function withoutPaths(text, directory) {
  const insideJson = (path) => JSON.stringify(path).slice(1, -1);
  let result = text;
  if (relative(root, directory).startsWith('..')) {
    result = result.replaceAll(insideJson(join(directory, '..')), 'runs');
  }
  return result.replaceAll(`${insideJson(root)}/`, '').replaceAll(insideJson(root), '.');
}

/** Writes a notebook as one page with live figures that needs no network. @throws {Problem} */
export async function exportHtml(source, target, title) {
  const script = inProject('tools', 'jupyter', 'export_html.py');
  const plotly = inProject('dist', 'plotly.min.js');
  try {
    await runCommand(inVenv('bin', 'python'), [script, source, plotly, target, title], {
      env: jupyterEnvironment(),
    });
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    throw new Problem(`The notebook ran, but ${target} could not be written.`, {
      details: lastLines(error.output),
    });
  }
}

/** The record's bytes reach the disk before its name says that it is complete. */
function syncFile(path) {
  const file = openSync(path, 'r+');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function folderProblem(parent, error) {
  return writeProblem(`make a run's folder in ${parent}`, error) ?? error;
}
