import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  accuracy,
  accuracyInterval,
  classMetrics,
  confusionMatrix,
  macroAverage,
  topK,
  topKAccuracy,
  worstMistakes,
} from '../../lib/evaluation/metrics';
import { assertClose, assertClose64 } from '../assertClose';

test('a confusion matrix counts actual classes in rows and predicted ones in columns', () => {
  // The example of scikit-learn's confusion_matrix documentation.
  const matrix = confusionMatrix([2, 0, 2, 2, 0, 1], [0, 0, 2, 2, 0, 2], 3);
  assert.deepEqual(matrix, [
    [2, 0, 0],
    [0, 0, 1],
    [1, 0, 2],
  ]);
});

test('a confusion matrix takes typed arrays and no pictures at all', () => {
  assert.deepEqual(confusionMatrix(Int32Array.of(1), Uint8Array.of(0), 2), [
    [0, 0],
    [1, 0],
  ]);
  assert.deepEqual(confusionMatrix([], [], 1), [[0]]);
});

test('a confusion matrix refuses what is no class, and arrays of unlike length', () => {
  assert.throws(() => confusionMatrix([0, 3], [0, 0], 3), {
    name: 'RangeError',
    message: /labels\[1\].*0…2.*received 3/,
  });
  assert.throws(() => confusionMatrix([0], [NaN], 3), /predictedLabels\[0\].*received NaN/);
  assert.throws(() => confusionMatrix([0, 1], [0], 3), /2 entries but received 1/);
  assert.throws(() => confusionMatrix([0], [0], 0), /numClasses/);
});

test('accuracy is the fraction of equal labels', () => {
  assert.equal(accuracy([1, 2, 3, 4], [1, 2, 0, 4]), 0.75);
  assert.throws(() => accuracy([], []), /greater than 0 but received 0/);
});

test('the accuracy interval agrees with published Wilson intervals', () => {
  // R. G. Newcombe, "Two-sided confidence intervals for the single proportion: comparison of seven
  // methods", Statistics in Medicine 17 (1998) 857-872, table I, method 3.
  const published: Array<[number, number, number, number]> = [
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0.0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ];
  for (const [correct, total, low, high] of published) {
    const interval = accuracyInterval(correct, total);
    assertClose(interval.low, low, { tolerance: 5e-5 });
    assertClose(interval.high, high, { tolerance: 5e-5 });
  }
});

test('the accuracy interval is mirrored by counting the mistakes instead, and stays in 0…1', () => {
  const hits = accuracyInterval(7462, 10000);
  const misses = accuracyInterval(2538, 10000);
  assertClose64(hits.low, 1 - misses.high);
  assertClose64(hits.high, 1 - misses.low);
  assert.equal(accuracyInterval(5, 5).high, 1);
  assert.equal(accuracyInterval(0, 5).low, 0);
});

test('the accuracy interval refuses more hits than pictures, and none at all', () => {
  assert.throws(() => accuracyInterval(11, 10), /at most total \(10\) but received 11/);
  assert.throws(() => accuracyInterval(0, 0), /total/);
  assert.throws(() => accuracyInterval(0.5, 2), /correct/);
});

test('class metrics agree with a matrix worked by hand', () => {
  // Predicted columns sum to 6, 4, 2; rows to 5, 5, 2.
  const metrics = classMetrics([
    [4, 1, 0],
    [2, 3, 0],
    [0, 0, 2],
  ]);
  const expected = [
    [4 / 6, 4 / 5, 8 / 11, 5],
    [3 / 4, 3 / 5, 6 / 9, 5],
    [1, 1, 1, 2],
  ];
  for (const [label, { precision, recall, f1, support }] of metrics.entries()) {
    [precision, recall, f1, support].forEach((value, i) =>
      assertClose64(value, expected[label][i]),
    );
  }
});

test('a class that never occurs or is never predicted counts as 0, not NaN', () => {
  const [absent, missed] = classMetrics([
    [0, 0],
    [3, 0],
  ]);
  assert.deepEqual(absent, { precision: 0, recall: 0, f1: 0, support: 0 });
  assert.deepEqual(missed, { precision: 0, recall: 0, f1: 0, support: 3 });
});

test('class metrics refuse a matrix that is not square or holds no counts', () => {
  assert.throws(() => classMetrics([[1, 2]]), /matrix\[0\] to have 1 entries but received 2/);
  assert.throws(() => classMetrics([[-1]]), /matrix\[0\]\[0\].*received -1/);
});

test('the macro average gives every class the same weight', () => {
  const mean = macroAverage([
    { precision: 1, recall: 0.5, f1: 0.4, support: 90 },
    { precision: 0, recall: 0.25, f1: 0.2, support: 10 },
  ]);
  assertClose64(mean.precision, 0.5);
  assertClose64(mean.recall, 0.375);
  assertClose64(mean.f1, 0.3);
  assert.equal(mean.support, 100);
});

test('topK ranks by probability, and by class number among equals', () => {
  assert.deepEqual(topK(Float32Array.of(0.25, 0.5, 0, 0.25), 3), [
    { label: 1, probability: 0.5 },
    { label: 0, probability: 0.25 },
    { label: 3, probability: 0.25 },
  ]);
  assert.throws(() => topK([0.5, 0.5], 3), /k to be an integer of 1…2.* but received 3/);
  assert.throws(() => topK([NaN, 1], 1), /probabilities\[0\].*received NaN/);
});

test('topKAccuracy finds the actual class among the first k', () => {
  const outputs = {
    probabilities: [0.1, 0.6, 0.3, 0.8, 0.15, 0.05, 0.2, 0.3, 0.5],
    labels: [1, 1, 0],
    numClasses: 3,
  };
  assertClose64(topKAccuracy(outputs, 1), 1 / 3);
  assertClose64(topKAccuracy(outputs, 2), 2 / 3);
  assert.equal(topKAccuracy(outputs, 3), 1);
});

test('worst mistakes come surest first and leave out what was right', () => {
  const mistakes = worstMistakes({
    probabilities: [0.75, 0.25, 0.125, 0.875, 0.0625, 0.9375, 0.25, 0.75],
    labels: [1, 1, 0, 0],
    numClasses: 2,
    count: 2,
  });
  assert.deepEqual(mistakes, [
    { index: 2, label: 0, predictedLabel: 1, probability: 0.9375, labelProbability: 0.0625 },
    { index: 0, label: 1, predictedLabel: 0, probability: 0.75, labelProbability: 0.25 },
  ]);
});

test('worst mistakes of equal confidence keep the order of the pictures', () => {
  const mistakes = worstMistakes({
    probabilities: [0.75, 0.25, 0.75, 0.25],
    labels: [1, 1],
    numClasses: 2,
    count: 5,
  });
  assert.deepEqual(
    mistakes.map(({ index }) => index),
    [0, 1],
  );
});

test('worst mistakes refuse a table of the wrong size', () => {
  const outputs = { probabilities: [0.5, 0.5, 1], labels: [0, 1], numClasses: 2, count: 1 };
  assert.throws(() => worstMistakes(outputs), /probabilities to have 4 entries but received 3/);
});
