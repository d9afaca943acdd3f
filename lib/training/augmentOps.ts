/** What augmentation does to a batch once the random numbers are drawn: the same numbers give the same pixels. */
import { tf } from '../tensorflow/backend';

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

/**
 * Paints a square in each picture; the part outside of the picture is lost.
 *
 * @param images float32 [batch, height, width, channels].
 * @param square.top,square.left int32 [batch]: the square's first row and column, negative where it begins outside.
 * @param square.fill colour, one number a channel.
 * @returns float32 of the same shape. Caller disposes.
 */
export function paintSquares(
  images: tf.Tensor4D,
  square: {
    readonly side: number;
    readonly top: tf.Tensor1D;
    readonly left: tf.Tensor1D;
    readonly fill: readonly number[];
  },
): tf.Tensor4D {
  return tf.tidy(() => {
    const [, height, width] = images.shape;
    const { side, top, left, fill } = square;
    const inside = (size: number, first: tf.Tensor1D): tf.Tensor => {
      const distances = places(size).sub(first.expandDims(1));
      const isInside = distances.greaterEqual(integer(0)).logicalAnd(distances.less(integer(side)));
      return isInside.cast('float32');
    };
    const rows = inside(height, top).expandDims(2);
    const painted = rows.mul(inside(width, left).expandDims(1)).expandDims(3);
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
