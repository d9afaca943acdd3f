// npm run predict: what a saved model says of pictures.
import { statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { writeFileAtomic } from '../../lib/atomicFile';
import { encodePng } from '../../lib/data/image';
import { loadPredictor } from '../../lib/evaluation/loadPredictor';
import { listPictures, predictFiles } from '../../lib/evaluation/predictFiles';
import { findModel, type FoundModel } from '../../lib/runs/findModel';
import { heatPicture } from '../../lib/report/pictures';
import {
  predictionsCsv,
  predictionsJsonLines,
  predictionText,
} from '../../lib/report/predictionText';
import { fractionText } from '../../lib/report/theme';
import { fromHere, Problem, runProgram, shownPath, tell, userFolder } from './program';

interface Options {
  readonly names: readonly string[];
  readonly model?: string;
  readonly csv: boolean;
  readonly json: boolean;
  readonly out?: string;
  readonly atLeast?: number;
  readonly explain: boolean;
}

void runProgram<Options>(async (options) => {
  const { names, model: place, csv, json, out, atLeast, explain } = options;
  if (csv && json)
    throw new Problem('--csv and --json are two forms of the same.', {
      remedy: 'Keep one of them.',
    });
  const paths = names.map(fromHere);
  const onNotice = tell;
  const lists = await Promise.all(paths.map((path) => listPictures(path, { onNotice })));
  const pictures = [...new Set(lists.flat())]; // one may be named, and lie in a folder that is
  const hasFolder = paths.some((path) => statSync(path).isDirectory());

  const isOnnxFile = place?.endsWith('.onnx') ?? false;
  const model = isOnnxFile ? undefined : await findModel(place, { from: userFolder });
  if (explain && (isOnnxFile || (hasFolder && out === undefined))) {
    throw new Problem(
      isOnnxFile
        ? '--explain needs the model as it was saved, not an .onnx file.'
        : '--explain makes a PNG for each picture of the folder, and would put them among the pictures.',
      {
        remedy: isOnnxFile ? 'Name a run or a model folder.' : 'Add --out FILE: they go beside it.',
      },
    );
  }
  const predictor = await loadPredictor(model?.directory ?? fromHere(place as string), {
    onNotice,
  });
  tell(`Model: ${model === undefined ? place : provenance(model)}`);
  const predictions = await predictFiles(predictor, pictures, {
    onSkip: (_, error) => tell(error.message),
  });

  const named = predictions.map((each) => ({
    ...each,
    picture: relative(userFolder, each.picture),
    ...(atLeast === undefined ? {} : { sure: each.prediction.probability >= atLeast }),
  }));
  const text = json
    ? predictionsJsonLines(named)
    : csv || hasFolder
      ? predictionsCsv(named)
      : named.map((each) => `${predictionText(each)}\n`).join('');
  if (out === undefined) process.stdout.write(text);
  else {
    await writeFileAtomic(fromHere(out), text);
    process.stderr.write(`${named.length} predictions in ${shownPath(fromHere(out))}\n`);
  }
  if (explain && model !== undefined) {
    const read = predictions.map(({ picture }) => picture);
    await explainPictures(model.directory, read, out === undefined ? undefined : fromHere(out));
  }
  const skipped = pictures.length - predictions.length;
  if (skipped > 0)
    process.stderr.write(`${skipped} of ${pictures.length} pictures were skipped.\n`);
  // One damaged image in a folder of many does not make the command fail.
  return skipped > 0 && (predictions.length === 0 || !hasFolder) ? 1 : 0;
});

/** Writes `<picture>-why.png` of each, which needs TensorFlow. */
async function explainPictures(
  directory: string,
  pictures: readonly string[],
  out: string | undefined,
): Promise<void> {
  const { loadClassifier } = await import('../../lib/models/classifier.js');
  const { gradCam } = await import('../../lib/evaluation/gradCam.js');
  const classifier = await loadClassifier(directory);
  const written = new Set<string>();
  for (const picture of pictures) {
    const place = join(dirname(out ?? picture), `${basename(picture)}-why`);
    let file = `${place}.png`;
    for (let number = 2; written.has(file); number++) file = `${place}-${number}.png`;
    written.add(file);
    await writeFileAtomic(file, await encodePng(heatPicture(await gradCam(classifier, picture))));
    tell(`What speaks for it: ${shownPath(file)}`);
  }
}

/** `CNN of the run 20260131-120000-using-cifar-quick, trained on CIFAR-10, test accuracy 0.7462`. */
function provenance({ name, runId, trainedOn, testAccuracy }: FoundModel): string {
  return [
    runId === null ? name : `${name} of the run ${runId}`,
    ...(trainedOn === null ? [] : [`trained on ${trainedOn}`]),
    ...(testAccuracy === null ? [] : [`test accuracy ${fractionText(testAccuracy)}`]),
  ].join(', ');
}
