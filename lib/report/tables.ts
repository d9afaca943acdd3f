// Tables as danfojs DataFrames: the only file that loads danfojs, and only when a table is made (0.8 s).
import type * as danfojs from 'danfojs-node';
import type { TestedModel } from '../evaluation/evaluate';
import type { Latency } from '../evaluation/latency';
import { type ClassMetrics, type Interval, macroAverage } from '../evaluation/metrics';
import { metricNames, type MetricValues } from '../evaluation/runningMetrics';
import { checkOption, positiveInteger } from '../options';
import type { tf } from '../tensorflow/backend';
import type { Recipe } from '../training/recipe';

/**
 * The part of a danfojs DataFrame that its own declarations type well enough to rely on; the rest of
 * its methods are there too (danfo.jsdata.org).
 */
export interface DataTable {
  readonly columns: string[];
  readonly shape: number[];
  /** Row by row. */
  readonly values: unknown;
  head(rows?: number): DataTable;
  tail(rows?: number): DataTable;
  sortValues(column: string, options?: { ascending?: boolean }): DataTable | undefined;
  /** Writes it to the console. */
  print(): void;
}

/** One cell of a table; null is shown as "–". */
export type TableCell = string | number | null;

/** What showing a table takes of it: a table of one's own needs no danfojs. */
export type TableContent = Pick<DataTable, 'columns' | 'values'>;

/**
 * A danfojs DataFrame of the given rows; the columns are those of the first row.
 *
 * @throws RangeError where there are no rows: danfojs knows no columns without them
 */
export function createTable(rows: readonly Readonly<Record<string, TableCell>>[]): DataTable {
  if (rows.length === 0) {
    throw new RangeError(
      'Expected at least one row but received none: pass createTable some rows.',
    );
  }
  const columns = Object.keys(rows[0]);
  const values = Object.fromEntries(
    columns.map((name) => [name, rows.map((row) => row[name] ?? null)]),
  );
  const { DataFrame } = loadDanfojs();
  return new DataFrame(values);
}

/** Precision, recall, F1 and number of pictures of each class, and their plain mean as last row. */
export function perClassTable({ classNames, evaluation }: TestedModel<'perClass'>): DataTable {
  const { perClass } = evaluation;
  if (perClass.length !== classNames.length) {
    throw new RangeError(
      `Expected ${perClass.length} class names but received ${classNames.length}: ` +
        'pass those of the data set that was evaluated.',
    );
  }
  const row = (name: string, { precision, recall, f1, support }: ClassMetrics) => ({
    class: name,
    precision,
    recall,
    F1: f1,
    pictures: support,
  });
  return createTable([
    ...perClass.map((metrics, label) => row(classNames[label], metrics)),
    row('mean of the classes', macroAverage(perClass)),
  ]);
}

/** The most frequent mistakes, as actual and predicted class: how many pictures, and which share of the class they are. */
export function confusedPairsTable(
  { classNames, evaluation }: TestedModel<'confusionMatrix'>,
  count = 10,
): TableContent {
  checkOption('confusedPairsTable', 'count', count, positiveInteger);
  const pairs = evaluation.confusionMatrix.flatMap((row, actual) => {
    const support = row.reduce((sum, pictures) => sum + pictures, 0);
    return row.flatMap((pictures, predicted) =>
      predicted === actual || pictures === 0
        ? []
        : [[classNames[actual], classNames[predicted], pictures, pictures / support] as const],
    );
  });
  // A table without rows, of a model without mistakes, is none for danfojs.
  return {
    columns: ['actual class', 'predicted as', 'pictures', 'share of the class'],
    values: pairs.sort((a, b) => b[2] - a[2] || b[3] - a[3]).slice(0, count),
  };
}

/** What a table of models says about one; a run's `ModelRecord` fits. */
export interface ModelSummary {
  readonly name: string;
  readonly parameterCount: number;
  readonly train: MetricValues | null;
  readonly val: MetricValues | null;
  readonly test: MetricValues | null;
  readonly seconds: number;
  readonly imagesPerSecond: number;
  /** The test accuracy without test-time views. */
  readonly singleViewAccuracy?: number | null;
  /** The 95 % interval of the test accuracy. */
  readonly interval?: Interval;
  /** How many parameters were trained. */
  readonly trainedParameterCount?: number;
  /** For one picture. */
  readonly latency?: Latency;
  readonly sizeBytes?: number;
}

