/** What augmentation does to a batch once the random numbers are drawn: the same numbers give the same pixels. */
import { GREY_SHARES } from '../data/preprocess';
import { DataType, tf } from '../tensorflow/backend';
import { executeOperation } from '../tensorflow/operations';

/** How pictures are moved, one number for each: int32 [batch]. */
export interface Moves {
  /** 1 for a picture that is mirrored left to right, else 0. Default: none is. */
  readonly flips?: tf.Tensor1D;
  /** Rows: the pixel at (y, x) comes from (y + down, x + right), counted in the mirrored picture. */
  readonly down: tf.Tensor1D;
  /** Columns. */
  readonly right: tf.Tensor1D;
}

/**
 * Mirrors and moves in one gather: every pixel has a source. Beyond its border a picture continues mirrored
 * at its outermost pixels, which are not repeated: … 2 1 | 0 1 2 … (PyTorch's "reflect").
 *
 * @param images float32 [batch, height, width, channels]; moves are smaller than height and width.
 * @returns float32 of the same shape. Caller disposes.
 */
export function movePictures(images: tf.Tensor4D, moves: Moves): tf.Tensor4D {
  return tf.tidy(() => {
    const [batch, height, width, channels] = images.shape;
    const { flips, down, right } = moves;
    const rows = reflected(places(height).add(down.expandDims(1)), height);
    const moved = reflected(places(width).add(right.expandDims(1)), width);
    // x in a picture as it is, width - 1 - x in a mirrored one.
    const mirror = (x: tf.Tensor): tf.Tensor => integer(width - 1).sub(x.mul(integer(2)));
    const columns = flips ? moved.add(flips.expandDims(1).mul(mirror(moved))) : moved;
    const firstRows = places(batch).mul(integer(height)).expandDims(1);
    const rowStarts = rows.add(firstRows).mul(integer(width));
    const sources = rowStarts.expandDims(2).add<tf.Tensor3D>(columns.expandDims(1));
    const pixels: tf.Tensor = images.reshape([batch * height * width, channels]);
    return tf.gather(pixels, sources) as tf.Tensor4D;
  });
}

/** A section of each picture, one number for each picture: float32 [batch]. */
export interface Sections {
  /** Height and width of the section that is enlarged to the whole picture, as shares of the picture's. */
  readonly height: tf.Tensor1D;
  readonly width: tf.Tensor1D;
  /** From the picture's centre to the section's, in pixels. */
  readonly down: tf.Tensor1D;
  readonly right: tf.Tensor1D;
  /** The section is turned by this angle, clockwise, in radians: what is in it turns the other way. */
  readonly angle: tf.Tensor1D;
}

/**
 * Enlarges a section of each picture, perhaps a turned one, to the whole picture: bilinear, by the centres of the pixels.
 * Beyond its border a picture continues mirrored, the outermost pixels repeated: … 1 0 | 0 1 2 ….
 *
 * @param images float32 [batch, height, width, channels].
 * @returns float32 of the same shape. Caller disposes.
 */
export function enlargeSections(images: tf.Tensor4D, sections: Sections): tf.Tensor4D {
  return tf.tidy(() => {
    const [, height, width] = images.shape;
    const { down, right, angle } = sections;
    // From the centre of the result, (x, y) → turn · scale · (x, y) + (right, down): TensorFlow counts from the first pixel.
    const [centerX, centerY] = [(width - 1) / 2, (height - 1) / 2];
    const [cosine, sine] = [angle.cos(), angle.sin()];
    const [xx, xy] = [cosine.mul(sections.width), sine.mul(sections.height).neg()];
    const [yx, yy] = [sine.mul(sections.width), cosine.mul(sections.height)];
    const x0 = right.add(centerX).sub(xx.mul(centerX)).sub(xy.mul(centerY));
    const y0 = down.add(centerY).sub(yx.mul(centerX)).sub(yy.mul(centerY));
    const none = tf.zerosLike(angle);
    const transforms = tf.stack([xx, xy, x0, yx, yy, y0, none, none], 1);
    const size = tf.tensor1d([height, width], 'int32');
    return executeOperation(
      'ImageProjectiveTransformV3',
      [images, transforms, size, tf.scalar(0)],
      {
        attributes: {
          dtype: { type: DataType.float32 },
          interpolation: { string: 'BILINEAR' },
          fill_mode: { string: 'REFLECT' },
        },
      },
    )[0] as tf.Tensor4D;
  });
}

