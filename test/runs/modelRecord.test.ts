import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { describeOptions, describeTrainedModel } from '../../lib/runs/modelRecord';
import type { EpochRecord, History } from '../../lib/training/history';
import { createSgd } from '../../lib/training/optimizer';
import {
  createConstantSchedule,
  createCosineSchedule,
  createTriangularSchedule,
} from '../../lib/training/schedule';
import { sharedFolder } from '../temporaryFolder';

const folder = sharedFolder();

function epoch(number: number, valAccuracy: number | null, imagesPerSecond: number): EpochRecord {
  return {
    epoch: number,
    train: { loss: 1, accuracy: number / 10 },
    val: valAccuracy === null ? null : { loss: 1, accuracy: valAccuracy },
    learningRate: 0.001,
    seconds: 1,
    imagesPerSecond,
  };
}

const model = { countParams: () => 6313994 };
const history: History = { epochs: [epoch(1, 0.7, 300), epoch(2, 0.6, 600)], seconds: 3 };

test('the last epoch, the test and the folder make the record', () => {
  writeFileSync(join(folder, 'model.json'), 'x'.repeat(10));
  mkdirSync(join(folder, 'weights'));
  writeFileSync(join(folder, 'weights', 'weights.bin'), 'x'.repeat(90));
  const evaluation = { metrics: { loss: 1.1, accuracy: 0.65, f1: 0.6 } };
  assert.deepEqual(
    describeTrainedModel({ name: 'MLP', model, history, evaluation, directory: folder }),
    {
      name: 'MLP',
      parameterCount: 6313994,
      train: { loss: 1, accuracy: 0.2 },
      val: { loss: 1, accuracy: 0.6 },
      test: { loss: 1.1, accuracy: 0.65, f1: 0.6 },
      singleViewAccuracy: null,
      int8: null,
      calibration: null,
      seconds: 3,
      // Twice n images, once at 300 and once at 600 a second: 2n / (n/300 + n/600) = 400.
      imagesPerSecond: 400,
      sizeBytes: 100,
      history: history.epochs,
      origin: null,
    },
  );
});

test('how a model came about stands in its record', () => {
  const origin = {
    fits: 2,
    testReads: 1,
    changedParameters: { learningRate: 0.01 },
    trainedBy: null,
    options: null,
  };
  assert.deepEqual(describeTrainedModel({ name: 'MLP', model, history, origin }).origin, origin);
});

test('options are recorded flat, without callbacks and what was not given', () => {
  const options = {
    epochs: 2,
    optimizer: createSgd({ momentum: 0.9 }),
    augmentation: { options: { flip: true, shift: 0 } },
    heads: [{ hiddenUnits: 512 }],
    scale: [0, 0.5],
    bfloat16: undefined,
    valSet: null,
    onEpoch: () => undefined,
  };
  const { 'optimizer.momentum': momentum, optimizer, ...others } = describeOptions(options);
  assert.deepEqual([optimizer, momentum], ['sgd', 0.9]);
  for (const name of ['optimizer.nesterov', 'optimizer.weightDecay']) delete others[name];
  assert.deepEqual(others, {
    epochs: 2,
    'augmentation.flip': true,
    'augmentation.shift': 0,
    'heads.0.hiddenUnits': 512,
    scale: '0 0.5',
  });
});

test('a learning rate that changes is recorded by its start, its peak and its end', () => {
  const rate = (learningRate: unknown) => describeOptions({ learningRate }).learningRate;
  assert.equal(rate(0.001), 0.001);
  assert.equal(rate(createConstantSchedule({ value: 0.02 })), '0.02');
  assert.equal(rate(createCosineSchedule({ peak: 0.001 })), '0.001 → 0');
  // By default from .2 of the peak down to .07 of it.
  assert.equal(rate(createTriangularSchedule({ peak: 0.6 })), '0.12 → 0.6 → 0.042');
});

test('where the best epoch was kept, its accuracies count', () => {
  const record = describeTrainedModel({
    name: 'MLP',
    model,
    history: { ...history, bestEpoch: 1 },
  });
  assert.deepEqual([record.train?.accuracy, record.val?.accuracy], [0.1, 0.7]);
});

test('what was not measured is null, what was not saved has no size', () => {
  const unvalidated = { epochs: [epoch(1, null, 100)], seconds: 1 };
  const record = describeTrainedModel({ name: 'MLP', model, history: unvalidated });
  assert.deepEqual([record.val, record.test, record.sizeBytes], [null, null, 0]);
});
