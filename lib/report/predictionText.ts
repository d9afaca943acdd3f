// Predictions as text: one picture in words, many as CSV or as JSON lines.
import type { NamedPrediction, Prediction, UnreadablePicture } from '../evaluation/predictFiles';
import { csvText } from './csv';
import { percent, printable } from './theme';

/** The class with its probability, and the runners-up below, likeliest first. */
export function predictionText({ picture, prediction, sure }: NamedPrediction): string {
  const { className, probability, topK } = prediction;
  const width = Math.max(...topK.map((each) => each.className.length));
  const rows = topK.map(
    (each) => `  ${each.className.padEnd(width)}  ${percent(each.probability).padStart(7)}`,
  );
  const named = `${className}, ${percent(probability)}`;
  const said = sure === false ? `not sure (${named})` : named;
  return printable([`${picture}: ${said}`, ...rows].join('\n'));
}

/** What a table of predictions has a row for: a prediction, or why there is none. */
export type PredictionRow = NamedPrediction | UnreadablePicture;

/** What the rows of a table have in common. */
export interface PredictionColumns {
  /** Classes in a row. */
  readonly ranks: number;
  /** Whether `sure` is said. */
  readonly isSureSaid: boolean;
}

/**
 * One row a picture: its name, class and probability (0…1), `sure` where it is said, the runners-up in pairs of columns, and why it
 * could not be read.
 *
 * @param given for a part of a table: `columns` of the whole, `header`: whether it begins the table, default true.
 */
export function predictionsCsv(
  rows: readonly PredictionRow[],
  given: { readonly columns?: PredictionColumns; readonly header?: boolean } = {},
): string {
  const { columns = columnsOf(rows), header = true } = given;
  const { ranks, isSureSaid } = columns;
  const titles = ['picture', 'class', 'probability', ...(isSureSaid ? ['sure'] : [])];
  for (let rank = 2; rank <= ranks; rank++) titles.push(`class ${rank}`, `probability ${rank}`);
  const cells = rows.map((row) => {
    if ('error' in row) {
      return [row.picture, ...Array<null>(titles.length - 1).fill(null), row.error.message];
    }
    const pairs = row.prediction.topK.map(({ className, probability }, rank) => [
      className,
      Number(probability.toFixed(6)),
      ...(isSureSaid && rank === 0 ? [String(row.sure)] : []),
    ]);
    return [row.picture, ...pairs.flat(), null];
  });
  return csvText(header ? [[...titles, 'error'], ...cells] : cells);
}

function columnsOf(rows: readonly PredictionRow[]): PredictionColumns {
  const predictions = rows.filter((row): row is NamedPrediction => !('error' in row));
  return {
    ranks: Math.max(1, ...predictions.map(({ prediction }) => prediction.topK.length)),
    isSureSaid: predictions.some(({ sure }) => sure !== undefined),
  };
}

/**
 * One JSON object a line and picture: `picture`, `className`, `label`, `probability` (0…1) and `topK`, likeliest first, `sure`; or
 * `picture` and `error`.
 */
export function predictionsJsonLines(rows: readonly PredictionRow[]): string {
  const lines = rows.map((row) =>
    JSON.stringify(
      'error' in row
        ? { picture: row.picture, error: row.error.message }
        : { picture: row.picture, ...row.prediction, sure: row.sure },
    ),
  );
  return lines.map((line) => `${line}\n`).join('');
}

/** A line of {@link predictionsJsonLines}. */
export function parsePredictionLine(line: string): PredictionRow {
  const { picture, error, sure, ...prediction } = JSON.parse(line) as Prediction & {
    readonly picture: string;
    readonly error?: string;
    readonly sure?: boolean;
  };
  return error === undefined ? { picture, prediction, sure } : { picture, error: new Error(error) };
}
