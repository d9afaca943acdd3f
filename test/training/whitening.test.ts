import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDataset, type ImageDataset } from '../../lib/data/dataset';
import { UNIT_SCALE } from '../../lib/data/preprocess';
import { createFastCnn } from '../../lib/models/fastCnn';
import { createRng } from '../../lib/random';
import { tf } from '../../lib/tensorflow/backend';
import { eigenSymmetric, setWhitening, whiteningWeights } from '../../lib/training/whitening';
import { assertClose } from '../assertClose';
import { bytesOf } from '../bytesOf';

const SIDE = 17;
const preprocess = { height: SIDE, width: SIDE, ...UNIT_SCALE };

/** Pictures whose neighbouring pixels and channels are much alike, as in photographs. */
function smoothPictures(size: number, seed: number): ImageDataset {
  const rng = createRng(seed, 'smooth pictures');
  const images = new Uint8Array(size * SIDE * SIDE * 3);
  for (let picture = 0; picture < size; picture++) {
    const base = 40 + rng.nextInt(150);
    const [slopeX, slopeY] = [rng.nextInt(5) - 2, rng.nextInt(5) - 2];
    for (let place = 0; place < SIDE * SIDE; place++) {
      const [x, y] = [place % SIDE, Math.floor(place / SIDE)];
      for (let channel = 0; channel < 3; channel++) {
        const value = base + slopeX * x + slopeY * y + 10 * channel + rng.nextInt(20);
        images[(picture * SIDE * SIDE + place) * 3 + channel] = Math.min(255, Math.max(0, value));
      }
    }
  }
  return createDataset({
    name: 'smooth',
    source: 'generated',
    images,
    labels: new Int32Array(size),
    classNames: ['one', 'two'],
    height: SIDE,
    width: SIDE,
  });
}

test('eigenvalues and eigenvectors are those worked out by hand', () => {
  // |2-λ 1; 1 2-λ| = 0 at λ = 3 with (1, 1)/√2 and at λ = 1 with (1, -1)/√2.
  const { eigenvalues, eigenvectors } = eigenSymmetric([
    [2, 1],
    [1, 2],
  ]);
  assertClose(eigenvalues, [3, 1], { tolerance: 1e-12 });
  const root = Math.SQRT1_2;
  assertClose(eigenvectors[0], [root, root], { tolerance: 1e-12 });
  assertClose(eigenvectors[1], [root, -root], { tolerance: 1e-12 });
});

test('A v = λ v for every pair of a larger matrix, and the vectors are orthonormal', () => {
  const rng = createRng(1, 'matrix');
  const matrix = Array.from({ length: 12 }, () => new Array<number>(12).fill(0));
  matrix.forEach((row, i) => row.forEach((_, j) => j <= i && (row[j] = rng.nextNormal())));
  matrix.forEach((row, i) =>
    row.forEach((_, j) => (matrix[i][j] = matrix[Math.max(i, j)][Math.min(i, j)])),
  );
  const { eigenvalues, eigenvectors } = eigenSymmetric(matrix);
  const dot = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, x, i) => sum + x * b[i], 0);
  eigenvectors.forEach((vector, i) => {
    const product = matrix.map((row) => dot(row, vector));
    assertClose(
      product,
      vector.map((x) => eigenvalues[i] * x),
      { tolerance: 1e-9 },
    );
    eigenvectors.forEach((other, j) =>
      assertClose([dot(vector, other)], [i === j ? 1 : 0], { tolerance: 1e-9 }),
    );
  });
  assert.deepEqual(
    eigenvalues,
    [...eigenvalues].sort((a, b) => b - a),
  );
});

test('the convolution turns patches into independent numbers of mean 0 and variance 1', () => {
  const dataset = smoothPictures(40, 2);
  const { kernel, bias, filters } = whiteningWeights(dataset, { preprocess, epsilon: 1e-9 });
  assert.equal(filters, 24);
  const outputs = tf.tidy(() => {
    const pixels = tf
      .tensor4d(Float32Array.from(bytesOf(dataset)), [40, SIDE, SIDE, 3])
      .div<tf.Tensor4D>(255);
    const convolved = tf.conv2d(pixels, tf.tensor4d(kernel, [2, 2, 3, 24]), 1, 'valid').add(bias);
    return convolved.reshape([-1, 24]).arraySync() as number[][];
  });
  const mean = outputs[0].map(
    (_, i) => outputs.reduce((sum, row) => sum + row[i], 0) / outputs.length,
  );
  assertClose(
    mean,
    mean.map(() => 0),
    { tolerance: 1e-3 },
  );
  for (let i = 0; i < 12; i++) {
    for (let j = 0; j < 12; j++) {
      const covariance = outputs.reduce((sum, row) => sum + row[i] * row[j], 0) / outputs.length;
      assertClose([covariance], [i === j ? 1 : 0], { tolerance: 1e-2, message: `${i}, ${j}` });
    }
  }
  // The second half of the filters is the first half's opposite.
  for (const row of outputs.slice(0, 5)) {
    assertClose(
      row.slice(12),
      row.slice(0, 12).map((x) => -x),
      { tolerance: 1e-3 },
    );
  }
});

test('a network’s layer takes the weights; labels do not matter', () => {
  const dataset = smoothPictures(10, 3);
  const model = createFastCnn({ inputShape: [SIDE, SIDE, 3], numClasses: 2, widths: [4] });
  const before = tf.memory().numTensors;
  setWhitening(model, dataset, { preprocess });
  assert.equal(tf.memory().numTensors, before);
  const [kernel, bias] = model.getLayer('whitening').getWeights();
  const expected = whiteningWeights(
    { ...dataset, labels: new Int32Array(10).fill(1) },
    { preprocess },
  );
  assert.deepEqual(kernel.dataSync(), expected.kernel);
  assert.deepEqual(bias.dataSync(), expected.bias);
  model.dispose();
});
