import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tf } from '../../lib/tensorflow/backend';
import {
  enlargeSections,
  jitterColors,
  mixPairs,
  movePictures,
  paintRectangles,
  type Sections,
} from '../../lib/training/augmentOps';
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
    const size = { height: numbers(2, 2), width: numbers(2, 2) };
    const painted = paintRectangles(images, { ...place, ...size, fill: [0, 50, 0] });
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
    tf.dispose([images, painted, ...Object.values(place), ...Object.values(size)]);
  });
});

test('a rectangle has a height and a width of its own, and none without rows', () => {
  withoutLeaks(() => {
    const images = pictures(SQUARE, SQUARE);
    const place = { top: numbers(1, 0), left: numbers(0, 0) };
    const size = { height: numbers(1, 0), width: numbers(2, 3) };
    const painted = paintRectangles(images, { ...place, ...size, fill: [0, 0, 0] });
    assert.deepEqual(firstChannel(painted), [
      [
        [1, 2, 3],
        [0, 0, 6],
        [7, 8, 9],
      ],
      SQUARE,
    ]);
    tf.dispose([images, painted, ...Object.values(place), ...Object.values(size)]);
  });
});

/** A picture's section, rounded to 1e-3. */
function enlarged(picture: number[][], section: Partial<Record<keyof Sections, number>>): unknown {
  return tf.tidy(() => {
    const all = { height: 1, width: 1, down: 0, right: 0, angle: 0, ...section };
    const tensors = Object.entries(all).map(([name, value]) => [name, tf.tensor1d([value])]);
    const images = pictures(picture);
    const [rows] = firstChannel(enlargeSections(images, Object.fromEntries(tensors) as Sections));
    return rows.map((row) => row.map((value) => Math.round(1000 * value) / 1000));
  });
}

test('the whole picture, not turned, stays as it is', () => {
  assert.deepEqual(enlarged(SQUARE, {}), SQUARE);
});

test('a section is enlarged between the centres of its pixels', () => {
  // The upper left quarter of 4 × 4 pixels: the new centres lie at -1/4, 1/4, 3/4 and 5/4. Left of the first pixel is the first again.
  const rising = [0, 1, 2, 3].map((y) => [0, 1, 2, 3].map((x) => 40 * y + 4 * x));
  assert.deepEqual(enlarged(rising, { height: 0.5, width: 0.5, down: -1, right: -1 }), [
    [0, 1, 3, 5],
    [10, 11, 13, 15],
    [30, 31, 33, 35],
    [50, 51, 53, 55],
  ]);
  // The lower half in its whole width: 7/4, 9/4, 11/4 and, below the last row, the last again.
  assert.deepEqual(
    enlarged(rising, { height: 0.5, down: 1 }),
    [70, 90, 110, 120].map((y) => [y, y + 4, y + 8, y + 12]),
  );
});

test('a section that is turned clockwise turns its content the other way', () => {
  assert.deepEqual(enlarged(SQUARE, { angle: Math.PI / 2 }), [
    [3, 6, 9],
    [2, 5, 8],
    [1, 4, 7],
  ]);
});

test('colours are mixed with black, the mean grey and the own grey, within 0 to 255', () => {
  const jittered = (picture: number[][], changes: Partial<Parameters<typeof jitterColors>[1]>) =>
    tf.tidy(() => {
      const one = tf.tensor1d([1]);
      const factors = { brightness: one, contrast: one, saturation: one, ...changes };
      const pixels = jitterColors(tf.tensor4d([[picture]]), factors).arraySync()[0][0];
      return pixels.map((pixel) => pixel.map((value) => Math.round(1000 * value) / 1000));
    });
  withoutLeaks(() => {
    const [half, twice] = [tf.tensor1d([0.5]), tf.tensor1d([2])];
    const pixel = [100, 50, 200]; // grey .299 · 100 + .587 · 50 + .114 · 200 = 82.05
    assert.deepEqual(jittered([pixel], {}), [pixel]);
    assert.deepEqual(jittered([pixel], { brightness: twice }), [[200, 100, 255]]);
    assert.deepEqual(jittered([pixel], { saturation: half }), [[91.025, 66.025, 141.025]]);
    const [black, light] = [
      [0, 0, 0],
      [200, 200, 200],
    ];
    assert.deepEqual(jittered([black, light], { contrast: half }), [
      [50, 50, 50],
      [150, 150, 150],
    ]);
    tf.dispose([half, twice]);
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
