// What an augmentation makes of one picture.
import { imageBytes, imagesAt, type ImageDataset } from '../data/dataset';
import { UNIT_SCALE, type Preprocess } from '../data/preprocess';
import {
  anyValue,
  checkOptions,
  nonNegativeInteger,
  positiveInteger,
  seedInteger,
} from '../options';
import { tf } from '../tensorflow/backend';
import { compile } from '../tensorflow/compile';
import { uint8Tensor, uint8ToFloat } from '../tensorflow/operations';
import type { Augmentation } from '../training/augment';
import type { Figure } from './figure';
import { imageGridFigure } from './imageGridFigure';

/** Options of {@link previewAugmentation}. */
export interface PreviewOptions {
  /** Which picture of the data set. Default 0. */
  readonly index?: number;
  /** How many versions. Default 10. */
  readonly count?: number;
  /** Default 42. */
  readonly seed?: number;
  /** Its mean is the colour that cutout and erasing paint, as in a training with it. Default `UNIT_SCALE`: black. */
  readonly scale?: Pick<Preprocess, 'mean'>;
}

/**
 * Versions of one picture as a training would see them, each as in an epoch of its own. Mixup, which needs other pictures, does not show.
 *
 * @example await run.show('augmentation', ml.previewAugmentation(ml.createAugmentation({ crop: 0.3 }), run.data.trainSet));
 */
export function previewAugmentation(
  augmentation: Augmentation,
  dataset: ImageDataset,
  options: PreviewOptions = {},
): Figure {
  checkOptions<PreviewOptions>('previewAugmentation', options, {
    index: nonNegativeInteger,
    count: positiveInteger,
    seed: seedInteger,
    scale: anyValue,
  });
  const { index = 0, count = 10, seed = 42, scale = UNIT_SCALE } = options;
  const { height, width, classNames, labels } = dataset;
  const images = imagesAt(dataset, new Array<number>(count).fill(index));
  const inputsFor = augmentation.start?.({ size: dataset.size, seed });
  const epochs = Array.from({ length: count }, (_, number) => inputsFor?.([index], number + 1));
  const versions = compile(
    (pictures: tf.Tensor, inputs: Readonly<Record<string, tf.Tensor1D>>) => {
      const targets = () => tf.zeros<tf.Rank.R2>([count, classNames.length]);
      const batch = { images: uint8ToFloat(pictures) as tf.Tensor4D, targets };
      const fill = scale.mean.map((mean) => 255 * mean);
      return augmentation.apply(batch, { fill, inputs }).images.add(0);
    },
    { name: 'preview of an augmentation', seed },
  );
  const pixels = tf.tidy(() => {
    const inputs = Object.keys(epochs[0] ?? {}).map(
      (name) =>
        [
          name,
          tf.tensor1d(
            epochs.map((each) => each![name][0]),
            'int32',
          ),
        ] as const,
    );
    const pictures = uint8Tensor(images, [count, height, width, 3]);
    return versions(pictures, Object.fromEntries(inputs)).dataSync();
  });
  versions.dispose();
  const data = Uint8Array.from(pixels, Math.round);
  const length = imageBytes(dataset);
  return imageGridFigure(
    epochs.map((_, number) => ({
      data: data.subarray(number * length, (number + 1) * length),
      height,
      width,
      caption: `${classNames[labels[index]]} ${number + 1}`,
    })),
    { title: 'Augmented versions of one picture', dataset },
  );
}
