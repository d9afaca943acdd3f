// Pictures of a data set with what is to be read below them, for imageGridFigure.
import { basename } from 'node:path';
import { imageOf, type ImageDataset } from '../data/dataset';
import type { DecodedImage } from '../data/image';
import { greyAt } from '../data/preprocess';
import type { TestedModel } from '../evaluation/evaluate';
import type { Explanation } from '../evaluation/gradCam';
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
 * sure the model was. A picture from a file has its name below, and its path where the mouse is over it.
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

/** A picture under its class, and beside it the places that speak for the class. */
export function explanationPictures(explanation: Explanation): CaptionedPicture[] {
  const { picture, className, probability, layer } = explanation;
  return [
    { ...picture, caption: `${className}\n${percent(probability)}` },
    { ...heatPicture(explanation), caption: `what speaks for it\nlayer ${layer}` },
  ];
}

/** The picture in grey, the places that speak for the class in vermilion, the more the stronger. */
export function heatPicture({
  picture: { data, height, width },
  heatmap,
}: Pick<Explanation, 'picture' | 'heatmap'>): DecodedImage {
  const heated = data.map((_, place) => {
    const start = place - (place % 3);
    const grey = greyAt(data, start);
    return Math.round(grey + 0.75 * heatmap[start / 3] * ([213, 94, 0][place % 3] - grey));
  });
  return { data: heated, height, width };
}

function picture(dataset: ImageDataset, index: number, caption: string): CaptionedPicture {
  const { height, width, size, paths } = dataset;
  checkOption(`the pictures of "${dataset.name}"`, 'index', index, required(integerBelow(size)));
  const data = imageOf(dataset, index);
  if (!paths) return { data, height, width, caption };
  return {
    data,
    height,
    width,
    caption: `${caption}\n${basename(paths[index])}`,
    path: paths[index],
  };
}

function integerBelow(limit: number): OptionRule {
  return rule(`an integer of 0…${limit - 1}`, '0', (value) => {
    return Number.isInteger(value) && Number(value) >= 0 && Number(value) < limit;
  });
}
