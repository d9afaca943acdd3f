/** A classifier in int8 as an ONNX file, judged before it is given. */
import { writeFileAtomic } from '../atomicFile';
import { indicesBetween } from '../data/batches';
import { type ImageDataset, imagesAt } from '../data/dataset';
import type { Classifier } from '../models/classifier';
import { classifierOnnx, type ExportOnnxOptions } from '../onnx/exportOnnx';
import { encodeModel } from '../onnx/format';
import { measureRanges, quantizeOnnx } from '../onnx/quantizeOnnx';
import { createOnnxSession, onnxPredictor } from '../onnx/runtime';
import { predictionBatch } from './predictor';
import { scoreDataset } from './score';

/** Training pictures from which the ranges are taken: docs/runs.md compares numbers of them. */
const RANGE_PICTURES = 200;

/** Accuracies on the same validation pictures, 0…1, both by ONNX Runtime. */
export interface Int8Accuracy {
  readonly int8: number;
  readonly float32: number;
  /** How many pictures that were. */
  readonly pictures: number;
}

/** A loss of accuracy by int8 that must not be overlooked: half a point. */
const LARGE_LOSS = 0.005;

/** A warning where int8 loses more than half a point of accuracy; undefined where it does not. */
export function describeInt8Loss(
  name: string,
  { int8, float32, pictures }: Int8Accuracy,
): string | undefined {
  const lost = Math.round((float32 - int8) * pictures); // whole pictures: a difference of two fractions is not exact
  if (lost <= LARGE_LOSS * pictures) return undefined;
  return (
    `ATTENTION: int8 costs "${name}" ${((100 * lost) / pictures).toFixed(1)} points of accuracy on ${pictures} ` +
    'validation pictures. The float32 file loses nothing.'
  );
}

/**
 * Writes a classifier to an .onnx file in int8: {@link quantizeOnnx} of what `exportOnnx` writes. `metadata_props` say its
 * accuracy, too: `valAccuracy`, {@link Int8Accuracy} as JSON.
 *
 * @param data.trainSet pictures for the ranges, of which the first 200 are taken. @param data.valSet those on which it is judged.
 * @throws Error as `exportOnnx`, and where the pictures are not of the size that the file takes.
 */
export async function exportInt8(
  classifier: Classifier,
  file: string,
  data: ExportOnnxOptions & { readonly trainSet: ImageDataset; readonly valSet: ImageDataset },
): Promise<{ readonly sizeBytes: number; readonly valAccuracy: Int8Accuracy }> {
  const { trainSet, valSet, ...options } = data;
  const model = await classifierOnnx(classifier, options);
  const { input, metadata } = model;
  for (const { height, width, name } of [trainSet, valSet]) {
    if (String(input.shape) === String(['N', height, width, 3])) continue;
    throw new Error(
      `Expected pictures in the size that the file takes, ${input.shape[1]} × ${input.shape[2]}, but those of "${name}" ` +
        `are ${height} × ${width}: load them in that size.`,
    );
  }
  const size = Math.min(RANGE_PICTURES, trainSet.size);
  const images = imagesAt(trainSet, indicesBetween(0, size));
  const int8 = quantizeOnnx(model, await measureRanges(model, { ...trainSet, images, size }));
  const batchSize = predictionBatch(classifier);
  const valAccuracy: Int8Accuracy = {
    int8: await accuracyOf(encodeModel(int8), valSet, batchSize),
    float32: await accuracyOf(encodeModel(model), valSet, batchSize),
    pictures: valSet.size,
  };
  const judged = { ...metadata, valAccuracy: JSON.stringify(valAccuracy) };
  const bytes = encodeModel({ ...int8, metadata: judged });
  await writeFileAtomic(file, bytes);
  return { sizeBytes: bytes.length, valAccuracy };
}

async function accuracyOf(
  model: Uint8Array,
  dataset: ImageDataset,
  batchSize: number,
): Promise<number> {
  const session = await createOnnxSession(model);
  try {
    return (await scoreDataset(onnxPredictor(session, dataset), dataset, { batchSize })).accuracy;
  } finally {
    await session.dispose();
  }
}
