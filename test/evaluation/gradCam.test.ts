import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gradCam } from '../../lib/evaluation/gradCam';
import type { Classifier } from '../../lib/models/classifier';
import { createMlp } from '../../lib/models/mlp';
import { tf } from '../../lib/tensorflow/backend';
import { assertClose } from '../assertClose';

interface KerasMaps {
  readonly probabilities: readonly number[];
  readonly maps: readonly {
    readonly layer: string;
    readonly label: number;
    readonly gradCam: readonly (readonly number[])[];
    readonly layerCam: readonly (readonly number[])[];
  }[];
  /** Of the second map's Grad-CAM. */
  readonly heatmap: readonly (readonly number[])[];
}

/** What Keras 3.15.1 on TensorFlow 2.21.0 computed by its own gradients: fixtures/make_grad_cam.py. */
const keras = JSON.parse(
  readFileSync(join(__dirname, 'fixtures', 'grad-cam.json'), 'utf8'),
) as KerasMaps;

const classNames = ['ant', 'bee', 'cat'];
const [height, width] = [9, 8];
const preprocess = { height, width, mean: [0, 0, 0], std: [1, 1, 1] } as const;
const data = Uint8Array.from({ length: height * width * 3 }, (_, index) => (index * 37) % 256);
const picture = { data, height, width };

/** The network of make_grad_cam.py. */
function network(): tf.LayersModel {
  const { layers } = tf;
  const apply = (layer: tf.layers.Layer, x: tf.SymbolicTensor | tf.SymbolicTensor[]) =>
    layer.apply(x) as tf.SymbolicTensor;
  const input = tf.input({ shape: [height, width, 3] });
  const conv = { filters: 4, kernelSize: 3, padding: 'same' } as const;
  const conv1 = apply(layers.conv2d({ ...conv, activation: 'relu', name: 'conv1' }), input);
  const pool = apply(layers.maxPooling2d({ poolSize: 2, name: 'pool' }), conv1);
  const conv2 = apply(layers.conv2d({ ...conv, name: 'conv2' }), pool);
  const norm = apply(layers.batchNormalization({ epsilon: 1e-3, name: 'norm' }), conv2);
  const total = apply(layers.add({ name: 'total' }), [pool, norm]);
  const conv3 = apply(
    layers.conv2d({ filters: 5, kernelSize: 2, activation: 'relu', name: 'conv3' }),
    total,
  );
  const mean = apply(layers.globalAveragePooling2d({ name: 'mean' }), conv3);
  const dense = layers.dense({ units: 3, activation: 'softmax', name: 'predictions' });
  return tf.model({ inputs: input, outputs: apply(dense, mean) });
}

/** The weights of make_grad_cam.py. */
function fill(model: tf.LayersModel): void {
  let k = 0;
  for (const layer of model.layers) {
    const values = layer.weights.map(({ shape, originalName }) => {
      const size = tf.util.sizeFromShape(shape as number[]);
      const shift = originalName.includes('variance') ? 1 : 0;
      const filled = Float32Array.from({ length: size }, (_, i) => weightAt(i, k) + shift);
      k++;
      return tf.tensor(filled, shape as number[]);
    });
    layer.setWeights(values);
    tf.dispose(values);
  }
}

const weightAt = (i: number, k: number): number => Math.sin(1.3 * i + k) / 2 + 0.05;

const model = network();
fill(model);
const classifier: Classifier = { model, classNames, preprocess };
after(() => model.dispose());

for (const { layer, label, ...expected } of keras.maps) {
  test(`Keras' gradients give the same maps of the layer ${layer} for class ${label}`, async () => {
    for (const method of ['gradCam', 'layerCam'] as const) {
      const options = { layer, method, className: classNames[label] };
      const explanation = await gradCam(classifier, picture, options);
      assertClose(explanation.probability, keras.probabilities[label], { tolerance: 1e-5 });
      assert.deepEqual([explanation.className, explanation.layer], [classNames[label], layer]);
      assert.equal(explanation.map.width, expected[method][0].length);
      assertClose(explanation.map.data, expected[method].flat(), { tolerance: 2e-5 });
    }
  });
}

test('by default the predicted class is explained, by the last layer before the pooling; its map is enlarged', async (t) => {
  const warn = t.mock.method(console, 'warn', () => undefined);
  const before = tf.memory().numTensors;
  const { className, layer, heatmap, picture: shown } = await gradCam(classifier, picture);
  assert.deepEqual([className, layer], ['ant', 'conv3']);
  assert.equal(shown, picture);
  assert.equal(Math.max(...heatmap) <= 1, true);
  const bee = await gradCam(classifier, picture, { className: 'bee' });
  assertClose(bee.heatmap, keras.heatmap.flat(), { tolerance: 2e-4 });
  assert.equal(tf.memory().numTensors, before);
  assert.equal(warn.mock.callCount(), 0, 'it is a graph');
});

test('a network within a network is explained alike', async (t) => {
  const body = tf.model({
    inputs: model.inputs,
    outputs: model.getLayer('mean').output,
  });
  const outer = tf.sequential({
    layers: [body, tf.layers.dense({ units: 3, activation: 'softmax' })],
  });
  t.after(() => outer.layers[1].dispose());
  outer.layers[1].setWeights(model.getLayer('predictions').getWeights());
  const nested = { ...classifier, model: outer };
  const [inside, flat] = [await gradCam(nested, picture), await gradCam(classifier, picture)];
  assert.equal(inside.layer, 'conv3');
  assertClose(inside.map.data, Array.from(flat.map.data), { tolerance: 1e-6 });
});

test('what cannot be explained is refused in words', async (t) => {
  await assert.rejects(
    gradCam(classifier, picture, { className: 'dog' }),
    /Expected className to be one of "ant", "bee", "cat" but received "dog"/,
  );
  await assert.rejects(
    gradCam(classifier, picture, { layer: 'mean' }),
    /Expected layer to be one of "conv1", .*"conv3" but received "mean"/,
  );
  const mlp = createMlp({ inputShape: [height, width, 3], numClasses: 3, seed: 1 });
  t.after(() => mlp.dispose());
  await assert.rejects(
    gradCam({ ...classifier, model: mlp }, picture),
    /Expected a convolutional classifier but no convolution of mlp keeps height and width/,
  );
});
