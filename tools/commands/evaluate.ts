// npm run evaluate: a saved model on new labelled pictures.
import { join } from 'node:path';
import { closeBrowser } from '../../lib/report/browser';
import { tableText } from '../../lib/report/tableHtml';
import { evaluateModel } from '../../lib/runs/evaluateModel';
import { findModel } from '../../lib/runs/findModel';
import { fromHere, Problem, runProgram, shownPath, tell, userFolder } from './program';

interface Options {
  readonly names: readonly string[];
  readonly data?: string;
  readonly model?: string;
  readonly limit?: number;
  readonly out?: string;
}

/** Of the terminal's table of the classes; the page has all. */
const MOST_CLASSES = 20;

void runProgram<Options>(async ({ names: [place], data, model, limit, out }) => {
  if (data === undefined) {
    throw new Problem('There is nothing to evaluate the model with.', {
      remedy: `npm run evaluate -- ${place} --data FOLDER`,
    });
  }
  const found = await findModel(place, { from: userFolder, ...(model ? { model } : {}) });
  const { name, runId } = found;
  tell(`Model: ${runId === null ? name : `${name} of the run ${runId}`}`);
  const { evaluation, directory, perClass } = await evaluateModel(found, {
    ...{ data: fromHere(data), limit, onNotice: tell },
    ...(out !== undefined && { runsDirectory: fromHere(out) }),
  });
  const { accuracy, interval, metrics, labels } = evaluation;
  const { f1, ece, loss } = metrics;
  const columns = ['pictures', 'accuracy', 'from', 'to', 'macro F1', 'ECE', 'loss'];
  const values = [[labels.length, accuracy, interval.low, interval.high, f1, ece, loss]];
  const write = (text: string): boolean => process.stdout.write(`${text}\n\n`);
  write(tableText({ columns, values }, `${name}; from, to: the 95 % interval of the accuracy`));
  if (perClass.shape[0] <= MOST_CLASSES + 1) write(tableText(perClass));
  for (const file of ['run.json', 'figures/figures.html']) {
    process.stdout.write(`  ${shownPath(join(directory, file))}\n`);
  }
  await closeBrowser();
});
