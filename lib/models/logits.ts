import { type tf } from '../tensorflow/backend';

interface LayerWithActivation {
  activation: { getClassName(): string; apply(x: tf.Tensor): tf.Tensor };
}

/**
 * Applies a classifier without its final softmax, because the cross-entropy of logits is the stable one and has
 * a fused kernel.
 *
 * @param model Ends in a softmax: a `Dense` (or other) layer with that activation, or `tf.layers.activation` with softmax.
 * @param images float32 [batch, height, width, channels], as the model wants them.
 * @returns Logits, float32 [batch, numClasses]. Caller disposes.
 * @throws If the model does not end in a softmax.
 */
export function applyLogits(
  model: tf.LayersModel,
  images: tf.Tensor,
  { training = false }: { readonly training?: boolean } = {},
): tf.Tensor2D {
  const last = softmaxLayer(model) as unknown as LayerWithActivation;
  const softmax = last.activation;
  last.activation = linear;
  try {
    return model.apply(images, { training }) as tf.Tensor2D;
  } finally {
    last.activation = softmax;
  }
}

/** The layer that turns logits into probabilities. */
function softmaxLayer(model: tf.LayersModel): tf.layers.Layer {
  const last = model.layers[model.layers.length - 1];
  const activation = (last as unknown as Partial<LayerWithActivation>).activation;
  if (model.outputs.length !== 1 || activation?.getClassName() !== 'softmax')
    throw new Error(
      `Expected ${model.name} to end in one layer with softmax activation but its last layer is ` +
        `"${last.name}" (${last.getClassName()}): end it with tf.layers.dense({ units, activation: 'softmax' })`,
    );
  return last;
}

const linear: LayerWithActivation['activation'] = {
  getClassName: () => 'linear',
  apply: (x) => x,
};
