import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadKerasWeights } from '../../lib/models/kerasWeights';
import { createMobileNetV2, type MobileNetV2Options } from '../../lib/models/mobileNetV2';
import { tf } from '../../lib/tensorflow/backend';
import { withFusedLayers } from '../../lib/tensorflow/layers';
import { keras, largestDifference, pattern, predictOnce } from './fixtures/keras';

const folder = process.env.MOBILENETV2_DIR;
const skip = folder
  ? false
  : "MOBILENETV2_DIR is unset: point it at a folder with Keras' MobileNetV2 .h5 files";

// keras.applications.MobileNetV2(…).count_params() and .output_shape, Keras 3.15.1.
const COUNTED_BY_KERAS: [MobileNetV2Options, number, number[]][] = [
  [{}, 3_538_984, [1000]],
  [{ inputSize: 96, includeTop: false }, 2_257_984, [3, 3, 1280]],
  [{ alpha: 0.35, includeTop: false }, 410_208, [7, 7, 1280]],
  [{ alpha: 0.5, inputSize: 96, includeTop: false, pooling: 'avg' }, 706_224, [1280]],
  [{ alpha: 0.75, inputSize: 128, includeTop: false }, 1_382_064, [4, 4, 1280]],
  [{ alpha: 1.3, inputSize: 97, includeTop: false, pooling: 'avg' }, 3_766_048, [1664]],
  [{ alpha: 1.4 }, 6_156_712, [1000]],
  [{ alpha: 0.1, inputSize: 33, includeTop: false, pooling: 'max' }, 93_312, [1280]],
  [{ alpha: 0.87, inputSize: 50 }, 3_016_472, [1000]],
];

test("createMobileNetV2() has Keras' parameter counts and output shapes at any width and size", () => {
  for (const [options, parameters, outputShape] of COUNTED_BY_KERAS) {
    const model = createMobileNetV2(options);
    assert.equal(model.countParams(), parameters, JSON.stringify(options));
    assert.deepEqual(model.outputShape, [null, ...outputShape], JSON.stringify(options));
    model.dispose();
  }
});

test("createMobileNetV2() has Keras' layer names and shapes in Keras' order, odd sizes included", () => {
  const model = createMobileNetV2({ inputSize: 97 });
  const layers = model.layers.slice(1).map((layer) => [layer.name, layer.outputShape.slice(1)]);
  assert.deepEqual(layers, keras.layersAt97);
  model.dispose();
});

test('createMobileNetV2() trains every layer, and leaks nothing', () => {
  const before = tf.memory().numTensors;
  const model = createMobileNetV2({ alpha: 0.1, inputSize: 32, numClasses: 4 });
  assert.equal(model.trainableWeights.length, 158); // Keras: len(model.trainable_weights)
  const input = pattern(32);
  const { value, grads } = tf.variableGrads(() => {
    const output = model.apply(input, { training: true }) as tf.Tensor2D;
    return output.slice([0, 0], [1, 1]).log().neg().asScalar();
  });
  assert.ok(Number.isFinite(value.dataSync()[0]));
  assert.equal(Object.keys(grads).length, 158);
  tf.dispose([input, value, grads]);
  model.dispose();
  assert.equal(tf.memory().numTensors, before);
});

test('a frozen batch normalization keeps its averages and normalises with them in training', () => {
  const model = createMobileNetV2({ alpha: 0.1, inputSize: 64, includeTop: false });
  const input = pattern(64);
  const bytesOf = (tensor: tf.Tensor) =>
    Buffer.from(tensor.dataSync().slice().buffer).toString('hex');
  const averages = () => bytesOf(model.getLayer('bn_Conv1').getWeights()[2]);
  const output = (training: boolean) =>
    tf.tidy(() => {
      const apply = () => model.apply(input, { training }) as tf.Tensor;
      return bytesOf(withFusedLayers(apply, { freezeBatchNorm: true })); // as every training step does
    });
  const averagesAtStart = averages();
  const inference = output(false);

  for (const freeze of [model, ...model.layers]) freeze.trainable = false;
  assert.ok(output(true) === inference);
  assert.ok(averages() === averagesAtStart);

  for (const thaw of [...model.layers, model]) thaw.trainable = true;
  assert.ok(output(true) !== inference);
  assert.ok(averages() !== averagesAtStart);

  const averagesAfterStep = averages();
  model.trainable = false; // tfjs sets the weights' flags with it, not the layers'
  output(true);
  assert.ok(averages() === averagesAfterStep);
  input.dispose();
  model.dispose();
});

test('createMobileNetV2() refuses what cannot be, with the way out', () => {
  assert.throws(() => createMobileNetV2({ alpha: 0 }), /alpha.*greater than 0 but received 0/);
  assert.throws(() => createMobileNetV2({ inputSize: 31 }), /inputSize.*32 or more.*received 31/);
  assert.throws(() => createMobileNetV2({ pooling: 'avg' }), /"avg".*includeTop: false/);
});

for (const { file, alpha, inputSize, step, every, mean } of keras.features) {
  test(
    `alpha ${alpha} at ${inputSize} px gives Keras' features within 1e-4`,
    { skip },
    async () => {
      const model = createMobileNetV2({ alpha, inputSize, includeTop: false });
      await loadKerasWeights(model, join(folder!, file));
      const output = predictOnce(model, pattern(inputSize));
      const sampled = every.map((_, i) => output[i * step]);
      assert.ok(largestDifference(sampled, every) < 1e-4);
      const sum = output.reduce((total, value) => total + value, 0);
      assert.ok(Math.abs(sum / output.length - mean) < 1e-5);
      model.dispose();
    },
  );
}

test("with its top it gives Keras' five most probable classes within 1e-4", { skip }, async (t) => {
  const path = join(folder!, keras.top.file);
  if (!existsSync(path)) return t.skip(`${path} is not there`);
  const model = createMobileNetV2();
  await loadKerasWeights(model, path);
  const output = predictOnce(model, pattern(224));
  const top = Array.from(output.keys()).sort((a, b) => output[b] - output[a]);
  assert.deepEqual(top.slice(0, 5), keras.top.classes);
  const probabilities = keras.top.classes.map((index) => output[index]);
  assert.ok(largestDifference(probabilities, keras.top.probabilities) < 1e-4);
  model.dispose();
});
