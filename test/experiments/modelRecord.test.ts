import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { describeTrainedModel } from '../../lib/experiments/modelRecord';
import type { EpochRecord, History } from '../../lib/training/history';

const folder = mkdtempSync(join(tmpdir(), 'model-'));
after(() => rmSync(folder, { recursive: true }));

function epoch(number: number, valAccuracy: number | null, imagesPerSecond: number): EpochRecord {
  return {
    epoch: number,
    trainLoss: 1,
    trainAccuracy: number / 10,
    valLoss: valAccuracy === null ? null : 1,
    valAccuracy,
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
  const evaluation = { accuracy: 0.65 };
  assert.deepEqual(
    describeTrainedModel({ name: 'MLP', model, history, evaluation, directory: folder }),
    {
      name: 'MLP',
      parameterCount: 6313994,
      trainAccuracy: 0.2,
      valAccuracy: 0.6,
      testAccuracy: 0.65,
      seconds: 3,
      // Twice n images, once at 300 and once at 600 a second: 2n / (n/300 + n/600) = 400.
      imagesPerSecond: 400,
      sizeBytes: 100,
      history: history.epochs,
    },
  );
});

test('where the best epoch was kept, its accuracies count', () => {
  const record = describeTrainedModel({
    name: 'MLP',
    model,
    history: { ...history, bestEpoch: 1 },
  });
  assert.deepEqual([record.trainAccuracy, record.valAccuracy], [0.1, 0.7]);
});

test('what was not measured is null, what was not saved has no size', () => {
  const unvalidated = { epochs: [epoch(1, null, 100)], seconds: 1 };
  const record = describeTrainedModel({ name: 'MLP', model, history: unvalidated });
  assert.deepEqual([record.valAccuracy, record.testAccuracy, record.sizeBytes], [null, null, 0]);
});
