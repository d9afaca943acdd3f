import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tf } from '../../lib/tensorflow/backend';
import { registerFusedKernels } from '../../lib/tensorflow/fusedKernels';
import { executeOperation, uint8Tensor, uint8ToFloat } from '../../lib/tensorflow/operations';
import { OPERATION_GROUPS } from './operationCases';
import type { OperationCase } from './operationInputs';
import { compileStrictly } from './steps';
import { assertClose } from '../assertClose';

type Tensors = Record<string, tf.Tensor[]>;

/** One step that runs every operation of a group, so that they share one graph. */
function compareWithEager(
  cases: Readonly<Record<string, OperationCase>>,
  run: (one: OperationCase, inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[],
): void {
  registerFusedKernels();
  tf.tidy(() => {
    const names = Object.keys(cases);
    const step = (inputs: Tensors): Tensors =>
      Object.fromEntries(names.map((name) => [name, [run(cases[name], inputs[name])].flat()]));
    const compiled = compileStrictly(step);
    const made = Object.fromEntries(names.map((name) => [name, cases[name].inputs()]));
    compiled(made);
    const others = Object.fromEntries(names.map((name) => [name, made[name].map(changed)]));
    const actual = compiled(others);
    const expected = step(others);
    for (const name of names)
      expected[name].forEach((tensor, i) => assertSameTensor(actual[name][i], tensor, name));
    assert.equal(compiled.statistics.graphRuns, 1);
    compiled.dispose();
  });
}

/** Other values than those of the trace: a graph that repeats what it has seen is noticed. */
function changed(tensor: tf.Tensor): tf.Tensor {
  return tensor.dtype === 'float32' ? tensor.mul(0.9) : tensor.clone();
}

function assertSameTensor(actual: tf.Tensor, expected: tf.Tensor, message: string): void {
  assert.deepEqual([actual.dtype, actual.shape], [expected.dtype, expected.shape], message);
  assertClose(actual.dataSync(), expected.dataSync(), {
    tolerance: 2e-6,
    message,
  });
}

/** The gradient of the results' sum of squares. */
function gradientOf(one: OperationCase, inputs: tf.Tensor[]): tf.Tensor[] {
  const loss = (...values: tf.Tensor[]): tf.Tensor =>
    tf.addN([one.run(...(values as never[]))].flat().map((result) => result.square().sum()));
  return tf.grads(loss)(inputs);
}

function hasGradient(one: OperationCase): boolean {
  const inputs = one.inputs();
  try {
    return (
      inputs.every(({ dtype }) => dtype === 'float32') &&
      tf.tidy(() => gradientOf(one, inputs).length > 0)
    );
  } catch {
    return false; // tfjs knows none
  } finally {
    tf.dispose(inputs);
  }
}

for (const [group, cases] of Object.entries(OPERATION_GROUPS)) {
  test(`operations (${group}) give the same in a graph as eagerly`, () => {
    compareWithEager(cases, (one, inputs) => one.run(...(inputs as never[])));
  });

  test(`gradients of operations (${group}) are the same in a graph as eagerly`, () => {
    const withGradients = Object.entries(cases).filter(([, one]) => hasGradient(one));
    assert.ok(withGradients.length > 0);
    compareWithEager(Object.fromEntries(withGradients), gradientOf);
  });
}

test('bytes go into a graph as bytes', () => {
  tf.tidy(() => {
    const compiled = compileStrictly((pixels: tf.Tensor) => uint8ToFloat(pixels).div(255));
    for (const values of [
      [0, 1, 255],
      [3, 128, 200],
    ]) {
      const result = compiled(uint8Tensor(Uint8Array.from(values), [3]));
      assertClose(
        result.dataSync(),
        values.map((value) => value / 255),
      );
    }
    assert.equal(compiled.statistics.graphRuns, 1);
    compiled.dispose();
  });
});

test('an operation that does not fit fails with TensorFlow’s words', () => {
  tf.tidy(() => {
    assert.throws(
      () =>
        executeOperation('MatMul', [tf.zeros([2, 3]), tf.zeros([2, 3])], {
          attributes: {
            T: { type: 1 },
            transpose_a: { bool: false },
            transpose_b: { bool: false },
          },
        }),
      /Matrix size-incompatible/,
    );
  });
});
