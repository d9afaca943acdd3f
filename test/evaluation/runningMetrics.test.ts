import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findMetrics, METRICS, type Metric } from '../../lib/evaluation/runningMetrics';
import { addToTally, createTally, tallyValues } from '../../lib/evaluation/score';

/** Seven pictures of six classes in batches of four and three; each row's likeliest classes come first in `ranked`. */
const ranked = [
  [0, 1, 2, 3, 4, 5],
  [0, 1, 2, 3, 4, 5],
  [1, 0, 2, 3, 4, 5],
  [2, 1, 0, 3, 4, 5],
  [2, 1, 0, 3, 4, 5],
  [3, 1, 2, 0, 4, 5],
  [0, 1, 2, 3, 4, 5],
];
const labels = [0, 1, 1, 2, 2, 3, 5];

function measure(metric: Metric): number {
  const tally = createTally();
  const metrics = [metric];
  for (const [start, end] of [
    [0, 4],
    [4, 7],
  ]) {
    const probabilities = new Float32Array((end - start) * 6);
    ranked
      .slice(start, end)
      .forEach((order, row) =>
        order.forEach((label, place) => (probabilities[row * 6 + label] = (6 - place) / 21)),
      );
    const outputs = {
      probabilities,
      labels: Int32Array.from(labels.slice(start, end)),
      numClasses: 6,
    };
    addToTally(tally, outputs, { metrics, lossSum: 0 });
  }
  return tallyValues(tally, metrics)[metric.name];
}

test('accuracy counts the likeliest class', () => {
  assert.equal(measure(METRICS.accuracy), 5 / 7);
});

test('top5 counts the five likeliest: only the last picture, whose class comes sixth, is missed', () => {
  assert.equal(measure(METRICS.top5), 6 / 7);
});

test('f1 is the mean over the classes, as scikit-learn has it', () => {
  // sklearn.metrics.f1_score([0,1,1,2,2,3,5], [0,0,1,2,2,3,0], labels=range(6), average='macro', zero_division=0):
  // .5, .666667, 1, 1, 0, 0
  assert.ok(Math.abs(measure(METRICS.f1) - (0.5 + 2 / 3 + 1 + 1) / 6) < 1e-12);
});

test('a metric of one’s own counts what it likes', () => {
  const sure: Metric = {
    name: 'sure',
    sums: ({ probabilities, labels: actual }) => [
      probabilities.filter((value) => value > 0.28).length,
      actual.length,
    ],
    value: ([hits, images]) => hits / images,
  };
  assert.equal(measure(sure), 1); // 6/21 = .286 once in every row
});

test('accuracy is always measured, and first; a name must not come twice', () => {
  assert.deepEqual(
    findMetrics(['f1', 'accuracy', 'top5']).map(({ name }) => name),
    ['accuracy', 'f1', 'top5'],
  );
  assert.throws(() => findMetrics(['f1', { ...METRICS.top5, name: 'f1' }]), /received f1 twice/);
  assert.throws(() => findMetrics([{ ...METRICS.top5, name: 'loss' }]), /received loss twice/);
});
