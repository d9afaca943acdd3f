/**
 * Seeded randomness: every draw in this project comes from here, so that a seed repeats a run.
 *
 * The generator is xoshiro128** 1.1 (Blackman and Vigna, "Scrambled linear pseudorandom number
 * generators", ACM TOMS 2021, https://prng.di.unimi.it): 128 bits of state, period 2^128 - 1, 32-bit
 * arithmetic only, which is what JavaScript is fast at. Not for secrets.
 */
import { createHash } from 'node:crypto';
import { checkOption, integerFrom, required, rule, seedInteger } from './options';

export interface Rng {
  /** Uniform in [0, 1), in steps of 2^-32. */
  next(): number;
  /** Uniform integer in [0, limit), without bias; `limit` is an integer from 1 to 2^32. */
  nextInt(limit: number): number;
  /** Standard normal: mean 0, variance 1. */
  nextNormal(): number;
}

const TWO_TO_32 = 2 ** 32;
const limitRule = required(
  rule(
    'an integer from 1 to 2^32',
    '10',
    (value) => Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= TWO_TO_32,
  ),
);

/**
 * A generator that depends on the seed and the labels alone, on every machine.
 *
 * Labels give each purpose a stream of its own, so that one more draw in one place shifts no other:
 * `createRng(seed, 'shuffle', epoch)`. Seed and labels are hashed (SHA-256) into the 128 bits of state,
 * so neighbouring seeds have nothing in common, and the label 1 differs from "1".
 *
 * @param seed any safe integer.
 */
export function createRng(seed: number, ...labels: readonly (string | number)[]): Rng {
  checkOption('createRng', 'seed', seed, required(seedInteger));
  const digest = createHash('sha256')
    .update(JSON.stringify([seed, ...labels]))
    .digest();
  // The all-zero state, from which xoshiro would never leave, has a chance of 2^-128.
  const nextUint32 = xoshiro128(
    [0, 4, 8, 12].map((offset) => digest.readUInt32LE(offset)) as [number, number, number, number],
  );
  const next = (): number => nextUint32() / TWO_TO_32;

  let spareNormal: number | undefined;
  return {
    next,
    nextInt(limit) {
      if (!limitRule.accepts(limit)) checkOption('nextInt', 'limit', limit, limitRule);
      // Draws at or above the last multiple of `limit` would favour the small results: draw again.
      const bound = TWO_TO_32 - (TWO_TO_32 % limit);
      let value = nextUint32();
      while (value >= bound) value = nextUint32();
      return value % limit;
    },
    nextNormal() {
      // Box and Muller (1958): two uniforms make two normals; the second waits for the next call.
      if (spareNormal !== undefined) {
        const value = spareNormal;
        spareNormal = undefined;
        return value;
      }
      const radius = Math.sqrt(-2 * Math.log(1 - next())); // 1 - next() is in (0, 1]: no log(0)
      const angle = 2 * Math.PI * next();
      spareNormal = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
  };
}

/**
 * xoshiro128** 1.1 from a state of four unsigned 32-bit numbers that are not all zero.
 * Exported to be tested against the published vectors; use `createRng`.
 *
 * @returns a function that draws the next unsigned 32-bit number.
 */
export function xoshiro128(state: readonly [number, number, number, number]): () => number {
  let [s0, s1, s2, s3] = state;
  return () => {
    const product = Math.imul(s1, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = s1 << 9;
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= shifted;
    s3 = (s3 << 11) | (s3 >>> 21);
    return result;
  };
}

/**
 * 0 … length - 1 in random order, each order equally likely (Fisher and Yates in Durstenfeld's form,
 * CACM 1964).
 */
export function shuffledIndices(length: number, rng: Rng): Uint32Array {
  checkOption('shuffledIndices', 'length', length, required(integerFrom(0)));
  const indices = Uint32Array.from({ length }, (_, index) => index);
  for (let last = length - 1; last > 0; last--) {
    const other = rng.nextInt(last + 1);
    const value = indices[last];
    indices[last] = indices[other];
    indices[other] = value;
  }
  return indices;
}
