// npm run predict: what a saved model says of pictures.
import { statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { writeFileAtomic } from '../../lib/atomicFile';
import { encodePng } from '../../lib/data/image';
import { loadPredictor } from '../../lib/evaluation/loadPredictor';
import { listPictures, predictBatches } from '../../lib/evaluation/predictFiles';
import { findModel, type FoundModel } from '../../lib/runs/findModel';
import { heatPicture } from '../../lib/report/pictures';
import {
  type PredictionRow,
  predictionsCsv,
  predictionsJsonLines,
  predictionText,
} from '../../lib/report/predictionText';
import { fractionText } from '../../lib/report/theme';
import { mergeShards, parseShard, predictShard, shownRow } from './run/predictToFile';
import { fromHere, Problem, runProgram, shownPath, tell, userFolder } from './program';

interface Options {
  readonly names: readonly string[];
  readonly model?: string;
  readonly csv: boolean;
  readonly json: boolean;
  readonly out?: string;
  readonly atLeast?: number;
  readonly explain: boolean;
  readonly shard?: string;
  readonly merge: boolean;
}

void runProgram<Options>(async (options) => {
  const { names, model: place, csv, json, out, atLeast, explain, shard, merge } = options;
  if (csv && json)
    throw new Problem('--csv and --json are two forms of the same.', {
      remedy: 'Keep one of them.',
    });
  if ((shard !== undefined || merge) && out === undefined) {
    throw new Problem('Shards are written to a file, and --out does not name one.', {
      remedy: 'Give all shards and --merge the same --out FILE.',
    });
  }
  if (explain && (shard !== undefined || merge)) {
    throw new Problem('--explain has no shards.', {
      remedy: 'Explain single pictures, or a folder with --out FILE.',
    });
  }
  if (merge) return mergeInto(fromHere(out as string), json);
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
  const explainAll = async (read: readonly string[]): Promise<void> => {
    if (!explain || model === undefined) return;
    await explainPictures(model.directory, read, out === undefined ? undefined : fromHere(out));
  };
  if (out !== undefined && (hasFolder || shard !== undefined)) {
    const modelFile = model ? join(model.directory, 'model.json') : fromHere(place as string);
    const part = parseShard(shard ?? '0/1');
    const options = { out: fromHere(out), shard: part, modelFile, atLeast };
    const { file, size, errors } = await predictShard(predictor, pictures, options);
    if (shard === undefined) {
      const code = await mergeInto(options.out, json, part.count);
      await explainAll(pictures);
      return code;
    }
    tell(`${size} pictures in ${shownPath(file)}, ${errors} of them could not be read.`);
    return 0;
  }
  const rows: PredictionRow[] = [];
  for await (const batch of predictBatches(predictor, pictures)) rows.push(...batch);
  for (const row of rows) if ('error' in row) tell(row.error.message);

  const named = rows.map((row) => shownRow(row, atLeast));
  const predictions = named.filter((row) => 'prediction' in row);
  const text = json
    ? predictionsJsonLines(named)
    : csv || hasFolder
      ? predictionsCsv(named)
      : predictions.map((each) => `${predictionText(each)}\n`).join('');
  if (out === undefined) process.stdout.write(text);
  else {
    await writeFileAtomic(fromHere(out), text);
    process.stderr.write(`${predictions.length} predictions in ${shownPath(fromHere(out))}\n`);
  }
  await explainAll(rows.flatMap((row) => ('error' in row ? [] : [row.picture])));
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
    try {
      await writeFileAtomic(file, await encodePng(heatPicture(await gradCam(classifier, picture))));
      tell(`What speaks for it: ${shownPath(file)}`);
    } catch (error) {
      // Of a folder, pictures that cannot be read are rows of the file.
      if (pictures.length === 1) throw error;
      tell(`${basename(picture)} was not explained. ${(error as Error).message}`);
    }
  }
}

async function mergeInto(out: string, json: boolean, count?: number): Promise<number> {
  const { size, errors } = await mergeShards(out, { json, count });
  tell(`${size} pictures in ${shownPath(out)}, ${errors} of them could not be read.`);
  return errors === size ? 1 : 0;
}

/** `CNN of the run 20260131-120000-using-cifar-quick, trained on CIFAR-10, test accuracy 0.7462`. */
function provenance({ name, runId, trainedOn, testAccuracy }: FoundModel): string {
  return [
    runId === null ? name : `${name} of the run ${runId}`,
    ...(trainedOn === null ? [] : [`trained on ${trainedOn}`]),
    ...(testAccuracy === null ? [] : [`test accuracy ${fractionText(testAccuracy)}`]),
  ].join(', ');
}
