import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tf } from '../../lib/tensorflow/backend';
import { describeDataset, describeModel, findDifference } from '../../lib/training/identity';
import { createTinyDataset, createTinyModel } from './tinyTraining';

test('the same model made twice is the same, whatever tfjs calls its layers', () => {
  const [first, second] = [createTinyModel(), createTinyModel()];
  assert.notEqual(first.layers[0].name, second.layers[0].name);
  assert.deepEqual(describeModel(first), describeModel(second));
});

test('a functional model keeps its connections under numbered names', () => {
  const create = (swapped: boolean) => {
    const input = tf.input({ shape: [4] });
    const layers = [tf.layers.dense({ units: 4 }), tf.layers.dense({ units: 5 })];
    const [a, b] = layers.map((layer) => layer.apply(input) as tf.SymbolicTensor);
    const joined = tf.layers.concatenate().apply(swapped ? [b, a] : [a, b]);
    return tf.model({ inputs: input, outputs: joined as tf.SymbolicTensor });
  };
  assert.deepEqual(describeModel(create(false)), describeModel(create(false)));
  assert.notDeepEqual(describeModel(create(false)), describeModel(create(true)));
});

test('another rate, initial seed or frozen layer makes another model', () => {
  const model = createTinyModel();
  assert.match(
    String(
      findDifference(describeModel(model), describeModel(createTinyModel({ dropoutRate: 0.5 }))),
    ),
    /^config\.layers\[3\]\.config\.rate was 0\.25 and is 0\.5 now$/,
  );
  const before = describeModel(model);
  model.layers[0].trainable = false;
  assert.match(
    String(findDifference(before, describeModel(model))),
    /config\.layers\[0\]\.config\.trainable was true and is false now/,
  );
});

test('a data set is known by its labels, its classes and a sample of its pictures', () => {
  const dataset = createTinyDataset(50, 1);
  assert.deepEqual(describeDataset(dataset), describeDataset(createTinyDataset(50, 1)));
  const labels = dataset.labels.slice();
  labels[49] = (labels[49] + 1) % 3;
  const images = dataset.images.slice();
  images[images.length - 1] ^= 1;
  const classNames = ['red', 'green', 'violet'];
  for (const changed of [{ labels }, { images }, { classNames }]) {
    const other = describeDataset({ ...dataset, ...changed });
    assert.notDeepEqual(other, describeDataset(dataset), Object.keys(changed)[0]);
  }
});

test('the first difference is told with its place and both values', () => {
  assert.equal(findDifference({ a: [1, { b: null }] }, { a: [1, { b: null }] }), undefined);
  assert.equal(findDifference({ a: [1, 2] }, { a: [1] }), 'a[1] was 2 and is not set now');
  assert.equal(findDifference({}, { a: { b: 'x' } }), 'a was not set and is an object now');
  assert.equal(findDifference({ a: { b: 'x' } }, { a: { b: 'y' } }), 'a.b was "x" and is "y" now');
});
