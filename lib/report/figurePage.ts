import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { projectRoot } from '../project';
import { plainText } from './csv';
import type { Figure } from './figure';
import { escapeText, figureConfig, fontFamily, inkColor } from './theme';

/**
 * One HTML page with live figures that opens offline: plotly.js is in it once (5 MB), and a policy
 * forbids it to load anything.
 *
 * @param figures at least one, from top to bottom
 * @param options.title of the page; by default the first figure's
 * @param options.introduction HTML between heading and figures, for example a table
 */
export async function figurePage(
  figures: readonly Figure[],
  options: { readonly title?: string; readonly introduction?: string } = {},
): Promise<string> {
  const titles = figures.map(({ layout }) => plainText(layout.title.text));
  const title = options.title ?? titles[0] ?? 'Figures';
  const heading =
    figures.length === 1 && !options.introduction ? '' : `<h1>${escapeText(title)}</h1>`;
  const places = titles.map(
    (label, index) =>
      `<div role="figure" aria-label="${attribute(label)}">` +
      `<div class="plot" id="figure-${index}"></div></div>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${escapeText(title)}</title>
<style>
body { margin: 0 auto; max-width: 960px; padding: 16px; font-family: ${fontFamily}; color: ${inkColor}; background: #fff; }
[role=figure] { margin-bottom: 24px; overflow-x: auto; }
.plot { min-width: 560px; }
</style>
</head>
<body>
${heading}
${options.introduction ?? ''}
${places.join('\n')}
<noscript>These figures are drawn by JavaScript, which is switched off here.</noscript>
<script>${await plotlySource()}</script>
<script>
for (const [index, { data, layout }] of ${scriptJson(figures)}.entries()) {
  Plotly.newPlot('figure-' + index, data, layout, ${scriptJson({ ...figureConfig, responsive: true })});
}
</script>
</body>
</html>
`;
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

function attribute(text: string): string {
  return escapeText(text).replaceAll('"', '&quot;');
}

let source: Promise<string> | undefined;

/**
 * plotly.js as text, for a page that needs no network: the minified copy that set-up makes (5 MB),
 * else the one that npm brought (10 MB). It holds no `</script`.
 */
export function plotlySource(): Promise<string> {
  source ??= readSource().catch((error: unknown) => {
    source = undefined; // the next page tries again
    throw error;
  });
  return source;
}

async function readSource(): Promise<string> {
  const minified = join(projectRoot(), 'dist/plotly.min.js');
  const present = await stat(minified).catch(() => undefined);
  if (present !== undefined) return readFile(minified, 'utf8');
  const whole = await readFile(require.resolve('plotly.js-dist'), 'utf8');
  return whole.replaceAll(/<\/script/gi, '<\\/script');
}
