import { createCnn } from '../../../lib/models/cnn';
import { createMlp } from '../../../lib/models/mlp';
import { createMobileNetV2 } from '../../../lib/models/mobileNetV2';
import type { tf } from '../../../lib/tensorflow/backend';
import type { TaskPlan } from '../task';

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
