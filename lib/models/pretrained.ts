import type { tf } from '../tensorflow/backend';
import { loadKerasWeights } from './kerasWeights';
import { createMobileNetV2, type MobileNetV2Options } from './mobileNetV2';
import {
  resolveMobileNetV2Weights,
  type MobileNetV2Weights,
  type ResolveWeightsOptions,
} from './mobileNetV2Weights';

/** A model together with the origin of its weights. */
export interface PretrainedMobileNetV2 {
  readonly model: tf.LayersModel;
  readonly weights: MobileNetV2Weights;
}

/**
 * Creates MobileNetV2 with pretrained weights, found as {@link resolveMobileNetV2Weights} says. Its width is that
 * of the weights: look at `weights.alpha`, and show `weights.source`.
 *
 * @param options Where to look, and `pooling` as in {@link createMobileNetV2}; without the top by default.
 *   Pictures as `MOBILENET_SCALE` scales them, of `inputSize` (default 224) pixels.
 * @returns The model, all layers trainable. Caller disposes it.
 */
export async function loadMobileNetV2(
  options: ResolveWeightsOptions & Pick<MobileNetV2Options, 'pooling'> = {},
): Promise<PretrainedMobileNetV2> {
  const { pooling, ...resolve } = options;
  const weights = await resolveMobileNetV2Weights(resolve);
  const { inputSize = 224, includeTop = false } = resolve;
  const model = createMobileNetV2({ alpha: weights.alpha, inputSize, includeTop, pooling });
  try {
    await loadKerasWeights(model, weights.path);
  } catch (error) {
    model.dispose();
    throw error;
  }
  return { model, weights };
}
