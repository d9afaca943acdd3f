import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meanAndStd, meanInterval, percentile } from '../../lib/evaluation/statistics';
import { assertClose, assertClose64 } from '../assertClose';

test('percentile interpolates like numpy.percentile', () => {
  // numpy.percentile([15, 20, 35, 40, 50], q)
  const values = [50, 15, 40, 20, 35];
  assert.equal(percentile(values, 0), 15);
  assert.equal(percentile(values, 40), 29);
  assert.equal(percentile(values, 50), 35);
  assertClose64(percentile(values, 95), 48);
  assert.equal(percentile(values, 100), 50);
  assert.deepEqual(values, [50, 15, 40, 20, 35], 'the input is left as it is');
  assert.throws(() => percentile([], 50), /greater than 0 but received 0/);
  assert.throws(() => percentile([1], 101), /a number of 0…100 but received 101/);
});

test('mean and standard deviation of seeds: sample deviation, none for one value', () => {
  // Worked by hand: squared distances from 5 are 9, 1, 1, 1, 0, 0, 4, 16; their sum 32; 32 / 7.
  const { mean, std } = meanAndStd([2, 4, 4, 4, 5, 5, 7, 9]);
  assert.equal(mean, 5);
  assertClose64(std ?? NaN, Math.sqrt(32 / 7));
  assert.deepEqual(meanAndStd([0.7]), { mean: 0.7, std: null });
});

test("a mean's 95 % interval is Student's, and none below three values", () => {
  // scipy.stats.t.interval(.95, 4, loc=3, scale=scipy.stats.sem([1, 2, 3, 4, 5])): 1.0368…, 4.9632…
  const interval = meanInterval([1, 2, 3, 4, 5]);
  assertClose([interval?.low ?? NaN, interval?.high ?? NaN], [1.036757, 4.963243], {
    tolerance: 4e-4, // the table has three decimals
  });
  // Three values of deviation .1: ± 4.303 · .1 / √3 = .24843.
  assertClose(meanInterval([0.4, 0.5, 0.6])?.high ?? NaN, 0.74843, { tolerance: 1e-5 });
  assert.equal(meanInterval([0.1, 0.2]), null);
  assert.deepEqual(meanInterval([2, 2, 2]), { low: 2, high: 2 });
});
