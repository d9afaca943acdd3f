// Cleans a notebook for sharing: keeps its outputs, removes traces of the machine it ran on.
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import {
  cellSource,
  hasTag,
  joined,
  type Notebook,
  type NotebookCell,
  type NotebookOutput,
  parseNotebook,
} from '../../lib/notebook';
import type { GitRecord } from '../../lib/runs/runRecord';
import { inProject, withoutProjectPath } from './program';

/** Cells whose outputs show the data set's own pictures, which the repository may not hand on. */
export const PICTURES_TAG = 'dataset-pictures';

/** The first cell of a shared notebook: where it comes from, and how to run it. */
export const SHARED_TAG = 'shared';

/** GitHub's preview gives up on larger notebooks. */
export const MAX_BYTES = 2e6;

const PLOTLY = 'application/vnd.plotly.v1+json';
const SVG = 'image/svg+xml';
/** Of a notebook's metadata: what makes it open and run. */
const KEPT_METADATA = ['kernelspec', 'language_info', 'presets', 'record'];
/** An absolute path below a folder that names people or machines; its last part is no secret. */
const MACHINE_PATH =
  /(?<![\w.$}:/-])(?:file:\/\/)?\/(?:home|root|Users|work|workspace|tmp|var|mnt|media|private|opt|srv)\/(?:[^\s"'`<>|\\:;,()[\]{}]+\/)*([^\s"'`<>|\\:;,()[\]{}/]+)/g;
const WINDOWS_PATH = /\b[A-Z]:\\(?:[^\s"'`<>|\\:;,()]+\\)*([^\s"'`<>|\\:;,()]+)/g;

export interface CleanOptions {
  /** Named in errors. */
  readonly path: string;
  readonly withPictures?: boolean;
  /** The code that made it, and that runs it again; null where no commit is known. */
  readonly git: GitRecord | null;
}

/**
 * The clean copy of a notebook.
 *
 * Left out: paths of the machine, warnings on stderr, times of execution, editors' metadata, what a carriage
 * return overwrote, and the outputs of cells that show the data set's own pictures.
 *
 * @param text the notebook's JSON.
 * @returns `notices`: what a person should know.
 */
export function cleanNotebook(
  text: string,
  { path, withPictures = false, git }: CleanOptions,
): { notebook: Notebook; notices: string[] } {
  const original = readNotebook(text, path);
  const {
    cells: present,
    metadata = {},
    nbformat = 4,
    nbformat_minor = 4,
  } = parseNotebook(withoutMachine(text));
  const isOwn = (cell: NotebookCell) => !hasTag(cell, SHARED_TAG) && !hasTag(cell, 'record');
  const cells = present.filter(isOwn);
  const notices: string[] = [];
  const counts = cells.filter(isCode).map(({ execution_count }) => execution_count ?? null);
  const isWholeRun = counts.every((count, index) => count === index + 1);
  let hidden = 0;
  const clean = cells.map((cell): NotebookCell => {
    const { tags = [] } = cell.metadata ?? {};
    const kept = { ...cell, metadata: tags.length > 0 ? { tags } : {} };
    if (!isCode(cell)) return kept;
    const count = isWholeRun ? cell.execution_count : null;
    const outputs = cleanOutputs(cell.outputs ?? []).map((output) =>
      output.output_type === 'execute_result' ? { ...output, execution_count: count } : output,
    );
    const isHidden = tags.includes(PICTURES_TAG) && !withPictures && outputs.length > 0;
    if (!isHidden) return { ...kept, execution_count: count, outputs };
    hidden += 1;
    const notice = stream("Left out: this cell shows the data set's own pictures.\n");
    return { ...kept, execution_count: count, outputs: [notice] };
  });
  if (hidden > 0) {
    notices.push(
      `The outputs of ${hidden} cells that show the data set's pictures are left out (--with-pictures keeps them).`,
    );
  }
  if (counts.every((count) => count === null)) {
    notices.push(
      'The notebook has no outputs: npm start runs it, npm run share -- latest shares that run.',
    );
  }
  if (sources(cells) !== sources(original.cells.filter(isOwn))) {
    notices.push('Paths of this machine stood in the text of cells; the copy has them cut short.');
  }
  const kept = KEPT_METADATA.flatMap((name) => (name in metadata ? [[name, metadata[name]]] : []));
  const cleanMetadata = Object.fromEntries(kept) as Record<string, unknown>;
  return {
    notebook: {
      cells: [originCell(git, nbformat_minor), ...clean],
      metadata: cleanMetadata,
      nbformat,
      nbformat_minor,
    },
    notices,
  };
}

/**
 * Code that names the project, the commit and the two commands that run the notebook, and that fails with these words where the
 * project is not: the next cell could only say that it does not find '../lib'.
 */
function originCell(git: GitRecord | null, nbformatMinor: number): NotebookCell {
  const { name } = JSON.parse(readFileSync(inProject('package.json'), 'utf8')) as { name: string };
  const commit = git?.commit.slice(0, 10);
  const commands = [...(commit ? [`git checkout ${commit}`] : []), 'npm run lab -- --original'];
  const origin = commit ? `${name}, commit ${commit}` : name;
  const dirty = git?.dirty ? ' (it ran with changes that the commit does not hold)' : '';
  const words = `This notebook belongs to the project ${origin}${dirty}. To run it, put it into the folder notebooks/ of a clone of the project, then run there: ${commands.join(' && ')}`;
  const source = `// ${words}
import { existsSync } from 'node:fs';
if (!existsSync('../lib/package.json')) {
  throw new Error(${JSON.stringify(words)});
}`;
  return {
    cell_type: 'code',
    ...(nbformatMinor >= 5 ? { id: SHARED_TAG } : {}),
    metadata: { tags: [SHARED_TAG] },
    execution_count: null,
    source,
    outputs: [],
  };
}

/**
 * The notebook's JSON as Jupyter writes it, below 2 MB: where it is larger, the largest figures keep only their
 * picture, then the largest outputs go.
 */
export function compactText(
  notebook: Notebook,
  { maxBytes = MAX_BYTES } = {},
): { text: string; notices: string[] } {
  const cells = notebook.cells.map((cell) => ({ ...cell, outputs: [...(cell.outputs ?? [])] }));
  const serialised = () =>
    `${JSON.stringify({ ...notebook, cells: cells.map(withOwnOutputs) }, null, 1)}
`;
  const withOwnOutputs = (cell: NotebookCell): NotebookCell => {
    const { outputs, ...rest } = cell;
    return isCode(cell) ? { ...rest, outputs } : rest;
  };
  /** Puts something smaller in the place of the output with the most bytes; false where there is none. */
  const shrinkLargest = (
    bytesOf: (output: NotebookOutput) => number,
    shrink: (output: NotebookOutput) => NotebookOutput,
  ): boolean => {
    const places = cells.flatMap(({ outputs }) =>
      outputs.map((output, i) => ({ outputs, output, i })),
    );
    const [largest] = places.sort((a, b) => bytesOf(b.output) - bytesOf(a.output));
    if (largest === undefined || bytesOf(largest.output) === 0) return false;
    largest.outputs[largest.i] = shrink(largest.output);
    return true;
  };
  let [flat, dropped] = [0, 0];
  let text = serialised();
  while (Buffer.byteLength(text) >= maxBytes) {
    if (shrinkLargest(figureBytes, withoutFigure)) flat += 1;
    else if (shrinkLargest(droppableBytes, leftOut)) dropped += 1;
    else break;
    text = serialised();
  }
  const notices = [];
  if (flat > 0)
    notices.push(`${flat} figures are still pictures in the .ipynb, to stay below 2 MB.`);
  if (dropped > 0) notices.push(`${dropped} outputs did not fit into 2 MB and are left out.`);
  return { text, notices };
}

/** Of a live figure that has a picture besides. */
function figureBytes({ data }: NotebookOutput): number {
  return data?.[PLOTLY] && data[SVG] ? size(data[PLOTLY]) : 0;
}

function withoutFigure(output: NotebookOutput): NotebookOutput {
  const { [PLOTLY]: _, ...data } = output.data ?? {};
  return { ...output, data };
}

/** Short lines of text stay. */
function droppableBytes(output: NotebookOutput): number {
  return output.output_type !== 'stream' || size(output) > 1000 ? size(output) : 0;
}

function leftOut(output: NotebookOutput): NotebookOutput {
  return stream(`Left out: an output of ${(size(output) / 1e6).toFixed(1)} MB.
`);
}

/** @throws {Error} that names the file. */
export function readNotebook(text: string, path: string): Notebook {
  try {
    return parseNotebook(text);
  } catch (error) {
    throw new Error(
      `Expected a notebook in ${path} but cannot read it: ${(error as Error).message}.`,
    );
  }
}

/** Outputs without noise: no stderr, neighbouring text joined, what was overwritten in place gone. */
function cleanOutputs(outputs: readonly NotebookOutput[]): NotebookOutput[] {
  const kept: NotebookOutput[] = [];
  for (const output of outputs) {
    if (output.output_type !== 'stream') {
      kept.push({ ...output, ...(output.metadata ? { metadata: {} } : {}) });
      continue;
    }
    if (output.name === 'stderr') continue;
    const before = kept.at(-1)?.output_type === 'stream' ? joined(kept.pop()?.text) : '';
    kept.push(stream(before + joined(output.text)));
  }
  return kept.map((output) =>
    output.output_type === 'stream' ? stream(withoutOverwritten(joined(output.text))) : output,
  );
}

/** What a terminal would show: a carriage return restarts its line; colours are dropped. */
function withoutOverwritten(text: string): string {
  return (
    text
      // eslint-disable-next-line no-control-regex -- an escape sequence begins with a control character
      .replaceAll(/\u001b\[[0-9;]*[A-Za-z]/g, '')
      .replaceAll('\r\n', '\n')
      .split('\n')
      .map((line) => line.split('\r').filter(Boolean).at(-1) ?? '')
      .join('\n')
  );
}

/** Replaces in JSON: the clone's own folder by nothing, other places by their last part. */
export function withoutMachine(text: string): string {
  return JSON.stringify(
    JSON.parse(withoutProjectPath(text), (key, value: unknown) => {
      const isPicture = key.startsWith('image/') && key !== SVG;
      if (typeof value !== 'string' || isPicture || /^data:image/.test(value)) return value;
      const short = value.replaceAll(MACHINE_PATH, '…/$1').replaceAll(WINDOWS_PATH, '…/$1');
      return homedir().length > 1 ? short.replaceAll(`${homedir()}/`, '…/') : short;
    }),
  );
}

function stream(text: string): NotebookOutput {
  return { name: 'stdout', output_type: 'stream', text };
}

function isCode({ cell_type }: NotebookCell): boolean {
  return cell_type === 'code';
}

function sources(cells: readonly NotebookCell[]): string {
  return JSON.stringify(cells.map(cellSource));
}

function size(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
