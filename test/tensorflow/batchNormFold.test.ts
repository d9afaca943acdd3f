import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tf } from '../../lib/tensorflow/backend';
import { Graph, edge, type AttributeValue, type GraphNode } from '../../lib/tensorflow/graph';
import { withFusedLayers } from '../../lib/tensorflow/layers';
import { rewriteGraph } from '../../lib/tensorflow/rewrite';
import { assertEqualAsGraph, operationsOf, randomTensor } from './rewriting';

/** γ, β, μ and σ² for the channels of a batch norm. */
function statistics(channels: number): [tf.Tensor1D, tf.Tensor1D, tf.Tensor1D, tf.Tensor1D] {
  const uniform = (seed: number): tf.Tensor1D =>
    tf.randomUniform([channels], 0.5, 2, 'float32', seed);
  return [
    uniform(1),
    randomTensor([channels], 2) as tf.Tensor1D,
    randomTensor([channels], 3) as tf.Tensor1D,
    uniform(4),
  ];
}

function normalize(
  x: tf.Tensor4D,
  [scale, offset, mean, variance]: ReturnType<typeof statistics>,
): tf.Tensor4D {
  return tf.batchNorm(x, mean, variance, offset, scale, 1e-3);
}

test('a folded batch norm gives the value worked by hand', () => {
  // 3 · 2 = 6 from the convolution; (6 - 1) · 4 / √(3 + 1) + 5 = 15.
  const [scale, offset, mean, variance] = [4, 5, 1, 3].map((value) => tf.tensor1d([value]));
  const filter = tf.tensor4d([2], [1, 1, 1, 1]);
  const step = (x: tf.Tensor4D): tf.Tensor[] => [
    tf.batchNorm(tf.conv2d(x, filter, 1, 'valid'), mean, variance, offset, scale, 1),
  ];
  const x = tf.tensor4d([3], [1, 1, 1, 1]);
  const [result] = assertEqualAsGraph(step, x);
  assert.deepEqual([...result.dataSync()], [15]);
  assert.ok(!operationsOf(step, x).includes('FusedBatchNorm'));
});

for (const depthwise of [false, true]) {
  const name = depthwise ? 'depthwise convolution' : 'convolution';
  const x = randomTensor([2, 7, 7, 4], 5) as tf.Tensor4D;
  const filter = randomTensor([3, 3, 4, depthwise ? 2 : 8], 6) as tf.Tensor4D;
  const convolve = (values: tf.Tensor4D, weights: tf.Tensor4D, stride = 1): tf.Tensor4D =>
    depthwise
      ? tf.depthwiseConv2d(values, weights, stride, 'same')
      : tf.conv2d(values, weights, stride, 'same');

  test(`a batch norm behind a ${name} becomes its bias`, () => {
    const step = (values: tf.Tensor4D): tf.Tensor[] =>
      withFusedLayers(() => [tf.relu6(normalize(convolve(values, filter, 2), statistics(8)))]);
    assertEqualAsGraph(step, x);
    // bfloat16 has 8 bits of mantissa, .4 %, in the input, the filter, the bias and the result.
    assertEqualAsGraph(step, x, { bfloat16: true, tolerance: 0.02 });
    const operations = operationsOf(step, x);
    assert.ok(operations.includes('BiasAdd') && !operations.includes('FusedBatchNorm'));
  });

  test(`a batch norm behind a ${name} with a bias takes the bias in`, () => {
    const bias = randomTensor([8], 8) as tf.Tensor1D;
    const step = (values: tf.Tensor4D): tf.Tensor[] =>
      tf.tidy(() => [normalize(convolve(values, filter).add(bias), statistics(8))]);
    assertEqualAsGraph(step, x);
    const operations = operationsOf(step, x);
    assert.equal(operations.filter((op) => op === 'BiasAdd').length, 1);
    assert.ok(!operations.includes('FusedBatchNorm'));
    const both = (values: tf.Tensor4D): tf.Tensor[] =>
      tf.tidy(() => {
        const y = convolve(values, filter).add<tf.Tensor4D>(bias);
        return [y, normalize(y, statistics(8))];
      });
    assertEqualAsGraph(both, x);
    assert.ok(operationsOf(both, x).includes('FusedBatchNorm'));
  });

  test(`two batch norms behind one filter of a ${name} keep their own factors`, () => {
    const other = statistics(8).map((value) => value.mul(1.5)) as ReturnType<typeof statistics>;
    const step = (values: tf.Tensor4D): tf.Tensor[] =>
      tf.tidy(() => [
        normalize(convolve(values, filter), statistics(8)),
        normalize(convolve(values, filter, 2), other),
      ]);
    assertEqualAsGraph(step, x);
    assert.ok(!operationsOf(step, x).includes('FusedBatchNorm'));
  });

  test(`a ${name} whose own result is needed keeps its batch norm`, () => {
    const step = (values: tf.Tensor4D): tf.Tensor[] =>
      tf.tidy(() => {
        const y = convolve(values, filter);
        return [y, normalize(y, statistics(8))];
      });
    assertEqualAsGraph(step, x);
    assert.ok(operationsOf(step, x).includes('FusedBatchNorm'));
  });

  test(`gradients through a folded batch norm of a ${name} are those of tfjs`, () => {
    const loss = (weights: tf.Tensor4D, values: tf.Tensor4D): tf.Scalar =>
      tf
        .relu6(normalize(convolve(values, weights), statistics(8)))
        .square()
        .sum();
    const step = (values: tf.Tensor4D): tf.Tensor[] =>
      withFusedLayers(() => tf.tidy(() => tf.grads(loss as never)([filter, values])));
    assertEqualAsGraph(step, x);
    assert.ok(!operationsOf(step, x).includes('FusedBatchNorm'));
  });

  test(`gradients by scale and offset behind a ${name} are those of tfjs`, () => {
    const [scale, offset, mean, variance] = statistics(8);
    const step = (values: tf.Tensor4D): tf.Tensor[] =>
      withFusedLayers(() =>
        tf.tidy(() =>
          tf.grads(((gamma: tf.Tensor1D, beta: tf.Tensor1D) =>
            normalize(convolve(values, filter), [gamma, beta, mean, variance])
              .square()
              .sum()) as never)([scale, offset]),
        ),
      );
    assertEqualAsGraph(step, x);
  });
}

