import { MOBILENET_SCALE } from '../data/preprocess';
import type { Classifier } from './classifier';
import { imageNetClasses } from './imageNetClasses';
import type { ResolveWeightsOptions } from './mobileNetV2Weights';
import { loadMobileNetV2 } from './pretrained';

/**
 * MobileNetV2 with its own top: names one of ImageNet's 1000 classes. Weights are looked for as
 * {@link loadMobileNetV2} does, but only the official ones (or a named file) have that top.
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
