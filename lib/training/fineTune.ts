/** Fine-tuning: training the upper layers of a transfer model further, at a low learning rate. */
import { unfreezeFrom } from '../models/transfer';
import { checkOption, required, text } from '../options';
import { type tf } from '../tensorflow/backend';
import type { TrainingOptions } from './config';
import type { History } from './history';
import { createCosineSchedule } from './schedule';
import { trainModel } from './train';

/** Options of {@link fineTune}: all that `trainModel` can, and where to begin. */
export interface FineTuneOptions extends TrainingOptions {
  /** The first layer that is trained, as Keras calls it, for example `block_13_expand`. */
  readonly unfreezeFrom: string;
}

/**
 * Trains the layer `unfreezeFrom` and all behind it, in place, from the weights they have; batch normalization and what
 * lies before stay as they are, bit for bit.
 *
 * A head that was just made would send large, random gradients into the backbone: train it on features first
 * ({@link trainHead}).
 *
 * @param model of {@link createTransferModel}, or loaded again.
 * @param options.learningRate default: from 1e-4, a tenth of what a head takes, down to 0 along half a cosine.
 * @throws as `trainModel`; Error where there is no such layer.
 */
export async function fineTune(model: tf.LayersModel, options: FineTuneOptions): Promise<History> {
  const { unfreezeFrom: layerName, ...training } = options;
  checkOption(
    'fineTune',
    'unfreezeFrom',
    layerName,
    required({ ...text, example: '"block_13_expand"' }),
  );
  unfreezeFrom(model, layerName);
  const { learningRate = createCosineSchedule({ peak: 1e-4 }) } = training;
  return trainModel(model, { ...training, learningRate });
}
