import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tf } from '../../lib/tensorflow/backend';
import { mixPairs, movePictures, paintSquares } from '../../lib/training/augmentOps';
import { withoutLeaks } from '../tensorflow/steps';

/** Pictures of one channel, three times the same, written as rows of numbers. */
function pictures(...rows: readonly number[][][]): tf.Tensor4D {
  return tf.tensor4d(rows.map((picture) => picture.map((row) => row.map((x) => [x, x, x]))));
}

function firstChannel(images: tf.Tensor4D): number[][][] {
  const pixels = images.arraySync();
  return pixels.map((picture) => picture.map((row) => row.map(([first]) => first)));
}

const numbers = (...values: number[]): tf.Tensor1D => tf.tensor1d(values, 'int32');
const SQUARE = [
  [1, 2, 3],
  [4, 5, 6],
  [7, 8, 9],
];

function moved(
  picture: number[][],
  { down = 0, right = 0, flip = 0 }: { down?: number; right?: number; flip?: number },
): unknown {
  const images = pictures(picture);
  const moves = { flips: numbers(flip), down: numbers(down), right: numbers(right) };
  const result = movePictures(images, moves);
  const [rows] = firstChannel(result);
  tf.dispose([images, result, ...Object.values(moves)]);
  return rows;
}

test('a picture that is not moved stays as it is', () => {
  assert.deepEqual(moved(SQUARE, {}), SQUARE);
});

test('a mirrored picture is read from right to left', () => {
  assert.deepEqual(moved(SQUARE, { flip: 1 }), [
    [3, 2, 1],
    [6, 5, 4],
    [9, 8, 7],
  ]);
});

test('what comes in at a border is the picture mirrored at its outermost pixels', () => {
  // Below the last row 7 8 9 comes the last but one, 4 5 6.
  assert.deepEqual(moved(SQUARE, { down: 1 }), [
    [4, 5, 6],
    [7, 8, 9],
    [4, 5, 6],
  ]);
  // Above the first row comes the second; two rows up, the third.
  assert.deepEqual(moved(SQUARE, { down: -2 }), [
    [7, 8, 9],
    [4, 5, 6],
    [1, 2, 3],
  ]);
  assert.deepEqual(moved(SQUARE, { right: 1 }), [
    [2, 3, 2],
    [5, 6, 5],
    [8, 9, 8],
  ]);
  assert.deepEqual(moved(SQUARE, { right: -1 }), [
    [2, 1, 2],
    [5, 4, 5],
    [8, 7, 8],
  ]);
});

test('a picture is moved within its mirror image', () => {
  // Mirrored: 3 2 1 / 6 5 4 / 9 8 7. One column on: 2 1 and again 2.
  assert.deepEqual(moved(SQUARE, { flip: 1, right: 1 }), [
    [2, 1, 2],
    [5, 4, 5],
    [8, 7, 8],
  ]);
});

test('each picture of a batch has its own move, whatever its sides, and keeps its channels', () => {
  withoutLeaks(() => {
    const wide = tf.tidy(
      () => tf.range(0, 2 * 2 * 3 * 3, 1).reshape([2, 2, 3, 3]) as unknown as tf.Tensor4D,
    );
    const moves = { flips: numbers(0, 1), down: numbers(1, 0), right: numbers(0, 0) };
    const result = movePictures(wide, moves);
    assert.deepEqual(result.arraySync(), [
      [
        [
          [9, 10, 11],
          [12, 13, 14],
          [15, 16, 17],
        ],
        [
          [0, 1, 2],
          [3, 4, 5],
          [6, 7, 8],
        ],
      ],
      [
        [
          [24, 25, 26],
          [21, 22, 23],
          [18, 19, 20],
        ],
        [
          [33, 34, 35],
          [30, 31, 32],
          [27, 28, 29],
        ],
      ],
    ]);
    tf.dispose([wide, result, ...Object.values(moves)]);
  });
});

test('a painted square ends at the border', () => {
  withoutLeaks(() => {
    const images = pictures(SQUARE, SQUARE);
    const place = { top: numbers(-1, 1), left: numbers(1, 2) };
    const painted = paintSquares(images, { side: 2, ...place, fill: [0, 50, 0] });
    assert.deepEqual(firstChannel(painted), [
      [
        [1, 0, 0],
        [4, 5, 6],
        [7, 8, 9],
      ],
      [
        [1, 2, 3],
        [4, 5, 0],
        [7, 8, 0],
      ],
    ]);
    assert.deepEqual(painted.arraySync()[1][1][2], [0, 50, 0]);
    tf.dispose([images, painted, place.top, place.left]);
  });
});

test('pairs are mixed from both ends of a batch', () => {
  withoutLeaks(() => {
    const [targets, share] = [
      tf.tensor2d([
        [1, 0],
        [0, 1],
        [1, 0],
      ]),
      tf.scalar(0.75),
    ];
    // The third is the first one's partner and of the same class; the second is its own.
    const mixed = mixPairs(targets, share);
    assert.deepEqual(mixed.arraySync(), [
      [1, 0],
      [0, 1],
      [1, 0],
    ]);
    const values = tf.tensor1d([0, 8]);
    const both = mixPairs(values, share);
    assert.deepEqual(both.arraySync(), [2, 6]);
    tf.dispose([targets, share, mixed, values, both]);
  });
});
