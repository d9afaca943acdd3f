import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tf } from '../../lib/tensorflow/backend';
import {
  createAdam,
  createMuon,
  createSgd,
  orthogonalise,
  type Optimizer,
} from '../../lib/training/optimizer';
import { compileStrictly, eagerTwin, variableOf, withoutLeaks } from '../tensorflow/steps';
import { assertClose } from '../assertClose';

/**
 * Four steps on fixed gradients, computed with Keras 3.15 on TensorFlow 2.21 (`optimizer.apply`): the weights after the
 * first and after the last one. Weights start at KERNEL and BIAS.
 */
const KERNEL = [[1, -2], [0.5, 3]]; // prettier-ignore
const BIAS = [0.1, -0.3];
const KERNEL_GRADIENTS = [
  [[0.5, -1], [0.25, 2]],
  [[-0.3, 0.8], [0.1, -0.05]],
  [[1.5, 0], [-2, 0.4]],
  [[0.01, -0.02], [0.03, 1]],
]; // prettier-ignore
const BIAS_GRADIENTS = [[0.2, -0.4], [1, 0.1], [-0.6, 0], [0.05, -0.9]]; // prettier-ignore
const LEARNING_RATES = [0.1, 0.1, 0.05, 0.2];

/** 1 - .999ᵗ has few digits left in float32: how the power is computed shows in the sixth decimal. */
const TOLERANCE = 3e-6;

interface Expected {
  readonly optimizer: Optimizer;
  readonly first?: readonly number[];
  readonly last: readonly number[];
}

const KERAS: Readonly<Record<string, Expected>> = {
  Adam: {
    optimizer: createAdam(),
    first: [0.90000129, -1.900001, 0.40000194, 2.9000008, 2.2500753e-6, -0.20000146],
    last: [0.74134344, -1.8827649, 0.42398515, 2.6616848, -0.14433157, -0.0044883788],
  },
  'Adam(beta_1=.8, beta_2=.95, epsilon=1e-4)': {
    optimizer: createAdam({ beta1: 0.8, beta2: 0.95, epsilon: 1e-4 }),
    first: [0.90008932, -1.9000447, 0.40017855, 2.9000223, 0.00022309273, -0.20011167],
    last: [0.74583435, -1.8978671, 0.43363267, 2.6682646, -0.13384831, -0.0034141243],
  },
  'AdamW(weight_decay=.02), the bias excluded': {
    optimizer: createAdam({ weightDecay: 0.02 }),
    last: [0.7332955, -1.8655576, 0.42053854, 2.6359162, -0.14433157, -0.0044883788],
  },
  SGD: {
    optimizer: createSgd(),
    first: [0.95, -1.9, 0.475, 2.8, 0.08, -0.26],
    last: [0.90300006, -1.9760001, 0.55900002, 2.585, -2.7939677e-9, -0.090000018],
  },
  'SGD(momentum=.9)': {
    optimizer: createSgd({ momentum: 0.9 }),
    first: [0.95, -1.9, 0.475, 2.8, 0.08, -0.26],
    last: [0.76484996, -1.8689001, 0.570925, 2.08775, -0.19277999, -0.0095400363],
  },
  'SGD(momentum=.9, nesterov=True)': {
    optimizer: createSgd({ momentum: 0.9, nesterov: true }),
    first: [0.90499997, -1.8099999, 0.45249999, 2.6199999, 0.061999999, -0.22400001],
    last: [0.691365, -1.8580099, 0.62283254, 1.763975, -0.263502, 0.17141399],
  },
};

/** Runs the four steps. @returns the weights after each. */
function run(optimizer: Optimizer, prepare: typeof compileStrictly): number[][] {
  const weights = [variableOf(KERNEL), variableOf(BIAS)];
  const state = optimizer.start([
    { name: 'kernel', variable: weights[0] },
    { name: 'bias', variable: weights[1] },
  ]);
  const step = prepare((gradients: readonly tf.Tensor[], learningRate: tf.Scalar) =>
    state.apply(gradients, learningRate),
  );
  const after = LEARNING_RATES.map((learningRate, i) =>
    tf.tidy(() => {
      step(
        [tf.tensor2d(KERNEL_GRADIENTS[i]), tf.tensor1d(BIAS_GRADIENTS[i])],
        tf.scalar(learningRate),
      );
      return weights.flatMap((weight) => [...weight.dataSync()]);
    }),
  );
  step.dispose();
  state.dispose();
  tf.dispose(weights);
  return after;
}

