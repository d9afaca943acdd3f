/** Adam and SGD on TensorFlow's fused kernels, with the learning rate as an input of every step. */
import { checkOptions, flag, fractionBelowOne, nonNegativeNumber } from '../options';
import { tf } from '../tensorflow/backend';
import { updateVariables } from '../tensorflow/resourceVariables';

/** A variable with a name that holds across processes: tfjs numbers its own names. */
export interface NamedVariable {
  readonly name: string;
  readonly variable: tf.Variable;
}

/** A recipe: says how to update, holds no state. */
export interface Optimizer {
  readonly name: string;
  /** The hyperparameters, for a run's record. */
  readonly hyperparameters: Readonly<Record<string, number | boolean>>;
  /** Makes the state for these weights, zeros at first. Caller disposes. */
  start(weights: readonly NamedVariable[]): OptimizerState;
}

/** An optimizer at work on one model. */
export interface OptimizerState {
  /** Everything that a checkpoint has to hold besides the weights. */
  readonly slots: readonly NamedVariable[];
  /**
   * Updates the weights.
   *
   * @param gradients float32, one for each weight, in order.
   * @param learningRate float32 scalar.
   */
  apply(gradients: readonly tf.Tensor[], learningRate: tf.Scalar): void;
  dispose(): void;
}

export interface AdamOptions {
  /** Decay of the gradients' average, in [0, 1). Default .9 (Kingma and Ba 2015, Keras, tfjs). */
  readonly beta1?: number;
  /** Decay of the squared gradients' average, in [0, 1). Default .999. */
  readonly beta2?: number;
  /** Keeps the division finite. Default 1e-7, as Keras and tfjs. */
  readonly epsilon?: number;
  /**
   * Decoupled weight decay a step, times the learning rate (Loshchilov and Hutter 2019), of kernels only (weights of rank
   * 2 and more). Default 0.
   */
  readonly weightDecay?: number;
}

/**
 * Adam as Keras computes it: w ← w − η·√(1−β₂ᵗ)/(1−β₁ᵗ) · m/(√v + ε)  (Kingma and Ba 2015, end of section 2).
 */
export function createAdam(options: AdamOptions = {}): Optimizer {
  checkOptions('createAdam', options, {
    beta1: fractionBelowOne,
    beta2: fractionBelowOne,
    epsilon: nonNegativeNumber,
    weightDecay: nonNegativeNumber,
  });
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7, weightDecay = 0 } = options;
  return {
    name: 'adam',
    hyperparameters: { beta1, beta2, epsilon, weightDecay },
    start(weights) {
      const m = zeros('m', weights);
      const v = zeros('v', weights);
      // βᵗ, ready for the step to come.
      const beta1Power = named('beta1Power', tf.scalar(beta1));
      const beta2Power = named('beta2Power', tf.scalar(beta2));
      return optimizerState([...m, ...v, beta1Power, beta2Power], (gradients, learningRate) => {
        decay(weights, learningRate.mul(weightDecay), weightDecay);
        const scalars = [beta1Power.variable, beta2Power.variable, learningRate].concat(
          [beta1, beta2, epsilon].map((value) => tf.scalar(value)),
        );
        weights.forEach(({ variable }, i) =>
          updateVariables('ResourceApplyAdam', {
            resources: [variable, m[i].variable, v[i].variable],
            inputs: [...scalars, gradients[i]],
            flags: { use_locking: false, use_nesterov: false },
          }),
        );
        beta1Power.variable.assign(beta1Power.variable.mul(beta1));
        beta2Power.variable.assign(beta2Power.variable.mul(beta2));
      });
    },
  };
}

export interface SgdOptions {
  /** Share of the last update that is kept, in [0, 1). Default 0: none. */
  readonly momentum?: number;
  /** Look ahead by the momentum (Nesterov; Sutskever et al. 2013). Default false. */
  readonly nesterov?: boolean;
  /** L2 penalty's gradient, added to the gradient of kernels only (weights of rank 2 and more). Default 0. */
  readonly weightDecay?: number;
}

/** Gradient descent, with momentum as Keras computes it: a ← μ·a − η·g, w ← w + a (Nesterov: w ← w + μ·a − η·g). */
export function createSgd(options: SgdOptions = {}): Optimizer {
  checkOptions('createSgd', options, {
    momentum: fractionBelowOne,
    nesterov: flag,
    weightDecay: nonNegativeNumber,
  });
  const { momentum = 0, nesterov = false, weightDecay = 0 } = options;
  return {
    name: 'sgd',
    hyperparameters: { momentum, nesterov, weightDecay },
    start(weights) {
      const accumulators = momentum > 0 ? zeros('accumulator', weights) : [];
      return optimizerState(accumulators, (gradients, learningRate) => {
        const factor = tf.scalar(momentum);
        weights.forEach(({ variable }, i) => {
          const penalised = weightDecay > 0 && variable.rank > 1;
          const gradient = penalised ? gradients[i].add(variable.mul(weightDecay)) : gradients[i];
          if (momentum === 0)
            updateVariables('ResourceApplyGradientDescent', {
              resources: [variable],
              inputs: [learningRate, gradient],
              flags: { use_locking: false },
            });
          else
            updateVariables('ResourceApplyKerasMomentum', {
              resources: [variable, accumulators[i].variable],
              inputs: [learningRate, gradient, factor],
              flags: { use_locking: false, use_nesterov: nesterov },
            });
        });
      });
    },
  };
}

function decay(weights: readonly NamedVariable[], rate: tf.Tensor, weightDecay: number): void {
  if (weightDecay === 0) return;
  for (const { variable } of weights)
    if (variable.rank > 1) variable.assign(variable.sub(variable.mul(rate)));
}

function optimizerState(
  slots: readonly NamedVariable[],
  update: OptimizerState['apply'],
): OptimizerState {
  return {
    slots,
    apply: (gradients, learningRate) => tf.tidy(() => update(gradients, learningRate)),
    dispose: () => slots.forEach(({ variable }) => variable.dispose()),
  };
}

function zeros(slot: string, weights: readonly NamedVariable[]): NamedVariable[] {
  return weights.map(({ name, variable }) => named(`${name}/${slot}`, tf.zeros(variable.shape)));
}

function named(name: string, initial: tf.Tensor): NamedVariable {
  const variable = tf.variable(initial, false);
  initial.dispose();
  return { name, variable };
}
