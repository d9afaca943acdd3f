/** A smaller data set of the same mixture: for a quick run. */
import { checkOptions, positiveInteger, required, seedInteger } from '../options';
import { type ImageDataset, splitDataset } from './dataset';

export interface SubsetOptions {
  /** Pictures wanted; a count of the data set's size or more gives the data set itself. */
  readonly count: number;
  /** The same seed chooses the same pictures. */
  readonly seed: number;
}

/**
 * `count` pictures chosen at random and stratified: each class keeps its share. (The first pictures of
 * a folder would all be of one class.) They keep their order.
 */
export function stratifiedSubset(dataset: ImageDataset, options: SubsetOptions): ImageDataset {
  checkOptions('stratifiedSubset', options, {
    count: required(positiveInteger),
    seed: required(seedInteger),
  });
  const { count, seed } = options;
  if (count >= dataset.size) return dataset;
  return splitDataset(dataset, { valFraction: count / dataset.size, seed }).valSet;
}
