/** How the tests write an operation: from what it is made, and how it is called. */
import { tf } from '../../lib/tensorflow/backend';

/** A step over the tensors that `inputs` makes. Some kernels only differ by type, so inputs name theirs. */
export interface OperationCase {
  readonly inputs: () => tf.Tensor[];
  readonly run: (...inputs: never[]) => tf.Tensor | tf.Tensor[];
}

/** Values in (-2, 2) that follow no simple pattern; never 0. */
export function floats(shape: readonly number[], offset = 0): tf.Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  const values = Float32Array.from(
    { length: size },
    (_, i) => 2 * Math.sin(1.7 * (i + 1) + offset),
  );
  return tf.tensor(values, [...shape]);
}

/** 0 … limit - 1, mixed. */
export function integers(shape: readonly number[], limit: number): tf.Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return tf.tensor(
    Int32Array.from({ length: size }, (_, i) => (i * 7 + 3) % limit),
    [...shape],
    'int32',
  );
}

export function booleans(shape: readonly number[], every: number): tf.Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  return tf.tensor(
    Uint8Array.from({ length: size }, (_, i) => (i % every === 0 ? 1 : 0)),
    [...shape],
    'bool',
  );
}

export type T = tf.Tensor;
type Run = (...inputs: never[]) => T | T[];

/** Takes floats of the given shapes. */
export const on =
  (...shapes: readonly (readonly number[])[]) =>
  (run: Run): OperationCase => ({ inputs: () => shapes.map((s, i) => floats(s, i)), run });
/** Takes what it says itself. */
export const from =
  (inputs: () => tf.Tensor[]) =>
  (run: Run): OperationCase => ({ inputs, run });
