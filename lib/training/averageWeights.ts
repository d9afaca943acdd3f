import { checkOptions, fractionBelowOne, required } from '../options';
import { tf } from '../tensorflow/backend';
import { updateVariables } from '../tensorflow/resourceVariables';
import type { NamedVariable } from './optimizer';

/** How weights are averaged over the steps of a training. */
export interface AverageWeights {
  /** How much of the average a step keeps, in [0, 1): .99 looks back over about the last 100 steps. */
  readonly decay: number;
}

/** Moving averages of weights, at work in one training. */
export interface Averages {
  /** One for each weight, in order. */
  readonly variables: readonly NamedVariable[];
  /** The share 1 − dₜ of the new weights in the average after step `step`, counted from 1. */
  newShare(step: number): number;
  /** average ← average − (average − weight) · share, for every weight; inside a compiled step. */
  update(newShare: tf.Scalar): void;
  dispose(): void;
}

/**
 * Exponential moving averages: a ← dₜ a + (1 − dₜ) w after each step t, beginning with the initial weights.
 *
 * Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", 1992; the decay begins small,
 * dₜ = min(decay, (1 + t) / (10 + t)), as in TensorFlow's ExponentialMovingAverage with num_updates, so that the initial
 * weights are soon forgotten. Batch norm's moving mean and variance are averaged like weights: they belong to the
 * weights around them.
 */
export function createAverages(
  weights: readonly NamedVariable[],
  options: AverageWeights,
): Averages {
  checkAverageWeights(options);
  const { decay } = options;
  const variables = weights.map(({ name, variable }) => ({
    name: `${name}/average`,
    variable: tf.tidy(() => tf.variable(variable.add(0), false)),
  }));
  return {
    variables,
    newShare: (step) => 1 - Math.min(decay, (1 + step) / (10 + step)),
    update: (newShare) =>
      tf.tidy(() =>
        variables.forEach(({ variable }, i) =>
          updateVariables('ResourceApplyGradientDescent', {
            resources: [variable],
            inputs: [newShare, variable.sub(weights[i].variable)],
            flags: { use_locking: false },
          }),
        ),
      ),
    dispose: () => variables.forEach(({ variable }) => variable.dispose()),
  };
}

/** @throws RangeError or TypeError for impossible options. */
export function checkAverageWeights(options: AverageWeights): void {
  checkOptions<AverageWeights>('averageWeights', options, {
    decay: required({ ...fractionBelowOne, example: '0.99' }),
  });
}
