import assert from 'node:assert/strict';
import { test } from 'node:test';
import { largestDeviation, median, quantile } from '../../tools/bench/statistics';

test('quantile() interpolates between neighbours, as numpy.quantile does', () => {
  // numpy.quantile([1, 2, 4, 8], [0, .25, .5, .9, 1])
  const expected = [1, 1.75, 3, 6.8, 8];
  const actual = [0, 0.25, 0.5, 0.9, 1].map((q) => quantile([8, 1, 4, 2], q));
  expected.forEach((value, i) => assert.ok(Math.abs(actual[i] - value) < 1e-12));
});

test('median() leaves the order of its values alone', () => {
  const values = [3, 1, 2];
  assert.equal(median(values), 2);
  assert.deepEqual(values, [3, 1, 2]);
});

test('largestDeviation() is relative to the largest reference, and infinite for NaN', () => {
  assert.equal(largestDeviation([1, 2, 5], [1, 3, 4]), 0.25);
  assert.equal(largestDeviation([Number.NaN], [1]), Infinity);
});
