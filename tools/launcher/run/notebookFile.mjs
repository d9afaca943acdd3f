// The notebooks that there are, and what the launcher needs to know of one.
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { suggest } from '../nearMiss.mjs';
import {
  cellSource,
  checkValues,
  hasParameters,
  parseAssignments,
  readParameters,
  splitAssignment,
} from '../parameters.mjs';
import { Problem } from '../setup/problem.mjs';
import { inProject } from '../setup/project.mjs';

/** Where the notebooks lie; each runs with this as its working directory. */
export const notebooksFolder = inProject('notebooks');

/** How JupyterLab names what somebody has just made or copied. */
const SCRATCH = /^Untitled\d*$|-Copy\d+$/i;

/** @returns {string[]} all notebooks of the folder, without ending, sorted; hidden files are none */
function allNotebooks(folder) {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.ipynb') && !file.startsWith('.'))
    .map((file) => basename(file, '.ipynb'))
    .sort();
}

/**
 * The notebooks that are experiments, with a cell tagged `parameters`: what `npm start` runs and the tests look at. A
 * notebook for notes between them is its owner's own business.
 *
 * @returns {string[]} without ending, sorted
 */
export function experimentNotebooks(folder = notebooksFolder) {
  return allNotebooks(folder).filter((name) => {
    if (SCRATCH.test(name)) return false;
    try {
      return hasParameters(readNotebook(name, folder));
    } catch {
      return false; // half written
    }
  });
}

/**
 * Chooses notebooks by name.
 *
 * @param {readonly string[]} names with or without `.ipynb`; none: all experiments
 * @param {{ folder?: string, onNotice?: (notice: string) => void }} options `onNotice`: hears what is passed over
 * @returns {string[]} names without ending, in alphabetical order where all are meant
 */
export function chooseNotebooks(
  names,
  { folder = notebooksFolder, onNotice = (notice) => process.stderr.write(`${notice}\n`) } = {},
) {
  const known = allNotebooks(folder);
  if (names.length === 0) {
    const experiments = experimentNotebooks(folder);
    if (experiments.length === 0)
      throw new Problem(`There is no notebook with a cell tagged "parameters" in ${folder}.`, {
        remedy: 'Check the clone: git status',
      });
    const others = known.filter((name) => !experiments.includes(name));
    if (others.length > 0)
      onNotice(
        `Passed over in notebooks/: ${others.join(', ')} (no experiment; --notebook NAME runs it).`,
      );
    // The larger baseline story comes first, whatever the alphabet says.
    return experiments.sort((a, b) => Number(b === 'using-cifar') - Number(a === 'using-cifar'));
  }
  return names.map((name) => {
    const plain = basename(name).replace(/\.ipynb$/, '');
    if (known.includes(plain)) return plain;
    throw new Problem(`There is no notebook ${name} in notebooks/.`, {
      remedy: suggest(plain, known),
    });
  });
}

/** @returns {object} the parsed notebook. @throws {Problem} where it is no JSON. */
export function readNotebook(name, folder = notebooksFolder) {
  const path = join(folder, `${name}.ipynb`);
  try {
    const notebook = JSON.parse(readFileSync(path, 'utf8'));
    if (!Array.isArray(notebook.cells)) throw new Error('it has no "cells"');
    return notebook;
  } catch (error) {
    throw new Problem(`${path} is no notebook: ${error.message}.`, {
      remedy: 'Restore it: git checkout -- notebooks',
    });
  }
}

/**
 * The values that a run replaces in one notebook: the full preset, then the seed, then `--set`.
 *
 * @param {object} notebook
 * @param {string} name
 * @param {{ full: boolean, seed?: number, assignments: readonly string[] }} options
 * @throws {Problem} before anything runs: unknown name, wrong type, no such preset
 */
export function chosenValues(notebook, name, { full, seed, assignments }) {
  const parameters = readParameters(notebook, `${name}.ipynb`);
  const preset = full ? notebook.metadata?.presets?.full : {};
  if (!preset) {
    throw new Problem(`${name}.ipynb has no preset "full".`, {
      remedy: 'Run it without --full, or add metadata.presets.full to the notebook.',
    });
  }
  checkValues(parameters, preset, `the preset "full" of ${name}.ipynb`);
  if (seed !== undefined) checkValues(parameters, { seed }, '--seed');
  const set = parseAssignments(parameters, assignments);
  if (seed !== undefined && 'seed' in set) {
    throw new Problem('The seed is given twice, by --seed and by --set.', {
      remedy: 'Keep one of them.',
    });
  }
  return { ...preset, ...(seed === undefined ? {} : { seed }), ...set };
}

/**
 * Which assignments belong to which of several notebooks: one that some notebook declares is left out for the others.
 *
 * @param {readonly { name: string, notebook: object }[]} notebooks
 * @param {readonly string[]} assignments
 * @throws {Problem} for a name that none of them declares
 */
export function assignmentsFor({ name, notebook }, notebooks, assignments) {
  const declares = (candidate, parameter) =>
    readParameters(candidate.notebook, `${candidate.name}.ipynb`).some(
      (known) => known.name === parameter,
    );
  return assignments.filter((assignment) => {
    const { name: parameter } = splitAssignment(assignment);
    const isElsewhere = notebooks.some(
      (other) => other.name !== name && declares(other, parameter),
    );
    return declares({ name, notebook }, parameter) || !isElsewhere;
  });
}

/** @returns {string[]} a title for each code cell: the heading above it, else its first line of code. */
export function cellTitles(notebook) {
  const titles = [];
  let heading = '';
  for (const cell of notebook.cells) {
    const source = cellSource(cell);
    if (cell.cell_type === 'markdown') heading = /^#+\s+(.+)$/m.exec(source)?.[1].trim() ?? heading;
    if (cell.cell_type !== 'code' || source.trim() === '') continue;
    const isInjected = cell.metadata?.tags?.includes('injected-parameters');
    titles.push(isInjected ? 'Values of this run' : heading || firstLine(source));
    heading = '';
  }
  return titles;
}

function firstLine(source) {
  const lines = source.split('\n').map((line) => line.trim());
  return lines.find((line) => line && !line.startsWith('//')) ?? lines[0];
}
