import { loadBatch } from '../data/batches';
import type { ImageDataset } from '../data/dataset';
import { createPredictor, predictionBatch } from '../evaluation/predictor';
import { scoreDataset } from '../evaluation/score';
import { anyValue, checkOptions, flag, required } from '../options';
import type { tf } from '../tensorflow/backend';
import { chainAugmentations, type Augmentation } from './augment';
import {
  checkModelFits,
  completeLoopOptions,
  describeLoop,
  loopRules,
  type LoopConfig,
  type TrainingOptions,
  viewsRule,
} from './config';
import type { History } from './history';
import { describeDataset, identify } from './identity';
import { lossAdder } from './loss';
import { runTraining, type BatchSource, type Validator } from './loop';
import { createTrainingStep } from './trainingStep';

/**
 * Trains a classifier in place, from the weights it has.
 *
 * Each epoch takes the images in an order that depends on seed and epoch alone, and everything random in a step depends
 * on seed and step: the same seed and number of threads give the same curve to the last bit, interrupted or not.
 *
 * Ctrl-C, Jupyter's stop button and `signal` end it within one batch: the promise rejects with
 * {@link TrainingInterrupted}, the model keeps the weights of the last step, and with `checkpoint` the same call
 * continues from there. One training at a time runs in a process.
 *
 * @param model ends in a softmax over the classes of the training set; stays the caller's.
 * @throws TypeError or RangeError for impossible options; Error where the loss is no longer finite, a checkpoint cannot
 *   be written or does not belong to this training, or another training runs.
 */
export async function trainModel(
  model: tf.LayersModel,
  options: TrainingOptions,
): Promise<History> {
  checkOptions<TrainingOptions>('trainModel', options, {
    trainSet: required(anyValue),
    valSet: anyValue,
    preprocess: required(anyValue),
    augmentation: anyValue,
    views: viewsRule,
    bfloat16: flag,
    ...loopRules,
  });
  const { trainSet, valSet, preprocess, views, bfloat16 = false } = options;
  const augmentation = oneAugmentation(options.augmentation);
  const { height, width } = trainSet;
  checkModelFits(model, preprocess, { trainSet, valSet });
  const config = completeLoopOptions(options, { ...trainSet, hasValidation: valSet !== undefined });
  return runTraining({
    what: 'a training',
    model,
    config,
    source: pictureSource(trainSet, { augmentation, seed: options.seed }),
    orderStream: 'shuffle',
    createStep: () =>
      createTrainingStep(model, { ...config, preprocess, height, width, augmentation, bfloat16 }),
    ...(valSet && { createValidator: () => pictureValidator(model, valSet, options, config) }),
    identify: () =>
      identify(model, {
        trainSet: describeDataset(trainSet),
        valSet: valSet && describeDataset(valSet),
        options: {
          ...describeLoop(config),
          preprocess,
          augmentation: augmentation?.options,
          views,
          bfloat16,
        },
      }),
  });
}

/** Several augmentations as one. */
export function oneAugmentation(given: TrainingOptions['augmentation']): Augmentation | undefined {
  return Array.isArray(given) ? chainAugmentations(given) : (given as Augmentation | undefined);
}

/** The pictures of a data set, with what an augmentation needs for each. */
export function pictureSource(
  trainSet: ImageDataset,
  { augmentation, seed }: { readonly augmentation?: Augmentation; readonly seed: number },
): BatchSource {
  const { size } = trainSet;
  const inputsFor = augmentation?.start?.({ size, seed });
  return {
    size,
    async batch(indices, epoch) {
      const { images, labels } = await loadBatch(trainSet, indices);
      return { inputs: images, labels, augmentation: inputsFor?.(indices, epoch) };
    },
  };
}

function pictureValidator(
  model: tf.LayersModel,
  valSet: ImageDataset,
  { preprocess, views }: TrainingOptions,
  { metrics, loss }: LoopConfig,
): Validator {
  const { height, width } = valSet;
  const predictor = createPredictor(model, { preprocess, height, width, views });
  const scoring = {
    ...{ metrics, addLosses: lossAdder(loss) },
    batchSize: predictionBatch({ preprocess, views }),
  };
  return {
    run: (between) => scoreDataset(predictor, valSet, { ...scoring, between }),
    dispose: () => predictor.dispose(),
  };
}
