import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tf } from '../../lib/tensorflow/backend';
import { createAugmentation } from '../../lib/training/augment';
import { findLearningRate, steepestFall } from '../../lib/training/learningRateFinder';
import { createSgd } from '../../lib/training/optimizer';
import { assertClose } from '../assertClose';
import { createTinyModel, tinyOptions, weightValues } from './tinyTraining';

const { trainSet, batchSize, seed, preprocess } = tinyOptions();
const options = { trainSet, batchSize, seed, preprocess, optimizer: createSgd() };

test('rates rise by the same factor, and the model gets all its weights back', async () => {
  const model = createTinyModel();
  const before = weightValues(model);
  const tensors = tf.memory().numTensors;
  const { learningRates, losses, suggestion } = await findLearningRate(model, {
    ...options,
    augmentation: createAugmentation({ flip: 'alternating' }),
    from: 1e-4,
    to: 1,
    steps: 9,
  });
  // From 1e-4 to 1 in eight steps: half a power of ten each.
  assertClose(learningRates.map(Math.log10), [-4, -3.5, -3, -2.5, -2, -1.5, -1, -0.5, 0]);
  assert.equal(losses.length, 9);
  assert.ok(learningRates.includes(suggestion));
  assert.deepEqual(weightValues(model), before);
  assert.equal(tf.memory().numTensors, tensors);
  model.dispose();
});

test('progress is told from before the first step to the last', async () => {
  const model = createTinyModel();
  const heard: unknown[] = [];
  const onProgress = (progress: object) => void heard.push(progress);
  await findLearningRate(model, { ...options, from: 1e-4, to: 1e-3, steps: 5, onProgress });
  assert.deepEqual(
    heard,
    [0, 1, 2, 3, 4, 5].map((done) => ({ done, total: 5, ended: done === 5 })),
  );
  model.dispose();
});

test('a loss that runs away ends the trial', async () => {
  const model = createTinyModel();
  const before = weightValues(model);
  const heard: { readonly done: number; readonly ended: boolean }[] = [];
  const { losses } = await findLearningRate(model, {
    ...options,
    from: 1e-2,
    to: 1e8,
    steps: 60,
    onProgress: (progress) => void heard.push(progress),
  });
  assert.ok(losses.length < 60, `${losses.length} steps`);
  assert.ok(heard.length < 61 && heard.at(-1)?.ended);
  assert.equal(heard.filter(({ ended }) => ended).length, 1);
  assert.deepEqual(weightValues(model), before);
  model.dispose();
});

test('the suggestion is where the loss falls fastest before its lowest point', () => {
  // Half the differences over two steps, from the second on: -.05, -.3, -.4, -.175, …; the fall from 9 comes too late.
  assert.equal(steepestFall([2.3, 2.25, 2.2, 1.65, 1.4, 1.3, 1.35, 9, 1.5]), 3);
});

test('impossible rates are refused', async () => {
  const model = createTinyModel();
  const wrong = findLearningRate(model, { ...options, from: 1, to: 0.1 });
  await assert.rejects(wrong, /greater than from but received 0.1 and 1/);
  model.dispose();
});

test('data of other classes, a spoilt model and a second training at once are refused', async () => {
  const model = createTinyModel();
  const classNames = [...trainSet.classNames, 'another'];
  const other = findLearningRate(model, { ...options, trainSet: { ...trainSet, classNames } });
  await assert.rejects(other, /Expected trainSet to have the model's \d+ classes but received \d+/);

  const first = findLearningRate(model, options);
  await assert.rejects(
    findLearningRate(model, options),
    /a search for a learning rate \(.*\) is still running/,
  );
  await first;

  const spoilt = model.getWeights().map((weight) => tf.fill(weight.shape, NaN));
  model.setWeights(spoilt);
  tf.dispose(spoilt);
  await assert.rejects(findLearningRate(model, options), /a finite loss at the first step/);
  model.dispose();
});