for (const [name, { optimizer, first, last }] of Object.entries(KERAS)) {
  test(`${name} computes what Keras computes, eagerly and as a graph`, () => {
    withoutLeaks(() => {
      const eager = run(optimizer, eagerTwin);
      if (first !== undefined) assertClose(eager[0], first, { tolerance: TOLERANCE });
      assertClose(eager[3], last, { tolerance: TOLERANCE });
      assert.deepEqual(run(optimizer, compileStrictly), eager, 'to the last bit');
    });
  });
}

/** Three steps of Muon with momentum .6 and 3 iterations, in NumPy in float64; the bias by SGD at twice the rate. */
const MUON = {
  kernel: [0.5, -1, 0.25, 2, 1, -0.5, 0.75, 0.1, -0.2, 0.3, 1.5, -2],
  bias: [0.1, -0.3],
  kernelGradients: [
    [1, 0, 2, -1, 0.5, 0.25, -0.5, 1, 0, 0.75, 1, -1],
    [0.1, 0.2, -0.3, 0.4, 0.5, -0.6, 0.7, 0.8, -0.9, 1, -1.1, 1.2],
    [-1, 1, 0.5, 0, 0.25, -0.75, 0.3, 0.2, -0.1, 0.6, 0.9, -0.4],
  ],
  biasGradients: [[0.2, -0.4], [1, 0.1], [-0.6, 0]], // prettier-ignore
  learningRates: [0.1, 0.2, 0.05],
  after: [
    [
      0.1467856, -0.4180758, 0.0384455, 0.7765949, 0.3535604, -0.227538, 0.2779045, -0.0188371,
      -0.1019792, 0.0599057, 0.5648613, -0.7287619, 0.026, -0.152,
    ],
    [
      0.1012062, -0.4578114, 0.0139251, 0.77023, 0.3012696, -0.1998628, 0.1727041, -0.1408786,
      -0.0293267, -0.0229773, 0.6548971, -0.8097636, -0.7429, -0.1682,
    ],
    [
      0.1152099, -0.4679178, -0.0125825, 0.7457268, 0.2922711, -0.1765428, 0.1463488, -0.1600968,
      -0.0316507, -0.0462896, 0.616176, -0.7982744, -0.945465, -0.14797,
    ],
  ],
};

function runMuon(prepare: typeof compileStrictly): number[][] {
  const shape: [number, number, number, number] = [2, 1, 3, 2];
  const kernel = tf.tidy(() => tf.variable(tf.tensor4d(MUON.kernel, shape)));
  const bias = variableOf(MUON.bias);
  const state = createMuon({ othersRate: 2 }).start([
    { name: 'bias', variable: bias },
    { name: 'kernel', variable: kernel },
  ]);
  assert.deepEqual(
    state.slots.map(({ name }) => name),
    ['kernel/average', 'bias/accumulator'],
  );
  const step = prepare((gradients: readonly tf.Tensor[], learningRate: tf.Scalar) =>
    state.apply(gradients, learningRate),
  );
  const after = MUON.learningRates.map((learningRate, i) =>
    tf.tidy(() => {
      const gradient = tf.tensor4d(MUON.kernelGradients[i], shape);
      step([tf.tensor1d(MUON.biasGradients[i]), gradient], tf.scalar(learningRate));
      return [kernel, bias].flatMap((weight) => [...weight.dataSync()]);
    }),
  );
  step.dispose();
  state.dispose();
  tf.dispose([kernel, bias]);
  return after;
}

test('Muon computes what NumPy computes, eagerly and as a graph', () => {
  withoutLeaks(() => {
    const eager = runMuon(eagerTwin);
    eager.forEach((weights, i) => assertClose(weights, MUON.after[i], { tolerance: TOLERANCE }));
    runMuon(compileStrictly).forEach((weights, i) =>
      assertClose(weights, MUON.after[i], { tolerance: TOLERANCE }),
    );
  });
});

