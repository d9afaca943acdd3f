import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { MOBILENET_SCALE } from '../../lib/data/preprocess';
import { loadClassifier, saveClassifier } from '../../lib/models/classifier';
import { loadKerasModel } from '../../lib/models/kerasModel';
import { tf } from '../../lib/tensorflow/backend';
import { createSgd } from '../../lib/training/optimizer';
import { createTrainingStep } from '../../lib/training/trainingStep';
import { fixture, largestDifference } from './fixtures/keras';

/** What Keras 3.15.1 on TensorFlow 2.21.0 computed: make_keras_models.py. */
const expected = JSON.parse(readFileSync(fixture('keras-models.json'), 'utf8')) as Readonly<
  Record<string, { parameters: number; outputs: number[]; afterOneStep: number[] }>
>;

/** The fixed input of make_keras_models.py before its scaling to [-1, 1]: two pictures of 8 × 8. */
const pixels = Uint8Array.from({ length: 2 * 8 * 8 * 3 }, (_, index) => (index * 37) % 256);

function predict(model: tf.LayersModel): Float32Array {
  return tf.tidy(() => {
    const images = tf.tensor4d(Array.from(pixels), [2, 8, 8, 3]).div(127.5).sub(1);
    return (model.predict(images) as tf.Tensor).dataSync() as Float32Array;
  });
}

/** One step of SGD without dropout, as in make_keras_models.py. */
function trainOneStep(model: tf.LayersModel): void {
  for (const layer of model.layers as (tf.layers.Layer & { rate?: number })[]) {
    if (layer.getClassName() === 'Dropout') layer.rate = 0;
  }
  const preprocess = { height: 8, width: 8, ...MOBILENET_SCALE };
  const step = createTrainingStep(model, { optimizer: createSgd(), preprocess, seed: 1 });
  const batch = { inputs: pixels, labels: Int32Array.of(0, 2) };
  step.run(batch, { learningRate: 0.01, step: 1 });
  step.dispose();
}

for (const [name, ending] of [
  ['sequential', 'keras'],
  ['functional', 'keras'],
  ['functional', 'h5'],
  ['transfer', 'keras'],
  ['transfer', 'h5'],
]) {
  test(`loadKerasModel() makes of ${name}.${ending} what Keras has, before and after a step of training`, async () => {
    const before = tf.memory().numTensors;
    const model = await loadKerasModel(fixture(`${name}.${ending}`));
    const { parameters, outputs, afterOneStep } = expected[name];
    assert.equal(model.name, `${name}_model`);
    assert.equal(model.countParams(), parameters);
    assert.ok(largestDifference(predict(model), outputs) < 1e-5);
    trainOneStep(model);
    assert.ok(largestDifference(predict(model), afterOneStep) < 1e-5);
    model.dispose();
    // tfjs keeps the two weights of a layer that was called twice.
    assert.equal(tf.memory().numTensors, before + (name === 'functional' ? 2 : 0));
  });
}

test('loadKerasModel() makes a model that is saved and loaded as a classifier', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keras-model-'));
  const model = await loadKerasModel(fixture('functional.keras'));
  const preprocess = { height: 8, width: 8, ...MOBILENET_SCALE };
  await saveClassifier({ model, classNames: ['a', 'b', 'c'], preprocess }, folder);
  const loaded = await loadClassifier(folder);
  assert.deepEqual(predict(loaded.model), predict(model));
  tf.dispose([model, loaded.model].map((each) => each.getWeights()));
  rmSync(folder, { recursive: true });
});

test('loadKerasModel() puts the layers of inner models in their place, frozen as they were', async () => {
  const model = await loadKerasModel(fixture('transfer.keras'));
  const classes = (layers: tf.layers.Layer[]) =>
    layers.map((layer) => layer.getClassName()).join(' ');
  const trained = model.layers.filter((layer) => layer.trainableWeights.length > 0);
  assert.equal(
    classes(model.layers),
    'InputLayer Conv2D BatchNormalization Activation Conv2D BatchNormalization Flatten Dense',
  );
  assert.equal(classes(trained), 'Dense');
  model.dispose();
});

for (const [file, found] of [
  ['recurrent', 'the layer "memory" \\(LSTM\\)'],
  ['groups', 'groups: 2 of "grouped" \\(Conv2D\\)'],
  ['activation', 'activation: "hard_sigmoid" of "units" \\(Dense\\)'],
  ['constraint', 'kernel_constraint: .*NonNeg.* of "units" \\(Dense\\)'],
  ['float16', 'dtype: .*"float16".* of "units" \\(Dense\\)'],
  ['number', '2 as an argument of "multiply" \\(Multiply\\)'],
  ['call', 'training: true in a call of "drop" \\(Dropout\\)'],
  ['own', 'the layer "own" \\(Own\\)'],
]) {
  test(`loadKerasModel() refuses by its name what tfjs does not have: ${file}`, async () => {
    const before = tf.memory().numTensors;
    await assert.rejects(
      loadKerasModel(fixture(`refused/${file}.keras`)),
      new RegExp(`Expected what tfjs has too in ${file}\\.keras but found ${found}: change it`),
    );
    assert.equal(tf.memory().numTensors, before);
  });
}

test('loadKerasModel() says what else a file is, and finds damage', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keras-model-'));
  const whole = readFileSync(fixture('transfer.keras'));
  const changed = Buffer.from(whole);
  changed[1000] ^= 1; // within the packed config.json or weights
  const cases: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ['weights.h5', readFileSync(fixture('mini-keras2.h5')), /found weights alone/],
    ['cut.keras', whole.subarray(0, 3000), /cut\.keras but it is damaged .*no directory/],
    ['changed.keras', changed, /changed\.keras but it is damaged .*copy it again/],
    ['page.keras', Buffer.from('<html>'), /found a web page/],
  ];
  for (const [name, bytes, message] of cases) {
    writeFileSync(join(folder, name), bytes);
    await assert.rejects(loadKerasModel(join(folder, name)), message);
  }
  rmSync(folder, { recursive: true });
});
