// Every figure of a run or of a notebook, under a readable name.
import { readFile } from 'node:fs/promises';
import * as path from 'node:path';
import { isFile } from '../runs/findModel';
import { findRun } from '../runs/findRuns';
import { checkOptions, text } from '../options';
import { plainText } from '../report/csv';
import {
  fileNameOf,
  type KeptFigures,
  type NamedFigure,
  parseFigure,
  readKeptFigures,
} from '../report/keptFigures';

export interface FoundFigures extends KeptFigures {
  /** The run's id or the notebook's name. */
  readonly name: string;
  /** The run's `figures/`; undefined for a notebook. */
  readonly directory?: string;
  /** The notebook's path; undefined for a run. */
  readonly notebook?: string;
}

export interface FindFiguresOptions {
  /** What relative paths count from; by default the working directory. */
  readonly from?: string;
  readonly notebooksDirectory?: string;
  readonly runsDirectory?: string;
}

const PLOTLY = 'application/vnd.plotly.v1+json';

/**
 * The figures of a notebook's outputs, or those that a run keeps as JSON in its `figures/`.
 *
 * @param name a run (id, beginning of an id, `latest`, folder) or a notebook (path, or name in `notebooks/`).
 * @throws Error where there is neither.
 */
export async function findFigures(
  name: string,
  options: FindFiguresOptions = {},
): Promise<FoundFigures> {
  checkOptions('findFigures', options, {
    from: text,
    notebooksDirectory: text,
    runsDirectory: text,
  });
  const notebook = await findNotebook(name, options);
  if (notebook !== undefined) return notebookFigures(notebook);
  const { from, runsDirectory } = options;
  const run = await findRun(name, { from, runsDirectory });
  const directory = path.join(run.directory, 'figures');
  return { name: run.record.id, directory, ...(await readKeptFigures(directory)) };
}

/** The path of the notebook that is meant; undefined where none is. */
export async function findNotebook(
  name: string,
  { from = process.cwd(), notebooksDirectory }: FindFiguresOptions,
): Promise<string | undefined> {
  const places = [path.resolve(from, name)];
  if (notebooksDirectory !== undefined) {
    places.push(path.join(notebooksDirectory, `${name.replace(/\.ipynb$/, '')}.ipynb`));
  }
  for (const place of places.filter((each) => each.endsWith('.ipynb'))) {
    if (await isFile(place)) return place;
  }
  return undefined;
}

async function notebookFigures(file: string): Promise<FoundFigures> {
  const names = new Set<string>();
  const figures: NamedFigure[] = [];
  const skipped: { name: string; reason: string }[] = [];
  for (const [index, bundle] of figureBundles(await readFile(file, 'utf8'), file).entries()) {
    try {
      const figure = parseFigure(bundle);
      const given = (bundle as FigureBundle).config?.toImageButtonOptions?.filename;
      const title = typeof given === 'string' ? given : plainText(figure.layout.title.text);
      figures.push({ name: freeName(title, names), figure });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      skipped.push({ name: `figure ${index + 1} of ${path.basename(file)}`, reason });
    }
  }
  return { name: path.basename(file, '.ipynb'), notebook: file, figures, skipped };
}

/** What `showFigure` puts into a cell, beside the figure itself. */
interface FigureBundle {
  readonly config?: { readonly toImageButtonOptions?: { readonly filename?: unknown } };
}

/** Whatever stands under Plotly's MIME type, in reading order. */
function figureBundles(json: string, file: string): unknown[] {
  let notebook: unknown;
  try {
    notebook = JSON.parse(json);
  } catch {
    throw new Error(`Expected a notebook (JSON) in ${file} but it is none: restore the file.`);
  }
  const outputs = listAt(notebook, 'cells').flatMap((cell) => listAt(cell, 'outputs'));
  return outputs.flatMap((output) => {
    const data = (output as { data?: Record<string, unknown> | null } | null)?.data;
    return data?.[PLOTLY] ?? [];
  });
}

/** The list under a name; none where something else stands there. */
function listAt(value: unknown, name: string): unknown[] {
  const list = (value as Record<string, unknown> | null)?.[name];
  return Array.isArray(list) ? list : [];
}

/** The name as a file is called, with a number behind it where it is taken. */
function freeName(title: string, taken: Set<string>): string {
  const base = fileNameOf(title);
  let name = base;
  for (let count = 2; taken.has(name); count++) name = `${base}-${count}`;
  taken.add(name);
  return name;
}
