import type { tf } from '../tensorflow/backend';

type Call = tf.layers.Layer['call'];

/**
 * Gives every batch normalization of a model Keras' meaning of `trainable = false`: the layer then runs in
 * inference mode (moving averages, which stay as they are) in a training step too. tfjs by itself goes on
 * normalising with each batch's statistics and moving the averages of a frozen layer, which spoils a frozen
 * backbone. The flag is read at each call, so freezing and unfreezing work at any time.
 *
 * Not part of what a model saves: call it again on a loaded model. Calling it twice is harmless.
 *
 * @see https://keras.io/api/layers/normalization_layers/batch_normalization/ ("About setting layer.trainable")
 */
export function freezeBatchNormWithLayer(model: tf.LayersModel): void {
  for (const layer of model.layers) {
    if (layer.getClassName() === 'BatchNormalization' && !patchedLayers.has(layer)) {
      patchedLayers.add(layer);
      // Asked at each call: lib/tensorflow/layers.ts exchanges the prototype's during a step.
      const prototype = Object.getPrototypeOf(layer) as { call: Call };
      layer.call = (inputs, kwargs) =>
        prototype.call.call(layer, inputs, {
          ...kwargs,
          training: Boolean(kwargs?.training) && isTrainable(layer),
        });
    }
  }
}

/** `model.trainable = false` reaches a layer's weights but not the layer's own flag: ask both. */
function isTrainable(layer: tf.layers.Layer): boolean {
  const onlyAverages = layer.weights.length === 2; // no scale and no shift: no weight to ask
  return layer.trainableWeights.length > 0 || (onlyAverages && layer.trainable);
}

const patchedLayers = new WeakSet<tf.layers.Layer>();
