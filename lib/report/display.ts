// The only access to the notebook's output. tslab is never imported: a cell's kernel has it loaded already.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { writeFileAtomic } from '../atomicFile';
import { decodeImage } from '../data/image';
import { coverResize } from '../data/resize';
import { anyValue, checkOptions, text } from '../options';
import { plainText } from './csv';
import { fileNameOf } from './keptFigures';
import type { Figure } from './figure';
import { pngDataUri } from './png';
import { pictureOrNotice, renderSvg } from './render';
import { tableHtml, tableText } from './tableHtml';
import type { TableContent } from './tables';
import { escapeText, figureConfig } from './theme';

/** One output in several forms, by MIME type: a front end shows the best one it knows. */
export type MimeBundle = Readonly<Record<string, string | object>>;

/** An output that can be replaced in place. */
export interface Display {
  show(bundle: MimeBundle): void;
}

/** How tslab's kernel writes an output of the running cell (tslab 1.0.22, dist/jupyter.js). */
type WriteDisplayData = (
  content: { data: MimeBundle; metadata: object; transient: { display_id?: string } },
  update: boolean,
) => void;

/**
 * An output of the running cell that every further `show` replaces, also from behind later cells.
 * Outside a notebook it shows nothing.
 */
export function createDisplay(): Display {
  const write = findWriter();
  const transient = { display_id: randomBytes(8).toString('hex') };
  let shown = false;
  return {
    show(data) {
      write?.({ data, metadata: {}, transient }, shown);
      shown = true;
    },
  };
}

/**
 * Shows one output below the cell. Outside a notebook its `text/plain` goes to the standard output.
 */
function showBundle(data: MimeBundle): void {
  const write = findWriter();
  if (write) write({ data, metadata: {}, transient: {} }, false);
  else if (typeof data['text/plain'] === 'string') console.log(data['text/plain']);
}

/** Where `showFigure` also keeps the figure. */
export interface ShowFigureOptions {
  /** File name without its ending; by default made from the title. */
  readonly name?: string;
  /** A run: the figure is then also saved in its `figures/` too, as picture (SVG) and as values (JSON). */
  readonly run?: { readonly figuresDirectory: string };
}

/**
 * Shows a figure as one output with three faces: interactive in JupyterLab and VS Code (Plotly's JSON),
 * a picture on GitHub, nbviewer and in exported pages (SVG), its title as text.
 *
 * Where no browser can draw the picture, a notice says so once and the figure is interactive only.
 */
export async function showFigure(figure: Figure, options: ShowFigureOptions = {}): Promise<void> {
  checkOptions('showFigure', options, { name: text, run: anyValue });
  const write = findWriter();
  const title = plainText(figure.layout.title.text);
  const name = options.name ?? title;
  const svg = await pictureOrNotice(() => renderSvg(figure));
  const data = {
    'application/vnd.plotly.v1+json': {
      ...figure,
      config: { ...figureConfig, toImageButtonOptions: { filename: fileNameOf(name) } },
    },
    ...(svg === undefined ? {} : { 'image/svg+xml': svg }),
    'text/plain': `[figure] ${title}`,
  };
  if (options.run) {
    const file = join(options.run.figuresDirectory, fileNameOf(name));
    await writeFileAtomic(`${file}.json`, `${JSON.stringify(figure)}\n`);
    if (svg !== undefined) await writeFileAtomic(`${file}.svg`, svg);
  }
  if (write) write({ data, metadata: {}, transient: {} }, false);
  else console.log(data['text/plain']);
}

/** Shows a table; outside a notebook as text. */
export function showTable(table: TableContent, caption?: string): void {
  showBundle({ 'text/html': tableHtml(table, caption), 'text/plain': tableText(table, caption) });
}

/**
 * Shows a picture file, at most 400 pixels wide; outside a notebook its path.
 *
 * @throws Error where it is not a valid image.
 */
export async function showPicture(path: string): Promise<void> {
  const picture = await decodeImage(path);
  const width = Math.min(picture.width, 400);
  const height = Math.max(1, Math.round((picture.height * width) / picture.width));
  const small = coverResize(picture, { height, width }); // a photograph would take megabytes
  const alt = escapeText(path).replaceAll('"', '&quot;');
  const html = `<img width="${width}" alt="${alt}" src="${pngDataUri(small)}">`;
  showHtml(html, path);
}

/** Shows HTML. `plain` is for front ends and terminals that cannot. */
export function showHtml(html: string, plain = ''): void {
  showBundle({ 'text/html': html, 'text/plain': plain });
}

/** Shows Markdown; outside a notebook as it is written. */
export function showMarkdown(markdown: string): void {
  showBundle({ 'text/markdown': markdown, 'text/plain': markdown });
}

/** tslab's writer for the cell that runs now: its module is in Node's cache if we run in its kernel. */
function findWriter(): WriteDisplayData | undefined {
  const path = Object.keys(require.cache).find((file) =>
    /[\\/]tslab[\\/]dist[\\/]jupyter\.js$/.test(file),
  );
  const kernel =
    path === undefined ? undefined : (require.cache[path]?.exports as Kernel | undefined);
  return kernel?.lastWriteDisplayData ?? undefined;
}

interface Kernel {
  readonly lastWriteDisplayData?: WriteDisplayData | null;
}
