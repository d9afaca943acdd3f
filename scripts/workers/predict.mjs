// Loads a model and predicts pictures; started by scripts/predict.mjs.
import { readdirSync, statSync } from 'node:fs';
import { extname, join, relative, resolve } from 'node:path';
import library from '../../dist/index.js';

const {
  disposeClassifier,
  findModel,
  loadClassifier,
  predictImage,
  predictionsCsv,
  predictionText,
} = library;

const EXTENSIONS = ['.jpg', '.jpeg', '.png', '.webp', '.gif', '.tif', '.tiff'];

try {
  process.exitCode = await main(JSON.parse(process.argv[2]));
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

/** @param {{ pictures: string[], model?: string, csv: boolean }} request paths count from where the person stands */
async function main({ pictures: places, model: place, csv }) {
  const here = process.env.INIT_CWD ?? process.cwd();
  const { pictures, hasFolder } = listPictures(places.map((path) => resolve(here, path)));
  const model = await chooseModel(place, here);
  const classifier = await loadClassifier(model.directory);
  const run = model.runId === null ? '' : ` of the run ${model.runId}`;
  process.stderr.write(`Model: ${model.name}${run}\n`);

  const predictions = [];
  let failures = 0;
  for (const path of pictures) {
    try {
      const prediction = await predictImage(classifier, path);
      predictions.push({ picture: relative(here, path), prediction });
    } catch (error) {
      failures++;
      process.stderr.write(`${error.message}\n`);
    }
  }
  disposeClassifier(classifier);
  if (csv || hasFolder) process.stdout.write(predictionsCsv(predictions));
  else for (const each of predictions) process.stdout.write(`${predictionText(each)}\n`);
  if (failures > 0)
    process.stderr.write(`${failures} of ${pictures.length} pictures were skipped.\n`);
  return failures > 0 && (predictions.length === 0 || !hasFolder) ? 1 : 0;
}

/** A path counts from where the person stands; what is no path there is a run's id. */
async function chooseModel(place, here) {
  if (place === undefined) return findModel();
  const path = resolve(here, place);
  return findModel(statSync(path, { throwIfNoEntry: false }) ? path : place);
}

/** Files as they are named; of a folder every picture in it, sorted. @throws {Error} where there is nothing */
function listPictures(paths) {
  let hasFolder = false;
  const pictures = paths.flatMap((path) => {
    const info = statSync(path, { throwIfNoEntry: false });
    if (!info) throw new Error(`There is no picture and no folder ${path}: check the path.`);
    if (!info.isDirectory()) return [path];
    hasFolder = true;
    const names = readdirSync(path, { recursive: true }).filter((name) =>
      EXTENSIONS.includes(extname(name).toLowerCase()),
    );
    if (names.length === 0) {
      throw new Error(`There is no picture (${EXTENSIONS.join(', ')}) in the folder ${path}.`);
    }
    return names.sort().map((name) => join(path, name));
  });
  return { pictures, hasFolder };
}
