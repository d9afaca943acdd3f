import { applyLogits } from '../../../lib/models/logits';
import { tf } from '../../../lib/tensorflow/backend';
import type { Task } from '../task';
import type { RunnerFactory } from './model';

/** What tfjs offers by itself: `optimizer.minimize` and `model.predict`, operation by operation. */
export const createEagerRunner: RunnerFactory = (model, task) => {
  const { learningRate, momentum, numClasses } = task;
  const optimizer =
    task.optimizer === 'adam'
      ? tf.train.adam(learningRate)
      : tf.train.momentum(learningRate, momentum);
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  // tfjs has no batch norm that is frozen in training: the whole model, which has no dropout then, infers.
  const training = task.batchNorm !== 'frozen';
  let step = 0;
  return {
    train(images, labels) {
      setKerasEpsilon(optimizer, ++step);
      const loss = tf.tidy(() => {
        const input = imageTensor(images, labels.length, task);
        const target = tf.oneHot(tf.tensor1d(labels, 'int32'), numClasses);
        const cost = () => {
          const logits = applyLogits(model, input, { training });
          return tf.losses.softmaxCrossEntropy<tf.Tensor, tf.Scalar>(target, logits);
        };
        return optimizer.minimize(cost, true, variables) as tf.Scalar;
      });
      const value = loss.dataSync()[0];
      loss.dispose();
      return value;
    },
    predict(images, size) {
      return tf.tidy(
        () =>
          (model.predict(imageTensor(images, size, task)) as tf.Tensor).dataSync() as Float32Array,
      );
    },
    dispose: () => optimizer.dispose(),
  };
};

/** tfjs' Adam adds its epsilon where PyTorch's does: see `epsilon` in peers/torch_peer.py. */
function setKerasEpsilon(optimizer: tf.Optimizer, step: number): void {
  if (optimizer.getClassName() !== 'Adam') return;
  (optimizer as unknown as { epsilon: number }).epsilon = 1e-7 / Math.sqrt(1 - 0.999 ** step);
}

/** float32 [size, height, width, 3], scaled as the task says. */
function imageTensor(images: Uint8Array, size: number, task: Task): tf.Tensor4D {
  const pixels = tf.tensor4d(Float32Array.from(images), [size, task.inputSize, task.inputSize, 3]);
  return pixels
    .div(255)
    .sub([...task.mean])
    .div([...task.std]);
}
