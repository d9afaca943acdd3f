import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accuracyDifference, describeDifference } from '../../lib/report/conclusion';
import { assertClose64 } from '../assertClose';

/** So many pictures of class 1, by whether the model takes them for it. */
type Group = readonly [pictures: number, isRight: boolean];

function tested(name: string, groups: readonly Group[], label = 1) {
  const right = groups.flatMap(([pictures, isRight]) => Array<boolean>(pictures).fill(isRight));
  const evaluation = {
    accuracy: right.filter(Boolean).length / right.length,
    predictedLabels: Int32Array.from(right, (isRight) => (isRight ? label : 1 - label)),
    labels: Int32Array.from(right, () => label),
  };
  return { name, classNames: ['cat', 'dog'], evaluation };
}

// Of 100 pictures both take 70 for what they are and 20 for something else; 9 only the CNN has right, 1 only the MLP.
const mlp = tested('MLP', [
  [70, true],
  [20, false],
  [9, false],
  [1, true],
]);
const cnn = tested('CNN', [
  [70, true],
  [20, false],
  [9, true],
  [1, false],
]);

test('only pictures on which one model is right and the other wrong decide about the interval', () => {
  const { difference, interval } = accuracyDifference(mlp, cnn);
  // (9 - 1) / 100; (1.96 √(9 + 1 - 8² / 100) + 1) / 100 = (1.96 √9.36 + 1) / 100 = .06996452.
  assertClose64(difference, 0.08);
  assertClose64(interval.low, 0.07 - 0.0196 * Math.sqrt(9.36));
  assert.deepEqual([interval.low.toFixed(5), interval.high.toFixed(5)], ['0.01004', '0.14996']);
});

test('the other way round the difference is the same with the other sign', () => {
  const [there, back] = [accuracyDifference(mlp, cnn), accuracyDifference(cnn, mlp)];
  assertClose64(back.difference, -there.difference);
  assertClose64(back.interval.low, -there.interval.high);
  assertClose64(back.interval.high, -there.interval.low);
});

test('what is said follows the sign: rises, falls', () => {
  assert.equal(
    describeDifference(mlp, cnn),
    'From MLP (0.71) to CNN (0.79) the test accuracy rises by 0.08 (95 % interval 0.01 to 0.15).',
  );
  assert.equal(
    describeDifference(cnn, mlp),
    'From CNN (0.79) to MLP (0.71) the test accuracy falls by 0.08 (95 % interval 0.01 to 0.15).',
  );
});

test('where the interval includes 0, no difference is shown, whichever has the higher accuracy', () => {
  const before = tested('A', [
    [5, true],
    [4, false],
    [1, true],
  ]);
  const after = tested('B', [
    [5, true],
    [4, true],
    [1, false],
  ]);
  // (4 - 1) / 10 = .3; 1.96 √(4 + 1 - 3² / 10) / 10 = (1.96 √4.1 + 1) / 10 = .49687.
  assert.equal(
    describeDifference(before, after),
    'From A (0.60) to B (0.90) no difference in test accuracy is shown ' +
      '(95 % interval of the difference −0.20 to 0.80).',
  );
  assert.match(describeDifference(after, before), /no difference .* −0\.80 to 0\.20\)\.$/);
});

test('two models that are right about the same pictures do not differ', () => {
  const { difference, interval } = accuracyDifference(mlp, { ...mlp, name: 'again' });
  assert.deepEqual([difference, interval], [0, { low: -0.01, high: 0.01 }]);
  assert.match(describeDifference(mlp, mlp), /no difference in test accuracy is shown/);
});

// The exact two-sided test (McNemar's) of b gained and none lost has p = 2 / 2^b: .0625 for 5, .03125 for 6.
for (const [gained, isShown] of [
  [5, false],
  [6, true],
] as const) {
  test(`${gained} pictures gained and none lost of 1,000 ${isShown ? 'show' : 'do not show'} a difference`, () => {
    const before = tested('A', [
      [1000 - gained, true],
      [gained, false],
    ]);
    const words = describeDifference(before, tested('B', [[1000, true]]));
    assert.match(words, isShown ? /rises by 0\.006/ : /no difference/);
    assert.doesNotMatch(words, /[-−]0\.000/);
  });
}

test('models that were tested on different pictures are refused', () => {
  const message = /tested on the same pictures but "MLP" \(100\) and "B" \((1|100)\) were not/;
  assert.throws(() => accuracyDifference(mlp, tested('B', [[1, true]])), message);
  const others = tested('B', [[100, true]], 0);
  assert.throws(() => accuracyDifference(mlp, others), message);
  assert.throws(() => describeDifference(mlp, others), RangeError);
});