/**
 * Models side by side: size, accuracies (fractions) and what else was measured but losses, the test accuracy's 95 % interval
 * (`from`, `to`), training time. Where some model has it: test accuracy without test-time views, trained parameters, milliseconds for one picture and size on disk.
 */
export function modelTable(models: readonly ModelSummary[]): DataTable {
  const names = scoreNames(models);
  const has = (value: (model: ModelSummary) => unknown) => models.some((each) => value(each));
  const isPartly = has(
    (each) => (each.trainedParameterCount ?? each.parameterCount) < each.parameterCount,
  );
  return createTable(
    models.map((model) => ({
      model: model.name,
      parameters: model.parameterCount,
      ...(isPartly ? { trained: model.trainedParameterCount ?? model.parameterCount } : {}),
      ...Object.fromEntries(metricCells(model, names)),
      ...(has(({ singleViewAccuracy }) => singleViewAccuracy)
        ? { 'test, one view': model.singleViewAccuracy ?? null }
        : {}),
      ...(has(({ interval }) => interval)
        ? { from: model.interval?.low ?? null, to: model.interval?.high ?? null }
        : {}),
      seconds: model.seconds,
      'images/s': model.imagesPerSecond,
      ...(has(({ latency }) => latency)
        ? {
            'ms, p50': model.latency?.p50Milliseconds ?? null,
            'ms, p90': model.latency?.p90Milliseconds ?? null,
          }
        : {}),
      ...(has(({ sizeBytes }) => sizeBytes)
        ? { MB: model.sizeBytes === undefined ? null : model.sizeBytes / 1e6 }
        : {}),
    })),
  );
}

/** Names of the metrics of these models, `accuracy` first, without `loss`. */
export function scoreNames(
  models: readonly Pick<ModelSummary, 'train' | 'val' | 'test'>[],
): string[] {
  const values = models.flatMap(({ train, val, test }) => [train, val, test]);
  return metricNames(values).filter((name) => name !== 'loss');
}

/** A cell for each metric in training, validation and test, e.g. `test accuracy`. */
export function metricCells(
  { train, val, test }: Pick<ModelSummary, 'train' | 'val' | 'test'>,
  names: readonly string[],
): [column: string, value: number | null][] {
  return names.flatMap((name): [string, number | null][] => [
    [`train ${name}`, train?.[name] ?? null],
    [`validation ${name}`, val?.[name] ?? null],
    [`test ${name}`, test?.[name] ?? null],
  ]);
}

/** The cells of a table, row by row. */
export function tableRows({ values }: Pick<TableContent, 'values'>): TableCell[][] {
  // danfojs: a single column's values come flat.
  return (values as unknown[]).map((row) => (Array.isArray(row) ? row : [row]).map(tableCell));
}

function tableCell(value: unknown): TableCell {
  if (typeof value === 'number') return Number.isNaN(value) ? null : value;
  if (typeof value === 'string') return value;
  return value === null || value === undefined ? null : JSON.stringify(value);
}

function loadDanfojs(): typeof danfojs {
  // First our own door to TensorFlow, which danfojs would open without its preparations.
  /* eslint-disable @typescript-eslint/no-require-imports -- an `import` could not wait for the first table */
  require('../tensorflow/backend');
  return require('danfojs-node') as typeof danfojs;
  /* eslint-enable @typescript-eslint/no-require-imports */
}

/** Name, kind, output shape (without the batch) and parameters of each layer, and their sum as last row. */
export function layerTable(model: tf.LayersModel): DataTable {
  const rows = model.layers.map((layer) => ({
    layer: layer.name,
    kind: layer.getClassName(),
    output: describeShape(layer.outputShape),
    parameters: layer.countParams(),
  }));
  const total = { layer: 'all', kind: null, output: null, parameters: model.countParams() };
  return createTable([...rows, total]);
}

/** `32 × 32 × 3`; a layer with several outputs has several shapes. */
function describeShape(shape: tf.Shape | tf.Shape[]): string {
  const shapes = Array.isArray(shape[0]) ? (shape as tf.Shape[]) : [shape as tf.Shape];
  return shapes
    .map((dimensions) =>
      dimensions
        .slice(1)
        .map((size) => size ?? 'any')
        .join(' × '),
    )
    .join(', ');
}

/** Every setting of a recipe and its value. */
export function recipeTable(recipe: Recipe): DataTable {
  const rows = Object.entries(recipe).map(([setting, value]) => ({
    setting,
    value: String(value),
  }));
  return createTable(rows);
}
