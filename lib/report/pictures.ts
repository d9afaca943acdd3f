// Pictures of a data set with what is to be read below them, for imageGridFigure.
import { imageBytes, type ImageDataset } from '../data/dataset';
import type { TestedModel } from '../evaluation/evaluate';
import { topK, worstMistakes } from '../evaluation/ranking';
import { checkOption, type OptionRule, required, rule } from '../options';
import { percent } from './theme';
import type { CaptionedPicture } from './imageGridFigure';

/** Pictures under their class names, in the order of `indices`; by default all. */
export function labelledPictures(
  dataset: ImageDataset,
  indices: Iterable<number> = dataset.labels.keys(),
): CaptionedPicture[] {
  return Array.from(indices, (index) =>
    picture(dataset, index, dataset.classNames[dataset.labels[index]]),
  );
}

/**
 * The pictures about which a model was surest and wrong, the worst first: the actual class, what it was taken for, and how
 * sure the model was.
 *
 * @param testSet that the model was evaluated on.
 * @param count at most.
 */
export function mistakePictures(
  { evaluation }: TestedModel<'probabilities'>,
  testSet: ImageDataset,
  count = 10,
): CaptionedPicture[] {
  const { labels, classNames } = testSet;
  const { probabilities } = evaluation;
  const numClasses = classNames.length;
  return worstMistakes({ probabilities, labels, numClasses, count }).map(
    ({ index, label, predictedLabel, probability }) => {
      const [actual, predicted] = [label, predictedLabel].map((number) => classNames[number]);
      const caption = `${actual}\ntaken for ${predicted}\nat ${percent(probability)}`;
      return picture(testSet, index, caption);
    },
  );
}

/**
 * Pictures and a model's first choice, with ✓ or ✗ and, where it is wrong, the actual class.
 *
 * @param testSet that the model was evaluated on.
 */
export function predictionPictures(
  { evaluation }: TestedModel<'probabilities'>,
  testSet: ImageDataset,
  indices: Iterable<number>,
): CaptionedPicture[] {
  const { classNames, labels } = testSet;
  const numClasses = classNames.length;
  const { probabilities } = evaluation;
  return Array.from(indices, (index) => {
    const row = Array.from({ length: numClasses }, (_, k) => probabilities[index * numClasses + k]);
    const [{ label, probability }] = topK(row, 1);
    const predicted = `${classNames[label]} ${percent(probability)}`;
    const actual = labels[index];
    const verdict = label === actual ? '✓ right' : `✗ is ${classNames[actual]}`;
    return picture(testSet, index, `${predicted}\n${verdict}`);
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
