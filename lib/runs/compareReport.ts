// A comparison as tables, CSV and in a notebook's cell.
import { csvText, type CsvCell } from '../report/csv';
import { showFigure, showTable } from '../report/display';
import { metricCells, scoreNames, type TableContent } from '../report/tables';
import { titleWithDataset } from '../report/theme';
import { comparisonFigures } from './compareFigures';
import {
  compareRuns,
  type ComparedNotebook,
  type ComparedSetting,
  type RunComparison,
  type Spread,
} from './compareRuns';
import { describeSkipped, findRuns, type FindRunsOptions } from './findRuns';

/**
 * One row for each setting of a notebook, best first: accuracies (fractions) and training seconds as mean ± sample standard
 * deviation, the number of runs, further metrics, and what tells the model's settings apart.
 */
export function settingsTable({ settings, differing }: ComparedNotebook): TableContent {
  const further = scoreNames(settings.flatMap(({ trainings }) => trainings.map(modelOf))).slice(1);
  const columns = ['model', 'test', 'validation', 'seconds', 'runs'];
  return {
    columns: [...columns, ...further.map((name) => `test ${name}`), ...differing],
    values: settings.map(({ key, test, val, seconds, trainings, values }) => [
      key,
      fractionText(test.accuracy),
      fractionText(val.accuracy),
      secondsText(seconds),
      trainings.length,
      ...further.map((name) => fractionText(test[name])),
      ...differing.map((name) => values.get(name) ?? ''),
    ]),
  };
}

/** What stands above it. */
export function settingsCaption({ notebook, dataset, settings }: ComparedNotebook): string {
  const hasSpread = settings.some(({ trainings }) => trainings.length > 1);
  const what = `${titleWithDataset(notebook, dataset)}: accuracy and training time`;
  return hasSpread ? `${what}, mean ± standard deviation over runs` : what;
}

const modelOf = ({ model }: ComparedSetting['trainings'][number]) => model;

function fractionText(spread: Spread | undefined): string {
  return spread === undefined ? '–' : spreadText(spread, 3);
}

function secondsText(spread: Spread): string {
  return spreadText(spread, spread.mean < 100 ? 1 : 0);
}

function spreadText({ mean, std }: Spread, digits: number): string {
  const text = (value: number) =>
    value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return std === null ? text(mean) : `${text(mean)} ± ${text(std)}`;
}

/** One row for each model of each run, with all that differs anywhere. */
export function runsTable({ notebooks }: RunComparison): TableContent {
  const all = notebooks.flatMap(({ settings }) =>
    settings.flatMap(({ key, trainings }) => trainings.map((training) => ({ key, ...training }))),
  );
  const scores = scoreNames(all.map(modelOf));
  const names = [...new Set(all.flatMap(({ values }) => [...values.keys()]))];
  const differing = names.filter(
    (name) => new Set(all.map(({ values }) => values.get(name))).size > 1,
  );
  const rows = all.map(({ key, run, model, values }): [string, CsvCell][] => [
    ['run', run.id],
    ['notebook', run.notebook],
    ['data set', run.dataset?.name],
    ['setting', key],
    ['model', model.name],
    ['seed', run.seed],
    ...metricCells(model, scores),
    ['seconds', model.seconds],
    ...differing.map((name): [string, CsvCell] => [name, values.get(name)]),
  ]);
  return tableOf(rows);
}

function tableOf(rows: readonly (readonly [string, CsvCell])[][]): TableContent {
  return {
    columns: rows[0]?.map(([name]) => name) ?? [],
    values: rows.map((row) => row.map(([, value]) => value)),
  };
}

/** All runs and all settings as CSV, with every digit; empty texts where no run has a model. */
export function comparisonCsv(comparison: RunComparison): { runs: string; settings: string } {
  const { notebooks } = comparison;
  const models = notebooks.flatMap(({ settings }) =>
    settings.flatMap(({ trainings }) => trainings.map(modelOf)),
  );
  const scores = scoreNames(models);
  const differing = [...new Set(notebooks.flatMap((notebook) => notebook.differing))];
  const spread = (name: string, of: Spread | undefined): [string, CsvCell][] => [
    [name, of?.mean],
    [`${name} std`, of?.std],
  ];
  const settings = notebooks.flatMap(({ notebook, dataset, settings: own }) =>
    own.map(({ key, model, trainings, values, ...setting }): [string, CsvCell][] => [
      ['notebook', notebook],
      ['data set', dataset.name],
      ['setting', key],
      ['model', model],
      ['runs', trainings.length],
      ['seeds', [...new Set(trainings.map(({ run }) => run.seed))].join(' ')],
      ...scores.flatMap((name) => [
        ...spread(`test ${name}`, setting.test[name]),
        ...spread(`validation ${name}`, setting.val[name]),
      ]),
      ...spread('seconds', setting.seconds),
      ...differing.map((name): [string, CsvCell] => [name, values.get(name)]),
    ]),
  );
  const csv = ({ columns, values }: TableContent) =>
    columns.length === 0 ? '' : csvText([columns, ...(values as CsvCell[][])]);
  return { runs: csv(runsTable(comparison)), settings: csv(tableOf(settings)) };
}

/**
 * Compares runs in a notebook's cell: for each notebook that ran the settings in a table, their curves, and accuracy against
 * seconds.
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
  if (comparison.notebooks.length === 0)
    console.log('No run has a trained model: there is nothing to compare.');
  for (const notebook of comparison.notebooks) {
    showTable(settingsTable(notebook), settingsCaption(notebook));
    for (const figure of comparisonFigures(notebook)) await showFigure(figure);
  }
  return comparison;
}
