// Predictions as text: one picture in words, many as CSV or as JSON lines.
import type { NamedPrediction } from '../evaluation/predictFiles';
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

/** One row a picture: its name, class and probability (0…1), `sure` where it is said, then the runners-up in pairs of columns. */
export function predictionsCsv(predictions: readonly NamedPrediction[]): string {
  const ranks = Math.max(0, ...predictions.map(({ prediction }) => prediction.topK.length));
  const isSaid = predictions.some(({ sure }) => sure !== undefined);
  const header = ['picture', 'class', 'probability', ...(isSaid ? ['sure'] : [])];
  for (let rank = 2; rank <= ranks; rank++) header.push(`class ${rank}`, `probability ${rank}`);
  return csvText([
    header,
    ...predictions.map(({ picture, prediction, sure }) => [
      picture,
      ...prediction.topK.flatMap(({ className, probability }, rank) => [
        className,
        Number(probability.toFixed(6)),
        ...(isSaid && rank === 0 ? [String(sure)] : []),
      ]),
    ]),
  ]);
}

/** One JSON object a line and picture: `picture`, `className`, `label`, `probability` (0…1) and `topK`, likeliest first, `sure`. */
export function predictionsJsonLines(predictions: readonly NamedPrediction[]): string {
  const lines = predictions.map(({ picture, prediction, sure }) =>
    JSON.stringify({ picture, ...prediction, sure }),
  );
  return lines.map((line) => `${line}\n`).join('');
}
