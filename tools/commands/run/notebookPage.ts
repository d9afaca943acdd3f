// A notebook as one page that opens offline: results and facts, contents, then its text and figures, code folded.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { writeFileAtomic } from '../../../lib/atomicFile';
import {
  hasTag,
  joined,
  type Notebook,
  type NotebookOutput,
  parseNotebook,
} from '../../../lib/notebook';
import type { Figure } from '../../../lib/report/figure';
import { attribute, figurePlace, livePage } from '../../../lib/report/figurePage';
import { parseFigure } from '../../../lib/report/keptFigures';
import { escapeText, unescapeText } from '../../../lib/report/theme';
import { trainingHtml } from '../../../lib/report/trainingSvg';
import { recordHtml } from '../../../lib/runs/recordHtml';
import type { RunRecord } from '../../../lib/runs/runRecord';
import { SHARED_TAG } from '../cleanNotebook';
import { inProject, lastLines, Problem, pythonPath } from '../program';

const PLOTLY = 'application/vnd.plotly.v1+json';
const SVG = 'image/svg+xml';

export interface NotebookPageOptions {
  /** Of the page, where the notebook has no heading. */
  readonly title: string;
  /** Of the run whose outputs these are. */
  readonly record?: RunRecord;
  /** Its id, where the record is not there. */
  readonly run?: string;
}

/**
 * Writes a notebook as a page.
 *
 * @param text the notebook's JSON.
 * @throws {Problem}
 */
export async function saveNotebookPage(
  text: string,
  target: string,
  options: NotebookPageOptions,
): Promise<void> {
  const figures: Figure[] = [];
  const notebook = withPlaces(parseNotebook(text), figures);
  const cells = await cellsHtml(JSON.stringify(notebook), target);
  await writeFileAtomic(target, await livePage(figures, pageParts(cells, options)));
}

/** The page's title and body around the cells. */
function pageParts(
  cells: string,
  { title, record, run }: NotebookPageOptions,
): { title: string; body: string } {
  const first = /<h1 id="[^"]*">(.*?)<a class="anchor-link"[^>]*>[^<]*<\/a><\/h1>/s.exec(cells);
  const heading = first?.[1] ?? escapeText(title);
  const body = first === null ? cells : cells.replace(first[0], '');
  const sections = [...body.matchAll(/<h2 id="([^"]*)">(.*?)<a class="anchor-link"/gs)];
  const entries = sections.map(([, id, html]) => `<li><a href="#${id}">${html}</a></li>`);
  const contents =
    `<nav aria-label="Contents"><details class="contents" open><summary>Contents</summary><ul>${entries.join('')}</ul></details></nav>` +
    '<p><button type="button" id="all-code">Show all code</button></p>';
  const results = record === undefined ? `<p>${noResults(run)}</p>` : recordHtml(record);
  return {
    title: unescapeText(heading.replaceAll(/<[^>]*>/g, '')),
    body: `<h1>${heading}</h1>\n<section aria-label="Results">${results}</section>\n${contents}\n<main>${body}</main>`,
  };
}

function noResults(run: string | undefined): string {
  return run === undefined
    ? 'This notebook holds no finished run.'
    : `The outputs are those of the run <code>${escapeText(run)}</code>, which has not finished, or whose record is elsewhere.`;
}

/** The notebook with a place where each figure goes, without cells that only say what the page says itself. */
function withPlaces(notebook: Notebook, figures: Figure[]): Notebook {
  const cells = notebook.cells
    .filter((cell) => !hasTag(cell, 'record') && !hasTag(cell, SHARED_TAG))
    .map((cell, place) => {
      const outputs = cell.outputs?.map((output, index) =>
        withPlace(output, { figures, id: `drawing-${place}-${index}` }),
      );
      return { ...cell, ...(outputs && { outputs }) };
    });
  return { ...notebook, cells };
}

function withPlace(
  output: NotebookOutput,
  { figures, id }: { readonly figures: Figure[]; readonly id: string },
): NotebookOutput {
  const { [PLOTLY]: values, [SVG]: svg } = output.data ?? {};
  if (values === undefined && svg === undefined) return output;
  const still = svg === undefined ? undefined : joined(svg as string | readonly string[]);
  const html = (text: string) => ({ ...output, data: { 'text/html': text } });
  let figure: Figure;
  try {
    figure = parseFigure(values);
  } catch {
    // Not one of ours, or a drawing of its own, such as that of a training.
    if (still === undefined) return output;
    return html(trainingHtml(still, id) ?? stillPicture(still));
  }
  figures.push(figure);
  return html(figurePlace(figure, still === undefined ? '' : stillPicture(still)));
}

/** An SVG as a picture with what it says of itself as alternative text. */
function stillPicture(svg: string): string {
  const [, label, title] = /<svg[^>]* aria-label="([^"]*)"|<title>([^<]*)<\/title>/.exec(svg) ?? [];
  const data = Buffer.from(svg).toString('base64');
  const alternative = label ?? title ?? 'A drawing';
  return `<img alt="${attribute(unescapeText(alternative))}" src="data:${SVG};base64,${data}">`;
}

/** Jupyter's own conversion of text and code. */
async function cellsHtml(notebook: string, target: string): Promise<string> {
  const script = inProject('tools', 'jupyter', 'export_html.py');
  const converting = promisify(execFile)(pythonPath(), [script], { maxBuffer: 2 ** 30 });
  converting.child.stdin?.end(notebook);
  try {
    return (await converting).stdout;
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new Problem(`The notebook ran, but ${target} could not be written.`, {
      details: lastLines(stderr || message),
    });
  }
}
