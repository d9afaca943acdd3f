import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDataset } from '../../lib/data/dataset';
import { findNearDuplicates, findNeighbours } from '../../lib/training/neighbours';
import { measureQuality } from '../../lib/evaluation/pictureQuality';
import { createRng } from '../../lib/random';
import { tf } from '../../lib/tensorflow/backend';

test('neighbours are those of the whole matrix of cosines, across blocks, and no tensor is left', async () => {
  const [size, width, count] = [600, 7, 3];
  const rng = createRng(1, 'rows');
  const values = Float32Array.from({ length: size * width }, () => rng.nextNormal());
  values.set(values.subarray(0, width), 550 * width); // row 550 is row 0, two blocks on
  const before = tf.memory().numTensors;
  const found = await findNeighbours({ values, size, width }, { count });
  assert.equal(tf.memory().numTensors, before);
  const row = (index: number) => values.subarray(index * width, (index + 1) * width);
  const cosine = (a: Float32Array, b: Float32Array) => {
    const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, v, i) => sum + v * y[i], 0);
    return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  };
  for (const index of [0, 255, 256, 550, 599]) {
    const expected = Array.from({ length: size }, (_, other) => other)
      .filter((other) => other !== index)
      .sort((a, b) => cosine(row(index), row(b)) - cosine(row(index), row(a)));
    const place = index * count;
    assert.deepEqual([...found.indices.subarray(place, place + count)], expected.slice(0, count));
  }
});

test('near duplicates are neighbours in their pixels too: brighter, mirrored, but not merely of alike features', () => {
  const picture = Uint8Array.from({ length: 16 * 16 * 3 }, (_, at) => (at * at) % 101);
  const row = 16 * 3;
  const mirrored = picture.map((_, at) => {
    const [y, x] = [Math.floor(at / row), Math.floor((at % row) / 3)];
    return picture[y * row + (15 - x) * 3 + (at % 3)];
  });
  const rng = createRng(1, 'another');
  const pictures = [
    picture,
    picture.map((value) => 2 * value + 10),
    mirrored,
    picture.map(() => rng.nextInt(256)),
  ];
  const set = createDataset({
    ...{ name: 'four', source: 'generated', classNames: ['x'], height: 16, width: 16 },
    ...{
      images: Uint8Array.from(pictures.flatMap((each) => [...each])),
      labels: new Int32Array(4),
    },
  });
  // Each is the neighbour of the next one, and 2 of 0 but by features that differ.
  const neighbours = {
    ...{ count: 2, indices: Int32Array.of(1, 2, 0, 2, 1, 3, 2, 0) },
    similarities: Float32Array.of(0.9, 0.5, 0.9, 0.8, 0.8, 0.99, 0.99, 0.9),
  };
  const found = findNearDuplicates(neighbours, [set]);
  assert.deepEqual(
    found.map(({ index, other, correlation }) => [index, other, correlation.toFixed(6)]),
    [
      [0, 1, '1.000000'],
      [1, 2, '1.000000'],
    ],
  );
});

test('rows of zeros, and fewer rows than neighbours, are no error', async () => {
  const found = await findNeighbours(
    { values: new Float32Array(6), size: 3, width: 2 },
    { count: 10 },
  );
  assert.deepEqual([found.count, found.similarities.every((each) => each === 0)], [2, true]);
});

test('sharpness is the variance of the Laplacian, brightness that of the brightest hundredth', () => {
  const point = new Uint8Array(4 * 4 * 3);
  point.fill(100, 3 * 5, 3 * 6); // the pixel in row 1, column 1
  const images = new Uint8Array([...point, ...new Uint8Array(48).fill(200)]);
  const labels = Int32Array.of(0, 0);
  const [dark, bright] = measureQuality(
    createDataset({
      ...{ name: 'two', source: 'generated', classNames: ['x'], height: 4, width: 4 },
      ...{ images, labels },
    }),
  );
  // Inner pixels: -400, 100, 100, 0. Mean -50, mean of squares 45,000.
  assert.ok(Math.abs(dark.sharpness - 42_500) < 1e-6);
  assert.equal(bright.sharpness, 0);
  // .241 + .691 + .068 = 1
  assert.ok(Math.abs(bright.brightness - 200 / 255) < 1e-9);
});