/**
 * Changes brightness, then contrast, then saturation, as torchvision's `ColorJitter` does: each mixes the picture with black,
 * with its mean grey, and with its grey version; 1 changes nothing.
 *
 * @param images float32 [batch, height, width, 3], 0…255.
 * @param factors float32 [batch], 0 or more.
 * @returns float32 of the same shape, 0…255. Caller disposes.
 */
export function jitterColors(
  images: tf.Tensor4D,
  factors: Readonly<Record<'brightness' | 'contrast' | 'saturation', tf.Tensor1D>>,
): tf.Tensor4D {
  return tf.tidy(() => {
    const grey = (x: tf.Tensor): tf.Tensor => x.mul(tf.tensor1d([...GREY_SHARES])).sum(3, true);
    const mix = (x: tf.Tensor, other: tf.Tensor | number, factor: tf.Tensor1D): tf.Tensor => {
      const share = factor.reshape([-1, 1, 1, 1]);
      return x.mul(share).add(tf.scalar(1).sub(share).mul(other)).clipByValue(0, 255);
    };
    const bright = mix(images, 0, factors.brightness);
    const contrasted = mix(bright, grey(bright).mean([1, 2], true), factors.contrast);
    return mix(contrasted, grey(contrasted), factors.saturation) as tf.Tensor4D;
  });
}

/**
 * Paints a rectangle in each picture; the part outside of the picture is lost.
 *
 * @param images float32 [batch, height, width, channels].
 * @param rectangles.top,rectangles.left int32 [batch]: the first row and column, negative where it begins outside.
 * @param rectangles.height,rectangles.width int32 [batch], in pixels.
 * @param rectangles.fill colour, one number a channel.
 * @returns float32 of the same shape. Caller disposes.
 */
export function paintRectangles(
  images: tf.Tensor4D,
  rectangles: Readonly<Record<'top' | 'left' | 'height' | 'width', tf.Tensor1D>> & {
    readonly fill: readonly number[];
  },
): tf.Tensor4D {
  return tf.tidy(() => {
    const [, height, width] = images.shape;
    const { top, left, fill } = rectangles;
    const inside = (size: number, first: tf.Tensor1D, length: tf.Tensor1D): tf.Tensor => {
      const distances = places(size).sub(first.expandDims(1));
      const isInside = distances
        .greaterEqual(integer(0))
        .logicalAnd(distances.less(length.expandDims(1)));
      return isInside.cast('float32');
    };
    const rows = inside(height, top, rectangles.height).expandDims(2);
    const painted = rows.mul(inside(width, left, rectangles.width).expandDims(1)).expandDims(3);
    return images.add<tf.Tensor4D>(painted.mul(tf.tensor1d([...fill]).sub(images)));
  });
}

/**
 * `share` of each row and the rest of its partner's: the row as far from the end as this one from the beginning.
 *
 * @param values float32 [batch, …].
 * @param share float32 scalar, 0…1.
 */
export function mixPairs<T extends tf.Tensor>(values: T, share: tf.Scalar): T {
  return tf.tidy(() => values.mul<T>(share).add(values.reverse(0).mul(tf.scalar(1).sub(share))));
}

/** Places outside 0…size - 1 mirrored at the outermost ones. */
function reflected(positions: tf.Tensor, size: number): tf.Tensor {
  const last = integer(size - 1);
  return last.sub(last.sub(positions.abs()).abs());
}

function places(size: number): tf.Tensor1D {
  return tf.range(0, size, 1, 'int32');
}

/** A plain number would turn int32 into float32. */
function integer(value: number): tf.Scalar {
  return tf.scalar(value, 'int32');
}