test('a batch norm of nothing but activations stays', () => {
  const step = (values: tf.Tensor4D): tf.Tensor[] => [normalize(values, statistics(4))];
  const x = randomTensor([2, 3, 3, 4], 7) as tf.Tensor4D;
  assertEqualAsGraph(step, x);
  assert.ok(operationsOf(step, x).includes('FusedBatchNorm'));
});

/** tfjs-node makes neither on a processor: a graph by hand. */
function handmade(attributes: Readonly<Record<string, AttributeValue>>): string[] {
  const graph = new Graph();
  const constant = (shape: readonly number[]): GraphNode =>
    graph.addConstant({ shape, dtype: 1 }, new Float32Array(shape.reduce((a, b) => a * b, 1)));
  const channels = [2];
  const pictures = { shape: [1, 2, 2, 2], dtype: 1 };
  const x = graph.addPlaceholder(pictures);
  const convolution = graph.add('Conv2D', [edge(x), edge(constant([1, 1, 2, 2]))], {
    attributes,
    outputs: [pictures],
  });
  const norm = graph.add(
    'FusedBatchNorm',
    [convolution, ...Array.from({ length: 4 }, () => constant(channels))].map((n) => edge(n)),
    {
      attributes: {
        is_training: { kind: 'bool', value: false },
        epsilon: { kind: 'float', value: 1e-3 },
        ...attributes,
      },
      outputs: [pictures],
    },
  );
  const recorded = {
    graph,
    inputs: [x],
    outputs: [edge(norm)],
    variables: [],
    written: new Set<never>(),
    done: edge(x),
    constants: [],
    optimizers: [],
  };
  return rewriteGraph(recorded, { bfloat16: false }).graph.nodes.map(({ op }) => op);
}

test('channels that come first and statistics of the batch are left alone', () => {
  const layout = (value: string): AttributeValue => ({ kind: 'string', value });
  assert.ok(!handmade({ data_format: layout('NHWC') }).includes('FusedBatchNorm'));
  assert.ok(handmade({ data_format: layout('NCHW') }).includes('FusedBatchNorm'));
  assert.ok(handmade({ is_training: { kind: 'bool', value: true } }).includes('FusedBatchNorm'));
});
