import assert from 'node:assert/strict';
import { test } from 'node:test';
import { METRICS, type Metric } from '../../lib/evaluation/runningMetrics';
import {
  findBestEpoch,
  findStoppingRule,
  shouldStop,
  type EarlyStopping,
} from '../../lib/training/earlyStopping';
import type { EpochRecord } from '../../lib/training/history';

function epochsWith(monitor: string, values: readonly number[]): EpochRecord[] {
  return values.map((value, index) => ({
    epoch: index + 1,
    train: { loss: 1, accuracy: 0.5 },
    val: { [monitor]: value },
    learningRate: 0.1,
    seconds: 1,
    imagesPerSecond: 100,
  }));
}

const ofClasses: Metric = { ...METRICS.f1, name: 'errors', better: 'lower' };
const metrics = [METRICS.accuracy, METRICS.f1, ofClasses];

/** The number of epochs that a training with these validation figures would run. */
function epochsRun(values: readonly number[], options: EarlyStopping): number {
  const epochs = epochsWith(options.monitor ?? 'loss', values);
  const stopping = findStoppingRule(options, metrics);
  for (let count = 1; count <= epochs.length; count++) {
    if (shouldStop(epochs.slice(0, count), stopping)) return count;
  }
  return Infinity;
}

test('the best epoch has the smallest loss or the largest accuracy, the first of equals', () => {
  assert.equal(findBestEpoch(epochsWith('loss', [3, 1, 2, 1])), 2);
  const accuracies = epochsWith('accuracy', [0.1, 0.4, 0.4, 0.3]);
  assert.equal(findBestEpoch(accuracies, { monitor: METRICS.accuracy }), 2);
  assert.equal(findBestEpoch(epochsWith('errors', [3, 1, 2]), { monitor: ofClasses }), 2);
  assert.equal(findBestEpoch([]), 0);
});

test('training stops after as many epochs without improvement as its patience', () => {
  assert.equal(epochsRun([3, 2, 2.5, 2.4, 1], { patience: 2 }), 4);
  assert.equal(epochsRun([3, 2, 2.5, 1, 1.5, 1.2, 1.1], { patience: 3 }), 7);
  assert.equal(epochsRun([3, 2.9, 2.8, 2.7], { patience: 1 }), Infinity);
  assert.equal(epochsRun([0.5, 0.6, 0.55], { patience: 1, monitor: 'accuracy' }), 3);
});

test('an improvement of no more than minDelta is none, but small ones add up', () => {
  // Each beats the last by .06, which is less than .1; every second one beats the last improvement by .12.
  assert.equal(epochsRun([1, 0.94, 0.88, 0.82, 0.76], { patience: 2, minDelta: 0.1 }), Infinity);
  assert.equal(epochsRun([1, 0.94, 0.88, 0.82, 0.76], { patience: 1, minDelta: 0.1 }), 2);
});

test('a monitor has to be measured', () => {
  assert.throws(
    () => findStoppingRule({ patience: 1, monitor: 'top5' }, metrics),
    /Expected earlyStopping.monitor to be loss or accuracy or f1 or errors but received "top5"/,
  );
});
