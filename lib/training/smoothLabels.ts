import { tf } from '../tensorflow/backend';

/**
 * Targets for the cross-entropy: (1 − s) · one-hot + s / numClasses, float32 [batch, numClasses] (Szegedy et al. 2016,
 * section 7); the labels themselves where `smoothing` is 0.
 */
export function smoothLabels(
  labels: tf.Tensor1D,
  numClasses: number,
  smoothing: number,
): tf.Tensor {
  return smoothing === 0 ? labels : denseTargets(labels, numClasses, smoothing);
}

/** The same as float32 [batch, numClasses] whatever `smoothing` is: what mixup can mix. */
export function denseTargets(
  labels: tf.Tensor1D,
  numClasses: number,
  smoothing: number,
): tf.Tensor2D {
  return tf
    .oneHot(labels, numClasses)
    .cast('float32')
    .mul(1 - smoothing)
    .add<tf.Tensor2D>(smoothing / numClasses);
}
