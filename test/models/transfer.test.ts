import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { createDataset, type ImageDataset, imagesAt } from '../../lib/data/dataset';
import { applyPreprocess } from '../../lib/data/applyPreprocess';
import { MOBILENET_SCALE } from '../../lib/data/preprocess';
import { predictDataset } from '../../lib/evaluation/predict';
import { loadClassifier, saveClassifier } from '../../lib/models/classifier';
import { createMobileNetV2 } from '../../lib/models/mobileNetV2';
import {
  countTrainedParameters,
  createHead,
  createTransferModel,
  freeze,
  loadBackbone,
  type Backbone,
  unfreezeFrom,
} from '../../lib/models/transfer';
import { createRng } from '../../lib/random';
import { tf } from '../../lib/tensorflow/backend';
import { extractFeatures, featureValues } from '../../lib/training/features';
import { fineTune } from '../../lib/training/fineTune';
import { predictFeatures, trainHead } from '../../lib/training/head';
import { assertClose } from '../assertClose';
import { sharedFolder } from '../temporaryFolder';

const folder = sharedFolder();

const preprocess = { height: 32, width: 32, ...MOBILENET_SCALE };

/** 12×10 pictures of noise, brighter in the channel of their class. */
function noise(size: number): ImageDataset {
  const rng = createRng(3, 'noise');
  const labels = Int32Array.from({ length: size }, (_, index) => index % 3);
  const images = Uint8Array.from(
    { length: size * 360 },
    (_, i) => rng.nextInt(150) + (i % 3 === labels[Math.floor(i / 360)] ? 100 : 0),
  );
  const classNames = ['red', 'green', 'blue'];
  return createDataset({
    name: 'noise',
    source: 'generated',
    images,
    labels,
    classNames,
    height: 12,
    width: 10,
  });
}

function createParts({ hiddenUnits = 0 } = {}) {
  const backbone = createMobileNetV2({
    alpha: 0.1,
    inputSize: 32,
    includeTop: false,
    pooling: 'avg',
    seed: 5,
  });
  freeze(backbone);
  const head = createHead({
    features: 1280,
    numClasses: 3,
    hiddenUnits,
    dropoutRate: 0.1,
    seed: 5,
  });
  return { backbone, head };
}

/** Every weight of every layer as bytes. */
function weightsOf(model: tf.LayersModel): Map<string, string> {
  return new Map(
    model.layers.map((layer) => [
      layer.name,
      layer.weights
        .map((weight) => Buffer.from(weight.read().dataSync().slice().buffer).toString('base64'))
        .join(),
    ]),
  );
}

test('a transfer model has its own copy of backbone and head, and gives it back', () => {
  const before = tf.memory().numTensors;
  const { backbone, head } = createParts({ hiddenUnits: 8 });
  const model = createTransferModel(backbone, head);
  // Four numbers to standardise each feature; 1280 × 8 + 8; 8 × 3 + 3.
  assert.equal(model.countParams(), backbone.countParams() + 5120 + 10_248 + 27);
  assert.equal(countTrainedParameters(model), 10_248 + 27);
  assert.deepEqual(model.outputs[0].shape, [null, 3]);
  assert.deepEqual([...weightsOf(model).values()].filter(Boolean), [
    ...[...weightsOf(backbone).values()].filter(Boolean),
    ...[...weightsOf(head).values()].filter(Boolean),
  ]);
  for (const each of [model, backbone, head]) each.dispose();
  assert.equal(tf.memory().numTensors, before);
});

test('a head for another number of features is refused', () => {
  const { backbone, head } = createParts();
  const other = createHead({ features: 640, numClasses: 3 });
  assert.throws(() => createTransferModel(backbone, other), /features \[n, 1280\].*\[n, 640\]/);
  for (const model of [backbone, head, other]) model.dispose();
});

test('unfreezeFrom() trains the named layer and those behind it, and no batch normalization', () => {
  const { backbone, head } = createParts();
  const model = createTransferModel(backbone, head);
  assert.deepEqual(unfreezeFrom(model, 'block_16_expand'), [
    'block_16_expand',
    'block_16_depthwise',
    'block_16_project',
    'Conv_1',
    'predictions',
  ]);
  assert.throws(() => unfreezeFrom(model, 'block_99'), /"block_99".*block_16_expand/);
  for (const each of [model, backbone, head]) each.dispose();
});

