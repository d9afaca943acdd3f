/** What the tests of compiled steps share: an eager twin, and comparisons. */
import assert from 'node:assert/strict';
import { tf } from '../../lib/tensorflow/backend';
import {
  compile,
  type CompiledStep,
  type CompileOptions,
  type Step,
} from '../../lib/tensorflow/compile';

/** Set COMPILE_STRESS=1 for the long versions: hundreds of steps, every optimizer, thousands of calls. */
export const STRESS = process.env.COMPILE_STRESS === '1';

/** The same step, run by tfjs operation by operation, with the same random numbers as the compiled one. */
export function eagerTwin<F extends Step>(step: F, options: CompileOptions = {}): CompiledStep<F> {
  const refused = (...args: never[]): unknown => {
    Math.random(); // no graph may hold this
    return step(...args);
  };
  return compile(refused as F, { ...options, onFallback: () => undefined });
}

/** A compiled step that must not fall back. */
export function compileStrictly<F extends Step>(
  step: F,
  options: CompileOptions = {},
): CompiledStep<F> {
  return compile(step, {
    ...options,
    onFallback: (reason) => assert.fail(`it fell back: ${reason}`),
  });
}

/** The reason why a step falls back, or null. Calls it twice with scalars 1 and 2. */
export function refusalOf(step: Step, options: CompileOptions = {}): string | null {
  let refusal: string | null = null;
  const compiled = compile(step, { ...options, onFallback: (reason) => (refusal = reason) });
  const call = compiled as unknown as (x: tf.Tensor) => unknown;
  tf.tidy(() => {
    for (const value of [1, 2]) call(tf.scalar(value));
  });
  compiled.dispose();
  return refusal;
}

/** A variable with nothing left over. Caller disposes. */
export function variableOf(value: tf.TensorLike): tf.Variable {
  return tf.tidy(() => tf.variable(tf.tensor(value)));
}

/** Values of a tensor, which is disposed. */
export function valuesOf(tensor: tf.Tensor): number[] {
  const values = [...(tensor.dataSync() as Float32Array)];
  tensor.dispose();
  return values;
}

/** Runs `check` and asserts that no tensor is left over. */
export function withoutLeaks(check: () => void): void {
  const before = tf.memory().numTensors;
  check();
  assert.equal(tf.memory().numTensors, before, 'tensors left over');
}
