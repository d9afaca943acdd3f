// Pages with live figures: each is one HTML file that opens offline.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { altText } from './altText';
import { figureCsv, plainText } from './csv';
import type { Figure } from './figure';
import { fileNameOf } from './keptFigures';
import { darkColors, pageStyle } from './pageStyle';
import { escapeText, figureConfig } from './theme';

/**
 * One HTML page with live figures that opens offline: plotly.js is in it once (0.7 MB), and a policy
 * forbids it to load anything. It follows the reader's theme, fits a phone, and saves each figure as SVG, PNG and CSV.
 *
 * @param figures from top to bottom
 * @param options.title of the page; by default the first figure's
 * @param options.introduction HTML between heading and figures, for example a table
 */
export function figurePage(
  figures: readonly Figure[],
  options: { readonly title?: string; readonly introduction?: string } = {},
): Promise<string> {
  const { introduction = '' } = options;
  const title =
    options.title ?? (figures.length > 0 ? plainText(figures[0].layout.title.text) : 'Figures');
  const heading = figures.length === 1 && !introduction ? '' : `<h1>${escapeText(title)}</h1>`;
  const places = figures.map((figure) => figurePlace(figure));
  return livePage(figures, { title, body: [heading, introduction, ...places].join('\n') });
}

/**
 * A page around a body that has a place (`figurePlace`) for each figure, in their order.
 *
 * @param options.body HTML
 */
export async function livePage(
  figures: readonly Figure[],
  { title, body }: { readonly title: string; readonly body: string },
): Promise<string> {
  const live = {
    figures: figures.map((figure) => ({ ...figure, ...fileOf(figure) })),
    // Its buttons save more formats than the camera of Plotly's mode bar.
    config: {
      ...figureConfig,
      modeBarButtonsToRemove: [...figureConfig.modeBarButtonsToRemove, 'toImage'],
    },
    darkColors,
  };
  const scripts =
    figures.length === 0
      ? ''
      : `<noscript><p>These figures are drawn by JavaScript, which is switched off here.</p></noscript>
<script type="application/json" id="figures">${scriptJson(live)}</script>
<script type="text/plain" id="plotly">${await compressedPlotly(figures)}</script>
`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escapeText(title)}</title>
<style>${pageStyle}</style>
</head>
<body>
${body}
${scripts}<script>${await pageScript()}</script>
</body>
</html>
`;
}

/**
 * Where the page draws a figure, and the buttons that save it.
 *
 * @param picture HTML that stands there until it is drawn, and where it cannot be.
 */
export function figurePlace(figure: Figure, picture = ''): string {
  const formats = ['svg', 'png', ...(fileOf(figure).csv === undefined ? [] : ['csv'])];
  const buttons = formats.map(
    (format) => `<button type="button" data-format="${format}">${format.toUpperCase()}</button>`,
  );
  return (
    `<div class="plot" role="figure" aria-label="${attribute(altText(figure))}"><div class="drawing">${picture}</div>` +
    `<div class="files" role="group" aria-label="Save this figure" hidden>${buttons.join('')}</div></div>`
  );
}

/** What its files are called, and its numbers; a figure of another program may have none that we can read. */
function fileOf(figure: Figure): { name: string; csv?: string } {
  const name = fileNameOf(plainText(figure.layout.title.text));
  try {
    return { name, csv: figureCsv(figure) };
  } catch {
    return { name };
  }
}

const policy = [
  "default-src 'none'",
  "script-src 'unsafe-inline'",
  "style-src 'unsafe-inline'",
  'img-src data: blob:',
].join('; ');

/** JSON that cannot end the script it is in. */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

/** Text as the value of an attribute in double quotes. */
export function attribute(text: string): string {
  return escapeText(text).replaceAll('"', '&quot;');
}

/** Beside this file, also in dist, where the compiler has made a module of it. It holds no `</script`. */
export async function pageScript(): Promise<string> {
  const text = await readFile(join(__dirname, 'pageScript.cjs'), 'utf8');
  return `((exports) => {\n${text}\n})({});`;
}

/**
 * What plotly.js' bundle for cartesian axes draws (1.5 MB, minified), as far as this project makes it. A figure of another kind
 * needs the whole plotly.js (10 MB).
 */
const cartesian = new Set(['scatter', 'bar', 'heatmap', 'image']);

/** The smallest bundle of plotly.js that draws the figures. */
export function plotlyBundle(figures: readonly Figure[]): PlotlyBundle {
  const isCartesian = figures.every(({ data }) =>
    data.every(({ type = 'scatter' }) => cartesian.has(type)),
  );
  return isCartesian ? 'plotly.js-cartesian-dist-min' : 'plotly.js-dist';
}

export type PlotlyBundle = 'plotly.js-cartesian-dist-min' | 'plotly.js-dist';

/** A bundle of plotly.js as text, for a page that needs no network. */
export function plotlySource(bundle: PlotlyBundle): Promise<string> {
  return readFile(require.resolve(bundle), 'utf8');
}

const compressed = new Map<PlotlyBundle, Promise<string>>();

/** gzip in base64: 0.7 MB for 1.5. */
function compressedPlotly(figures: readonly Figure[]): Promise<string> {
  const bundle = plotlyBundle(figures);
  let text = compressed.get(bundle);
  if (text === undefined) {
    text = plotlySource(bundle)
      .then((source) => promisify(gzip)(source, { level: 9 }))
      .then((bytes) => bytes.toString('base64'));
    text.catch(() => compressed.delete(bundle)); // the next page tries again
    compressed.set(bundle, text);
  }
  return text;
}
