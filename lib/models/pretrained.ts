import { IMAGENET_CLASSES } from '@tensorflow-models/mobilenet/dist/imagenet_classes';
import { MOBILENET_SCALE } from '../data/preprocess';
import type { tf } from '../tensorflow/backend';
import type { Classifier } from './classifier';
import { loadKerasWeights } from './kerasWeights';
import { createMobileNetV2, type MobileNetV2Options } from './mobileNetV2';
import {
  type MobileNetV2Weights,
  resolveMobileNetV2Weights,
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

/**
 * MobileNetV2 with its own top: names one of ImageNet's 1000 classes. Weights are looked for as
 * `loadMobileNetV2` does, but only the official ones (or a named file) have that top.
 *
 * @returns undefined, with a notice that says why, where they cannot be had. The caller disposes the model.
 */
export async function loadImageNetClassifier(
  options: Pick<
    ResolveWeightsOptions,
    'source' | 'alpha' | 'offline' | 'onProgress' | 'onNotice'
  > = {},
): Promise<Classifier | undefined> {
  const { onNotice = console.warn } = options;
  const size = 224;
  try {
    const { model } = await loadMobileNetV2({ ...options, inputSize: size, includeTop: true });
    const preprocess = { height: size, width: size, ...MOBILENET_SCALE };
    return { model, classNames: imageNetClasses, preprocess };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    onNotice(`Without ImageNet's weights there are no ImageNet names: ${reason}`);
    return undefined;
  }
}

/**
 * The 1000 ImageNet classes in the order of MobileNetV2's output, as the package
 * `@tensorflow-models/mobilenet` (Apache-2.0) carries them: synonyms separated by commas,
 * for example "tabby, tabby cat" at 281.
 */
export const imageNetClasses: readonly string[] = Object.freeze(
  Array.from({ length: 1000 }, (_, classId) => IMAGENET_CLASSES[classId]),
);
