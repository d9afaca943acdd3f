import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tf } from '../../lib/tensorflow/backend';
import { assertEqualAsGraph, operationsOf } from './rewriting';

interface Case {
  /** [batch, height, width, channels]. */
  readonly shape: [number, number, number, number];
  /** Rows and columns. */
  readonly kernel?: [number, number];
  readonly stride?: number;
  readonly padding?: 'same' | 'valid';
}

/** -1, 0 and 1: bfloat16 holds them and their sums up to 256 exactly. */
function smallIntegers(shape: number[], seed: number): tf.Tensor4D {
  return tf.randomUniform(shape, -1.49, 1.49, 'float32', seed).round() as tf.Tensor4D;
}

/** The gradient by the filter, for an incoming gradient of small integers. */
function filterGradient({ shape, kernel = [3, 3], stride = 1, padding = 'same' }: Case) {
  const filter = smallIntegers([...kernel, shape[3], 5], 1);
  const output = (x: tf.Tensor4D, w: tf.Tensor4D) => tf.conv2d(x, w, stride, padding);
  const incoming = smallIntegers(output(tf.zeros(shape), filter).shape, 2);
  return (x: tf.Tensor4D): tf.Tensor[] => [
    tf.grad((w) =>
      output(x, w as tf.Tensor4D)
        .mul(incoming)
        .sum(),
    )(filter),
  ];
}

const TAKEN: Readonly<Record<string, Case>> = {
  '7 × 7': { shape: [10, 7, 7, 4] },
  '3 × 3': { shape: [12, 3, 3, 4] },
  'a row each': { shape: [16, 1, 2, 3] },
  'sides that differ': { shape: [6, 2, 5, 4] },
  'a batch that is prime': { shape: [7, 4, 7, 4] },
  'a kernel of 5 × 3': { shape: [8, 6, 6, 4], kernel: [5, 3] },
  'a kernel of 1 × 1': { shape: [8, 3, 3, 4], kernel: [1, 1] },
  'a kernel wider than the picture': { shape: [8, 2, 2, 4], kernel: [3, 7] },
};

const LEFT: Readonly<Record<string, Case>> = {
  'wide pictures': { shape: [4, 9, 9, 4] },
  'stride 2': { shape: [8, 6, 6, 4], stride: 2 },
  'padding "valid"': { shape: [8, 6, 6, 4], padding: 'valid' },
  'an even kernel': { shape: [8, 6, 6, 4], kernel: [2, 2] },
  'one picture': { shape: [1, 6, 6, 4] },
  'a batch that no row divides': { shape: [31, 7, 7, 1] },
};

for (const [title, of] of Object.entries({ ...TAKEN, ...LEFT })) {
  const isTaken = title in TAKEN;
  test(`narrow pictures ${isTaken ? 'stand' : 'do not stand'} side by side in a filter gradient: ${title}`, () => {
    tf.tidy(() => {
      const step = filterGradient(of);
      const x = smallIntegers(of.shape, 3);
      const operations = operationsOf(step, x, { bfloat16: true });
      assert.equal(operations.includes('Transpose'), isTaken);
      assert.equal(operationsOf(step, x).includes('Transpose'), false, 'float32 stays as it is');
      assertEqualAsGraph(step, x, { bfloat16: true, tolerance: 1e-9 });
    });
  });
}
