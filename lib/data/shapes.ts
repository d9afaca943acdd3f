/**
 * Generated pictures of things that CIFAR-10 does not name: what the embedded MobileNetV2 backbone is
 * pre-trained on, so that it has seen neither the ten classes nor a photograph.
 */
import { checkOptions, integerFrom, nonNegativeInteger, required, seedInteger } from '../options';
import type { ImageDataset } from './dataset';
import { OTHER_CLASSES } from './sample/otherClasses';
import { drawPictureSet } from './sample/pictureSet';

/** The names of the things, in the order of their labels. */
export const SHAPE_CLASS_NAMES: readonly string[] = Object.keys(OTHER_CLASSES);

export interface ShapesOptions {
  readonly count: number;
  /** The same seed draws the same bytes, on every machine; another seed gives new pictures. */
  readonly seed: number;
  /** Width and height in pixels, 8 or more; default 64. */
  readonly size?: number;
}

/**
 * Draws `count` pictures, the classes in equal shares and shuffled order. They stray further in size,
 * place, scene, light and noise than the generated sample's, for features that carry over.
 */
export function generateShapes(options: ShapesOptions): ImageDataset {
  checkOptions('generateShapes', options, {
    count: required(nonNegativeInteger),
    seed: required(seedInteger),
    size: integerFrom(8, 64),
  });
  const { count, seed, size = 64 } = options;
  return drawPictureSet({
    name: 'generated shapes',
    subjects: OTHER_CLASSES,
    classNames: SHAPE_CLASS_NAMES,
    count,
    seed,
    stream: 'shapes',
    size,
    wildness: 1.6,
  });
}
