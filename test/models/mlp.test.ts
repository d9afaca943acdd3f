import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMlp } from '../../lib/models/mlp';
import { tf } from '../../lib/tensorflow/backend';

test('createMlp() has the 6,313,994 parameters that Keras counts for the original notebook', () => {
  const model = createMlp();
  assert.equal(model.countParams(), 6_313_994);
  model.dispose();
});

test('createMlp() returns probabilities of the asked number of classes and leaks nothing', () => {
  const before = tf.memory().numTensors;
  const model = createMlp({ inputShape: [4, 6, 3], numClasses: 3 });
  const sums = tf.tidy(() => {
    const output = model.predict(tf.ones([2, 4, 6, 3])) as tf.Tensor;
    assert.deepEqual(output.shape, [2, 3]);
    return Array.from(output.sum(1).dataSync());
  });
  for (const sum of sums) assert.ok(Math.abs(sum - 1) < 1e-6);
  model.dispose();
  assert.equal(tf.memory().numTensors, before);
});

test('createMlp() starts within the bounds of Glorot and Bengio (2010), biases at zero', () => {
  const model = createMlp({ inputShape: [4, 4, 3], seed: 7 });
  const [kernel, bias] = model.getLayer('hidden').getWeights();
  const limit = Math.sqrt(6 / (4 * 4 * 3 + 2048)); // their formula (16)
  const values = Array.from(kernel.dataSync());
  const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  assert.ok(largest <= limit && largest > 0.99 * limit, `${largest} against ${limit}`);
  assert.ok(bias.dataSync().every((value) => value === 0));
  model.dispose();
});

test('createMlp() refuses an unknown option by name', () => {
  const options = { units: 5 } as object;
  assert.throws(() => createMlp(options), /createMlp.*"units"/);
});
