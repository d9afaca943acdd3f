import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addToScore, createScore, likeliestClass } from '../../lib/evaluation/score';

test('a score sums cross-entropies and right answers over batches', () => {
  const score = createScore();
  const numClasses = 2;
  addToScore(score, {
    probabilities: Float32Array.of(0.75, 0.25),
    labels: Int32Array.of(0),
    numClasses,
  });
  addToScore(score, {
    probabilities: Float32Array.of(0.5, 0.5, 0.875, 0.125),
    labels: Int32Array.of(1, 1),
    numClasses,
  });
  // -ln ¾ - ln ½ - ln ⅛ = ln (4/3 × 2 × 8); of equals the first class is predicted, so only the first is right.
  assert.ok(Math.abs(score.lossSum - Math.log(64 / 3)) < 1e-12);
  assert.deepEqual([score.images, score.correct], [3, 1]);
});

test('a probability that was rounded to 0 costs 126 ln 2, not infinity; NaN stays NaN', () => {
  const score = createScore();
  addToScore(score, {
    probabilities: Float32Array.of(1, 0),
    labels: Int32Array.of(1),
    numClasses: 2,
  });
  assert.ok(Math.abs(score.lossSum - 126 * Math.LN2) < 1e-9);
  addToScore(score, {
    probabilities: Float32Array.of(NaN, NaN),
    labels: Int32Array.of(1),
    numClasses: 2,
  });
  assert.ok(Number.isNaN(score.lossSum));
});

test('labels and probabilities that do not fit are refused', () => {
  const probabilities = Float32Array.of(0.5, 0.5);
  const labels = Int32Array.of(2);
  assert.throws(
    () => addToScore(createScore(), { probabilities, labels, numClasses: 2 }),
    /labels\[0\]/,
  );
  assert.throws(
    () => addToScore(createScore(), { probabilities, labels, numClasses: 3 }),
    /probabilities to have 3 entries but received 2/,
  );
});

test('the likeliest class is the first of equals', () => {
  assert.equal(likeliestClass([0.2, 0.4, 0.4]), 1);
  assert.equal(likeliestClass([0.1]), 0);
});
