import assert from 'node:assert/strict';

type Numbers = number | ArrayLike<number> | null;

/**
 * Asserts that numbers of float32 arithmetic are those expected, each within `tolerance` of max(1, |expected|).
 *
 * @param options `tolerance`: default 1e-6, some ten roundings of float32.
 */
export function assertClose(
  actual: Numbers,
  expected: number | ArrayLike<number>,
  { tolerance = 1e-6, message = 'values' }: { tolerance?: number; message?: string } = {},
): void {
  const [found, wanted] = [listOf(actual), listOf(expected)];
  assert.equal(found.length, wanted.length, `${message}: number of values`);
  for (let i = 0; i < wanted.length; i++) {
    const [a, e] = [found[i], wanted[i]];
    const isClose =
      Object.is(a, e) || a === e || Math.abs(a - e) <= tolerance * Math.max(1, Math.abs(e));
    assert.ok(isClose, `${message}: value ${i} is ${a}, expected ${e} within ${tolerance}`);
  }
}

/** The same for JavaScript's own numbers: within 1e-12. */
export function assertClose64(actual: Numbers, expected: number | ArrayLike<number>): void {
  assertClose(actual, expected, { tolerance: 1e-12 });
}

function listOf(numbers: Numbers): ArrayLike<number> {
  return typeof numbers === 'number' || numbers === null ? [numbers ?? NaN] : numbers;
}
