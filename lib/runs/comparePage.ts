// A comparison as one HTML page that opens offline: tables to sort, links to the runs, figures.
import { attribute, figurePage } from '../report/figurePage';
import { tableRows } from '../report/tables';
import { escapeText, titleWithDataset } from '../report/theme';
import { comparisonFigures } from './compareFigures';
import { comparisonCsv, settingsTable } from './compareReport';
import type { ComparedNotebook, ComparedSetting, RunComparison } from './compareRuns';
import { describeSkipped, type SkippedFolder } from './findRuns';

export interface ComparisonPageOptions {
  /** Named at the end of the page. */
  readonly skipped?: readonly SkippedFolder[];
  /** Where a run is shown, by its id, as an address relative to the page; a run without one is only named. */
  readonly links?: ReadonlyMap<string, string>;
}

/** The whole comparison: first the tables, one for each notebook and data set, then their figures. */
export function comparisonPage(
  comparison: RunComparison,
  { skipped = [], links = new Map<string, string>() }: ComparisonPageOptions = {},
): Promise<string> {
  const { notebooks, runs } = comparison;
  const tables = notebooks.map((notebook) => notebookSection(notebook, links));
  const items = skipped.map((folder) => `<li>${escapeText(describeSkipped(folder))}</li>`);
  return figurePage(notebooks.flatMap(comparisonFigures), {
    title: runs.length === 1 ? '1 run' : `${runs.length} runs compared`,
    introduction: [
      `<style>${style}</style>`,
      ...(notebooks.length === 0
        ? ['<p>No run has a trained model.</p>']
        : [commonFacts(comparison), csvLinks(comparison), ...tables]),
      ...(items.length === 0 ? [] : [`<h2>Skipped</h2><ul>${items.join('')}</ul>`]),
      `<script>${sorting}</script>`,
    ].join('\n'),
  });
}

function commonFacts({ common }: RunComparison): string {
  const facts = [...common].map(([name, value]) => `${name} ${value}`);
  return `<p>The same in all runs: ${escapeText(facts.join(', '))}.</p>`;
}

/** The files as addresses: a page that was sent on has them with it. */
function csvLinks(comparison: RunComparison): string {
  const { settings, runs } = comparisonCsv(comparison);
  const link = (name: string, csv: string) =>
    `<a class="button" download="${name}" href="data:text/csv;charset=utf-8,${encodeURIComponent(csv)}">${name}</a>`;
  return `<p>${link('settings.csv', settings)} ${link('runs.csv', runs)}</p>`;
}

function notebookSection(notebook: ComparedNotebook, links: ReadonlyMap<string, string>): string {
  const table = settingsTable(notebook);
  const rows = tableRows(table).map((cells, index) => {
    const setting = notebook.settings[index];
    const isBest = index === 0 && notebook.settings.length > 1;
    const [key, ...others] = cells.map((cell) => escapeText(String(cell ?? '')));
    const mark = isBest ? ' <span title="best">★</span>' : '';
    return (
      `<tr${isBest ? ' class="best"' : ''}><th scope="row">${key}${mark}</th>` +
      `${others.map((text) => `<td>${text}</td>`).join('')}<td>${runLinks(setting, links)}</td></tr>`
    );
  });
  const heads = [...table.columns, 'each run'].map(
    (name) => `<th scope="col"><button type="button">${escapeText(name)}</button></th>`,
  );
  return (
    `<h2>${escapeText(titleWithDataset(notebook.notebook, notebook.dataset))}</h2>` +
    `<div class="comparison" tabindex="0"><table><thead><tr>${heads.join('')}</tr></thead>` +
    `<tbody>${rows.join('\n')}</tbody></table></div>`
  );
}

/** When each began, which is the start of its id, and its seed; more than three are folded. */
function runLinks({ trainings }: ComparedSetting, links: ReadonlyMap<string, string>): string {
  const each = trainings.map(({ run }) => {
    const { id, seed } = run;
    const text = `${escapeText(/^\d{8}-\d{6}/.exec(id)?.[0] ?? id)} (seed ${seed})`;
    const link = links.get(id);
    return link === undefined
      ? `<span title="${attribute(id)}">${text}</span>`
      : `<a title="${attribute(id)}" href="${attribute(link)}">${text}</a>`;
  });
  if (each.length <= 3) return each.join('<br>');
  return `<details><summary>${each.length} runs</summary>${each.join('<br>')}</details>`;
}

/** A wide table reaches to the window's edge; backgrounds are inherited, so that what scrolls passes below the first column. */
const style = `
.comparison { max-height: 80vh; margin-bottom: 24px; }
.comparison, .comparison * { background: inherit; }
.comparison table { border-collapse: separate; border-spacing: 0; font-variant-numeric: tabular-nums; white-space: nowrap; }
.comparison :is(th, td) { padding: 4px 12px; text-align: left; vertical-align: top; border-bottom: 1px solid #8884; }
.comparison .number { text-align: right; }
.comparison th { position: sticky; left: 0; font-weight: inherit; }
.comparison thead th { top: 0; z-index: 1; left: auto; }
.comparison thead th:first-child { left: 0; z-index: 2; }
.comparison button { all: unset; cursor: pointer; font-weight: bold; }
.comparison button:focus-visible { outline: 2px solid; }
.comparison [aria-sort=ascending] button::after { content: ' ▲'; }
.comparison [aria-sort=descending] button::after { content: ' ▼'; }
.comparison .best { font-weight: bold; }
.comparison a, .button { color: inherit; }
.button { border: 1px solid; border-radius: 4px; padding: 4px 8px; text-decoration: none; }
`;

/** A click on a column's name sorts by it, numbers from the largest on; another click turns it around. Empty cells stay below. */
const sorting = `
for (const table of document.querySelectorAll('.comparison table')) {
  const body = table.tBodies[0];
  const text = (row, column) => row.cells[column].innerText.trim();
  const number = (cell) => (/^[\\d.,]+( ±.*)?$/.test(cell) ? parseFloat(cell.replaceAll(',', '')) : NaN);
  for (const [column, head] of [...table.tHead.rows[0].cells].entries()) {
    const cells = [...body.rows].map((row) => text(row, column)).filter((cell) => !['', '–'].includes(cell));
    const isNumeric = cells.length > 0 && cells.every((cell) => !Number.isNaN(number(cell)));
    if (isNumeric) for (const row of table.rows) row.cells[column].classList.add('number');
    head.firstChild.addEventListener('click', () => {
      const isDown = head.ariaSort ? head.ariaSort === 'ascending' : isNumeric;
      for (const other of table.tHead.rows[0].cells) other.ariaSort = null;
      head.ariaSort = isDown ? 'descending' : 'ascending';
      const isEmpty = (row) => ['', '–'].includes(text(row, column));
      const order = (a, b) =>
        isNumeric
          ? number(text(a, column)) - number(text(b, column))
          : text(a, column).localeCompare(text(b, column), 'en', { numeric: true });
      body.append(
        ...[...body.rows].sort((a, b) => isEmpty(a) - isEmpty(b) || (isDown ? order(b, a) : order(a, b))),
      );
    });
  }
}
`;
