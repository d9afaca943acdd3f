/** Our side of the race as a process: `node contestant.cjs compiled` (or eager, engine, int8), driven as peers/worker.py. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPredictor, type Predictor } from '../../../lib/evaluation/predictor';
import type { tf } from '../../../lib/tensorflow/backend';
import type { Task } from '../task';
import { writeTask } from '../taskData';
import { createCompiledRunner } from './compiled';
import { createEagerRunner } from './eager';
import { createFeaturesRunner } from './features';
import { createModel, preprocessOf, setWeights } from './model';
import type { Runner, RunnerFactory } from './model';
import { createOnnxPredictor, onnxNote, onnxRunner } from './onnx';
import { serve, type Contestant } from './worker';

interface Variant {
  /** How it does the work. */
  readonly note: () => string | Promise<string>;
  readonly create: RunnerFactory;
  /** For the frozen layers of transfer learning; absent: they are passed in each epoch. */
  readonly createPredictor?: (model: tf.LayersModel, task: Task) => Predictor;
}

const VARIANTS: Readonly<Record<string, Variant>> = {
  compiled: {
    note: () => 'one graph',
    create: createCompiledRunner,
    createPredictor: (model, task) => createPredictor(model, { preprocess: preprocessOf(task) }),
  },
  engine: {
    note: onnxNote,
    create: onnxRunner('float32'),
    createPredictor: (model, task) => createOnnxPredictor(model, task, 'float32'),
  },
  int8: {
    note: onnxNote,
    create: onnxRunner('int8'),
    createPredictor: (model, task) => createOnnxPredictor(model, task, 'int8'),
  },
  eager: { note: () => 'minimize, predict', create: createEagerRunner },
};

function createContestant({ note, create, createPredictor: ofFrozen }: Variant): Contestant {
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
  const step = async (): Promise<number> => {
    const [images, batchLabels] = nextBatch();
    if (task.kind === 'train') return runner!.train(images, batchLabels);
    await runner!.predict(images, task.batchSize);
    return 0;
  };

  return {
    write: writeTask,
    async prepare(newTask) {
      runner?.dispose();
      model?.dispose();
      task = newTask;
      position = 0;
      images = readFileSync(join(task.folder, 'images.bin'));
      labels = typed(Int32Array, join(task.folder, 'labels.bin'));
      model = createModel(task);
      setWeights(model, typed(Float32Array, join(task.folder, 'weights.bin')));
      const once = task.trained === 'top' ? ofFrozen : undefined;
      runner = once
        ? createFeaturesRunner(model, task, (backbone) => once(backbone, newTask))
        : create(model, task);
      const how = await note();
      return { parameters: model.countParams(), note: once ? `features once, ${how}` : how };
    },
    async losses(steps) {
      const losses: number[] = [];
      for (let i = 0; i < steps; i++) losses.push(await step());
      return losses;
    },
    outputs: async (rows) => Array.from(await runner!.predict(imagesAt(0, rows), rows)),
    async run(steps) {
      if (runner!.trainAll) return runner!.trainAll(Array.from({ length: steps }, nextBatch));
      for (let i = 0; i < steps; i++) await step();
    },
  };
}

function typed<T>(Type: new (buffer: ArrayBuffer) => T, path: string): T {
  const { buffer, byteOffset, byteLength } = readFileSync(path);
  return new Type(buffer.slice(byteOffset, byteOffset + byteLength));
}

void serve(createContestant(VARIANTS[process.argv[2]]));
