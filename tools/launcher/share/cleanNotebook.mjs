// A notebook for other hands: what it shows, and nothing of the machine it ran on.
import { homedir } from 'node:os';
import { PICTURES_TAG } from '../adoptRun.mjs';
import { parseNotebookCells } from '../notebookCells.mjs';
import { root } from '../setup/project.mjs';

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

/**
 * The clean copy of a notebook.
 *
 * Left out: paths of the machine, warnings on stderr, times of execution, editors' metadata, what a carriage
 * return overwrote, and the outputs of cells that show the data set's own pictures.
 *
 * @param {string} text the notebook's JSON
 * @param {{ path: string, withPictures?: boolean }} options `path`: named in errors
 * @returns {{ notebook: object, notices: string[] }} `notices`: what a person should know
 */
export function cleanNotebook(text, { path, withPictures = false }) {
  parseNotebookCells(text, path); // refuses what is no notebook, by name
  const { cells, metadata = {}, nbformat, nbformat_minor } = JSON.parse(withoutMachine(text));
  const notices = [];
  let hidden = 0;
  const counts = cells.filter(isCode).map(({ execution_count }) => execution_count ?? null);
  const isWholeRun = counts.every((count, index) => count === index + 1);
  const clean = cells.map((cell) => {
    const { tags } = cell.metadata ?? {};
    const kept = { ...cell, metadata: tags?.length > 0 ? { tags } : {} };
    if (!isCode(cell)) return kept;
    kept.execution_count = isWholeRun ? cell.execution_count : null;
    kept.outputs = cleanOutputs(cell.outputs ?? []).map((output) =>
      output.output_type === 'execute_result'
        ? { ...output, execution_count: kept.execution_count }
        : output,
    );
    if (tags?.includes(PICTURES_TAG) && !withPictures && kept.outputs.length > 0) {
      hidden += 1;
      kept.outputs = [stream(`Left out: this cell shows the data set's own pictures.\n`)];
    }
    return kept;
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
  if (sources(cells) !== sources(JSON.parse(text).cells)) {
    notices.push('Paths of this machine stood in the text of cells; the copy has them cut short.');
  }
  const own = Object.fromEntries(
    KEPT_METADATA.flatMap((k) => (k in metadata ? [[k, metadata[k]]] : [])),
  );
  return { notebook: { cells: clean, metadata: own, nbformat, nbformat_minor }, notices };
}

/**
 * The notebook's JSON as Jupyter writes it, below 2 MB: where it is larger, the largest figures keep only their
 * picture, then the largest outputs go.
 *
 * @param {object} notebook it stays as it is
 * @returns {{ text: string, notices: string[] }}
 */
export function compactText(notebook, { maxBytes = MAX_BYTES } = {}) {
  const copy = structuredClone(notebook);
  const outputs = () =>
    copy.cells.flatMap((cell) => (cell.outputs ?? []).map((o) => ({ cell, o })));
  const largest = (entries, bytesOf) =>
    entries.sort((a, b) => bytesOf(b.o) - bytesOf(a.o)).find(({ o }) => bytesOf(o) > 0);
  const figureBytes = ({ data }) => (data?.[PLOTLY] && data[SVG] ? size(data[PLOTLY]) : 0);
  let [flat, dropped] = [0, 0];
  let text = serialise(copy);
  while (Buffer.byteLength(text) >= maxBytes) {
    const figure = largest(outputs(), figureBytes);
    if (figure) {
      delete figure.o.data[PLOTLY];
      flat += 1;
    } else {
      const entry = largest(
        outputs().filter(({ o }) => o.output_type !== 'stream' || size(o) > 1000),
        size,
      );
      if (!entry) break;
      const { cell, o } = entry;
      const line = stream(`Left out: an output of ${(size(o) / 1e6).toFixed(1)} MB.\n`);
      cell.outputs = cell.outputs.map((each) => (each === o ? line : each));
      dropped += 1;
    }
    text = serialise(copy);
  }
  const notices = [];
  if (flat > 0)
    notices.push(`${flat} figures are still pictures in the .ipynb, to stay below 2 MB.`);
  if (dropped > 0) notices.push(`${dropped} outputs did not fit into 2 MB and are left out.`);
  return { text, notices };
}

/** Outputs without noise: no stderr, neighbouring text joined, what was overwritten in place gone. */
function cleanOutputs(outputs) {
  const kept = [];
  for (const output of outputs) {
    if (output.output_type !== 'stream') {
      kept.push({ ...output, ...(output.metadata ? { metadata: {} } : {}) });
      continue;
    }
    if (output.name === 'stderr') continue;
    const last = kept.at(-1);
    const text = joined(output.text);
    if (last?.output_type === 'stream') last.text += text;
    else kept.push(stream(text));
  }
  return kept.map((output) =>
    output.output_type === 'stream' ? stream(withoutOverwritten(output.text)) : output,
  );
}

/** What a terminal would show: a carriage return begins its line anew; colours are dropped. */
function withoutOverwritten(text) {
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

/** Replaces in the notebook's JSON: the clone's own folder by nothing, other places by their last part. */
function withoutMachine(text) {
  const inJson = (path) => JSON.stringify(path).slice(1, -1);
  const result = text.replaceAll(`${inJson(root)}/`, '').replaceAll(inJson(root), '.');
  return JSON.stringify(
    JSON.parse(result, (key, value) => {
      const isPicture = key.startsWith('image/') && key !== SVG;
      if (typeof value !== 'string' || isPicture || /^data:image/.test(value)) return value;
      const short = value.replaceAll(MACHINE_PATH, '…/$1').replaceAll(WINDOWS_PATH, '…/$1');
      return homedir().length > 1 ? short.replaceAll(`${homedir()}/`, '…/') : short;
    }),
  );
}

function stream(text) {
  return { name: 'stdout', output_type: 'stream', text };
}

function isCode({ cell_type }) {
  return cell_type === 'code';
}

function sources(cells) {
  return JSON.stringify(cells.map(({ source }) => joined(source)));
}

function joined(text) {
  return [text ?? ''].flat().join('');
}

function size(value) {
  return Buffer.byteLength(JSON.stringify(value));
}

function serialise(notebook) {
  return `${JSON.stringify(notebook, null, 1)}\n`;
}
