/** What pixels say about a picture: how sharp and how bright it is. */
import { type ImageDataset, imageOf, select, shrinkPictures } from '../data/dataset';
import { greyAt } from '../data/preprocess';

export interface PictureQuality {
  /**
   * Variance of the Laplacian (4 neighbours) of the grey values 0…255: J. L. Pech-Pacheco et al., "Diatom autofocusing in
   * brightfield microscopy", ICPR 2000. Taken at 64 pixels at most, so that it does not measure the size.
   */
  readonly sharpness: number;
  /**
   * 0…1, the brightness that 1 % of the pixels exceed: dark throughout, not merely dark at large. √(.241 R² + .691 G² +
   * .068 B²), as CleanVision has it.
   */
  readonly brightness: number;
}

/** Of each picture, in the data set's order. */
export function measureQuality(dataset: ImageDataset): PictureQuality[] {
  return Array.from(dataset.labels, (_, index) => {
    const small = shrinkPictures(select(dataset, [index]), 64); // one by one: all of them may be too many for memory
    const { height, width } = small;
    const image = imageOf(small, 0);
    const grey = new Float64Array(height * width);
    const bright = new Float64Array(height * width);
    for (let pixel = 0, at = 0; pixel < grey.length; pixel++, at += 3) {
      const [red, green, blue] = [image[at], image[at + 1], image[at + 2]];
      grey[pixel] = greyAt(image, at);
      bright[pixel] = Math.sqrt(0.241 * red ** 2 + 0.691 * green ** 2 + 0.068 * blue ** 2) / 255;
    }
    const brightness = bright.sort()[Math.round(0.99 * (bright.length - 1))];
    return { sharpness: laplacianVariance(grey, width), brightness };
  });
}

/** Of the inner pixels, which have four neighbours; 0 where there are none. */
function laplacianVariance(grey: Float64Array, width: number): number {
  let [count, sum, squares] = [0, 0, 0];
  for (let at = width + 1; at < grey.length - width - 1; at++) {
    if (at % width === 0 || at % width === width - 1) continue;
    const value = grey[at - width] + grey[at - 1] + grey[at + 1] + grey[at + width] - 4 * grey[at];
    count++;
    sum += value;
    squares += value * value;
  }
  return count === 0 ? 0 : squares / count - (sum / count) ** 2;
}
