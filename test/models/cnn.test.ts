import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCnn } from '../../lib/models/cnn';
import { tf } from '../../lib/tensorflow/backend';

function weightsOf(model: tf.LayersModel): number[][] {
  return model.getWeights().map((weight) => Array.from(weight.dataSync()));
}

test('createCnn() has the 454,666 parameters that Keras counts for the original notebook', () => {
  const model = createCnn();
  assert.equal(model.countParams(), 454_666);
  model.dispose();
});

test('createCnn() halves the image four times before the dense layers', () => {
  const model = createCnn();
  assert.deepEqual(model.getLayer('pool4').outputShape, [null, 2, 2, 256]);
  assert.deepEqual(model.outputShape, [null, 10]);
  model.dispose();
});

test('createCnn() gives the same weights for the same seed and others for another', () => {
  const before = tf.memory().numTensors;
  const models = [1, 1, 2].map((seed) => createCnn({ inputShape: [16, 16, 3], seed }));
  const [first, again, other] = models.map(weightsOf);
  assert.deepEqual(again, first);
  assert.notDeepEqual(other, first);
  models.forEach((model) => model.dispose());
  assert.equal(tf.memory().numTensors, before);
});

test('createCnn() seeds every layer differently', () => {
  const model = createCnn({ seed: 3 });
  const firstValues = model.layers
    .filter((layer) => layer.getWeights().length > 0)
    .map((layer) => {
      const [kernel] = layer.getWeights();
      const [, ...rest] = [...kernel.shape].reverse();
      const fanIn = rest.reduce((product, side) => product * side, 1);
      const receptive = kernel.rank === 4 ? kernel.shape[0] * (kernel.shape[1] ?? 1) : 1;
      const fanOut = kernel.shape[kernel.rank - 1] * receptive;
      // Scaled to [-1, 1], the same seed would give the same number in every layer.
      return (kernel.dataSync()[0] / Math.sqrt(6 / (fanIn + fanOut))).toFixed(4);
    });
  assert.equal(new Set(firstValues).size, firstValues.length, firstValues.join(' '));
  model.dispose();
});

test('createCnn() refuses impossible options with the way out', () => {
  assert.throws(() => createCnn({ inputShape: [15, 32, 3] }), /inputShape.*at least 16/);
  assert.throws(() => createCnn({ numClasses: 1 }), /numClasses.*received 1/);
  assert.throws(() => createCnn({ dropoutRate: 1 }), /dropoutRate.*received 1/);
});
