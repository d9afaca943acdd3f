import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tf } from '../../lib/tensorflow/backend';
import { compile, setStepNumber, type CompiledStep } from '../../lib/tensorflow/compile';
import { dropout, randomUniform } from '../../lib/tensorflow/random';
import { compileStrictly, eagerTwin, withoutLeaks } from './steps';

type T = tf.Tensor;

/** Two draws in one step, flat. */
const draws = (): T => tf.concat([randomUniform([2, 500]).flatten(), randomUniform([1000])]);

function run(step: CompiledStep<() => T>): number[] {
  return tf.tidy(() => [...step().dataSync()]);
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const variance = (values: readonly number[]): number =>
  mean(values.map((value) => (value - mean(values)) ** 2));

test('draws are fresh on every step and the same for the same seed, as a graph and eagerly', () => {
  withoutLeaks(() => {
    const [graph, eager] = [compileStrictly(draws, { seed: 4 }), eagerTwin(draws, { seed: 4 })];
    const other = compileStrictly(draws, { seed: 5 });
    const steps = [1, 2, 3, 4].map(() => run(graph));
    assert.deepEqual(
      [1, 2, 3, 4].map(() => run(eager)),
      steps,
    );
    assert.equal(
      new Set([...steps, run(other), run(other)].map((values) => values.join())).size,
      6,
    );
    for (const step of [graph, eager, other]) step.dispose();
  });
});

test('the number of the step decides: a resumed training draws what it would have drawn', () => {
  const step = compileStrictly(draws, { seed: 1 });
  const [, , third] = [run(step), run(step), run(step)];
  setStepNumber(step, 3);
  assert.deepEqual(run(step), third);
  assert.notDeepEqual(run(step), third);
  step.dispose();
});

test('uniform numbers have their mean and deviation, and draws do not follow each other', () => {
  const step = compileStrictly(draws);
  run(step);
  const values = run(step);
  const [first, second] = [values.slice(0, 1000), values.slice(1000)];
  for (const uniform of [first, second]) {
    assert.ok(Math.min(...uniform) >= 0 && Math.max(...uniform) < 1);
    // Four standard errors: .289/√1000.
    assert.ok(Math.abs(mean(uniform) - 0.5) < 0.037, `${mean(uniform)}`);
    assert.ok(Math.abs(variance(uniform) - 1 / 12) < 0.01);
  }
  const correlation = 12 * mean(first.map((value, i) => (value - 0.5) * (second[i] - 0.5)));
  assert.ok(Math.abs(correlation) < 0.13, `${correlation}`);
  step.dispose();
});

test('dropout zeroes its share, scales the rest and lets gradients through where it let values through', () => {
  tf.tidy(() => {
    const step = compileStrictly(() => {
      const x = tf.ones([4000]);
      const { value, grad } = tf.valueAndGrad((input) => dropout(input, 0.25).mul(3))(x);
      return [value, grad];
    });
    step();
    const [value, gradient] = step().map((tensor) => [...tensor.dataSync()]);
    const zeros = value.filter((each) => each === 0).length;
    assert.ok(Math.abs(zeros / 4000 - 0.25) < 0.028, `${zeros}`); // four standard errors
    assert.deepEqual([...new Set(value)].sort(), [0, 4]); // 3 / (1 - .25)
    assert.deepEqual(gradient, value);
    step.dispose();
  });
});

test('Dropout layers draw independently of each other and only in training', () => {
  tf.tidy(() => {
    const layers = [tf.layers.dropout({ rate: 0.5 }), tf.layers.dropout({ rate: 0.5 })];
    const channels = tf.layers.spatialDropout1d({ rate: 0.5 });
    const step = compileStrictly((x: T, training: boolean) => [
      ...layers.map((layer) => layer.apply(x, { training }) as T),
      (channels.apply(x.reshape([1, 25, 40]), { training }) as T).reshape([1000]),
    ]);
    const x = tf.ones([1000]);
    step(x, true);
    const [first, second, whole] = step(x, true).map((tensor) => [...tensor.dataSync()]);
    const both = first.filter((value, i) => value > 0 && second[i] > 0).length;
    assert.ok(Math.abs(both / 1000 - 0.25) < 0.055, `${both}`);
    const columns = Array.from(
      { length: 40 },
      (_, at) => new Set(whole.filter((_v, i) => i % 40 === at)),
    );
    assert.ok(
      columns.every((column) => column.size === 1),
      'a channel is dropped as a whole',
    );
    for (let i = 0; i < 2; i++)
      for (const result of step(x, false)) assert.equal(result.min().dataSync()[0], 1);
    step.dispose();
  });
});

test('a Dropout layer with a seed of its own has the same mask on every step, as in tfjs', () => {
  tf.tidy(() => {
    const layer = tf.layers.dropout({ rate: 0.5, seed: 3 });
    const step = compileStrictly((x: T) => layer.apply(x, { training: true }) as T);
    const masks = [1, 2, 3].map(() =>
      step(tf.ones([50]))
        .dataSync()
        .join(),
    );
    assert.equal(new Set(masks).size, 1);
    assert.equal(masks[0], (layer.apply(tf.ones([50]), { training: true }) as T).dataSync().join());
    step.dispose();
  });
});

test('outside of a compiled step there is nothing to draw from', () => {
  assert.throws(() => randomUniform([2]), /inside a compiled step.*compile\(\)/);
  const step = compile(() => randomUniform([2]));
  step().dispose();
  assert.throws(() => randomUniform([2]), /inside a compiled step/);
  step.dispose();
});
