// A plan of many runs: read, checked, and turned into rows, each of which is one run.
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';
import { writeFileAtomic } from '../../../lib/atomicFile';
import { sha256Of } from '../../../lib/data/checksum';
import { lockFolder } from '../../../lib/folderLock';
import type { Notebook } from '../../../lib/notebook';
import { checkOptions, oneOf, positiveInteger, required, rule, text } from '../../../lib/options';
import { findRunFolder, ROWS_FOLDER } from '../../../lib/runs/findRuns';
import type { Preset } from '../../../lib/runs/runRecord';
import { isObject } from '../../../lib/schema';
import { fromHere, inProject, Problem, shownPath, userFolder } from '../program';
import { checkPictures, checkPlaces } from '../run/checkData';
import { chooseNotebooks, chosenValues, readNotebook } from '../run/notebookFile';
import { checkValues, type ParameterValues, readParameters } from '../run/parameters';
import { checkWritable } from '../run/runFolder';
import { checkSearch, type Choice, nearestValues } from './space';

/** A plan as it is written; paths count from its file. */
export interface SweepPlan {
  /** A notebook of notebooks/, or the path of another .ipynb. */
  readonly notebook: string;
  readonly preset?: Preset;
  readonly data?: string;
  readonly weights?: string;
  /** The run whose models a transfer notebook takes; none: each row trains its own. */
  readonly baseline?: string;
  /** Values for every row. */
  readonly set?: ParameterValues;
  /** Every combination of these … */
  readonly grid?: Readonly<Record<string, readonly ParameterValues[string][]>>;
  /** … with each of these … */
  readonly list?: readonly ParameterValues[];
  /** … and each of these. */
  readonly seeds?: readonly number[];
  /** What `npm run search` chooses from. */
  readonly search?: Readonly<Record<string, Choice>>;
  /** How many runs a search makes: 30. */
  readonly trials?: number;
  /** The validation metric that a search compares, and whose: the accuracy of the last model. */
  readonly maximise?: { readonly model?: string; readonly metric?: string };
  /**
   * Ends a run whose best epoch so far is below the median of the complete ones at that epoch: from the epoch `fromEpoch` (1) on,
   * once `fromTrial` (5) are complete. Default: none.
   */
  readonly prune?: { readonly fromTrial?: number; readonly fromEpoch?: number };
  /** Options of sbatch, e.g. `--mem=4G`. */
  readonly slurm?: readonly string[];
}

/** One run of a sweep: what its numbers depend on besides the code and the machine. */
export interface Row {
  /** From 0. */
  readonly row: number;
  /** Of its content; the name of its folder. */
  readonly id: string;
  readonly notebook: string;
  readonly preset: Preset;
  /** Every parameter of the notebook. */
  readonly values: ParameterValues;
  readonly data: string | null;
  readonly weights: string | null;
  readonly baseline: string | null;
}

/** A sweep's folder: plan.json, rows.jsonl, its notebook, and `rows/<id>/` for each run. */
export interface Sweep {
  readonly folder: string;
  readonly plan: SweepPlan;
  readonly rows: readonly Row[];
  readonly notebook: Notebook;
}

const listOf = (what: string, example: string, accepts: (value: unknown) => boolean) =>
  rule(what, example, (value) => Array.isArray(value) && value.every(accepts));

/** @throws Error, or {@link Problem}, for a file that is not a plan. */
export function readPlan(path: string): SweepPlan {
  let plan: SweepPlan;
  try {
    plan = parse(readFileSync(path, 'utf8')) as SweepPlan;
  } catch (error) {
    throw new Problem(`${shownPath(path)} cannot be read: ${(error as Error).message.trim()}`, {
      remedy: 'A plan is YAML or JSON; docs/cluster.md shows one.',
    });
  }
  checkOptions<SweepPlan>(basename(path), plan, {
    notebook: required(text),
    preset: oneOf('quick', 'full'),
    data: text,
    weights: text,
    baseline: text,
    set: rule('values by parameter', '{ epochs: 3 }', isObject),
    grid: rule('a list of values for each parameter', '{ epochs: [1, 2] }', (value) => {
      return isObject(value) && Object.values(value).every(Array.isArray);
    }),
    list: listOf('a list of settings', '[{ epochs: 3 }]', isObject),
    seeds: listOf('a list of integers', '[1, 2, 3]', Number.isSafeInteger),
    search: rule('a range or a list for each parameter', '{ batchSize: [32, 64] }', (value) => {
      return isObject(value) && Object.keys(value).length > 0;
    }),
    trials: positiveInteger,
    maximise: rule('a model and a metric', '{ model: CNN }', isObject),
    prune: rule('where it begins', '{ fromTrial: 5, fromEpoch: 1 }', isObject),
    slurm: listOf("a list of sbatch's options", '[--mem=4G]', text.accepts),
  });
  const absolute = ([name, place]: [string, string]) => [name, resolve(dirname(path), place)];
  const isPath = ([name, value]: [string, unknown]) =>
    ['data', 'weights'].includes(name) || (name === 'notebook' && /\.ipynb$/.test(String(value)));
  const paths = Object.entries(plan).filter(isPath) as [string, string][];
  return { ...plan, ...(Object.fromEntries(paths.map(absolute)) as Partial<SweepPlan>) };
}

