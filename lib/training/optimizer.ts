/** Adam, SGD and Muon, with the learning rate as an input of every step. Adam and SGD run on TensorFlow's fused kernels. */
import {
  anyValue,
  checkOptions,
  flag,
  fractionBelowOne,
  nonNegativeNumber,
  positiveInteger,
} from '../options';
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
  readonly hyperparameters: Readonly<Record<string, number | boolean | string>>;
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
  /** The learning rate of weights of rank 1, such as batch norm's offsets, in multiples of the kernels'. Default 1. */
  readonly offsetRate?: number;
}

/** Gradient descent, with momentum as Keras computes it: a ← μ·a − η·g, w ← w + a (Nesterov: w ← w + μ·a − η·g). */
export function createSgd(options: SgdOptions = {}): Optimizer {
  checkOptions('createSgd', options, {
    momentum: fractionBelowOne,
    nesterov: flag,
    weightDecay: nonNegativeNumber,
    offsetRate: nonNegativeNumber,
  });
  const { momentum = 0, nesterov = false, weightDecay = 0, offsetRate = 1 } = options;
  return {
    name: 'sgd',
    hyperparameters: {
      momentum,
      nesterov,
      weightDecay,
      ...(offsetRate === 1 ? {} : { offsetRate }),
    },
    start(weights) {
      const accumulators = momentum > 0 ? zeros('accumulator', weights) : [];
      return optimizerState(accumulators, (gradients, learningRate) => {
        const factor = tf.scalar(momentum);
        const offsets = offsetRate === 1 ? learningRate : learningRate.mul<tf.Scalar>(offsetRate);
        weights.forEach(({ variable }, i) => {
          const isKernel = variable.rank > 1;
          const rate = isKernel ? learningRate : offsets;
          const penalised = weightDecay > 0 && isKernel;
          const gradient = penalised ? gradients[i].add(variable.mul(weightDecay)) : gradients[i];
          if (momentum === 0)
            updateVariables('ResourceApplyGradientDescent', {
              resources: [variable],
              inputs: [rate, gradient],
              flags: { use_locking: false },
            });
          else
            updateVariables('ResourceApplyKerasMomentum', {
              resources: [variable, accumulators[i].variable],
              inputs: [rate, gradient, factor],
              flags: { use_locking: false, use_nesterov: nesterov },
            });
        });
      });
    },
  };
}

export interface MuonOptions {
  /** Share of the last update that is kept, in [0, 1). Default .6 (airbench94_muon). */
  readonly momentum?: number;
  /** Of Newton and Schulz. Default 3 (airbench94_muon); 5 come nearer to singular values of 1. */
  readonly iterations?: number;
  /** Updates every weight that is not a convolution's kernel. Default SGD, momentum .85, Nesterov (airbench). */
  readonly others?: Optimizer;
  /** Their learning rate, in multiples of that of the kernels. Default 1. */
  readonly othersRate?: number;
}

/** a, b, c of Jordan's quintic: steep at 0, and between .7 and 1.2 where it ends (Jordan 2024). */
const QUINTIC = [3.4445, -4.775, 2.0315] as const;

/**
 * Muon: gradient descent with momentum whose update of a convolution's kernel has equal singular values (Jordan, "Muon: an
 * optimizer for hidden layers in neural networks", 2024). With the kernel as a matrix of one column per filter,
 *
 *     m ← μ·m + g    u = orthogonalised(g + μ·m)    w ← √filters · w / ‖w‖ − η·u
 *
 * A batch norm behind the convolution makes the kernel's norm meaningless, so it is held at √filters: the learning rate
 * is the share by which a step turns the kernel. Not for convolutions without a batch norm.
 */
export function createMuon(options: MuonOptions = {}): Optimizer {
  checkOptions<MuonOptions>('createMuon', options, {
    momentum: fractionBelowOne,
    iterations: positiveInteger,
    others: anyValue,
    othersRate: nonNegativeNumber,
  });
  const { momentum = 0.6, iterations = 3, othersRate = 1 } = options;
  const { others = createSgd({ momentum: 0.85, nesterov: true }) } = options;
  return {
    name: 'muon',
    hyperparameters: {
      momentum,
      iterations,
      othersRate,
      others: others.name,
      ...Object.fromEntries(
        Object.entries(others.hyperparameters).map(([name, value]) => [`others.${name}`, value]),
      ),
    },
    start(weights) {
      const isKernel = ({ variable }: NamedVariable): boolean => variable.rank === 4;
      const kernels = weights.filter(isKernel);
      const averages = zeros('average', kernels);
      const rest = others.start(weights.filter((weight) => !isKernel(weight)));
      return optimizerState([...averages, ...rest.slots], (gradients, learningRate) => {
        kernels.forEach((kernel, i) => {
          const { variable } = kernel;
          const gradient = gradients[weights.indexOf(kernel)];
          const average = averages[i].variable;
          average.assign(average.mul(momentum).add(gradient));
          const filters = variable.shape[3] as number;
          const columns = gradient.add(average.mul(momentum)).reshape<tf.Tensor2D>([-1, filters]);
          const update = orthogonalise(columns, iterations).reshape(variable.shape);
          const norm = variable.square().sum().sqrt();
          const normalised = variable.mul(tf.scalar(Math.sqrt(filters)).div(norm));
          variable.assign(normalised.sub(update.mul(learningRate)));
        });
        rest.apply(
          gradients.filter((_, i) => !isKernel(weights[i])),
          learningRate.mul(othersRate),
        );
      });
    },
  };
}

/**
 * About U·Vᵀ of a matrix U·S·Vᵀ, by Newton and Schulz' iteration x ← (a·1 + b·xxᵀ + c·(xxᵀ)²) x on the matrix divided by its
 * Frobenius norm. Only products: fast, and exact enough in bfloat16. Singular values end near 1, not at it.
 *
 * @param matrix float32 [rows, columns]. Caller disposes the result, of the same shape.
 */
export function orthogonalise(matrix: tf.Tensor2D, iterations: number): tf.Tensor2D {
  const [a, b, c] = QUINTIC;
  const [rows, columns] = matrix.shape;
  const isTall = rows > columns;
  return tf.tidy(() => {
    const identity = tf.eye(Math.min(rows, columns)).mul<tf.Tensor2D>(a);
    let x = matrix.div<tf.Tensor2D>(matrix.square().sum().sqrt().add(1e-7));
    for (let iteration = 0; iteration < iterations; iteration++) {
      // The smaller of xᵀx and xxᵀ. The sum is taken in it too: x itself only goes through products.
      const square = tf.matMul(x, x, isTall, !isTall);
      const factor = identity.add(square.mul(b)).add<tf.Tensor2D>(square.matMul(square).mul(c));
      x = isTall ? tf.matMul(x, factor) : tf.matMul(factor, x);
    }
    return x;
  });
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
