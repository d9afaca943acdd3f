import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyPreprocess } from '../../lib/data/applyPreprocess';
import {
  checkPreprocess,
  MOBILENET_SCALE,
  type Preprocess,
  UNIT_SCALE,
} from '../../lib/data/preprocess';
import { tf } from '../../lib/tensorflow/backend';
import { assertClose } from '../assertClose';

/** One row of grey pixels through applyPreprocess, the red channel of the result; counts tensors. */
function preprocessRow(
  row: readonly number[],
  scale: Pick<Preprocess, 'mean' | 'std'>,
  width = row.length,
): number[] {
  const before = tf.memory().numTensors;
  const images = tf.tensor4d(
    row.flatMap((value) => [value, value, value]),
    [1, 1, row.length, 3],
  );
  const result = applyPreprocess(images, { height: 1, width, ...scale });
  assert.deepEqual(result.shape, [1, 1, width, 3]);
  const values = Array.from(result.dataSync()).filter((_, index) => index % 3 === 0);
  tf.dispose([images, result]);
  assert.equal(tf.memory().numTensors, before);
  return values;
}

test('pixels are scaled to [0, 1] and, for MobileNetV2, to [-1, 1]', () => {
  assertClose(preprocessRow([0, 51, 255], UNIT_SCALE), [0, 0.2, 1]);
  assertClose(preprocessRow([0, 127.5, 255], MOBILENET_SCALE), [-1, 0, 1]);
});

test('each channel has a mean and a standard deviation of its own', () => {
  const images = tf.tensor4d([255, 51, 0], [1, 1, 1, 3]);
  const result = applyPreprocess(images, {
    height: 1,
    width: 1,
    mean: [0.5, 0.1, 0.4],
    std: [0.25, 0.5, 0.2],
  });
  assertClose(Array.from(result.dataSync()), [2, 0.2, -2]); // (1 - .5) / .25, (.2 - .1) / .5, -.4 / .2
  tf.dispose([images, result]);
});

test('enlarging interpolates between half-pixel centres, as tf.image.resize', () => {
  // Centres of 4 pixels over 2: -0.25, 0.25, 0.75, 1.25 in the old row's units, held at the ends.
  assertClose(preprocessRow([0, 255], UNIT_SCALE, 4), [0, 0.25, 0.75, 1]);
});

test('shrinking takes the two nearest pixels and does not average, as antialias=False', () => {
  // Centres of 2 pixels over 6 lie at 1 and 4: exactly those two pixels.
  assertClose(preprocessRow([0, 51, 255, 255, 102, 255], UNIT_SCALE, 2), [0.2, 0.4]);
});

test('images that are no float32 pictures are refused', () => {
  const preprocess: Preprocess = { height: 1, width: 1, ...UNIT_SCALE };
  tf.tidy(() => {
    const integers = tf.zeros<tf.Rank.R4>([1, 1, 1, 3], 'int32');
    assert.throws(() => applyPreprocess(integers, preprocess), /Expected float32 images .* int32/);
    const grey = tf.zeros<tf.Rank.R4>([2, 4, 4, 1]);
    assert.throws(() => applyPreprocess(grey, preprocess), /\[2, 4, 4, 1\]/);
  });
});

test('a preprocessing read from JSON is checked field by field', () => {
  const good: Preprocess = { height: 96, width: 96, ...MOBILENET_SCALE };
  for (const value of [good, { ...good, sourceSize: { height: 32, width: 32 } }]) {
    assert.deepEqual(checkPreprocess(JSON.parse(JSON.stringify(value))), value);
  }
  const broken: readonly [unknown, RegExp][] = [
    [undefined, /the preprocessing in model\.json .* received undefined/],
    [{ ...good, height: 0 }, /height in model\.json .* received 0/],
    [{ ...good, width: '96' }, /width in model\.json .* received "96"/],
    [{ ...good, mean: [0, 0] }, /mean in model\.json .* \[0,0\]/],
    [{ ...good, std: [1, 0, 1] }, /std in model\.json to be three numbers greater than 0/],
    [{ ...good, std: [1, null, 1] }, /std in model\.json/], // JSON's form of NaN
  ];
  for (const [value, message] of broken) {
    assert.throws(() => checkPreprocess(value, 'model.json'), message);
  }
});
