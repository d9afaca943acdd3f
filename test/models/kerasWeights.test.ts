import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadKerasWeights, saveKerasWeights } from '../../lib/models/kerasWeights';
import { createMobileNetV2 } from '../../lib/models/mobileNetV2';
import { tf } from '../../lib/tensorflow/backend';
import { fixture, keras, largestDifference, pattern, predictOnce } from './fixtures/keras';

/** The model of make_keras_fixtures.py. */
function createMini({ units = 5, depthwise = 'depthwise' } = {}): tf.LayersModel {
  const { layers } = tf;
  return tf.sequential({
    name: 'mini',
    layers: [
      layers.conv2d({
        name: 'Conv1',
        inputShape: [8, 8, 3],
        filters: 4,
        kernelSize: 3,
        strides: 2,
        padding: 'same',
        useBias: false,
      }),
      layers.batchNormalization({ name: 'bn_Conv1', epsilon: 1e-3, momentum: 0.999 }),
      layers.depthwiseConv2d({ name: depthwise, kernelSize: 3, padding: 'same', useBias: false }),
      layers.flatten({ name: 'flatten' }),
      layers.dense({ name: 'predictions', units, activation: 'softmax' }),
    ],
  });
}

for (const [file, layout] of [
  ['mini-keras2.h5', 'Keras 2\'s layout (":0", depthwise_kernel)'],
  ['mini-keras3.h5', 'Keras 3\'s layout (a whole model, no ":0", kernel)'],
]) {
  test(`loadKerasWeights() reads ${layout} and the outputs equal Keras'`, async () => {
    const before = tf.memory().numTensors;
    const model = createMini();
    const { unusedLayers } = await loadKerasWeights(model, fixture(file));
    assert.deepEqual(unusedLayers, []);
    assert.ok(largestDifference(predictOnce(model, pattern(8)), keras.mini) < 1e-5);
    model.dispose();
    assert.equal(tf.memory().numTensors, before);
  });
}

test('saveKerasWeights() writes what loadKerasWeights() reads back to the last bit', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keras-weights-'));
  const path = join(folder, 'mini.h5');
  const model = createMini();
  const copy = createMini();
  await loadKerasWeights(model, fixture('mini-keras3.h5'));
  await saveKerasWeights(model, path);
  await loadKerasWeights(copy, path);
  assert.deepEqual(
    copy.getWeights().map((weight) => weight.dataSync()),
    model.getWeights().map((weight) => weight.dataSync()),
  );
  model.dispose();
  copy.dispose();
  rmSync(folder, { recursive: true });
});

test('loadKerasWeights() takes bytes, and names the layers that the model does not have', async () => {
  const whole = createMini();
  const withoutTop = tf.model({
    inputs: whole.inputs,
    outputs: whole.getLayer('flatten').output,
  });
  const bytes = readFileSync(fixture('mini-keras2.h5'));
  const { unusedLayers } = await loadKerasWeights(withoutTop, bytes);
  assert.deepEqual(unusedLayers, ['predictions']);
  whole.dispose();
});

test('loadKerasWeights() goes by position where layers are called otherwise, as Keras does', async () => {
  const renamed = createMini({ depthwise: 'filter' });
  const { unusedLayers } = await loadKerasWeights(renamed, fixture('mini-keras2.h5'));
  assert.deepEqual(unusedLayers, []);
  assert.ok(largestDifference(predictOnce(renamed, pattern(8)), keras.mini) < 1e-5);
  const withoutTop = tf.model({
    inputs: renamed.inputs,
    outputs: renamed.getLayer('flatten').output,
  });
  const rest = await loadKerasWeights(withoutTop, fixture('mini-keras2.h5'));
  assert.deepEqual(rest.unusedLayers, ['predictions']);
  renamed.dispose();
});

test('loadKerasWeights() names a missing layer and a wrong shape, and changes nothing then', async () => {
  const renamed = createMini({ depthwise: 'filter', units: 7 });
  await assert.rejects(
    loadKerasWeights(renamed, fixture('mini-keras2.h5')),
    /the layer "filter" in mini-keras2\.h5 but found no weights of that name.*choose the file/,
  );
  renamed.dispose();

  const wider = createMini({ units: 7 });
  const before = wider.getWeights().map((weight) => weight.dataSync());
  await assert.rejects(
    loadKerasWeights(wider, fixture('mini-keras3.h5')),
    /"predictions\/kernel" of shape \[64, 7\] in mini-keras3\.h5 but found \[64, 5\]/,
  );
  assert.deepEqual(
    wider.getWeights().map((weight) => weight.dataSync()),
    before,
  );
  wider.dispose();
});

test('loadKerasWeights() names the parameters of both sides for weights of another width', async () => {
  const model = createMobileNetV2({ alpha: 0.35, inputSize: 32, includeTop: false });
  await assert.rejects(
    loadKerasWeights(model, fixture('mini-keras3.h5')),
    // 108 + 16 + 36 + 325, counted by hand
    /the file holds 485 parameters, the model "mobilenetv2_0\.35_32" 410,208/,
  );
  model.dispose();
});

test('loadKerasWeights() says what a file is that is no whole HDF5 file', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'keras-weights-'));
  const model = createMini();
  const rejects = (content: string | Buffer, message: RegExp) => {
    const path = join(folder, 'weights.h5');
    writeFileSync(path, content);
    return assert.rejects(loadKerasWeights(model, path), message);
  };
  const whole = readFileSync(fixture('mini-keras2.h5'));
  await rejects(
    whole.subarray(0, 9000),
    /Expected 20392 bytes in weights\.h5 but found 9000.*truncated/,
  );
  await rejects(whole.subarray(0, 20), /found 20: the file is truncated/);
  await rejects('\n<!DOCTYPE html><html>Not found</html>', /web page saved under that name/);
  await rejects('', /an empty file/);
  await rejects('PK\x03\x04…', /ZIP archive.*model\.save\("name\.h5"\)/);
  await rejects('not weights', /its first bytes are 6e6f742077656967/);
  await rejects(readFileSync(fixture('mini-keras3.weights.h5')), /numbers the layers.*model\.save/);
  rmSync(folder, { recursive: true });
  await assert.rejects(
    loadKerasWeights(model, join(folder, 'none.h5')),
    /none\.h5 but there is no such file/,
  );
  model.dispose();
});
