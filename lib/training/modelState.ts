import { tf } from '../tensorflow/backend';
import type { NamedVariable } from './optimizer';

/** One tensor's value, outside of TensorFlow. */
export interface TensorValue {
  readonly name: string;
  readonly dtype: 'float32' | 'int32';
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array;
}

/** Copies the variables' values. @throws Error for a variable that is neither float32 nor int32. */
export function readVariables(variables: readonly NamedVariable[]): TensorValue[] {
  return variables.map(({ name, variable }) => {
    const { dtype, shape } = variable;
    if (dtype !== 'float32' && dtype !== 'int32') {
      throw new Error(`Expected variable ${name} to be float32 or int32 but found ${dtype}.`);
    }
    const values = variable.dataSync() as Float32Array | Int32Array;
    return { name, dtype, shape: [...shape], values: values.slice() };
  });
}

/**
 * Sets the variables to values that {@link readVariables} took from the same kind of model, in the same order; names
 * may differ, because tfjs counts layers through the process.
 *
 * @throws Error, before anything is changed, where number, shape or type differ.
 */
export function writeVariables(
  variables: readonly NamedVariable[],
  values: readonly TensorValue[],
): void {
  const form = (dtype: string, shape: readonly number[]) => `${dtype} [${shape.join(', ')}]`;
  const expected = variables.map(({ variable }) => form(variable.dtype, variable.shape));
  const found = values.map(({ dtype, shape }) => form(dtype, shape));
  const wrong = expected.findIndex((each, index) => each !== found[index]);
  if (wrong >= 0 || expected.length !== found.length) {
    throw new Error(
      `Expected ${expected.length} variables but found ${found.length}` +
        (wrong < 0
          ? '.'
          : `: ${variables[wrong].name} is ${expected[wrong]} but ${found[wrong]} there.`),
    );
  }
  for (const [index, { variable }] of variables.entries()) {
    const { shape, dtype, values: data } = values[index];
    const tensor = tf.tensor(data, [...shape], dtype);
    variable.assign(tensor);
    tensor.dispose();
  }
}

/** The name of the first tensor that holds NaN or an infinity; undefined where all numbers are finite. */
export function findNonFinite(tensors: readonly TensorValue[]): string | undefined {
  return tensors.find(({ values }) => {
    // 0 × x is NaN where x is not finite, and stays NaN in the sum: one multiplication a number.
    let sum = 0;
    for (const value of values) sum += 0 * value;
    return Number.isNaN(sum);
  })?.name;
}
