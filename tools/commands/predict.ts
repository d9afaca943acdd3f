// npm run predict: what a saved model says of pictures.
import { statSync } from 'node:fs';
import { relative } from 'node:path';
import { writeFileAtomic } from '../../lib/atomicFile';
import { loadPredictor } from '../../lib/evaluation/loadPredictor';
import { listPictures, predictFiles } from '../../lib/evaluation/predictFiles';
import { findModel, type FoundModel } from '../../lib/runs/findModel';
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
}

void runProgram<Options>(async ({ names, model: place, csv, json, out }) => {
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
  const skipped = pictures.length - predictions.length;
  if (skipped > 0)
    process.stderr.write(`${skipped} of ${pictures.length} pictures were skipped.\n`);
  // One damaged image in a folder of many does not make the command fail.
  return skipped > 0 && (predictions.length === 0 || !hasFolder) ? 1 : 0;
});

/** `CNN of the run 20260131-120000-using-cifar-quick, trained on CIFAR-10, test accuracy 0.7462`. */
function provenance({ name, runId, trainedOn, testAccuracy }: FoundModel): string {
  return [
    runId === null ? name : `${name} of the run ${runId}`,
    ...(trainedOn === null ? [] : [`trained on ${trainedOn}`]),
    ...(testAccuracy === null ? [] : [`test accuracy ${fractionText(testAccuracy)}`]),
  ].join(', ');
}
