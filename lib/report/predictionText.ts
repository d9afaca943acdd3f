// Predictions as text: one picture in words, many as CSV or as JSON lines.
import type { NamedPrediction } from '../evaluation/predictFiles';
import { csvText } from './csv';
import { percent, printable } from './theme';

/** The class with its probability, and the runners-up below, likeliest first. */
export function predictionText({ picture, prediction }: NamedPrediction): string {
  const { className, probability, topK } = prediction;
  const width = Math.max(...topK.map((each) => each.className.length));
  const rows = topK.map(
    (each) => `  ${each.className.padEnd(width)}  ${percent(each.probability).padStart(7)}`,
  );
  return printable([`${picture}: ${className}, ${percent(probability)}`, ...rows].join('\n'));
}

/** One row a picture: its name, class and probability (0…1), then the runners-up in pairs of columns. */
export function predictionsCsv(predictions: readonly NamedPrediction[]): string {
  const ranks = Math.max(0, ...predictions.map(({ prediction }) => prediction.topK.length));
  const header = ['picture', 'class', 'probability'];
  for (let rank = 2; rank <= ranks; rank++) header.push(`class ${rank}`, `probability ${rank}`);
  return csvText([
    header,
    ...predictions.map(({ picture, prediction }) => [
      picture,
      ...prediction.topK.flatMap(({ className, probability }) => [
        className,
        Number(probability.toFixed(6)),
      ]),
    ]),
  ]);
}

/** One JSON object a line and picture: `picture`, `className`, `label`, `probability` (0…1) and `topK`, likeliest first. */
export function predictionsJsonLines(predictions: readonly NamedPrediction[]): string {
  const lines = predictions.map(({ picture, prediction }) =>
    JSON.stringify({ picture, ...prediction }),
  );
  return lines.map((line) => `${line}\n`).join('');
}
