import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFastCnn } from '../../lib/models/fastCnn';
import { tf } from '../../lib/tensorflow/backend';
import { weightValues } from '../training/tinyTraining';

test('the default network has airbench94’s shape', () => {
  const before = tf.memory().numTensors;
  const model = createFastCnn();
  // Whitening 2·2·3·24 + 24; six convolutions 3×3 without bias, each with offset, mean and variance; 256 × 10.
  const widths = [24, 64, 64, 256, 256, 256, 256];
  const convolutions = widths
    .slice(1)
    .map((filters, i) => 9 * widths[i] * filters + 3 * filters)
    .reduce((sum, count) => sum + count, 0);
  assert.equal(model.countParams(), 2 * 2 * 3 * 24 + 24 + convolutions + 256 * 10);
  const shapes = model.layers.map(({ outputShape }) => (outputShape as number[])[1]);
  assert.deepEqual([...new Set(shapes)], [31, 15, 7, 3, 256, 10]);
  model.dispose();
  assert.equal(tf.memory().numTensors, before);
});

test('outputs are probabilities, for other pictures and classes too', () => {
  const model = createFastCnn({ inputShape: [17, 20, 1], numClasses: 3, widths: [4, 6] });
  const probabilities = tf.tidy(
    () => (model.predict(tf.ones([2, 17, 20, 1])) as tf.Tensor).arraySync() as number[][],
  );
  assert.deepEqual([probabilities.length, probabilities[0].length], [2, 3]);
  for (const row of probabilities) {
    assert.ok(Math.abs(row.reduce((sum, p) => sum + p, 0) - 1) < 1e-6);
  }
  model.dispose();
});

test('the whitening is frozen, and trained where it is switched off', () => {
  const frozen = createFastCnn({ widths: [4] });
  const trained = createFastCnn({ widths: [4], whitening: false });
  assert.equal(trained.trainableWeights.length - frozen.trainableWeights.length, 2);
  assert.equal(frozen.getLayer('whitening').trainable, false);
  assert.equal(trained.countParams(), frozen.countParams());
  for (const model of [frozen, trained]) model.dispose();
});

test('with identities, each convolution hands its inputs on and adds random filters', () => {
  const before = tf.memory().numTensors;
  const model = createFastCnn({ widths: [30, 20], identity: true });
  tf.tidy(() => {
    for (const [name, inputs, filters] of [
      ['block1_conv1', 24, 30],
      ['block1_conv2', 30, 30],
      ['block2_conv1', 30, 20],
    ] as const) {
      const kernel = model.getLayer(name).getWeights()[0] as tf.Tensor4D;
      const pictures = tf.randomNormal<tf.Rank.R4>([2, 5, 6, inputs], 0, 1, 'float32', 1);
      const outputs = tf.conv2d(pictures, kernel, 1, 'same');
      const kept = Math.min(inputs, filters);
      const difference = outputs.slice([0, 0, 0, 0], [-1, -1, -1, kept]);
      const expected = pictures.slice([0, 0, 0, 0], [-1, -1, -1, kept]);
      assert.equal(difference.sub(expected).abs().max().dataSync()[0], 0, name);
      if (filters === kept) continue;
      const random = kernel.slice([0, 0, 0, kept]).dataSync();
      assert.ok(random.every((value) => value !== 0));
    }
  });
  model.dispose();
  assert.equal(tf.memory().numTensors, before);
});

test('the same seed gives the same weights, each layer its own', () => {
  const [first, again, other] = [1, 1, 2].map((seed) => createFastCnn({ widths: [8, 8], seed }));
  assert.deepEqual(weightValues(first), weightValues(again));
  const kernel = (model: tf.LayersModel, name: string) =>
    [...model.getLayer(name).getWeights()[0].dataSync()].slice(0, 5);
  assert.notDeepEqual(kernel(first, 'block1_conv2'), kernel(other, 'block1_conv2'));
  assert.notDeepEqual(kernel(first, 'block1_conv2'), kernel(first, 'block2_conv2'));
  for (const model of [first, again, other]) model.dispose();
});

test('it comes back from its own JSON with stock layers', async () => {
  const model = createFastCnn({ widths: [4] });
  const classNames = new Set(model.layers.map((layer) => layer.getClassName()));
  assert.deepEqual([...classNames].sort(), [
    'Activation',
    'BatchNormalization',
    'Conv2D',
    'Dense',
    'GlobalMaxPooling2D',
    'MaxPooling2D',
    'Rescaling',
  ]);
  const copy = await tf.models.modelFromJSON(model.toJSON(undefined, false) as never);
  assert.equal(copy.countParams(), model.countParams());
  assert.equal(copy.getLayer('whitening').trainable, false);
  for (const each of [model, copy]) each.dispose();
});

test('impossible options are refused', () => {
  assert.throws(() => createFastCnn({ widths: [] }), /Expected widths to be one to four integers/);
  assert.throws(() => createFastCnn({ inputShape: [16, 32, 3] }), /at least 17/);
  assert.throws(() => createFastCnn({ width: [4] } as never), /did you mean "widths"/);
});
