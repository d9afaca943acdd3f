import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  applyTemperature,
  confidenceBins,
  coverageCurve,
  fitTemperature,
} from '../../lib/evaluation/calibration';
import { METRICS } from '../../lib/evaluation/runningMetrics';
import { assertClose } from '../assertClose';

/** Two classes; of so many pictures the first is predicted with that probability, and so many are of it. */
function outputs(...groups: readonly (readonly [confidence: number, right: number, of: number])[]) {
  const rows = groups.flatMap(([confidence, right, of]) =>
    Array.from({ length: of }, (_, index) => ({ confidence, label: index < right ? 0 : 1 })),
  );
  return {
    probabilities: Float32Array.from(rows.flatMap(({ confidence: p }) => [p, 1 - p])),
    labels: Int32Array.from(rows, ({ label }) => label),
    numClasses: 2,
  };
}

test('the calibration error is the mean distance of certainty and accuracy over bins of a fifteenth', () => {
  // Worked by hand: bin .6 to .667 holds .61 and .65 (3 of 4 right), bin .867 to .933 holds .9 (5 of 10 right).
  const some = outputs([0.61, 2, 2], [0.65, 1, 2], [0.9, 5, 10]);
  assertClose(METRICS.ece.value(METRICS.ece.sums(some)), (Math.abs(2.52 - 3) + 4) / 14);
  const bins = confidenceBins(some);
  assert.deepEqual(
    bins.map(({ pictures }) => pictures),
    [4, 10],
  );
  assertClose(
    bins.flatMap(({ confidence, accuracy }) => [confidence, accuracy]),
    [0.63, 0.75, 0.9, 0.5],
  );
  // Certainties of 1 and a rounding above belong to the last bin.
  const sure = {
    ...outputs([1, 3, 4]),
    probabilities: Float32Array.from([1.0000001, 0, 1, 0, 1, 0, 1, 0]),
  };
  assertClose(METRICS.ece.value(METRICS.ece.sums(sure)), 0.25);
});

test('the fitted temperature makes certainty and accuracy one', () => {
  // 80 of 100 right at .9, and each a hundred-and-first of any class: the loss is least where .9 becomes
  // (80 + 1/2) / 101, so ln(9) / T = ln(80.5 / 20.5).
  const tooSure = outputs([0.9, 80, 100]);
  const temperature = fitTemperature(tooSure);
  assertClose(temperature, Math.log(9) / Math.log(80.5 / 20.5));
  assertClose(applyTemperature(tooSure, temperature).slice(0, 2), [80.5 / 101, 20.5 / 101]);
  assertClose(fitTemperature(outputs([0.9, 95, 100])), Math.log(9) / Math.log(95.5 / 5.5));
});

test('few pictures without a mistake make a model little surer, and mistakes alone make it undecided', () => {
  assertClose(fitTemperature(outputs([0.9, 10, 10])), Math.log(9) / Math.log(10.5 / 0.5));
  assertClose(fitTemperature(outputs([0.9, 0, 10])), 10);
  assertClose(fitTemperature(outputs([1, 5, 10])), 10); // probabilities of exactly 0 for the right class
});

test('a threshold trades coverage for accuracy', () => {
  const curve = coverageCurve(outputs([0.62, 2, 4], [0.9, 5, 6]));
  const at = (threshold: number) => curve.find(({ atLeast }) => atLeast === threshold);
  assert.deepEqual(at(0), { atLeast: 0, coverage: 1, accuracy: 0.7 });
  assert.deepEqual(at(0.75), { atLeast: 0.75, coverage: 0.6, accuracy: 5 / 6 });
  assert.equal(at(0.95), undefined);
});
