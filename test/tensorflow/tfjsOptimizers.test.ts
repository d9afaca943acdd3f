import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tf } from '../../lib/tensorflow/backend';
import { compile } from '../../lib/tensorflow/compile';
import { createAdam } from '../../lib/training/optimizer';
import { MODEL_CASES } from './modelCases';
import { STRESS, withoutLeaks } from './steps';
import { assertClose } from '../assertClose';
import { assertSameWeights, createTwins, trainOn } from './trainingTwins';

const modelCase = MODEL_CASES['two directions, penalties'];
const STEPS = STRESS ? 300 : 8;

const OPTIMIZERS: Readonly<Record<string, () => tf.Optimizer>> = {
  sgd: () => tf.train.sgd(0.05),
  momentum: () => tf.train.momentum(0.02, 0.9),
  'momentum, Nesterov': () => tf.train.momentum(0.02, 0.9, true),
  adam: () => tf.train.adam(0.01),
  adamax: () => tf.train.adamax(0.01),
  adagrad: () => tf.train.adagrad(0.05),
  adadelta: () => tf.train.adadelta(0.5),
  rmsprop: () => tf.train.rmsprop(0.01),
  'rmsprop, centred': () => tf.train.rmsprop(0.01, 0.9, 0.5, 1e-7, true),
};

for (const [name, create] of Object.entries(OPTIMIZERS))
  test(`tf.train.${name} is the same as a graph and eagerly`, () => {
    const { graph, eager } = createTwins(modelCase, create);
    for (let index = 0; index < STEPS; index++) {
      const batch = { index, size: index % 3 === 2 ? 2 : 4 };
      const [actual, expected] = [graph, eager].map((twin) => trainOn(modelCase, twin, batch));
      assertClose([actual], [expected], { tolerance: 1e-5, message: `loss of step ${index}` });
    }
    assertSameWeights(graph.model, eager.model, 1e-4);
    assert.ok(graph.step.statistics.graphRuns >= STEPS - 3);
    assert.equal(
      (graph.optimizer as tf.Optimizer).iterations,
      (eager.optimizer as tf.Optimizer).iterations,
    );
    graph.dispose();
    eager.dispose();
  });

test('a learning rate or slots that are changed between steps are noticed', async () => {
  const { graph, eager } = createTwins(modelCase, () => tf.train.momentum(0.05, 0.9));
  const both = [graph, eager];
  const train = (from: number, to: number): void => {
    for (let index = from; index < to; index++) {
      const [actual, expected] = both.map((twin) => trainOn(modelCase, twin, { index, size: 4 }));
      assertClose([actual], [expected], { message: `loss of step ${index}` });
    }
  };
  train(0, 4);
  for (const { optimizer } of both)
    (optimizer as unknown as { setLearningRate(rate: number): void }).setLearningRate(0.2);
  train(4, 7);
  for (const { optimizer } of both) {
    const zeros = (await (optimizer as tf.Optimizer).getWeights()).map(({ name, tensor }, i) => ({
      name,
      tensor: i === 0 ? tensor : tf.zerosLike(tensor),
    }));
    await (optimizer as tf.Optimizer).setWeights(zeros);
  }
  train(7, 10);
  assertSameWeights(graph.model, eager.model, 1e-4);
  for (const twin of both) twin.dispose();
});

test('an optimizer that changes on every step ends up eager, with a notice', () => {
  tf.tidy(() => {
    const optimizer = tf.train.sgd(0.1) as unknown as tf.Optimizer & {
      setLearningRate(rate: number): void;
    };
    const reasons: string[] = [];
    const w = tf.variable(tf.scalar(1));
    const step = compile(() => void optimizer.minimize(() => w.square(), false, [w]), {
      onFallback: (reason) => reasons.push(reason),
    });
    for (let i = 1; i <= 40; i++) {
      optimizer.setLearningRate(0.1 / i);
      step();
    }
    assert.equal(reasons.length, 1);
    assert.match(reasons[0], /optimizer was changed 32 times: pass the learning rate as a tensor/);
    step.dispose();
    w.dispose();
  });
});

test('Adam on fused kernels follows tfjs’ own within rounding', () => {
  withoutLeaks(() => {
    const own = createTwins(modelCase, () => createAdam());
    const tfjs = createTwins(modelCase, () => tf.train.adam(0.02));
    tfjs.graph.model.setWeights(own.graph.model.getWeights());
    for (let index = 0; index < 10; index++) {
      const [actual, expected] = [own.graph, tfjs.graph].map((twin) =>
        trainOn(modelCase, twin, { index, size: 4 }),
      );
      assertClose([actual], [expected], { tolerance: 1e-4, message: `loss of step ${index}` });
    }
    for (const twins of [own, tfjs]) for (const twin of Object.values(twins)) twin.dispose();
  });
});
