import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foreignShare } from '../../tools/bench/foreignLoad';
import { countedRounds } from '../../tools/bench/rounds';

const round = (value: number, foreignLoad: number) => ({ value, foreignLoad, calls: [] });

test('foreignShare() is what others and the hypervisor took of all processors', () => {
  const before = { total: 1000, busy: 400, own: 100 };
  const after = { total: 1200, busy: 550, own: 220 };
  assert.equal(foreignShare(before, after), 0.15); // 150 busy, 120 of them own, of 200
  // Counters are read one after another: a little more own than busy is no negative load.
  assert.equal(foreignShare(before, { total: 1200, busy: 500, own: 205 }), 0);
});

test('countedRounds() takes the quiet rounds only', () => {
  const rounds = [round(10, 0.01), round(5, 0.4), round(11, 0.03)];
  assert.deepEqual(
    countedRounds(rounds).map(({ value }) => value),
    [10, 11],
  );
});

test('countedRounds() takes the least disturbed third where no round was quiet', () => {
  const rounds = [0.9, 0.2, 0.5, 0.3, 0.8, 0.1].map((load, i) => round(i, load));
  assert.deepEqual(
    countedRounds(rounds).map(({ value }) => value),
    [5, 1],
  );
});

test('countedRounds() takes every round where the system does not tell', () => {
  assert.equal(countedRounds([round(1, NaN), round(2, NaN), round(3, NaN)]).length, 3);
});
