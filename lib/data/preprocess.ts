/**
 * What happens to pixels before the first layer, as a value: training, evaluation and prediction use
 * the same one, and a saved model carries it, so that they cannot drift apart. Without TensorFlow: `applyPreprocess`
 * computes it there, the ONNX graph in ONNX Runtime.
 */
import { describeValue } from '../options';

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

/** Of red, green and blue in grey: ITU-R BT.601, as in Pillow and torchvision. */
export const GREY_SHARES = [0.299, 0.587, 0.114] as const;

/** The grey value, 0…255, of the pixel whose red is at `start`. */
export function greyAt(image: Uint8Array, start: number): number {
  const [red, green, blue] = GREY_SHARES;
  return red * image[start] + green * image[start + 1] + blue * image[start + 2];
}

/** `(pixel / 255 - mean) / std` as one multiplication and one addition, for each channel. */
export function pixelScale({ mean, std }: Pick<Preprocess, 'mean' | 'std'>): {
  readonly scale: readonly number[];
  readonly offset: readonly number[];
} {
  return {
    scale: std.map((value) => 1 / (255 * value)),
    offset: mean.map((value, channel) => -value / std[channel]),
  };
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
