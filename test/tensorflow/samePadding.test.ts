import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tf } from '../../lib/tensorflow/backend';
import { assertEqualAsGraph, operationsOf, randomTensor } from './rewriting';

type Pads = [[number, number], [number, number], [number, number], [number, number]];

/** A padded convolution without padding of its own, of pictures of one size. */
interface Case {
  readonly size: [number, number];
  /** Before and after, in both directions. */
  readonly pads: readonly [number, number];
  readonly kernel?: number;
  readonly stride?: number;
  readonly value?: number;
  readonly channelPads?: [number, number];
}

function padded(x: tf.Tensor4D, { pads, value, channelPads = [0, 0] }: Case): tf.Tensor4D {
  const both: [number, number] = [pads[0], pads[1]];
  return tf.pad4d(x, [[0, 0], both, both, channelPads] as Pads, value);
}

function convolve(x: tf.Tensor4D, filter: tf.Tensor4D, of: Case, depthwise: boolean): tf.Tensor4D {
  const values = padded(x, of);
  const stride = of.stride ?? 2;
  return depthwise
    ? tf.depthwiseConv2d(values, filter, stride, 'valid')
    : tf.conv2d(values, filter, stride, 'valid');
}

function pictures({ size }: Case): tf.Tensor4D {
  return randomTensor([2, ...size, 3], 1) as tf.Tensor4D;
}

function filterFor({ kernel = 3, channelPads = [0, 0] }: Case): tf.Tensor4D {
  return randomTensor([kernel, kernel, 3 + channelPads[0] + channelPads[1], 2], 2) as tf.Tensor4D;
}

// Keras' correct_pad: 0 and 1 around an even side, 1 and 1 around an odd one; with stride 1, 1 and 1.
const TAKEN: Readonly<Record<string, Case>> = {
  'even sides, stride 2': { size: [8, 6], pads: [0, 1] },
  'odd sides, stride 2': { size: [7, 9], pads: [1, 1] },
  'stride 1': { size: [5, 6], pads: [1, 1], stride: 1 },
  'a kernel of 5': { size: [8, 8], pads: [1, 2], kernel: 5 },
};

const LEFT: Readonly<Record<string, Case>> = {
  'zeros on the other side': { size: [8, 6], pads: [1, 0] },
  'zeros on both sides of even ones': { size: [8, 6], pads: [1, 1] },
  'more zeros': { size: [7, 9], pads: [2, 2] },
  'ones in place of zeros': { size: [8, 6], pads: [0, 1], value: 1 },
  'padded channels': { size: [8, 6], pads: [0, 1], channelPads: [0, 1] },
};

for (const depthwise of [false, true]) {
  const name = depthwise ? 'depthwise convolution' : 'convolution';
  for (const [title, of] of Object.entries({ ...TAKEN, ...LEFT })) {
    const isTaken = title in TAKEN;
    test(`a ${name} ${isTaken ? 'adds' : 'does not add'} the padding itself: ${title}`, () => {
      const filter = filterFor(of);
      const step = (x: tf.Tensor4D): tf.Tensor[] =>
        tf.tidy(() => [convolve(x, filter, of, depthwise)]);
      assertEqualAsGraph(step, pictures(of));
      assert.equal(operationsOf(step, pictures(of)).includes('PadV2'), !isTaken);
    });

    test(`gradients of a padded ${name} are those of tfjs: ${title}`, () => {
      const loss = (x: tf.Tensor4D, filter: tf.Tensor4D): tf.Scalar =>
        convolve(x, filter, of, depthwise).square().sum();
      const filter = filterFor(of);
      const step = (x: tf.Tensor4D): tf.Tensor[] =>
        tf.tidy(() => tf.grads(loss as never)([x, filter]));
      assertEqualAsGraph(step, pictures(of));
      const operations = operationsOf(step, pictures(of));
      assert.equal(operations.includes('PadV2') || operations.includes('Slice'), !isTaken);
    });
  }
}

test('padded activations that are needed elsewhere stay', () => {
  const of = TAKEN['even sides, stride 2'];
  const filter = filterFor(of);
  const step = (x: tf.Tensor4D): tf.Tensor[] =>
    tf.tidy(() => [convolve(x, filter, of, false), padded(x, of)]);
  assertEqualAsGraph(step, pictures(of));
  assert.ok(operationsOf(step, pictures(of)).includes('PadV2'));
});
