/**
 * The generated sample: pictures of the ten things that CIFAR-10 names, drawn by this project. It is
 * what notebooks run on where CIFAR-10 is out of reach, and it never passes for CIFAR-10: its name is
 * "generated sample" and its source `generated`, in titles, records and terminal alike.
 */
import { checkOptions, integerFrom, nonNegativeInteger, required, seedInteger } from '../options';
import { createRng, shuffledIndices } from '../random';
import { CIFAR10_CLASS_NAMES } from './cifar10Format';
import { createDataset, type DatasetSplits, type ImageDataset } from './dataset';
import { drawPicture } from './sample/picture';
import { TEN_CLASSES } from './sample/tenClasses';

export interface SampleOptions {
  /** Default 5000. */
  readonly trainCount?: number;
  /** Default 1000. */
  readonly testCount?: number;
  /** The same seed draws the same bytes, on every machine. */
  readonly seed: number;
  /** Width and height in pixels, 8 or more; default 32, as CIFAR-10's. */
  readonly size?: number;
}

/** Draws the training and the test set; 5,000 + 1,000 pictures of 32 × 32. */
export function generateSample(options: SampleOptions): DatasetSplits {
  checkOptions('generateSample', options, {
    trainCount: nonNegativeInteger,
    testCount: nonNegativeInteger,
    seed: required(seedInteger),
    size: integerFrom(8, 32),
  });
  const { trainCount = 5000, testCount = 1000, seed, size = 32 } = options;
  return {
    name: 'generated sample',
    source: 'generated',
    trainSet: drawSet('train', { count: trainCount, seed, size }),
    testSet: drawSet('test', { count: testCount, seed, size }),
  };
}

interface SetOptions {
  readonly count: number;
  readonly seed: number;
  readonly size: number;
}

function drawSet(split: 'train' | 'test', { count, seed, size }: SetOptions): ImageDataset {
  const images = new Uint8Array(count * size * size * 3);
  const labels = new Int32Array(count);
  const numClasses = CIFAR10_CLASS_NAMES.length;
  let order: Uint32Array = new Uint32Array(0);
  for (let index = 0; index < count; index++) {
    // Every ten pictures hold each class once, so that any first part of the set is balanced too.
    const place = index % numClasses;
    if (place === 0) {
      order = shuffledIndices(numClasses, createRng(seed, split, 'classes', index));
    }
    const label = order[place];
    labels[index] = label;
    // A stream for each picture: it does not depend on how many are asked for.
    const rng = createRng(seed, split, 'picture', index);
    const picture = drawPicture(TEN_CLASSES[CIFAR10_CLASS_NAMES[label]], { rng, size });
    images.set(picture, index * picture.length);
  }
  return createDataset({
    name: 'generated sample',
    source: 'generated',
    images,
    labels,
    classNames: CIFAR10_CLASS_NAMES,
    height: size,
    width: size,
  });
}