test('head on features and whole model say the same, before and after saving', async () => {
  const before = tf.memory().numTensors;
  const dataset = noise(30);
  const { backbone, head } = createParts({ hiddenUnits: 8 });
  const features = await extractFeatures({ model: backbone, preprocess }, dataset, {
    cache: false,
  });
  const history = await trainHead(head, { trainFeatures: features, epochs: 12, seed: 1 });
  assert.equal(history.epochs.length, 12);
  const fromFeatures = predictFeatures(head, features);

  const model = createTransferModel(backbone, head);
  const classifier = { model, preprocess, classNames: dataset.classNames };
  const fromPictures = await predictDataset(classifier, dataset);
  assert.ok(largestDifference(fromFeatures, fromPictures) < 1e-5);

  await saveClassifier(classifier, join(folder, 'model'));
  for (const each of [model, backbone, head]) each.dispose();
  const loaded = await loadClassifier(join(folder, 'model'));
  assert.deepEqual(loaded.preprocess, preprocess);
  assert.deepEqual(await predictDataset(loaded, dataset), fromPictures);
  loaded.model.dispose();
  assert.equal(tf.memory().numTensors, before);
});

test('fine-tuning changes exactly the layers from the named one on; the others stay bit for bit', async () => {
  const dataset = noise(24);
  const { backbone, head } = createParts();
  const features = await extractFeatures({ model: backbone, preprocess }, dataset, {
    cache: false,
  });
  await trainHead(head, { trainFeatures: features, epochs: 20, seed: 1 });
  const model = createTransferModel(backbone, head);
  const weightsBefore = weightsOf(model);
  const tensorsBefore = tf.memory().numTensors;
  const history = await fineTune(model, {
    unfreezeFrom: 'block_16_expand',
    trainSet: dataset,
    valSet: dataset,
    epochs: 1,
    batchSize: 8,
    seed: 1,
    preprocess,
    learningRate: 1e-3,
  });
  assert.equal(history.epochs.length, 1);
  assert.equal(tf.memory().numTensors, tensorsBefore);
  const changed = [...weightsOf(model)]
    .filter(([name, bytes]) => bytes !== weightsBefore.get(name))
    .map(([name]) => name);
  assert.deepEqual(changed, [
    'block_16_expand',
    'block_16_depthwise',
    'block_16_project',
    'Conv_1',
    'predictions',
  ]);
  for (const each of [model, backbone, head]) each.dispose();
});

test('fine-tuning starts from the frozen result: its first loss is that of the head', async () => {
  const dataset = noise(24);
  const { backbone } = createParts();
  const head = createHead({ features: 1280, numClasses: 3 });
  const features = await extractFeatures({ model: backbone, preprocess }, dataset, {
    cache: false,
  });
  const { epochs } = await trainHead(head, {
    trainFeatures: features,
    valFeatures: features,
    epochs: 3,
    seed: 1,
  });
  const model = createTransferModel(backbone, head);
  const fineTuned = await fineTune(model, {
    unfreezeFrom: 'Conv_1',
    trainSet: dataset,
    epochs: 1,
    batchSize: 24,
    seed: 1,
    preprocess,
    learningRate: 1e-9,
  });
  const { train } = fineTuned.epochs[0];
  assert.ok(Math.abs(train.loss - (epochs[2].val!.loss ?? NaN)) < 1e-4);
  for (const each of [model, backbone, head]) each.dispose();
});

function largestDifference(a: Float32Array, b: Float32Array): number {
  assert.equal(a.length, b.length);
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i])), 0);
}

test('feature layers are averaged and precede the last features, in TensorFlow and in ONNX Runtime', async () => {
  const featureLayers = ['block_6_expand_relu', 'block_13_expand_relu'];
  const options = { source: 'embedded', inputSize: 64, onNotice: () => undefined } as const;
  const [plain, more] = [
    await loadBackbone(options),
    await loadBackbone({ ...options, featureLayers }),
  ];
  const dataset = noise(3);
  const extract = (backbone: Backbone, engine: 'tensorflow' | 'onnx' = 'tensorflow') =>
    extractFeatures(backbone, dataset, { engine, cache: false });
  const [last, all, onnx] = [
    await extract(plain),
    await extract(more),
    await extract(more, 'onnx'),
  ];
  const expected = tf.tidy(() => {
    const images = tf.tensor4d(imagesAt(dataset, [0, 1, 2]), [3, 12, 10, 3], 'float32');
    const input = applyPreprocess(images, plain.preprocess);
    const maps = tf.model({
      inputs: plain.model.inputs,
      outputs: featureLayers.map((name) => plain.model.getLayer(name).output as tf.SymbolicTensor),
    });
    const outputs = maps.predict(input) as tf.Tensor4D[];
    return tf.concat(
      [...outputs.map((map) => map.mean([1, 2])), tf.tensor2d(featureValues(last), [3, 1280])],
      1,
    );
  });
  assertClose(featureValues(all), expected.dataSync(), { tolerance: 1e-5 });
  assertClose(featureValues(onnx), expected.dataSync(), { tolerance: 1e-4 });
  expected.dispose();
  await assert.rejects(
    loadBackbone({ ...options, featureLayers: ['block_99'] }),
    /"block_99".*block_16_expand_relu/,
  );
  for (const { model } of [plain, more]) model.dispose();
});
