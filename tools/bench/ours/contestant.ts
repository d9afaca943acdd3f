/** Our side of the race as a process: `node contestant.cjs compiled` or `… eager`, driven as peers/worker.py. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tf } from '../../../lib/tensorflow/backend';
import type { Task } from '../task';
import { writeTask } from '../taskData';
import { createCompiledRunner } from './compiled';
import { createEagerRunner } from './eager';
import { createFeaturesRunner } from './features';
import { createModel } from './model';
import type { Runner, RunnerFactory } from './model';
import { serve, type Contestant } from './worker';

const factories: Record<string, RunnerFactory> = {
  compiled: createCompiledRunner,
  eager: createEagerRunner,
};

const NOTES: Record<string, string> = { compiled: 'one graph', eager: 'minimize, predict' };

function createContestant(variant: string): Contestant {
  let task: Task;
  let model: tf.LayersModel | undefined;
  let runner: Runner | undefined;
  let images: Uint8Array;
  let labels: Int32Array;
  let position = 0;

  const imagesAt = (start: number, count: number) => {
    const size = task.inputSize ** 2 * 3;
    return images.subarray(start * size, (start + count) * size);
  };
  const nextBatch = () => {
    const { batchSize } = task;
    const start = (position++ % Math.floor(labels.length / batchSize)) * batchSize;
    return [imagesAt(start, batchSize), labels.subarray(start, start + batchSize)] as const;
  };
  const step = (): number => {
    const [images, batchLabels] = nextBatch();
    if (task.kind === 'train') return runner!.train(images, batchLabels);
    runner!.predict(images, task.batchSize);
    return 0;
  };

  return {
    write: writeTask,
    prepare(newTask) {
      runner?.dispose();
      model?.dispose();
      task = newTask;
      position = 0;
      images = readFileSync(join(task.folder, 'images.bin'));
      labels = typed(Int32Array, join(task.folder, 'labels.bin'));
      model = createModel(task);
      setWeights(model, typed(Float32Array, join(task.folder, 'weights.bin')));
      const once = variant === 'compiled' && task.trained === 'top';
      runner = (once ? createFeaturesRunner : factories[variant])(model, task);
      const note = once ? 'features once' : NOTES[variant];
      return { parameters: model.countParams(), note };
    },
    losses: (steps) => Array.from({ length: steps }, step),
    outputs: (rows) => Array.from(runner!.predict(imagesAt(0, rows), rows)),
    run(steps) {
      if (runner!.trainAll) return runner!.trainAll(Array.from({ length: steps }, nextBatch));
      for (let i = 0; i < steps; i++) step();
    },
  };
}

function setWeights(model: tf.LayersModel, values: Float32Array): void {
  let offset = 0;
  for (const layer of model.layers) {
    for (const weight of layer.weights) {
      const size = weight.shape.reduce((product: number, side) => product * (side as number), 1);
      const tensor = tf.tensor(values.subarray(offset, offset + size), weight.shape as number[]);
      weight.write(tensor);
      tensor.dispose();
      offset += size;
    }
  }
}

function typed<T>(Type: new (buffer: ArrayBuffer) => T, path: string): T {
  const { buffer, byteOffset, byteLength } = readFileSync(path);
  return new Type(buffer.slice(byteOffset, byteOffset + byteLength));
}

void serve(createContestant(process.argv[2]));
