import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tf } from '../../lib/tensorflow/backend';
import { compile } from '../../lib/tensorflow/compile';
import { withFusedLayers } from '../../lib/tensorflow/layers';
import { deviation } from './rewriting';

/** The step's results as a graph (its second call) and eagerly. */
function bothWays(
  step: (x: tf.Tensor4D) => tf.Tensor[],
  x: tf.Tensor4D,
  bfloat16 = false,
): [tf.Tensor[], tf.Tensor[]] {
  const compiled = compile(step, { bfloat16 });
  tf.dispose(compiled(x));
  const graph = compiled(x);
  assert.equal(compiled.statistics.graphRuns, 1, compiled.statistics.fallbackReason ?? '');
  compiled.dispose();
  return [graph, step(x)];
}

/** Gradients by input and filter of a convolution behind a batch norm that keeps its statistics. */
function gradientsBehindBatchNorm(depthwise: boolean): (x: tf.Tensor4D) => tf.Tensor[] {
  const filter = tf.randomNormal<tf.Rank.R4>([3, 3, 4, depthwise ? 2 : 6], 0, 0.3, 'float32', 1);
  const channels = depthwise ? 8 : 6;
  const [mean, offset] = [2, 3].map((seed) =>
    tf.randomNormal<tf.Rank.R1>([channels], 0, 1, 'float32', seed),
  );
  const [variance, scale] = [4, 5].map((seed) =>
    tf.randomUniform<tf.Rank.R1>([channels], 0.5, 2, 'float32', seed),
  );
  const loss = (x: tf.Tensor4D, w: tf.Tensor4D): tf.Scalar => {
    const y = depthwise ? tf.depthwiseConv2d(x, w, 1, 'same') : tf.conv2d(x, w, 1, 'same');
    return tf
      .relu6(tf.batchNorm(y, mean, variance, offset, scale, 1e-3))
      .square()
      .sum();
  };
  return (x) => withFusedLayers(() => tf.grads(loss as never)([x, filter]));
}

for (const depthwise of [false, true]) {
  const name = depthwise ? 'depthwise convolution' : 'convolution';
  test(`a channel's factor moved into the filter of a ${name} gives the same gradients`, () => {
    const x = tf.randomNormal<tf.Rank.R4>([2, 6, 6, 4], 0, 1, 'float32', 6);
    const [graph, eager] = bothWays(gradientsBehindBatchNorm(depthwise), x);
    assert.equal(graph.length, 2);
    graph.forEach((gradient, i) => assert.ok(deviation(gradient, eager[i]) < 1e-5));
  });
}

test('sums over rows and plain matrix products equal tfjs to float32 rounding', () => {
  const x = tf.randomNormal<tf.Rank.R4>([3, 4, 5, 6], 0, 1, 'float32', 7);
  const w = tf.randomNormal<tf.Rank.R2>([6, 2], 0, 1, 'float32', 8);
  const step = (values: tf.Tensor4D): tf.Tensor[] =>
    tf.tidy(() => [
      values.sum([0, 1, 2]),
      values.sum([0, 2]),
      values.sum([0, 1, 2], true),
      tf.matMul(values.reshape([60, 6]), w),
      tf.matMul(values.reshape([60, 6]), w.transpose(), false, true),
      values.add(tf.tensor1d([1, 2, 3, 4, 5, 6])),
    ]);
  const [graph, eager] = bothWays(step, x);
  graph.forEach((value, i) => {
    assert.deepEqual(value.shape, eager[i].shape);
    assert.ok(deviation(value, eager[i]) < 1e-6);
  });
});

test('bfloat16 keeps three digits of a convolution and results in float32', () => {
  const filter = tf.randomNormal<tf.Rank.R4>([3, 3, 4, 64], 0, 1, 'float32', 9);
  const x = tf.randomNormal<tf.Rank.R4>([4, 8, 8, 4], 0, 1, 'float32', 10);
  const step = (values: tf.Tensor4D): tf.Tensor[] =>
    tf.tidy(() => [tf.maxPool(tf.relu(tf.conv2d(values, filter, 1, 'same')), 2, 2, 'valid')]);
  const [[graph], [eager]] = bothWays(step, x, true);
  assert.equal(graph.dtype, 'float32');
  const difference = deviation(graph, eager);
  // bfloat16 has 8 bits of mantissa: 2^-8 = .4 %. Exactly none would mean that it was not used.
  assert.ok(difference > 0 && difference < 0.01, String(difference));
});
