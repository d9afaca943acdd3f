import type { Rng } from '../random';

/** A number drawn evenly from [low, high). */
export function between(rng: Rng, low: number, high: number): number {
  return low + (high - low) * rng.next();
}

/** True with the given probability, 0…1. */
export function happens(rng: Rng, probability: number): boolean {
  return rng.next() < probability;
}

/** One of the entries, each as likely as the others. */
export function pick<T>(rng: Rng, entries: readonly T[]): T {
  return entries[Math.floor(rng.next() * entries.length)];
}

/** One of the entries, each with a weight behind it: `pickWeighted(rng, [['often', 3], ['rare', 1]])`. */
export function pickWeighted<T>(rng: Rng, entries: readonly (readonly [T, number])[]): T {
  let left = rng.next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [entry, weight] of entries) {
    left -= weight;
    if (left < 0) return entry;
  }
  return entries[entries.length - 1][0]; // rounding took the last crumb
}

/**
 * Noise with mean 0 and standard deviation 1, in a triangle within ±2.45: the sum of two even numbers,
 * which are the halves of one draw. Additions only, so it is the same number on every engine (a
 * Box-Muller draw needs log and cos).
 */
export function grain(rng: Rng): number {
  const draw = rng.next() * 65536; // the generator's 32 bits: 16 before the point, 16 behind
  const high = Math.floor(draw);
  return (high / 65536 + (draw - high) - 1) * 2.449489742783178; // √6: an even number's variance is 1/12
}
