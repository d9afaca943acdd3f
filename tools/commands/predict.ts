// npm run predict: what a saved model says of pictures.
import { statSync } from 'node:fs';
import { relative } from 'node:path';
import { listPictures, predictPictures } from '../../lib/evaluation/predictPictures';
import { findModel } from '../../lib/runs/findModel';
import { loadClassifier } from '../../lib/models/classifier';
import { predictionsCsv, predictionText } from '../../lib/report/predictionText';
import { fromHere, runProgram, userFolder } from './program';

interface Options {
  readonly names: readonly string[];
  readonly model?: string;
  readonly csv: boolean;
}

void runProgram<Options>(async ({ names, model: place, csv }) => {
  const paths = names.map(fromHere);
  const onNotice = (notice: string) => process.stderr.write(`${notice}\n`);
  const lists = await Promise.all(paths.map((path) => listPictures(path, { onNotice })));
  const pictures = [...new Set(lists.flat())]; // one may be named, and lie in a folder that is
  const hasFolder = paths.some((path) => statSync(path).isDirectory());

  const model = await findModel(place, { from: userFolder });
  const classifier = await loadClassifier(model.directory);
  process.stderr.write(`Model: ${model.name}${model.runId ? ` of the run ${model.runId}` : ''}\n`);
  const predictions = await predictPictures(classifier, pictures, {
    onSkip: (_, error) => process.stderr.write(`${error.message}\n`),
  });
  classifier.model.dispose();

  const named = predictions.map((each) => ({
    ...each,
    picture: relative(userFolder, each.picture),
  }));
  if (csv || hasFolder) process.stdout.write(predictionsCsv(named));
  else for (const each of named) process.stdout.write(`${predictionText(each)}\n`);
  const skipped = pictures.length - predictions.length;
  if (skipped > 0)
    process.stderr.write(`${skipped} of ${pictures.length} pictures were skipped.\n`);
  // One damaged image in a folder of many does not make the command fail.
  return skipped > 0 && (predictions.length === 0 || !hasFolder) ? 1 : 0;
});
