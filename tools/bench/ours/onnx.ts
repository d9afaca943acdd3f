import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Predictor } from '../../../lib/evaluation/predictor';
import { classifierOnnx } from '../../../lib/onnx/exportOnnx';
import { encodeModel, type OnnxModel } from '../../../lib/onnx/format';
import { measureRanges, quantizeOnnx } from '../../../lib/onnx/quantizeOnnx';
import { createOnnxSession, onnxRuntimeVersion, type OnnxSession } from '../../../lib/onnx/runtime';
import type { tf } from '../../../lib/tensorflow/backend';
import type { Task } from '../task';
import { preprocessOf, type RunnerFactory } from './model';

/** The model as this project exports it, in the task's folder, for Python's ONNX Runtime. */
export const EXPORTED_FILE = 'exported.onnx';

/** How the tables name it. */
export async function onnxNote(): Promise<string> {
  return `onnxruntime-node ${await onnxRuntimeVersion()}`;
}

/** Pictures of which the ranges of int8 are taken. */
const RANGE_PICTURES = 32;

/** A model in ONNX Runtime, from pixels to its outputs; made with the first run, when the weights are there. */
export function createOnnxPredictor(
  model: tf.LayersModel,
  task: Task,
  precision: 'float32' | 'int8',
): Predictor {
  const { inputSize, folder } = task;
  const size = { height: inputSize, width: inputSize };
  const create = async (): Promise<OnnxSession> => {
    const numOutputs = model.outputs[0].shape[1] as number;
    const classNames = Array.from({ length: numOutputs }, String);
    const preprocess = preprocessOf(task);
    const float32 = await classifierOnnx({ model, classNames, preprocess });
    if (precision === 'int8') return createOnnxSession(encodeModel(await inInt8(float32)));
    const bytes = encodeModel(float32);
    writeFileSync(join(folder, EXPORTED_FILE), bytes);
    return createOnnxSession(bytes);
  };
  const inInt8 = async (float32: OnnxModel) => {
    const images = readFileSync(join(folder, 'images.bin'));
    const pictures = { images, size: RANGE_PICTURES, ...size };
    return quantizeOnnx(float32, await measureRanges(float32, pictures));
  };
  let session: Promise<OnnxSession> | undefined;
  return {
    run: async (images, count) => {
      session ??= create();
      return (await session).run(images, [count, inputSize, inputSize, 3]);
    },
    dispose: () => void session?.then((made) => made.dispose()),
  };
}

/** The project's model as `engine: 'onnx'` runs it, or in int8. */
export function onnxRunner(precision: 'float32' | 'int8'): RunnerFactory {
  return (model, task) => {
    const predictor = createOnnxPredictor(model, task, precision);
    return {
      train: () => {
        throw new Error('Expected an inference task: ONNX Runtime trains nothing here.');
      },
      predict: (images, size) => predictor.run(images, size),
      dispose: () => predictor.dispose(),
    };
  };
}