test('five iterations bring singular values near 1, whether the matrix is tall or wide', () => {
  withoutLeaks(() =>
    tf.tidy(() => {
      // U · diag(4, 1, .25) · Vᵀ with rows and columns of Hadamard's matrix: U · Vᵀ is known.
      const [a, b, c, d] = [[1, 1, 1, 1], [1, -1, 1, -1], [1, 1, -1, -1], [1, -1, -1, 1]]; // prettier-ignore
      const u = tf.tensor2d([a, b, c]).div<tf.Tensor2D>(2).transpose<tf.Tensor2D>();
      const v = tf.tensor2d([b, c, d]).div<tf.Tensor2D>(2);
      const values = tf.tensor1d([4, 1, 0.25]);
      const matrix = u.mul<tf.Tensor2D>(values).matMul(v.concat(v, 1)) as tf.Tensor2D;
      const exact = u.matMul(v.concat(v, 1)).div<tf.Tensor2D>(Math.SQRT2);
      for (const turned of [false, true]) {
        const result = orthogonalise(turned ? matrix.transpose() : matrix, 5);
        const upright = turned ? result.transpose<tf.Tensor2D>() : result;
        // uᵀ · result · [v, v]ᵀ/√2 is the diagonal of the new singular values.
        const inner = u.transpose().matMul(upright).matMul(v.concat(v, 1).transpose());
        const diagonal = [0, 4, 8].map((i) => inner.div(Math.SQRT2).dataSync()[i]);
        // Jordan 2024: the quintic ends between .68 and 1.13.
        for (const value of diagonal) assert.ok(value > 0.68 && value < 1.13, `${value}`);
        assert.ok(upright.sub(exact).abs().max().dataSync()[0] < 0.2);
      }
    }),
  );
});

/** A kernel and a bias of 2 after one step of SGD on gradients of 1, at a rate of .1. */
function oneStep(options: Parameters<typeof createSgd>[0]): number[] {
  const [kernel, bias] = [variableOf([[2]]), variableOf([2])];
  const state = createSgd(options).start([
    { name: 'kernel', variable: kernel },
    { name: 'bias', variable: bias },
  ]);
  tf.tidy(() => state.apply([tf.tensor2d([[1]]), tf.tensor1d([1])], tf.scalar(0.1)));
  const after = [kernel, bias].map((weight) => weight.dataSync()[0]);
  state.dispose();
  tf.dispose([kernel, bias]);
  return after;
}

test("SGD's offset rate is a factor on the rate of biases only", () => {
  withoutLeaks(() => {
    // 2 - .1 · 1 and 2 - .3 · 1
    for (const momentum of [0, 0.5]) assertClose(oneStep({ momentum, offsetRate: 3 }), [1.9, 1.7]);
  });
});

test('a penalty of SGD goes into the gradients of kernels only', () => {
  withoutLeaks(() => {
    // 2 - .1 · (1 + .5 · 2) and 2 - .1 · 1
    assertClose(oneStep({ weightDecay: 0.5 }), [1.8, 1.9]);
  });
});

test('an optimizer names its slots after the weights and holds nothing else', () => {
  const weights = [{ name: 'dense/kernel', variable: variableOf([[1, 2]]) }];
  const names = (optimizer: Optimizer): string[] => {
    const state = optimizer.start(weights);
    const found = state.slots.map(({ name, variable }) => `${name} [${variable.shape.join()}]`);
    state.dispose();
    return found;
  };
  withoutLeaks(() => {
    assert.deepEqual(names(createAdam()), [
      'dense/kernel/m [1,2]',
      'dense/kernel/v [1,2]',
      'beta1Power []',
      'beta2Power []',
    ]);
    assert.deepEqual(names(createSgd({ momentum: 0.5 })), ['dense/kernel/accumulator [1,2]']);
    assert.deepEqual(names(createSgd()), []);
  });
  weights[0].variable.dispose();
});

test('losses are computed before the update, however early the gradients are there', () => {
  // The gradient of w·x by w is x, whatever w is: nothing but an order between read and update keeps the loss right.
  const weights = Array.from({ length: 40 }, () => variableOf([1, 1, 1, 1]));
  const state = createSgd().start(weights.map((variable, i) => ({ name: `${i}`, variable })));
  tf.tidy(() => {
    const step = compileStrictly((x: tf.Tensor, learningRate: tf.Scalar) => {
      const { value, grads } = tf.variableGrads(
        () => tf.addN(weights.map((w) => w.mul(x).sum())) as tf.Scalar,
        weights,
      );
      state.apply(
        weights.map(({ name }) => grads[name]),
        learningRate,
      );
      return value;
    });
    for (let i = 0; i < 100; i++)
      assert.equal(step(tf.ones([4]), tf.scalar(1)).dataSync()[0], 160 * (1 - i), `step ${i}`);
    step.dispose();
  });
  state.dispose();
  tf.dispose(weights);
});

test('impossible hyperparameters are refused', () => {
  assert.throws(() => createAdam({ beta1: 1 }), /Expected beta1 to be a number from 0 to below 1/);
  assert.throws(() => createSgd({ momentum: -0.1 }), /momentum/);
  assert.throws(() => createSgd({ nestrov: true } as object), /did you mean "nesterov"/);
});
