// A comparison as tables, figures, CSV and one page.
import { showFigure, showTable } from '../report/display';
import { figurePage } from '../report/figurePage';
import {
  createTable,
  metricCells,
  scoreNames,
  tableCsv,
  type DataTable,
  type TableCell,
} from '../report/tables';
import { tableHtml } from '../report/tableHtml';
import { escapeText } from '../report/theme';
import { comparisonFigures } from './compareFigures';
import { compareRuns, type RunComparison, type Spread } from './compareRuns';
import { describeSkipped, findRuns, type FindRunsOptions, type SkippedFolder } from './findRuns';

/** One row for each model of each run: what differed, accuracies (fractions), training time. */
export function runsTable({ trainings, differing }: RunComparison): DataTable {
  const names = scoreNames(trainings.map(({ model }) => model));
  return createTable(
    uniform(
      trainings.map(({ run, model, values }) => [
        ['run', run.id],
        ...differing.map((name): Cell => [name, values.get(name) ?? null]),
        ['seed', run.seed],
        ['model', model.name],
        ['parameters', model.parameterCount],
        ...metricCells(model, names),
        ['seconds', model.seconds],
      ]),
    ),
  );
}

/** One row for each setting: mean and standard deviation over its seeds. */
export function settingsTable({ trainings: all, settings, differing }: RunComparison): DataTable {
  const names = scoreNames(all.map(({ model }) => model));
  const spread = (name: string, of: Spread | null): Cell[] => [
    [name, of?.mean ?? null],
    [`${name} std`, of?.std ?? null],
  ];
  return createTable(
    uniform(
      settings.map(({ model, values, trainings, ...setting }) => [
        ['model', model],
        ...differing.map((name): Cell => [name, values.get(name) ?? null]),
        ['runs', trainings.length],
        ['seeds', [...new Set(trainings.map(({ run }) => run.seed))].join(' ')],
        ...names.flatMap((name) => [
          ...spread(`validation ${name}`, setting.val[name] ?? null),
          ...spread(`test ${name}`, setting.test[name] ?? null),
        ]),
        ...spread('seconds', setting.seconds),
      ]),
    ),
  );
}

type Cell = [name: string, value: TableCell];

/** danfojs wants one type a column: where texts and numbers meet, all become texts. */
function uniform(rows: readonly Cell[][]): Record<string, TableCell>[] {
  const isText = (column: number) => rows.some((row) => typeof row[column][1] === 'string');
  const textColumns = new Set(rows[0]?.map((_, column) => column).filter(isText));
  return rows.map((row) => {
    const cells = row.map(([name, value], column): Cell => {
      return [name, textColumns.has(column) && value !== null ? String(value) : value];
    });
    return Object.fromEntries(cells);
  });
}

/** Both tables as CSV; `runs` is empty text where no run has a model. */
export function comparisonCsv(comparison: RunComparison): { runs: string; settings: string } {
  if (comparison.trainings.length === 0) return { runs: '', settings: '' };
  return {
    runs: tableCsv(runsTable(comparison)),
    settings: tableCsv(settingsTable(comparison)),
  };
}

/** The whole comparison as one HTML page with live figures that opens offline. */
export async function comparisonPage(
  comparison: RunComparison,
  skipped: readonly SkippedFolder[] = [],
): Promise<string> {
  // A run's id is one word; a narrow window scrolls.
  const scrolling = (table: string) =>
    `<div style="overflow-x:auto;white-space:nowrap;margin-bottom:24px">${table}</div>`;
  const tables =
    comparison.trainings.length === 0
      ? ['<p>No run has a trained model.</p>']
      : [
          scrolling(tableHtml(settingsTable(comparison), settingsCaption)),
          scrolling(tableHtml(runsTable(comparison), 'Each run')),
        ];
  const items = skipped.map((folder) => `<li>${escapeText(describeSkipped(folder))}</li>`);
  const notes = items.length === 0 ? [] : [`<h2>Skipped</h2><ul>${items.join('')}</ul>`];
  return figurePage(comparisonFigures(comparison), {
    title: `${comparison.runs.length} runs compared`,
    introduction: [...tables, ...notes].join('\n'),
  });
}

/**
 * Compares runs in a notebook's cell: settings, runs, curves, accuracy against seconds.
 *
 * @param names as for `findRuns`: ids, folders; none means all runs.
 * @example await showComparison(['20260131-120000-using-cifar-quick', 'latest']);
 */
export async function showComparison(
  names: readonly string[] = [],
  options: FindRunsOptions = {},
): Promise<RunComparison> {
  const { runs, skipped } = await findRuns(names, options);
  for (const folder of skipped) console.log(`Skipped. ${describeSkipped(folder)}`);
  const comparison = compareRuns(runs.map(({ record }) => record));
  if (comparison.trainings.length === 0) {
    console.log('No run has a trained model: there is nothing to compare.');
    return comparison;
  }
  showTable(settingsTable(comparison), settingsCaption);
  showTable(runsTable(comparison), 'Each run');
  for (const figure of comparisonFigures(comparison)) await showFigure(figure);
  return comparison;
}

export const settingsCaption = 'Settings, mean ± standard deviation over their runs';
