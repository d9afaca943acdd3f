import { encodePng } from '../lib/data/image';
import { UNIT_SCALE } from '../lib/data/preprocess';
import type { Classifier } from '../lib/models/classifier';
import { tf } from '../lib/tensorflow/backend';

/**
 * Two classes, weights by hand: logits 4·red and 4·blue of the mean colour. A blue picture is blue with
 * 1 / (1 + e⁻⁴) = 98.2 %. Caller disposes the model.
 */
export function createRedOrBlue(classNames: readonly string[] = ['red', 'blue']): Classifier {
  const model = tf.sequential({
    layers: [
      tf.layers.globalAveragePooling2d({ inputShape: [4, 4, 3] }),
      tf.layers.dense({ units: 2, activation: 'softmax' }),
    ],
  });
  const weights = [tf.tensor2d([4, 0, 0, 0, 0, 4], [3, 2]), tf.zeros([2])];
  model.layers[1].setWeights(weights);
  tf.dispose(weights);
  return { model, preprocess: { height: 4, width: 4, ...UNIT_SCALE }, classNames };
}

/** A PNG file of one colour, 5 × 7 pixels. */
export function colourPng(colour: readonly number[]): Promise<Uint8Array> {
  const data = Uint8Array.from({ length: 5 * 7 * 3 }, (_, index) => colour[index % 3]);
  return encodePng({ data, height: 5, width: 7 });
}
