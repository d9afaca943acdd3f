import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeImage, encodePng } from '../../lib/data/image';
import { predictDataset } from '../../lib/evaluation/predict';
import { predictImage } from '../../lib/evaluation/predictImage';
import type { Classifier } from '../../lib/models/classifier';
import { nodeBackend, tf } from '../../lib/tensorflow/backend';
import { createTinyDataset, createTinyModel, tinyOptions } from '../training/tinyTraining';
import { assertClose } from '../assertClose';
import { temporaryFolder } from '../temporaryFolder';

function createClassifier(): Classifier {
  const { preprocess, trainSet } = tinyOptions();
  return { model: createTinyModel(), classNames: trainSet.classNames, preprocess };
}

/** The same probabilities op by op, with tfjs' own predict. */
function eagerProbabilities({ model }: Classifier, images: Uint8Array): Float32Array {
  return tf.tidy(() => {
    const pixels = tf.tensor4d(images, [images.length / 192, 8, 8, 3], 'float32').div(255);
    return (model.predict(pixels) as tf.Tensor).dataSync() as Float32Array;
  });
}

test('every picture of a data set is predicted in order, the smaller last batch too', async () => {
  const classifier = createClassifier();
  const dataset = createTinyDataset(23, 5);
  const seen: number[] = [];
  const probabilities = await predictDataset(classifier, dataset, {
    batchSize: 10,
    onProgress: ({ images, of }) => {
      assert.equal(of, 23);
      seen.push(images);
    },
  });
  assertClose(probabilities, eagerProbabilities(classifier, dataset.images));
  assert.deepEqual(seen, [10, 20, 23]);
});

test('a prediction stops within a batch, and refuses options it does not know', async () => {
  const controller = new AbortController();
  const classifier = createClassifier();
  await assert.rejects(
    predictDataset(classifier, createTinyDataset(30, 5), {
      batchSize: 10,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    }),
    { name: 'Interrupted', message: /interrupted after 10 of 30 pictures/ },
  );
  await assert.rejects(
    predictDataset(classifier, createTinyDataset(3, 5), { batchSize: 0 }),
    /batchSize to be an integer greater than 0/,
  );
});

test('a data set prediction leaves no tensors or sessions behind', async () => {
  const classifier = createClassifier();
  const count = () => [tf.memory().numTensors, nodeBackend().binding.getNumOfSavedModels()];
  const before = count();
  await predictDataset(classifier, createTinyDataset(23, 5), { batchSize: 10 });
  assert.deepEqual(count(), before);
});

test('one picture is predicted with its class names, likeliest first', async () => {
  const classifier = createClassifier();
  const { images } = createTinyDataset(1, 6);
  const expected = eagerProbabilities(classifier, images);
  const prediction = await predictImage(classifier, { data: images, height: 8, width: 8 });
  const byProbability = [0, 1, 2].sort((a, b) => expected[b] - expected[a]);
  assert.deepEqual(
    prediction.topK.map(({ label, className }) => [label, className]),
    byProbability.map((label) => [label, classifier.classNames[label]]),
  );
  assertClose(
    prediction.topK.map(({ probability }) => probability),
    byProbability.map((label) => expected[label]),
  );
  const { className, label, probability } = prediction;
  assert.deepEqual({ className, label, probability }, prediction.topK[0]);
  const best = await predictImage(classifier, { data: images, height: 8, width: 8 }, { k: 1 });
  assert.deepEqual(best.topK, prediction.topK.slice(0, 1));
});

test('a picture file is predicted as its pixels are', async (t) => {
  const classifier = createClassifier();
  const { images } = createTinyDataset(1, 6);
  const picture = { data: images, height: 8, width: 8 };
  const directory = temporaryFolder(t);
  const path = join(directory, 'picture.png');
  await writeFile(path, await encodePng(picture));
  assert.deepEqual(await predictImage(classifier, path), await predictImage(classifier, picture));
  await assert.rejects(predictImage(classifier, join(directory, 'none.png')), /none\.png/);
});

test('a picture file is brought to the size of the training pictures first, where they were enlarged', async (t) => {
  const classifier = createClassifier(); // for 8 × 8 pixels
  const { preprocess } = classifier;
  const learnt = {
    ...classifier,
    preprocess: { ...preprocess, sourceSize: { height: 4, width: 4 } },
  };
  // A checkerboard of single pixels: at 4 × 4 it is grey all over, at 8 × 8 it is not.
  const data = Uint8Array.from({ length: 8 * 8 * 3 }, (_, index) => {
    const pixel = Math.floor(index / 3);
    return 255 * ((pixel + Math.floor(pixel / 8)) % 2);
  });
  const path = join(temporaryFolder(t), 'board.png');
  await writeFile(path, await encodePng({ data, height: 8, width: 8 }));
  const small = await decodeImage(path, { height: 4, width: 4 });
  assert.ok(
    small.data.every((value) => Math.abs(value - 127.5) < 20),
    'the detail is gone',
  );
  assert.deepEqual(await predictImage(learnt, path), await predictImage(classifier, small));
  assert.notDeepEqual(await predictImage(learnt, path), await predictImage(classifier, path));
  classifier.model.dispose();
});

test('pictures of other sizes are resized as in training; wrong byte counts are refused', async () => {
  const classifier = createClassifier();
  const data = new Uint8Array(16 * 24 * 3).fill(128);
  const even = { data: new Uint8Array(192).fill(128), height: 8, width: 8 };
  assertClose(
    (await predictImage(classifier, { data, height: 16, width: 24 })).topK.map(
      (c) => c.probability,
    ),
    (await predictImage(classifier, even)).topK.map((c) => c.probability),
  );
  await assert.rejects(
    predictImage(classifier, { data, height: 16, width: 16 }),
    /768 bytes of pixels \(16 × 16 × 3\) but received 1152/,
  );
});

test('the compiled graph is kept from picture to picture, follows the weights, and is given back', async () => {
  const engine = 'tensorflow';
  const { numTensors } = tf.memory();
  const sessions = () => nodeBackend().binding.getNumOfSavedModels();
  const before = sessions();
  const classifier = createClassifier();
  const picture = { data: createTinyDataset(1, 6).images, height: 8, width: 8 };
  const first = await predictImage(classifier, picture, { engine });
  for (let i = 0; i < 5; i++)
    assert.deepEqual(await predictImage(classifier, picture, { engine }), first);
  assert.equal(sessions(), before + 1);

  const weights = classifier.model.getWeights().map((weight) => weight.mul(2));
  classifier.model.setWeights(weights);
  tf.dispose(weights);
  const changed = await predictImage(classifier, picture, { engine });
  assertClose([changed.probability], [Math.max(...eagerProbabilities(classifier, picture.data))]);

  for (let side = 1; side < 12; side++) {
    const data = new Uint8Array(side * side * 3);
    await predictImage(classifier, { data, height: side, width: side }, { engine });
  }
  assert.ok(sessions() <= before + 4, 'graphs of sizes that are not used any more are given back');
  classifier.model.dispose();
  assert.equal(sessions(), before);
  assert.equal(tf.memory().numTensors, numTensors);
});
