import type { Preprocess } from '../../../lib/data/preprocess';
import { createCnn } from '../../../lib/models/cnn';
import { createMlp } from '../../../lib/models/mlp';
import { createMobileNetV2 } from '../../../lib/models/mobileNetV2';
import { tf } from '../../../lib/tensorflow/backend';
import type { Task, TaskPlan } from '../task';

/** One way to do a task's work, batch by batch. */
export interface Runner {
  /** One training step; returns the loss. */
  train(images: Uint8Array, labels: Int32Array): number | Promise<number>;
  /** The whole of a training on these batches, where that is more than one step for each. */
  trainAll?(
    batches: readonly (readonly [images: Uint8Array, labels: Int32Array])[],
  ): void | Promise<void>;
  /** float32 [size, numClasses], flat. */
  predict(images: Uint8Array, size: number): Float32Array | Promise<Float32Array>;
  dispose(): void;
}

export type RunnerFactory = (model: tf.LayersModel, task: Task) => Runner;

/** The model of a task, with all layers trainable but those that the task freezes. Caller disposes. */
export function createModel(task: TaskPlan): tf.LayersModel {
  const { inputSize, numClasses, dropoutRate } = task;
  const inputShape = [inputSize, inputSize, 3] as const;
  if (task.model === 'mlp') return createMlp({ inputShape, numClasses });
  if (task.model === 'cnn') return createCnn({ inputShape, numClasses, dropoutRate });
  const model = createMobileNetV2({ inputSize, numClasses });
  if (task.batchNorm === 'frozen') {
    for (const layer of model.layers) {
      if (layer.getClassName() === 'BatchNormalization') layer.trainable = false;
    }
  }
  return model;
}

/** What happens to a task's pictures before the model. */
export function preprocessOf({ inputSize, mean, std }: TaskPlan): Preprocess {
  return { height: inputSize, width: inputSize, mean, std };
}

/** Sets all weights of a model, in its layers' order, one behind the other. */
export function setWeights(model: tf.LayersModel, values: Float32Array): void {
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
