import { createRng } from '../random';

/**
 * Which pictures an epoch mirrors: a coin for each picture in the first epoch, turned over in each one after it.
 *
 * A pure function of seed, picture and epoch, so that a resumed training goes on as it would have.
 *
 * @param size pictures of the training set.
 * @returns for the pictures at `indices` in the 1-based `epoch`: int32 [indices.length], 1 where it is mirrored.
 */
export function createAlternatingFlip(
  size: number,
  { seed }: { readonly seed: number },
): (indices: ArrayLike<number>, epoch: number) => Int32Array {
  const rng = createRng(seed, 'alternating flip');
  const coins = Uint8Array.from({ length: size }, () => rng.nextInt(2));
  return (indices, epoch) =>
    Int32Array.from({ length: indices.length }, (_, i) => (coins[indices[i]] + epoch - 1) % 2);
}
