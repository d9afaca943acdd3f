import assert from 'node:assert/strict';
import { test } from 'node:test';
import { likeliestClass } from '../../lib/evaluation/labels';
import { METRICS } from '../../lib/evaluation/runningMetrics';
import {
  addCrossEntropies,
  addToTally,
  createTally,
  scoreProbabilities,
  tallyValues,
} from '../../lib/evaluation/score';

const outputsOf = (probabilities: number[], labels: number[], numClasses = 2) => ({
  probabilities: Float32Array.from(probabilities),
  labels: Int32Array.from(labels),
  numClasses,
});

test('a tally sums cross-entropies and right answers over batches', () => {
  const tally = createTally();
  const metrics = [METRICS.accuracy];
  for (const outputs of [
    outputsOf([0.75, 0.25], [0]),
    outputsOf([0.5, 0.5, 0.875, 0.125], [1, 1]),
  ]) {
    addToTally(tally, outputs, { metrics, lossSum: addCrossEntropies(tally.lossSum, outputs) });
  }
  // -ln ¾ - ln ½ - ln ⅛ = ln (4/3 × 2 × 8); of equals the first class is predicted, so only the first is right.
  const { loss, accuracy } = tallyValues(tally, metrics);
  assert.ok(Math.abs(loss - Math.log(64 / 3) / 3) < 1e-12);
  assert.equal(accuracy, 1 / 3);
});

test('a probability that was rounded to 0 costs 126 ln 2, not infinity; NaN stays NaN', () => {
  assert.ok(Math.abs(addCrossEntropies(0, outputsOf([1, 0], [1])) - 126 * Math.LN2) < 1e-9);
  assert.ok(Number.isNaN(addCrossEntropies(0, outputsOf([NaN, NaN], [1]))));
});

test('labels and probabilities that do not fit are refused', () => {
  assert.throws(() => scoreProbabilities(outputsOf([0.5, 0.5], [2])), /labels\[0\]/);
  assert.throws(
    () => scoreProbabilities(outputsOf([0.5, 0.5], [2], 3)),
    /probabilities to have 3 entries but received 2/,
  );
});

test('the likeliest class is the first of equals', () => {
  assert.equal(likeliestClass([0.2, 0.4, 0.4]), 1);
  assert.equal(likeliestClass([0.1]), 0);
});
