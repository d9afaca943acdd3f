import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRng, type Rng } from '../../lib/random';
import type { tf } from '../../lib/tensorflow/backend';
import { createModel } from './ours/model';
import type { TaskPlan } from './task';

/** One weight in weights.json; its values follow those of the entries before it in weights.bin (float32). */
interface WeightEntry {
  readonly layer: string;
  readonly shape: readonly number[];
}

/** Writes pictures, labels and initial weights for a task into `folder`; the same bytes on every machine. */
export async function writeTask(plan: TaskPlan, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const rng = createRng(1, 'benchmark', plan.model);
  const labels = Int32Array.from({ length: plan.imageCount }, () => rng.nextInt(plan.numClasses));
  const model = createModel(plan);
  const { entries, values } = randomWeights(model, rng);
  model.dispose();
  await Promise.all([
    writeFile(join(folder, 'images.bin'), images(plan, rng)),
    writeFile(join(folder, 'labels.bin'), bytesOf(labels)),
    writeFile(join(folder, 'weights.bin'), bytesOf(values)),
    writeFile(join(folder, 'weights.json'), JSON.stringify(entries)),
  ]);
}

/** Noise: no kernel here is faster or slower for the content of a picture. uint8 [count, size, size, 3]. */
function images({ imageCount, inputSize }: TaskPlan, rng: Rng): Uint8Array {
  return Uint8Array.from({ length: imageCount * inputSize * inputSize * 3 }, () =>
    rng.nextInt(256),
  );
}

/**
 * Weights under which activations keep their size through the whole network (He et al. 2015), so that a
 * difference between two contestants shows in the loss; with Glorot's, activations would vanish in MobileNetV2.
 */
export function randomWeights(
  model: tf.LayersModel,
  rng: Rng,
): { entries: WeightEntry[]; values: Float32Array } {
  const entries: WeightEntry[] = [];
  const values: number[] = [];
  for (const layer of model.layers) {
    for (const weight of layer.weights) {
      const shape = weight.shape as number[];
      entries.push({ layer: layer.name, shape });
      const size = shape.reduce((product, side) => product * side, 1);
      const draw = initializer(weight.originalName, shape, rng);
      for (let i = 0; i < size; i++) values.push(draw());
    }
  }
  return { entries, values: Float32Array.from(values) };
}

function initializer(name: string, shape: readonly number[], rng: Rng): () => number {
  // Not 1 and 0, as before any training: TensorFlow would drop sums with zeros that no trained network has.
  if (/gamma|variance/.test(name)) return () => 0.9 + 0.2 * rng.next();
  if (shape.length === 1) return () => 0.2 * rng.next() - 0.1; // biases, shifts and means
  // Depthwise kernels [h, w, channels, 1] see one channel each.
  const fanIn = /depthwise/.test(name)
    ? shape[0] * shape[1]
    : shape.slice(0, -1).reduce((a, b) => a * b);
  const deviation = Math.sqrt((/predictions/.test(name) ? 1 : 2) / fanIn);
  return () => deviation * rng.nextNormal();
}

function bytesOf(array: Int32Array | Float32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
