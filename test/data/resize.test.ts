import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coverResize, type Pixels } from '../../lib/data/resize';

/** A picture without symmetry, as easily made in Python. */
function pattern(height: number, width: number): Pixels {
  const data = new Uint8Array(height * width * 3);
  let index = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let channel = 0; channel < 3; channel++) {
        data[index++] = (x * 37 + y * 59 + channel * 83 + x * y * 11) % 256;
      }
    }
  }
  return { data, height, width };
}

function plain(value: number, height: number, width: number): Pixels {
  return { data: new Uint8Array(height * width * 3).fill(value), height, width };
}

/** TensorFlow 2.21: `tf.raw_ops.ScaleAndTranslate(kernel_type='lanczos3', antialias=True)` of the centre, rounded. */
const expected = [
  {
    from: [8, 10],
    to: [3, 4],
    values: [
      102, 129, 126, 153, 134, 109, 123, 120, 107, 120, 118, 156, 168, 100, 135, 129, 132, 131, 119,
      146, 145, 122, 133, 120, 107, 143, 116, 162, 145, 114, 152, 116, 136, 84, 151, 125,
    ],
  },
  {
    from: [3, 4],
    to: [5, 6],
    values: [
      0, 79, 153, 13, 92, 184, 40, 112, 253, 61, 129, 255, 83, 177, 156, 96, 215, 14, 13, 96, 206,
      33, 127, 158, 60, 180, 140, 80, 207, 180, 124, 173, 123, 158, 131, 42, 59, 142, 225, 82, 158,
      103, 118, 215, 0, 144, 255, 40, 180, 152, 97, 203, 30, 113, 105, 188, 99, 127, 115, 64, 183,
      70, 43, 226, 120, 79, 172, 115, 145, 102, 75, 184, 122, 205, 5, 144, 75, 54, 211, 0, 119, 255,
      8, 150, 150, 95, 187, 18, 137, 212,
    ],
  },
] as const;

for (const { from, to, values } of expected) {
  test(`${from.join('×')} to ${to.join('×')}: the centre as TensorFlow resizes it`, () => {
    const picture = pattern(from[0], from[1]);
    const { data } = coverResize(picture, { height: to[0], width: to[1] });
    assert.deepEqual([...data], [...values]);
  });
}

test('a picture of the right size is handed back as it is', () => {
  const picture = pattern(4, 5);
  assert.equal(coverResize(picture, { height: 4, width: 5 }), picture);
});

test('one colour stays that colour at any size, edges included', () => {
  for (const [height, width] of [
    [1, 1],
    [7, 300],
    [301, 13],
    [100, 100],
  ]) {
    for (const size of [1, 3, 32, 150]) {
      const { data } = coverResize(plain(77, height, width), { height: size, width: size });
      assert.ok(data.length === size * size * 3 && data.every((value) => value === 77));
    }
  }
});

test('a sharp edge stays where it is in a much smaller picture', () => {
  // Left half black, right half white, 400 pixels to 4.
  const picture = plain(0, 400, 400);
  for (let pixel = 0; pixel < 400 * 400; pixel++) {
    if (pixel % 400 >= 200) picture.data.fill(255, pixel * 3, pixel * 3 + 3);
  }
  const { data } = coverResize(picture, { height: 4, width: 4 });
  const row = [0, 1, 2, 3].map((column) => data[column * 3]);
  assert.ok(row[0] <= 8 && row[1] <= 16, row.join());
  assert.deepEqual([row[3], row[2]], [255 - row[0], 255 - row[1]]);
});

test('a wide picture keeps its middle', () => {
  const picture = plain(0, 10, 30);
  for (let y = 0; y < 10; y++) picture.data.fill(200, (y * 30 + 10) * 3, (y * 30 + 20) * 3);
  const { data } = coverResize(picture, { height: 10, width: 10 });
  assert.ok(data.every((value) => value === 200));
});
