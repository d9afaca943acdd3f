/**
 * What happens to pixels before the first layer, as a value: training, evaluation and prediction use
 * the same one, and a saved model carries it, so that they cannot drift apart.
 */
import { describeValue } from '../options';
import { tf } from '../tensorflow/backend';

/** The model's input is `(pixel / 255 - mean) / std` at this height and width, channels R, G, B. */
export interface Preprocess {
  readonly height: number;
  readonly width: number;
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
  /**
   * The size of the training pictures where they were enlarged to `height` × `width`, e.g. 32 × 32: a picture from a file
   * is scaled to it first, so that the network sees as little detail as in training. Default: `height` × `width`.
   */
  readonly sourceSize?: { readonly height: number; readonly width: number };
}

/** Scales pixels to [0, 1], as the classic Keras recipes do (`x / 255`). */
export const UNIT_SCALE: Pick<Preprocess, 'mean' | 'std'> = { mean: [0, 0, 0], std: [1, 1, 1] };

/** Scales pixels to [-1, 1]: Keras' `mobilenet_v2.preprocess_input` (`x / 127.5 - 1`). */
export const MOBILENET_SCALE: Pick<Preprocess, 'mean' | 'std'> = {
  mean: [0.5, 0.5, 0.5],
  std: [0.5, 0.5, 0.5],
};

/** Mean 0 and variance 1 for each channel, over the 50,000 training pictures of CIFAR-10. */
export const CIFAR10_SCALE: Pick<Preprocess, 'mean' | 'std'> = {
  mean: [0.4914, 0.4822, 0.4465],
  std: [0.247, 0.2435, 0.2616],
};

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
  const { height, width, mean, std } = preprocess;
  return tf.tidy(() => {
    const sameSize = images.shape[1] === height && images.shape[2] === width;
    const resized = sameSize
      ? images
      : tf.image.resizeBilinear(images, [height, width], false, true);
    // (x / 255 - mean) / std as one multiplication and one addition.
    const scale = std.map((value) => 1 / (255 * value));
    const offset = mean.map((value, channel) => -value / std[channel]);
    // Row by row: TensorFlow's kernels are several times as fast on long rows as on three channels.
    const row = (values: readonly number[]): tf.Tensor1D =>
      tf.tensor1d(Array.from({ length: 3 * width }, (_, i) => values[i % 3]));
    const rows = tf.reshape(resized, [-1, 3 * width]);
    return tf.reshape(rows.mul(row(scale)).add(row(offset)), resized.shape);
  });
}

/**
 * The value itself, if it is a `Preprocess`; for values read from a file.
 *
 * @param place where it comes from, for the message, e.g. the path of `model.json`.
 * @throws Error that names the field that is wrong.
 */
export function checkPreprocess(
  value: unknown,
  place = 'preprocess',
  remedy = 'save the model again with its preprocessing',
): Preprocess {
  const refuse = (field: string, expected: string, received: unknown): never => {
    throw new Error(
      `Expected ${field} in ${place} to be ${expected} but received ${describeValue(received)}: ` +
        `${remedy}.`,
    );
  };
  if (typeof value !== 'object' || value === null) {
    return refuse('the preprocessing', 'an object { height, width, mean, std }', value);
  }
  const { height, width, mean, std, sourceSize } = value as Record<string, unknown>;
  const isSize = (size: unknown): size is number => Number.isSafeInteger(size) && Number(size) > 0;
  if (!isSize(height)) return refuse('height', 'a number of pixels', height);
  if (!isSize(width)) return refuse('width', 'a number of pixels', width);
  if (!isTriple(mean)) return refuse('mean', 'three numbers', mean);
  if (!isTriple(std) || !std.every((each) => each > 0)) {
    return refuse('std', 'three numbers greater than 0', std);
  }
  if (sourceSize === undefined) return { height, width, mean, std };
  const { height: rows, width: columns } = (sourceSize ?? {}) as Record<string, unknown>;
  if (!isSize(rows) || !isSize(columns)) {
    return refuse('sourceSize', '{ height, width } in pixels', sourceSize);
  }
  return { height, width, mean, std, sourceSize: { height: rows, width: columns } };
}

function isTriple(value: unknown): value is [number, number, number] {
  return Array.isArray(value) && value.length === 3 && value.every((each) => Number.isFinite(each));
}
