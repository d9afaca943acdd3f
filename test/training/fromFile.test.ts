// Trainings on pictures that are in a file: the same as in memory, to the last bit.
import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { predictDataset } from '../../lib/evaluation/predict';
import { UNIT_SCALE } from '../../lib/data/preprocess';
import { tf } from '../../lib/tensorflow/backend';
import { createAugmentation } from '../../lib/training/augment';
import type { TrainingOptions } from '../../lib/training/config';
import { extractFeatures } from '../../lib/training/features';
import type { History } from '../../lib/training/history';
import { findLearningRate } from '../../lib/training/learningRateFinder';
import { trainModel } from '../../lib/training/train';
import { whiteningWeights } from '../../lib/training/whitening';
import { inFile, openFiles } from '../pictureFile';
import { eachFolder } from '../temporaryFolder';
import { createTinyDataset, createTinyModel, interruptAfter, weightValues } from './tinyTraining';

let folder: string;
eachFolder((each) => (folder = each));

const preprocess = { height: 8, width: 8, ...UNIT_SCALE };

/** 300 pictures in batches of 16, the last one of 12, for two epochs: 38 steps. */
function options(storage: 'memory' | 'file'): TrainingOptions {
  const [trainSet, valSet] = [createTinyDataset(300, 1), createTinyDataset(40, 2)].map(
    (set, number) => (storage === 'memory' ? set : inFile(set, join(folder, String(number)))),
  );
  return {
    ...{ trainSet, valSet, preprocess, epochs: 2, batchSize: 16, seed: 7, learningRate: 0.01 },
    augmentation: createAugmentation({ flip: 'alternating', shift: 1 }),
  };
}

function outcome({ epochs }: History, model: tf.LayersModel) {
  const curve = epochs.map(({ seconds: _s, imagesPerSecond: _i, ...figures }) => figures);
  return { curve, weights: weightValues(model) };
}

/** What a training in memory comes to. */
async function expectedOutcome() {
  const model = createTinyModel();
  return outcome(await trainModel(model, options('memory')), model);
}

test('a training from a file has the curve and the weights of one in memory, to the last bit', async () => {
  const expected = await expectedOutcome();
  const model = createTinyModel();
  const from = options('file');
  const before = tf.memory().numTensors;
  assert.deepEqual(outcome(await trainModel(model, from), model), expected);
  assert.equal(tf.memory().numTensors, before);
  assert.equal(openFiles(from.trainSet), 0);
});

test('it resumes after any step, also one that began in memory', async () => {
  const expected = await expectedOutcome();
  for (const [storage, step] of [
    ['file', 1],
    ['file', 18],
    ['file', 19],
    ['memory', 25],
  ] as const) {
    const checkpoint = { directory: join(folder, `${storage} ${step}`) };
    await interruptAfter(step, { ...options(storage), checkpoint });
    const fresh = createTinyModel();
    const history = await trainModel(fresh, { ...options('file'), checkpoint });
    assert.deepEqual(outcome(history, fresh), expected, `${storage}, step ${step}`);
  }
});

test('where the file vanishes, the error says what to do, and no step is lost', async () => {
  const expected = await expectedOutcome();
  const checkpoint = { directory: join(folder, 'checkpoints') };
  const from = { ...options('file'), checkpoint };
  const path = 'path' in from.trainSet.images ? from.trainSet.images.path : '';
  const model = createTinyModel();
  const before = tf.memory().numTensors;
  let steps = 0;
  const training = trainModel(model, {
    ...from,
    onStep: ({ step }) => {
      steps = step;
      if (step === 5) rmSync(path);
    },
  });
  await assert.rejects(
    training,
    /Expected the rows of .* is missing: run the cell again that loads/,
  );
  assert.equal(steps, 6); // its pictures were there already
  assert.equal(tf.memory().numTensors, before);
  const fresh = createTinyModel();
  const resumedAfter: number[] = [];
  const history = await trainModel(fresh, {
    ...options('file'), // it is there again
    checkpoint,
    onResume: ({ step }) => void resumedAfter.push(step),
  });
  assert.deepEqual(resumedAfter, [6]);
  assert.deepEqual(outcome(history, fresh), expected);
});

test('predictions, features, whitening and the search for a rate are those in memory', async () => {
  const [memory, file] = [options('memory'), options('file')];
  const model = createTinyModel();
  const compute = async ({ trainSet }: TrainingOptions, name: string) => {
    const cacheDirectory = join(folder, name);
    const features = await extractFeatures({ model, preprocess }, trainSet, {
      ...{ mirror: 'append', cacheDirectory, batchSize: 7 },
    });
    const search = { preprocess, seed: 1, batchSize: 16, steps: 5 } as const;
    return {
      predicted: await predictDataset({ model, preprocess }, trainSet, { batchSize: 7 }),
      features: { ...features, seconds: 0 },
      parts: readdirSync(cacheDirectory), // named by what their numbers depend on
      whitening: whiteningWeights(trainSet, { preprocess }),
      search: await findLearningRate(model, { ...search, trainSet }),
    };
  };
  assert.deepEqual(await compute(file, 'of a file'), await compute(memory, 'of memory'));
  model.dispose();
});
