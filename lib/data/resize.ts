/**
 * Resizing of one picture in plain code, so that a notebook and a web page see the very same pixels: every
 * library and every browser has a "Lanczos" of its own, and a prediction follows such differences.
 * Imports nothing; runs in Node and in a browser.
 */

/** One picture's pixels: uint8 [height, width, 3], RGB. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly height: number;
  readonly width: number;
}

/** A size in pixels. */
export interface Size {
  readonly height: number;
  readonly width: number;
}

/** The size that a picture from a file is brought to before a preprocessing. */
export function sourceSizeOf({ height, width, sourceSize }: Size & { sourceSize?: Size }): Size {
  return sourceSize ?? { height, width };
}

/** Refuses pixels that are not height × width × 3 bytes. @param remedy completes the error. */
export function checkPixels(
  { data, height, width }: Pixels,
  remedy = "pass one picture's RGB values",
): void {
  if (data.length === height * width * 3) return;
  throw new RangeError(
    `Expected ${height * width * 3} bytes of pixels (${height} × ${width} × 3) but received ${data.length}: ${remedy}.`,
  );
}

/** Half the width of the Lanczos kernel, in pixels of the coarser of both grids. */
const LOBES = 3;

/**
 * The image scaled to cover `size`, then centre-cropped; the aspect ratio is kept.
 *
 * Lanczos with three lobes, stretched when shrinking, so that it averages and nothing flickers; pixels beyond
 * the edge do not count. Where it shrinks by four or more, whole pixels are averaged in squares first, down to
 * between two and four times the size: ten times faster, and hardly a level away.
 *
 * @param size in whole pixels, 1 or more.
 * @returns uint8 [size.height, size.width, 3]; the same object where the picture has that size already.
 */
export function coverResize(
  picture: Pixels,
  size: { readonly height: number; readonly width: number },
): Pixels {
  checkPixels(picture);
  if (picture.height === size.height && picture.width === size.width) return picture;
  const scale = Math.min(picture.height / size.height, picture.width / size.width);
  const side = Math.max(1, Math.floor(scale / 2));
  const source: Plane = side === 1 ? picture : averageSquares(picture, side);
  const step = scale / side;
  const columns = taps({
    count: size.width,
    step,
    start: (picture.width / side - size.width * step) / 2,
    limit: source.width,
  });
  const rows = taps({
    count: size.height,
    step,
    start: (picture.height / side - size.height * step) / 2,
    limit: source.height,
  });
  return resample(source, rows, columns);
}

/** Pixels, or averages of pixels. */
interface Plane {
  readonly data: Uint8Array | Float32Array;
  readonly height: number;
  readonly width: number;
}

/** Means of squares of `side` × `side` pixels; those at the right and lower edge hold what is left. */
function averageSquares({ data, height, width }: Pixels, side: number): Plane {
  const [rows, columns] = [Math.ceil(height / side), Math.ceil(width / side)];
  const means = new Float32Array(rows * columns * 3);
  for (let y = 0; y < height; y++) {
    const start = Math.floor(y / side) * columns * 3;
    let index = y * width * 3;
    for (let x = 0; x < width; x += side) {
      const end = index + 3 * Math.min(side, width - x);
      let red = 0;
      let green = 0;
      let blue = 0;
      for (; index < end; index += 3) {
        red += data[index];
        green += data[index + 1];
        blue += data[index + 2];
      }
      const place = start + (x / side) * 3;
      means[place] += red;
      means[place + 1] += green;
      means[place + 2] += blue;
    }
  }
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const count = Math.min(side, height - row * side) * Math.min(side, width - column * side);
      const place = (row * columns + column) * 3;
      for (let channel = 0; channel < 3; channel++) means[place + channel] /= count;
    }
  }
  return { data: means, height: rows, width: columns };
}

/** What one row or column of the result is made of: `weights` (their sum is 1) from `first` on. */
interface Taps {
  readonly first: number;
  readonly weights: Float64Array;
}

/** Half-pixel centres: place i of the result lies at `start + (i + 0.5) * step` of the source. */
function taps(axis: {
  readonly count: number;
  readonly step: number;
  readonly start: number;
  readonly limit: number;
}): Taps[] {
  const { count, step, start, limit } = axis;
  const stretch = Math.max(1, step);
  const reach = LOBES * stretch;
  return Array.from({ length: count }, (_, place) => {
    const centre = start + (place + 0.5) * step - 0.5;
    const first = Math.max(0, Math.ceil(centre - reach));
    const last = Math.min(limit - 1, Math.floor(centre + reach));
    const weights = new Float64Array(last - first + 1);
    let sum = 0;
    for (let i = first; i <= last; i++) {
      sum += weights[i - first] = lanczos((i - centre) / stretch);
    }
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

function lanczos(x: number): number {
  if (x === 0) return 1;
  if (Math.abs(x) >= LOBES) return 0;
  const angle = Math.PI * x;
  return (LOBES * Math.sin(angle) * Math.sin(angle / LOBES)) / (angle * angle);
}

/** Columns first, then rows; rounded once, at the end. */
function resample({ data, width }: Plane, rows: readonly Taps[], columns: readonly Taps[]): Pixels {
  const top = rows[0].first;
  const bottom = rows[rows.length - 1];
  const height = bottom.first + bottom.weights.length - top;
  const stride = columns.length * 3;
  const narrow = new Float32Array(height * stride);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < columns.length; x++) {
      const { first, weights } = columns[x];
      let index = ((top + y) * width + first) * 3;
      let red = 0;
      let green = 0;
      let blue = 0;
      for (let i = 0; i < weights.length; i++, index += 3) {
        red += weights[i] * data[index];
        green += weights[i] * data[index + 1];
        blue += weights[i] * data[index + 2];
      }
      const place = y * stride + x * 3;
      narrow[place] = red;
      narrow[place + 1] = green;
      narrow[place + 2] = blue;
    }
  }
  const result = new Uint8Array(rows.length * stride);
  const sums = new Float64Array(stride);
  rows.forEach(({ first, weights }, y) => {
    sums.fill(0);
    for (let i = 0; i < weights.length; i++) {
      const start = (first - top + i) * stride;
      for (let x = 0; x < stride; x++) sums[x] += weights[i] * narrow[start + x];
    }
    for (let x = 0; x < stride; x++) {
      result[y * stride + x] = Math.min(255, Math.max(0, Math.round(sums[x])));
    }
  });
  return { data: result, height: rows.length, width: columns.length };
}
