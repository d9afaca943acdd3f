// Loads a model and predicts pictures; started by predict.mjs.
import { existsSync, statSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import library from '../../../dist/index.js';

const { findModel, listPictures, loadClassifier, predictionsCsv, predictionText, predictPictures } =
  library;

try {
  process.exitCode = await main(JSON.parse(process.argv[2]));
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

/** @param {{ pictures: string[], model?: string, csv: boolean }} request paths count from where the person stands */
async function main({ pictures: places, model: place, csv }) {
  const here = process.env.INIT_CWD ?? process.cwd();
  const paths = places.map((path) => resolve(here, path));
  const onNotice = (notice) => process.stderr.write(`${notice}\n`);
  const lists = await Promise.all(paths.map((path) => listPictures(path, { onNotice })));
  const pictures = [...new Set(lists.flat())]; // one may be named, and lie in a folder that is
  const hasFolder = paths.some((path) => statSync(path).isDirectory());

  const model = await chooseModel(place, here);
  const classifier = await loadClassifier(model.directory);
  process.stderr.write(`Model: ${model.name}${model.runId ? ` of the run ${model.runId}` : ''}\n`);
  const predictions = await predictPictures(classifier, pictures, {
    onSkip: (_, error) => process.stderr.write(`${error.message}\n`),
  });
  classifier.model.dispose();

  const named = predictions.map((each) => ({ ...each, picture: relative(here, each.picture) }));
  if (csv || hasFolder) process.stdout.write(predictionsCsv(named));
  else for (const each of named) process.stdout.write(`${predictionText(each)}\n`);
  const skipped = pictures.length - predictions.length;
  if (skipped > 0)
    process.stderr.write(`${skipped} of ${pictures.length} pictures were skipped.\n`);
  // In a folder of many a damaged one is no failure of the whole.
  return skipped > 0 && (predictions.length === 0 || !hasFolder) ? 1 : 0;
}

/** A path counts from where the person stands; what is no path there is a run's id. */
function chooseModel(place, here) {
  if (place === undefined) return findModel();
  const path = resolve(here, place);
  return findModel(existsSync(path) ? path : place);
}
