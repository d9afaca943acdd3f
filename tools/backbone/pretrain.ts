/** Trains the embedded backbone: MobileNetV2 on pictures that this project drew, of other things than the ten classes. */
import type { ImageDataset } from '../../lib/data/dataset';
import { MOBILENET_SCALE } from '../../lib/data/preprocess';
import { OTHER_CLASSES } from './otherClasses';
import { drawPictureSet } from '../../lib/sample/pictureSet';
import { saveKerasWeights } from '../../lib/models/kerasWeights';
import { createMobileNetV2 } from '../../lib/models/mobileNetV2';
import {
  callback,
  checkOptions,
  integerFrom,
  positiveInteger,
  required,
  seedInteger,
  text,
} from '../../lib/options';
import type { tf } from '../../lib/tensorflow/backend';
import type { EpochRecord, History, ResumeInfo, StepInfo } from '../../lib/training/history';
import { createAdam } from '../../lib/training/optimizer';
import { createOneCycleSchedule } from '../../lib/training/schedule';
import { trainModel } from '../../lib/training/train';

/** The width of the embedded backbone: 410,208 numbers, 1.6 MB. */
export const EMBEDDED_ALPHA = 0.35;

/** Options of {@link pretrainBackbone}. */
export interface PretrainOptions {
  /** Training pictures to draw, 3 kB of memory each. */
  readonly pictures: number;
  readonly epochs: number;
  /** Height and width that the pictures of 32 pixels are resized to in the graph, 32 or more. */
  readonly inputSize: number;
  readonly batchSize: number;
  readonly seed: number;
  /** Validation pictures of each class; default 50. */
  readonly valPicturesPerClass?: number;
  /** Where the training keeps its checkpoints: the same call continues from there. */
  readonly checkpointDirectory: string;
  /** The weights file that is written at the end, in Keras' layout, without the top. */
  readonly file: string;
  readonly onStep?: (step: StepInfo) => void;
  readonly onEpoch?: (epoch: EpochRecord) => void;
  readonly onResume?: (resumed: ResumeInfo) => void;
}

/**
 * Draws the pictures, trains, and saves the weights without their top.
 *
 * @returns the history; its validation pictures are of the same 47 classes.
 */
export async function pretrainBackbone(options: PretrainOptions): Promise<History> {
  checkOptions<PretrainOptions>('pretrainBackbone', options, {
    pictures: required(positiveInteger),
    epochs: required(positiveInteger),
    inputSize: required(integerFrom(32, 96)),
    batchSize: required(positiveInteger),
    seed: required(seedInteger),
    valPicturesPerClass: positiveInteger,
    checkpointDirectory: required(text),
    file: required(text),
    onStep: callback,
    onEpoch: callback,
    onResume: callback,
  });
  const { pictures, epochs, inputSize, batchSize, seed, checkpointDirectory, file } = options;
  const { valPicturesPerClass = 50 } = options;
  const classNames = Object.keys(OTHER_CLASSES);
  const model = createMobileNetV2({
    alpha: EMBEDDED_ALPHA,
    inputSize,
    numClasses: classNames.length,
    seed,
  });
  const backbone = createMobileNetV2({ alpha: EMBEDDED_ALPHA, inputSize, includeTop: false });
  try {
    averageFaster(model);
    const history = await trainModel(model, {
      trainSet: drawOtherThings('train', pictures, seed),
      valSet: drawOtherThings('validation', valPicturesPerClass * classNames.length, seed),
      preprocess: { height: inputSize, width: inputSize, ...MOBILENET_SCALE },
      epochs,
      batchSize,
      seed,
      // AdamW, one cycle, smoothed labels: a plain recipe for a short training from scratch.
      optimizer: createAdam({ weightDecay: 0.02 }),
      learningRate: createOneCycleSchedule({ peak: 3e-3 }),
      labelSmoothing: 0.1,
      checkpoint: { directory: checkpointDirectory, everyMinutes: 2, resume: 'always' },
      onStep: options.onStep,
      onEpoch: options.onEpoch,
      onResume: options.onResume,
    });
    for (const layer of backbone.layers) {
      layer.setWeights(model.getLayer(layer.name).getWeights());
    }
    await saveKerasWeights(backbone, file);
    return history;
  } finally {
    model.dispose();
    backbone.dispose();
  }
}

/** Pictures of 47 things that CIFAR-10 does not name. */
export function drawOtherThings(
  stream: 'train' | 'validation',
  count: number,
  seed: number,
): ImageDataset {
  return drawPictureSet({
    name: 'pictures of other things',
    subjects: OTHER_CLASSES,
    classNames: Object.keys(OTHER_CLASSES),
    count,
    seed,
    stream: `other things, ${stream}`,
    size: 32,
  });
}

/**
 * Keras' momentum of .999 averages over the last thousand batches: right for ImageNet's million, far too slow for a few
 * thousand steps. The averages themselves do not remember with which momentum they were taken.
 */
function averageFaster(model: tf.LayersModel): void {
  for (const layer of model.layers) {
    if (layer.getClassName() !== 'BatchNormalization') continue;
    (layer as unknown as { momentum: number }).momentum = 0.98;
  }
}
