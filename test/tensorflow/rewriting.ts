import assert from 'node:assert/strict';
import { tf } from '../../lib/tensorflow/backend';
import { compile } from '../../lib/tensorflow/compile';
import { rewriteGraph } from '../../lib/tensorflow/rewrite';
import { traceStep } from '../../lib/tensorflow/trace';

type Step = (x: tf.Tensor4D) => tf.Tensor[];

/** float32, normal with deviation 1, the same for the same seed. */
export function randomTensor(shape: number[], seed: number): tf.Tensor {
  return tf.randomNormal(shape, 0, 1, 'float32', seed);
}

/**
 * Asserts that the step gives the same as a graph (its second call) and eagerly.
 *
 * @param options.tolerance Of the greatest value. Default 1e-5.
 * @returns The graph's results.
 */
export function assertEqualAsGraph(
  step: Step,
  x: tf.Tensor4D,
  { tolerance = 1e-5, bfloat16 = false } = {},
): tf.Tensor[] {
  const compiled = compile(step, { frozen: true, bfloat16 });
  tf.dispose(compiled(x));
  const graph = compiled(x);
  assert.equal(compiled.statistics.graphRuns, 1, compiled.statistics.fallbackReason ?? '');
  compiled.dispose();
  const eager = step(x);
  assert.equal(graph.length, eager.length);
  graph.forEach((value, i) => {
    assert.deepEqual(value.shape, eager[i].shape);
    const difference = deviation(value, eager[i]);
    assert.ok(difference < tolerance, `result ${i} deviates by ${difference}`);
  });
  return graph;
}

/** Greatest difference relative to the greatest value. */
export function deviation(actual: tf.Tensor, expected: tf.Tensor): number {
  return tf.tidy(() => {
    const scale = expected.abs().max().dataSync()[0] || 1;
    return actual.sub(expected).abs().max().dataSync()[0] / scale;
  });
}

/** The operations of the step's graph, as they are handed to TensorFlow. */
export function operationsOf(step: Step, x: tf.Tensor4D, { bfloat16 = false } = {}): string[] {
  const { recorded, refusal } = traceStep(() => tf.tidy(() => step(x)), {
    inputs: [x],
    outputsOf: (results) => results,
    frozen: true,
  });
  assert.ok(recorded !== null, refusal ?? '');
  return rewriteGraph(recorded, { bfloat16 }).graph.nodes.map(({ op }) => op);
}
