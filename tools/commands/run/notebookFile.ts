// The notebooks that there are, and what the launcher needs to know of one.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { suggest } from '../../../lib/nearMiss.cjs';
import { fromHere, inProject, Problem, tell } from '../program';
import { cellSource, hasTag, type Notebook, parseNotebook } from '../../../lib/notebook';
import {
  checkValues,
  hasParameters,
  type ParameterValues,
  parseAssignments,
  readParameters,
  splitAssignment,
} from './parameters';

/** A notebook and its name, without ending. */
export interface NamedNotebook {
  readonly name: string;
  readonly notebook: Notebook;
}

/** Where the notebooks lie; each runs with this as its working directory. */
export const notebooksFolder = inProject('notebooks');

/** How JupyterLab names a new or copied notebook. */
const SCRATCH = /^Untitled\d*$|-Copy\d+$/i;

/** All notebooks of the folder, without ending, sorted; hidden files are none. */
function allNotebooks(folder: string): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.ipynb') && !file.startsWith('.'))
    .map((file) => basename(file, '.ipynb'))
    .sort();
}

/**
 * The notebooks that are experiments, with a cell tagged `parameters`: what `npm start` runs and the tests look at. A
 * notebook without that tag is ignored.
 */
export function experimentNotebooks(folder = notebooksFolder): string[] {
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
 * @param names with or without `.ipynb`; none: all experiments.
 * @param options `onNotice` hears what is passed over.
 * @returns names without ending, in alphabetical order where all are meant.
 */
export function chooseNotebooks(
  names: readonly string[],
  {
    folder = notebooksFolder,
    onNotice = tell,
  }: { readonly folder?: string; readonly onNotice?: (notice: string) => void } = {},
): string[] {
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
    const place = fromHere(name.endsWith('.ipynb') ? name : `${name}.ipynb`);
    // Not silently the committed one instead: a working copy of the same name may hold other cells.
    if (name !== basename(name) && dirname(place) !== folder && existsSync(place)) {
      throw new Problem(`npm start runs the notebooks of notebooks/; received ${name}.`, {
        remedy: 'Run it in JupyterLab (npm run lab), or copy it to notebooks/ under another name.',
      });
    }
    if (known.includes(plain)) return plain;
    throw new Problem(`There is no notebook ${name} in notebooks/.`, {
      remedy: suggest(plain, known),
    });
  });
}

/** @throws {Problem} where it is no JSON, or no notebook. */
export function readNotebook(name: string, folder = notebooksFolder): Notebook {
  const path = join(folder, `${name}.ipynb`);
  try {
    return parseNotebook(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Problem(`${path} is no notebook: ${(error as Error).message}.`, {
      remedy: 'Restore it: git checkout -- notebooks',
    });
  }
}

/**
 * The values that a run replaces in one notebook: the full preset, then the seed, then `--set`.
 *
 * @throws {Problem} before anything runs: unknown name, wrong type, no such preset.
 */
export function chosenValues(
  { name, notebook }: NamedNotebook,
  {
    full,
    seed,
    assignments,
  }: { readonly full: boolean; readonly seed?: number; readonly assignments: readonly string[] },
): ParameterValues {
  const parameters = readParameters(notebook, `${name}.ipynb`);
  const presets = notebook.metadata?.presets as { full?: ParameterValues } | undefined;
  const preset = full ? presets?.full : {};
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
 * @throws {Problem} for a name that none of them declares.
 */
export function assignmentsFor(
  { name, notebook }: NamedNotebook,
  notebooks: readonly NamedNotebook[],
  assignments: readonly string[],
): string[] {
  const declares = (candidate: NamedNotebook, parameter: string) =>
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

/** A title for each code cell: the heading above it, else its first line of code. */
export function cellTitles(notebook: Notebook): string[] {
  const titles: string[] = [];
  let heading = '';
  for (const cell of notebook.cells) {
    const source = cellSource(cell);
    if (cell.cell_type === 'markdown') heading = /^#+\s+(.+)$/m.exec(source)?.[1].trim() ?? heading;
    if (cell.cell_type !== 'code' || source.trim() === '') continue;
    const isInjected = hasTag(cell, 'injected-parameters');
    titles.push(isInjected ? 'Values of this run' : heading || firstLine(source));
    heading = '';
  }
  return titles;
}

function firstLine(source: string): string {
  const lines = source.split('\n').map((line) => line.trim());
  return lines.find((line) => line && !line.startsWith('//')) ?? lines[0];
}
