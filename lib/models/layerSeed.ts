import { createRng } from '../random';

/**
 * The seed of one layer's initial weights: an integer in [0, 2^31), different for every layer name and
 * reproducible from the model's seed. Layers that shared one seed would start with the same numbers.
 */
export function layerSeed(seed: number, layerName: string): number {
  return createRng(seed, 'initial weights', layerName).nextInt(2 ** 31);
}
