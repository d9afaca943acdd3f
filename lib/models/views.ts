/**
 * From a network's outputs to what its classifier predicts: the mean over several views of each picture (test-time
 * augmentation), then the temperature. Imports types only, since the page with a classifier runs it in a browser.
 */
// eslint-disable-next-line no-restricted-imports -- types only: the page has no backend.ts
import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs';

/**
 * How often a classifier looks at a picture:
 *
 * - 1: as it is.
 * - 2: and its mirror image (Krizhevsky et al. 2012, section 4.1).
 * - 6: and both moved by one pixel, down to the right and up to the left, with the border reflected. The moved ones count
 *   half (Jordan's airbench, 2024).
 */
export type Views = 1 | 2 | 6;

/** What each view counts, in the order in which {@link predictViews} makes them. */
export const VIEW_WEIGHTS: Readonly<Record<Views, readonly number[]>> = {
  1: [1],
  2: [1 / 2, 1 / 2],
  6: [1 / 4, 1 / 4, 1 / 8, 1 / 8, 1 / 8, 1 / 8],
};

/**
 * The weighted mean of the outputs for all views, which pass through the network as one batch; with a temperature other
 * than 1, p^(1 / temperature) of it, each row divided by its sum: temperature scaling (Guo et al. 2017), whose logits are
 * here the logarithms of the mean.
 *
 * @param images float32 [n, height, width, channels], sides at least 2.
 * @param predict from images to outputs, float32 [n, outputs]: probabilities where there is a temperature.
 * @returns float32 [n, outputs]. Caller disposes, and tidies.
 */
export function predictViews(
  images: Tensor4D,
  { views = 1, temperature = 1 }: { readonly views?: Views; readonly temperature?: number },
  predict: (images: Tensor4D) => Tensor2D,
): Tensor2D {
  const mean = averageViews(images, views, predict);
  return temperature === 1 ? mean : mean.log().div<Tensor2D>(temperature).softmax();
}

function averageViews(
  images: Tensor4D,
  views: Views,
  predict: (images: Tensor4D) => Tensor2D,
): Tensor2D {
  if (views === 1) return predict(images);
  const pictures = views === 2 ? [images] : [images, ...movedByOne(images)];
  const all = pictures.flatMap((each) => [each, each.reverse<Tensor4D>(2)]);
  const outputs = predict(all[0].concat(all.slice(1), 0));
  const [size] = images.shape;
  return VIEW_WEIGHTS[views]
    .map((weight, view) => outputs.slice([view * size, 0], [size, -1]).mul<Tensor2D>(weight))
    .reduce((sum, part) => sum.add<Tensor2D>(part));
}

/** Down to the right, and up to the left. */
function movedByOne(images: Tensor4D): Tensor4D[] {
  const [, height, width] = images.shape;
  const border: [number, number] = [1, 1];
  const padded: Tensor = images.mirrorPad([[0, 0], border, border, [0, 0]], 'reflect');
  return [0, 2].map(
    (from) => padded.slice([0, from, from, 0], [-1, height, width, -1]) as Tensor4D,
  );
}