/**
 * The sweep of a plan's file: made, or what is there of it.
 *
 * @param options `out`: its folder, by default data/sweeps/<name>; `dryRun`: makes nothing; `command`: what is to run it.
 * @throws {Problem} for a plan that cannot work, or is another command's.
 */
export async function makeSweep(
  file: string,
  {
    out,
    dryRun,
    command,
  }: { readonly out?: string; readonly dryRun?: boolean; readonly command: string },
): Promise<Sweep> {
  const read = readPlan(file);
  checkCommand(read, command, file);
  const { trials = 30, maximise, prune } = read;
  const plan: SweepPlan = !read.search
    ? read
    : {
        ...read,
        trials,
        maximise: { metric: 'accuracy', ...maximise },
        ...(prune ? { prune: { fromTrial: 5, fromEpoch: 1, ...prune } } : {}),
      };
  const name = basename(file).replace(/\.\w+$/, '');
  const folder = out === undefined ? inProject('data', 'sweeps', name) : fromHere(out);
  const sweep = { folder, plan, ...(await planRows(plan)) };
  if (dryRun && !existsSync(join(folder, 'rows.jsonl'))) return sweep;
  checkWritable(folder);
  await createSweep(sweep);
  return openSweep(folder); // a search has more rows by now
}

/** @throws {Problem} where a search is given a plan without ranges, or a sweep one with them. */
export function checkCommand({ search }: SweepPlan, command: string, place: string): void {
  const fitting = search ? 'search' : 'sweep';
  if (fitting === command) return;
  const has = search ? 'has ranges to search' : 'has no ranges ("search: { … }")';
  throw new Problem(`${shownPath(place)} ${has}: npm run ${command} does not run it.`, {
    remedy: `npm run ${fitting} -- ${shownPath(place)}`,
  });
}

/**
 * The rows of a plan, checked as `npm start` checks a run.
 *
 * @throws {Problem} for no row, the same row twice, an unknown parameter, or data that are not there.
 */
export async function planRows(plan: SweepPlan): Promise<Pick<Sweep, 'rows' | 'notebook'>> {
  const { preset = 'quick', data = null, weights = null, set = {}, grid = {} } = plan;
  const isPath = plan.notebook.endsWith('.ipynb');
  const name = isPath ? basename(plan.notebook, '.ipynb') : chooseNotebooks([plan.notebook])[0];
  const notebook = isPath ? readNotebook(name, dirname(plan.notebook)) : readNotebook(name);
  checkPlaces(plan);
  const parameters = readParameters(notebook, `${name}.ipynb`);
  const common = {
    ...Object.fromEntries(parameters.map((each) => [each.name, each.value])),
    ...chosenValues({ name, notebook }, { full: preset === 'full', assignments: [] }),
  };
  let settings: ParameterValues[] = (plan.list ?? [{}]).map((each) => ({ ...set, ...each }));
  const axes = Object.entries({ ...grid, ...(plan.seeds ? { seed: plan.seeds } : {}) });
  for (const [key, values] of axes) {
    settings = settings.flatMap((each) => values.map((value) => ({ ...each, [key]: value })));
  }
  if (settings.length === 0) {
    throw new Problem('The plan gives no run: one of its lists is empty.', {
      remedy: 'Give grid, list and seeds at least one value each, or leave them out.',
    });
  }
  if (plan.search) {
    checkSearch(plan, parameters);
    // The first trial.
    settings = [{ ...set, ...nearestValues(plan.search, { ...common, ...set }) }];
  }
  const runs = { parents: [inProject('data', 'runs')], from: userFolder, complete: true };
  const baseline = plan.baseline ? await findRunFolder(plan.baseline, runs) : null;
  const rows = new Map<string, Row>();
  const loads = new Set<string>();
  for (const [row, changed] of settings.entries()) {
    checkValues(parameters, changed, 'the plan');
    const values: ParameterValues = { ...common, ...changed };
    const content = { notebook: name, preset, values, data, weights, baseline };
    const id = rowId(content);
    const same = rows.get(id);
    if (same) {
      throw new Problem(`Rows ${same.row} and ${row} of the plan are the same run.`, {
        remedy: `Name each setting once; it is ${JSON.stringify(changed)}.`,
      });
    }
    rows.set(id, { row, id, ...content });
    const load = JSON.stringify(
      Object.entries(values).filter(([key]) => /^dataSource$|^inputSize$|Limit$/.test(key)),
    );
    if (!loads.has(load)) await checkPictures({ name, notebook }, { ...plan, values });
    loads.add(load);
  }
  return { rows: [...rows.values()], notebook };
}

