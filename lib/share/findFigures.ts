// Every figure of a run or of a notebook, under a readable name.
import { readdir, readFile, stat } from 'node:fs/promises';
import * as path from 'node:path';
import { findRun } from '../experiments/findRuns';
import { checkOptions, text } from '../options';
import { plainText } from '../report/csv';
import type { Figure } from '../report/figure';
import { fileNameOf } from '../report/fileNames';

export interface NamedFigure {
  /** Of a file, without its ending. */
  readonly name: string;
  readonly figure: Figure;
}

export interface FoundFigures {
  /** The run's id or the notebook's name. */
  readonly name: string;
  /** The run's `figures/`; undefined for a notebook. */
  readonly directory?: string;
  /** In the order they were shown. */
  readonly figures: readonly NamedFigure[];
  /** Files that hold no figure, and why. */
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
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
  const { directory, record } = await findRun(name, { from, runsDirectory });
  return { name: record.id, ...(await keptFigures(path.join(directory, 'figures'))) };
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
    const found = await stat(place).catch(() => undefined);
    if (found?.isFile()) return place;
  }
  return undefined;
}

async function notebookFigures(file: string): Promise<FoundFigures> {
  const names = new Set<string>();
  const bundles = figureBundles(await readFile(file, 'utf8'), file);
  const figures = bundles.map((bundle): NamedFigure => {
    const figure = parseFigure(bundle);
    const given = bundle.config?.toImageButtonOptions?.filename;
    return { name: freeName(given ?? plainText(figure.layout.title.text), names), figure };
  });
  return { name: path.basename(file, '.ipynb'), figures, skipped: [] };
}

/** What `showFigure` puts into a cell. */
interface FigureBundle {
  readonly data?: unknown;
  readonly layout?: unknown;
  readonly config?: { readonly toImageButtonOptions?: { readonly filename?: string } };
}

function figureBundles(json: string, file: string): FigureBundle[] {
  let notebook: { cells?: { outputs?: { data?: Record<string, FigureBundle> }[] }[] };
  try {
    notebook = JSON.parse(json) as typeof notebook;
  } catch {
    throw new Error(`Expected a notebook (JSON) in ${file} but it is none: restore the file.`);
  }
  const outputs = (notebook.cells ?? []).flatMap((cell) => cell.outputs ?? []);
  return outputs.flatMap(({ data }) => data?.[PLOTLY] ?? []);
}

async function keptFigures(
  directory: string,
): Promise<Pick<FoundFigures, 'directory' | 'figures' | 'skipped'>> {
  const names = (await readdir(directory).catch(() => [])).filter((each) => each.endsWith('.json'));
  const dated = await Promise.all(
    names.map(async (name) => ({ name, time: (await stat(path.join(directory, name))).mtimeMs })),
  );
  const figures: NamedFigure[] = [];
  const skipped: { name: string; reason: string }[] = [];
  for (const { name } of dated.sort((a, b) => a.time - b.time || a.name.localeCompare(b.name))) {
    try {
      const figure = parseFigure(JSON.parse(await readFile(path.join(directory, name), 'utf8')));
      figures.push({ name: path.basename(name, '.json'), figure });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      skipped.push({ name, reason });
    }
  }
  return { directory, figures, skipped };
}

/** @throws Error where `value` is no figure of this project. */
function parseFigure(value: unknown): Figure {
  const { data, layout } = (value ?? {}) as Partial<Figure>;
  if (!Array.isArray(data) || typeof layout?.title?.text !== 'string') {
    throw new Error('Expected a figure { data, layout } with a title but found something else.');
  }
  return { data, layout };
}

/** The name as a file is called, with a number behind it where it is taken. */
function freeName(title: string, taken: Set<string>): string {
  const base = fileNameOf(title);
  let name = base;
  for (let count = 2; taken.has(name); count++) name = `${base}-${count}`;
  taken.add(name);
  return name;
}
