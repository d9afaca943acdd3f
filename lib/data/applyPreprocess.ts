import { tf } from '../tensorflow/backend';
import { pixelScale, type Preprocess } from './preprocess';

/**
 * The pictures as the model wants them.
 *
 * Where the size differs they are resized bilinearly with half-pixel centres and without
 * antialiasing: that is `tf.image.resize(images, size)` and Keras' `Resizing` layer. (tfjs' own default
 * puts the centres elsewhere and shifts the picture.)
 *
 * @param images float32 [n, height, width, 3], 0…255. It stays the caller's.
 * @returns float32 [n, preprocess.height, preprocess.width, 3]; the caller disposes it.
 */
export function applyPreprocess(images: tf.Tensor4D, preprocess: Preprocess): tf.Tensor4D {
  if (images.dtype !== 'float32' || images.rank !== 4 || images.shape[3] !== 3) {
    throw new Error(
      `Expected float32 images [n, height, width, 3] but received ${images.dtype} ` +
        `[${images.shape.join(', ')}]: cast them with images.toFloat().`,
    );
  }
  const { height, width } = preprocess;
  return tf.tidy(() => {
    const sameSize = images.shape[1] === height && images.shape[2] === width;
    const resized = sameSize
      ? images
      : tf.image.resizeBilinear(images, [height, width], false, true);
    const { scale, offset } = pixelScale(preprocess);
    // Row by row: TensorFlow's kernels are several times as fast on long rows as on three channels.
    const row = (values: readonly number[]): tf.Tensor1D =>
      tf.tensor1d(Array.from({ length: 3 * width }, (_, i) => values[i % 3]));
    const rows = tf.reshape(resized, [-1, 3 * width]);
    return tf.reshape(rows.mul(row(scale)).add(row(offset)), resized.shape);
  });
}