/** SHA-256 of what a row is, shortened. */
export function rowId({ values, ...row }: Omit<Row, 'row' | 'id'>): string {
  const { notebook, preset, data, weights, baseline } = row;
  const content = [notebook, preset, Object.entries(values).sort(), data, weights, baseline];
  return sha256Of(JSON.stringify(content)).slice(0, 12);
}

/**
 * Makes the sweep's folder, or takes up the one that the same plan has made; of a search another number of trials
 * counts from now on, and another metric where no trial has ended.
 *
 * @throws {Problem} where the folder belongs to another plan.
 */
export async function createSweep(sweep: Sweep): Promise<void> {
  const { folder, rows, plan, notebook } = sweep;
  const lock = await lockFolder(folder, `make the sweep ${shownPath(folder)}`);
  try {
    const planFile = join(folder, 'plan.json');
    const planText = `${JSON.stringify(plan, null, 2)}\n`;
    if (plan.search && existsSync(planFile)) {
      const made = JSON.parse(readFileSync(planFile, 'utf8')) as SweepPlan;
      // What is compared may change as long as nothing was.
      const isOpen = !existsSync(join(folder, 'search.json'));
      const changed = { trials: plan.trials, ...(isOpen ? { maximise: plan.maximise } : {}) };
      if (isDeepStrictEqual({ ...made, ...changed }, plan))
        await writeFileAtomic(planFile, planText);
    }
    const files = {
      [`${rows[0].notebook}.ipynb`]: JSON.stringify(notebook),
      'plan.json': planText,
      'rows.jsonl': rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
    };
    for (const [name, text] of Object.entries(files)) {
      const file = join(folder, name);
      if (!existsSync(file)) await writeFileAtomic(file, text);
      const found = readFileSync(file, 'utf8');
      // A search adds rows.
      if (plan.search ? found.startsWith(text) : found === text) continue;
      throw new Problem(`${shownPath(folder)} belongs to another plan: ${name} differs.`, {
        remedy: 'Choose another folder with --out, or put plan and notebook back as they were.',
      });
    }
  } finally {
    lock.release();
  }
}

/** Adds the row of a trial; its caller lets one process at a time do so. @param values those that were chosen. */
export async function addRow(sweep: Sweep, values: ParameterValues): Promise<Row> {
  const { folder, rows } = sweep;
  const content = { ...rows[0], row: rows.length, values: { ...rows[0].values, ...values } };
  const row = { ...content, id: rowId(content) };
  const lines = [...rows, row].map((each) => `${JSON.stringify(each)}\n`);
  await writeFileAtomic(join(folder, 'rows.jsonl'), lines.join(''));
  return row;
}

/** @throws {Problem} where there is none, or a row was changed. */
export function openSweep(folder: string): Sweep {
  const file = join(folder, 'rows.jsonl');
  if (!existsSync(file)) {
    throw new Problem(`There is no sweep in ${shownPath(folder)}: it has no rows.jsonl.`, {
      remedy: 'npm run sweep -- plan.yaml makes one. On shared storage: is it mounted here?',
    });
  }
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const rows = lines.map((line, index) => {
    const row = JSON.parse(line) as Row;
    if (row.row === index && row.id === rowId(row)) return row;
    throw new Problem(`Line ${index + 1} of ${shownPath(file)} was changed.`, {
      remedy: 'Put it back, or make another sweep: npm run sweep -- plan.yaml --out FOLDER',
    });
  });
  const plan = JSON.parse(readFileSync(join(folder, 'plan.json'), 'utf8')) as SweepPlan;
  return { folder, plan, rows, notebook: readNotebook(rows[0].notebook, folder) };
}

/** The folder of a row's run. */
export function rowFolder({ folder }: Pick<Sweep, 'folder'>, { id }: Row): string {
  return join(folder, ROWS_FOLDER, id);
}

/** What differs between rows: `learningRate = 0.01, seed = 1`; of a single one its seed. */
export function rowText({ rows }: Pick<Sweep, 'rows'>, { values }: Row): string {
  const differs = (name: string) => rows.some((row) => row.values[name] !== values[name]);
  return Object.entries(values)
    .filter(([name]) => (rows.length === 1 ? name === 'seed' : differs(name)))
    .map(([name, value]) => `${name} = ${value}`)
    .join(', ');
}
