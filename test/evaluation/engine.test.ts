import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CIFAR10_SCALE } from '../../lib/data/preprocess';
import { createEnginePredictor } from '../../lib/evaluation/engine';
import { measureLatency } from '../../lib/evaluation/latency';
import { predictDataset } from '../../lib/evaluation/predict';
import { predictImage } from '../../lib/evaluation/predictImage';
import { createPredictor } from '../../lib/evaluation/predictor';
import type { Classifier } from '../../lib/models/classifier';
import { tf } from '../../lib/tensorflow/backend';
import { compile } from '../../lib/tensorflow/compile';
import { namedWeights } from '../../lib/training/trainingStep';
import { assertClose } from '../assertClose';
import { createTinyDataset, createTinyModel } from '../training/tinyTraining';

const SIDE = 8;
const dataset = createTinyDataset(12, 3);
const { images } = dataset;
const tolerance = 1e-5;

function tinyClassifier(model = createTinyModel()): Classifier {
  const preprocess = { height: SIDE, width: SIDE, ...CIFAR10_SCALE };
  return { model, preprocess, views: 2, classNames: ['red', 'green', 'blue'] };
}

/** A layer that ONNX export does not know. */
function unknownModel(): tf.LayersModel {
  return tf.sequential({
    layers: [
      tf.layers.upSampling2d({ inputShape: [SIDE, SIDE, 3] }),
      tf.layers.globalMaxPooling2d({}),
      tf.layers.dense({ units: 3, activation: 'softmax' }),
    ],
  });
}

test('both engines predict the same, whatever part of a batch and size of picture comes', async () => {
  const classifier = tinyClassifier();
  for (const side of [SIDE, 4]) {
    const size = { height: side, width: side };
    const onnx = createEnginePredictor(classifier, { engine: 'onnx', ...size });
    const graph = createPredictor(classifier.model, { ...classifier, ...size });
    for (const [from, to] of [
      [0, 12],
      [3, 8],
      [11, 12],
    ]) {
      const pixels = images.subarray(from * side * side * 3, to * side * side * 3);
      const expected = graph.run(pixels, to - from);
      assertClose(await onnx.run(pixels, to - from), expected, { tolerance });
    }
    onnx.dispose();
    graph.dispose();
  }
  classifier.model.dispose();
});

test('both engines apply the temperature to the mean of the views', async () => {
  const classifier = tinyClassifier();
  const plain = await predictDataset(classifier, dataset, { engine: 'tensorflow' });
  // Temperature 2: the root of each, divided by the row's sum of roots.
  const roots = Array.from(plain, Math.sqrt);
  const expected = roots.map((root, index) => {
    const row = roots.slice(index - (index % 3), index - (index % 3) + 3);
    return root / row.reduce((sum, each) => sum + each);
  });
  for (const engine of ['tensorflow', 'onnx'] as const) {
    const found = await predictDataset({ ...classifier, temperature: 2 }, dataset, { engine });
    assertClose(found, expected, { tolerance });
  }
  classifier.model.dispose();
});

test('ONNX Runtime notices weights that changed by whatever means', async () => {
  const classifier = tinyClassifier();
  const { model, preprocess } = classifier;
  const weights = namedWeights(model).map(({ variable }) => variable);
  const shrink = compile(() => {
    for (const weight of weights) weight.assign(weight.mul(0.9));
  });
  const other = createTinyModel();
  const size = { height: SIDE, width: SIDE };
  const onnx = createEnginePredictor(classifier, { engine: 'onnx', ...size });
  const graph = createPredictor(model, { preprocess, views: 2 });
  let before = await onnx.run(images, 12);
  for (const change of [
    shrink,
    shrink,
    () => model.setWeights(other.getWeights()),
    () => tf.tidy(() => weights[0].assign(weights[0].neg())),
  ]) {
    change();
    const after = await onnx.run(images, 12);
    assert.notDeepEqual(after, before);
    assertClose(after, graph.run(images, 12), { tolerance });
    before = after;
  }
  for (const each of [onnx, graph, shrink, model, other]) each.dispose();
});

test('a layer that ONNX does not know: TensorFlow predicts after one notice, or an error', async () => {
  const classifier = tinyClassifier(unknownModel());
  const notices: string[] = [];
  const options = { height: SIDE, width: SIDE, onNotice: (notice: string) => notices.push(notice) };
  const graph = createPredictor(classifier.model, classifier);
  const expected = graph.run(images, 12);
  for (let i = 0; i < 2; i++) {
    const predictor = createEnginePredictor(classifier, { engine: 'auto', ...options });
    assert.deepEqual(await predictor.run(images, 12), expected);
    assert.deepEqual(await predictor.run(images, 12), graph.run(images, 12));
    predictor.dispose();
  }
  assert.equal(notices.length, 1);
  assert.match(notices[0], /^TensorFlow predicts with .*UpSampling2D/);
  const strict = createEnginePredictor(classifier, { engine: 'onnx', ...options });
  await assert.rejects(async () => strict.run(images, 12), /of class UpSampling2D/);
  strict.dispose();
  graph.dispose();
  classifier.model.dispose();
});

test('what predicts takes an engine, and leaves no tensors', async () => {
  const classifier = tinyClassifier();
  const before = tf.memory().numTensors;
  const expected = await predictDataset(classifier, dataset);
  const actual = await predictDataset(classifier, dataset, { engine: 'onnx', batchSize: 5 });
  assertClose(actual, expected, { tolerance });
  const picture = { data: images.subarray(0, SIDE * SIDE * 3), height: SIDE, width: SIDE };
  for (const engine of ['auto', 'onnx', 'tensorflow'] as const) {
    const { label, probability } = await predictImage(classifier, picture, { engine });
    assertClose(probability, expected[label], { tolerance, message: engine });
  }
  const { runs } = await measureLatency(classifier, { engine: 'onnx', runs: 3 });
  assert.equal(runs, 3);
  await assert.rejects(
    predictDataset(classifier, dataset, { engine: 'gpu' as 'onnx' }),
    /engine to be one of "auto", "tensorflow", "onnx" but received "gpu"/,
  );
  const weights = classifier.model.weights.length;
  classifier.model.dispose();
  assert.equal(tf.memory().numTensors, before - weights);
});
