/** What training minimises: losses, their targets, and class weights. */
import { countByClass, type ImageDataset } from '../data/dataset';
import type { LabelledOutputs } from '../evaluation/runningMetrics';
import { addCrossEntropies, SMALLEST_PROBABILITY } from '../evaluation/score';
import { rule } from '../options';
import { tf } from '../tensorflow/backend';
import { softmaxCrossEntropy } from '../tensorflow/fusedKernels';

/** A loss; pass your own to `trainModel`. */
export interface Loss {
  /** Goes into checkpoints and records. */
  readonly name: string;
  /** What else tells it from another of its name; a checkpoint of other ones is refused. */
  readonly hyperparameters?: Readonly<Record<string, number | string | boolean>>;
  /**
   * The operations have to be the same however large the batch is: they are recorded with a small one.
   *
   * @param logits float32 [batch, numClasses], before the softmax.
   * @param targets float32 [batch, numClasses], rows that sum to 1: smoothed and mixed already. Where they are neither,
   *   int32 [batch] class indices if `takesLabels`.
   * @returns each example's loss, float32 [batch]; differentiable by `logits`.
   */
  apply(logits: tf.Tensor2D, targets: tf.Tensor): tf.Tensor1D;
  /** `apply` takes class indices too, where that is cheaper. Default false. */
  readonly takesLabels?: boolean;
}

/** −Σ target · ln softmax(logits), in nats: the default. */
export const crossEntropyLoss: Loss = {
  name: 'crossEntropy',
  takesLabels: true,
  apply: softmaxCrossEntropy,
};

/** Accepts the option `loss`. */
export const lossRule = rule(
  'a loss { name, apply }',
  'a value with both',
  (value) =>
    typeof (value as Partial<Loss> | null)?.name === 'string' &&
    typeof (value as Partial<Loss>).apply === 'function',
);

/**
 * Adds a batch's losses by probabilities and actual classes to those before it: what a validation reports. Their
 * logarithms are logits that give the same probabilities.
 */
export function lossAdder(loss: Loss): (before: number, outputs: LabelledOutputs) => number {
  if (loss === crossEntropyLoss) return addCrossEntropies;
  return (before, { probabilities, labels, numClasses }) =>
    before +
    tf.tidy(() => {
      const values = Float32Array.from(probabilities);
      const logits = tf
        .tensor2d(values, [labels.length, numClasses])
        .maximum(SMALLEST_PROBABILITY)
        .log();
      const targets = denseTargets(tf.tensor1d(labels, 'int32'), numClasses, 0);
      return loss
        .apply(logits as tf.Tensor2D, targets)
        .sum()
        .dataSync()[0];
    });
}

/**
 * Targets for a loss: (1 − s) · one-hot + s / numClasses, float32 [batch, numClasses] (Szegedy et al. 2016, section 7);
 * the labels themselves where `smoothing` is 0 and the loss takes them.
 */
export function smoothLabels(
  labels: tf.Tensor1D,
  numClasses: number,
  { smoothing, loss }: { readonly smoothing: number; readonly loss: Loss },
): tf.Tensor {
  const plain = smoothing === 0 && loss.takesLabels === true;
  return plain ? labels : denseTargets(labels, numClasses, smoothing);
}

/** The same as float32 [batch, numClasses] in any case: what mixup can mix. */
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

/** `balanced`, or a factor for each class. */
export type ClassWeights = 'balanced' | readonly number[];

/** Accepts the option `classWeights`. */
export const classWeightsRule = rule(
  "'balanced' or a list of numbers of 0 or more, one for each class",
  "'balanced'",
  (value) =>
    value === 'balanced' ||
    (Array.isArray(value) &&
      value.every((weight) => Number.isFinite(weight) && weight >= 0) &&
      value.some((weight) => weight > 0)),
);

/**
 * A factor for each class. `balanced` makes every class weigh the same: size / (numClasses · pictures of the class), as
 * scikit-learn's `class_weight`; as in Keras, a batch's loss is still divided by its pictures, not by their weights.
 *
 * @throws RangeError for a list of another length, or a class without pictures.
 */
export function findClassWeights(
  weights: ClassWeights,
  trainSet: Pick<ImageDataset, 'labels' | 'classNames' | 'size'>,
): readonly number[] {
  const { classNames, size } = trainSet;
  if (weights !== 'balanced') {
    if (weights.length === classNames.length) return weights;
    throw new RangeError(
      `Expected classWeights for the ${classNames.length} classes but received ${weights.length}: ` +
        "pass one for each class, or 'balanced'.",
    );
  }
  const counts = countEveryClass(trainSet, "classWeights 'balanced'");
  return counts.map((count) => size / (classNames.length * count));
}

/** @param option that needs pictures of every class, for the error. @throws RangeError for a class without any. */
export function countEveryClass(
  trainSet: Pick<ImageDataset, 'labels' | 'classNames'>,
  option: string,
): readonly number[] {
  const counts = countByClass(trainSet);
  const empty = counts.indexOf(0);
  if (empty < 0) return counts;
  throw new RangeError(
    `Expected pictures of every class for ${option} but "${trainSet.classNames[empty]}" has none: ` +
      'pass a list of classWeights.',
  );
}
