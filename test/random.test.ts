import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRng, shuffledIndices, xoshiro128 } from '../lib/random';

test('xoshiro128** draws the published vector', () => {
  // The reference implementation's, as in the tests of Rust's rand_xoshiro (state 1, 2, 3, 4).
  const expected = [
    11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597,
    4258142804,
  ];
  assert.deepEqual(Array.from({ length: 10 }, xoshiro128([1, 2, 3, 4])), expected);
});

test('seed and labels fix the stream on every machine', () => {
  // From a Python program of the reference C code, on the SHA-256 of '[42,"shuffle",1]'.
  const rng = createRng(42, 'shuffle', 1);
  assert.deepEqual(
    Array.from({ length: 4 }, () => rng.next() * 2 ** 32),
    [1561040751, 184224403, 3382923146, 4138903258],
  );
});

test('other seeds and labels give other streams', () => {
  const starts = [
    createRng(1),
    createRng(2),
    createRng(-1),
    createRng(1, 'a'),
    createRng(1, 'b'),
    createRng(1, 'a', 1),
    createRng(1, 'a', '1'),
    createRng(1, 'a,1'),
  ].map((rng) => rng.next());
  assert.equal(new Set(starts).size, starts.length);
});

test('next is uniform in [0, 1): sixteen bins pass a chi-square test', () => {
  const rng = createRng(7);
  const draws = 160_000;
  const bins = new Array<number>(16).fill(0);
  for (let draw = 0; draw < draws; draw++) bins[Math.floor(rng.next() * 16)]++;
  const chiSquare = bins.reduce((sum, count) => sum + (count - draws / 16) ** 2 / (draws / 16), 0);
  assert.ok(chiSquare < 37.7, `${chiSquare}`); // 15 degrees of freedom, p = 0.001
});

test('nextInt is unbiased where a plain remainder would not be', () => {
  // limit = 3 · 2^30: the remainder of a 32-bit draw would be below 2^30 half the time, not a third.
  const limit = 3 * 2 ** 30;
  const rng = createRng(5);
  const draws = 30_000;
  let low = 0;
  for (let draw = 0; draw < draws; draw++) if (rng.nextInt(limit) < 2 ** 30) low++;
  const deviations = (low - draws / 3) / Math.sqrt((draws * 2) / 9);
  assert.ok(Math.abs(deviations) < 4, `${deviations} standard deviations`);
});

test('nextInt covers its range and refuses other limits', () => {
  const rng = createRng(3);
  const seen = new Set(Array.from({ length: 200 }, () => rng.nextInt(5)));
  assert.deepEqual([...seen].sort(), [0, 1, 2, 3, 4]);
  assert.equal(rng.nextInt(1), 0);
  assert.ok(rng.nextInt(2 ** 32) < 2 ** 32);
  for (const limit of [0, -1, 1.5, NaN, 2 ** 32 + 1]) {
    assert.throws(() => rng.nextInt(limit), /Expected limit to be an integer from 1 to 2\^32/);
  }
});

test('nextNormal has mean 0, variance 1 and the tails of a normal', () => {
  const rng = createRng(11);
  const count = 200_000;
  const values = Float64Array.from({ length: count }, () => rng.nextNormal());
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
  const beyondTwo = values.filter((value) => Math.abs(value) > 2).length / count;
  assert.ok(Math.abs(mean) < 0.01, `mean ${mean}`); // four standard errors are .009
  assert.ok(Math.abs(variance - 1) < 0.013, `variance ${variance}`);
  assert.ok(Math.abs(beyondTwo - 0.0455) < 0.002, `${beyondTwo} beyond two sigma`); // the table's .0455
});

test('shuffledIndices gives each order of three equally often', () => {
  const counts = new Map<string, number>();
  const rng = createRng(9);
  const draws = 60_000;
  for (let draw = 0; draw < draws; draw++) {
    const order = shuffledIndices(3, rng).join('');
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assert.equal(counts.size, 6);
  for (const [order, count] of counts) {
    assert.ok(Math.abs(count - draws / 6) < 400, `${order}: ${count}`); // four sigma are 365
  }
});

test('shuffledIndices holds every index once, also of none and one', () => {
  const order = shuffledIndices(1000, createRng(1));
  assert.deepEqual(
    Array.from(order.slice().sort()),
    Array.from({ length: 1000 }, (_, index) => index),
  );
  assert.deepEqual(Array.from(shuffledIndices(0, createRng(1))), []);
  assert.deepEqual(Array.from(shuffledIndices(1, createRng(1))), [0]);
});

test('a seed that is no safe integer is refused', () => {
  for (const seed of [NaN, 1.5, Infinity, 2 ** 53]) {
    assert.throws(() => createRng(seed), /Expected seed to be an integer but received/);
  }
});
