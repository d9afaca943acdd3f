// Pictures of a data set with what is to be read below them, for imageGridFigure.
import { imageBytes, type ImageDataset } from '../data/dataset';
import { type Mistake, topK } from '../evaluation/ranking';
import { checkOption, type OptionRule, required, rule } from '../options';
import { percent } from './theme';
import type { CaptionedPicture } from './imageGridFigure';

/** Pictures under their class names, in the order of `indices`. */
export function labelledPictures(
  dataset: ImageDataset,
  indices: Iterable<number>,
): CaptionedPicture[] {
  return Array.from(indices, (index) =>
    picture(dataset, index, dataset.classNames[dataset.labels[index]]),
  );
}

/** Mistakes: the actual class, what it was taken for, and how sure the model was. */
export function mistakePictures(
  dataset: ImageDataset,
  mistakes: readonly Mistake[],
): CaptionedPicture[] {
  return mistakes.map(({ index, label, predictedLabel, probability }) => {
    const [actual, predicted] = [label, predictedLabel].map((number) => dataset.classNames[number]);
    return picture(dataset, index, `${actual}\ntaken for ${predicted}\nat ${percent(probability)}`);
  });
}

/**
 * Pictures and the model's first choice, with ✓ or ✗ and, where it is wrong, the actual class.
 *
 * @param probabilities float [dataset.size, numClasses], row by row, of the whole data set
 */
export function predictionPictures(
  dataset: ImageDataset,
  {
    indices,
    probabilities,
  }: { readonly indices: Iterable<number>; readonly probabilities: ArrayLike<number> },
): CaptionedPicture[] {
  const numClasses = dataset.classNames.length;
  return Array.from(indices, (index) => {
    const row = Array.from({ length: numClasses }, (_, k) => probabilities[index * numClasses + k]);
    const [{ label, probability }] = topK(row, 1);
    const predicted = `${dataset.classNames[label]} ${percent(probability)}`;
    const actual = dataset.labels[index];
    const verdict = label === actual ? '✓ right' : `✗ is ${dataset.classNames[actual]}`;
    return picture(dataset, index, `${predicted}\n${verdict}`);
  });
}

function picture(dataset: ImageDataset, index: number, caption: string): CaptionedPicture {
  const { height, width, size } = dataset;
  checkOption(`the pictures of "${dataset.name}"`, 'index', index, required(integerBelow(size)));
  const length = imageBytes(dataset);
  const data = dataset.images.subarray(index * length, (index + 1) * length);
  return { data, height, width, caption };
}

function integerBelow(limit: number): OptionRule {
  return rule(`an integer of 0…${limit - 1}`, '0', (value) => {
    return Number.isInteger(value) && Number(value) >= 0 && Number(value) < limit;
  });
}
