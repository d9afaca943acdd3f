/** A first layer that needs no training: it whitens small patches of the training images. */
import { applyPreprocess } from '../data/applyPreprocess';
import type { Preprocess } from '../data/preprocess';
import { imagesAt, type ImageDataset } from '../data/dataset';
import { checkOptions, anyValue, positiveNumber, required } from '../options';
import { tf } from '../tensorflow/backend';

/** Side of a patch in pixels, as airbench: 12 directions, 24 filters. */
const PATCH_SIZE = 2;
/** Pictures that are looked at, evenly spread over the set: two million patches, .2 s. */
const PICTURES = 2000;

/** A convolution's weights, as `layer.setWeights` takes them once they are tensors. */
export interface WhiteningWeights {
  /** float32 [2, 2, 3, filters] in row-major order. */
  readonly kernel: Float32Array;
  /** float32 [filters]. */
  readonly bias: Float32Array;
  readonly filters: number;
}

export interface WhiteningOptions {
  readonly preprocess: Preprocess;
  /** Added to each variance before its root: keeps noise small. Default 5e-4, as airbench. */
  readonly epsilon?: number;
}

/**
 * Filters that turn patches into independent numbers of variance 1: W = Λ^(-1/2) Vᵀ with the eigenvectors V and
 * eigenvalues Λ of the patches' covariance, and bias −W · mean. Each filter comes a second time with the opposite sign,
 * so that a relu behind it loses nothing.
 *
 * Page, "How to train your ResNet 8", 2019 (whitening as a frozen first layer); Jordan, "94% on CIFAR-10 in 3.29
 * seconds", 2024, section 3.1 (2×2 patches, both signs). It saves the first steps, in which a network would learn to
 * tell edges from the pictures' overall brightness, and the first layer's gradients.
 *
 * @param dataset the training set: only its pictures are used, not its labels.
 */
export function whiteningWeights(
  dataset: ImageDataset,
  options: WhiteningOptions,
): WhiteningWeights {
  checkOptions<WhiteningOptions>('whiteningWeights', options, {
    preprocess: required(anyValue),
    epsilon: positiveNumber,
  });
  const { preprocess, epsilon = 5e-4 } = options;
  const values = preprocessed(dataset, preprocess);
  const { mean, covariance } = patchStatistics(values, preprocess);
  const size = mean.length;
  const { eigenvalues, eigenvectors } = eigenSymmetric(covariance);

  const filters = 2 * size;
  const kernel = new Float32Array(size * filters);
  const bias = new Float32Array(filters);
  eigenvectors.forEach((vector, index) => {
    const scale = 1 / Math.sqrt(eigenvalues[index] + epsilon);
    vector.forEach((component, place) => {
      kernel[place * filters + index] = scale * component;
      kernel[place * filters + size + index] = -scale * component;
    });
    const offset = vector.reduce((sum, component, place) => sum + component * mean[place], 0);
    bias[index] = -scale * offset;
    bias[size + index] = scale * offset;
  });
  return { kernel, bias, filters };
}

/**
 * Puts {@link whiteningWeights} into a model's layer.
 *
 * @param model has a convolution `whitening`, as {@link createFastCnn} makes it.
 * @throws Error where the layer is missing or has another size.
 */
export function setWhitening(
  model: tf.LayersModel,
  dataset: ImageDataset,
  options: WhiteningOptions,
): void {
  const layer = model.getLayer('whitening');
  const { kernel, bias, filters } = whiteningWeights(dataset, options);
  const shape = [PATCH_SIZE, PATCH_SIZE, 3, filters] as [number, number, number, number];
  tf.tidy(() => layer.setWeights([tf.tensor4d(kernel, shape), tf.tensor1d(bias)]));
}

/** Pictures that are in memory as float32 at a time. */
const CHUNK = 100;

/** Up to {@link PICTURES} pictures, evenly spread. */
function* preprocessed(dataset: ImageDataset, preprocess: Preprocess): Generator<Float32Array> {
  const { size, height, width } = dataset;
  const count = Math.min(PICTURES, size);
  const spread = Array.from({ length: count }, (_, index) => Math.floor((index * size) / count));
  for (let start = 0; start < count; start += CHUNK) {
    const indices = spread.slice(start, start + CHUNK);
    yield tf.tidy(() => {
      const chunk = Float32Array.from(imagesAt(dataset, indices));
      const pixels = tf.tensor4d(chunk, [indices.length, height, width, 3]);
      return applyPreprocess(pixels, preprocess).dataSync() as Float32Array;
    });
  }
}

/** Mean and covariance of all patches of all pictures. */
function patchStatistics(
  chunks: Iterable<Float32Array>,
  { height, width }: Preprocess,
): { readonly mean: number[]; readonly covariance: number[][] } {
  const rowLength = PATCH_SIZE * 3; // a patch's row lies in one piece
  const size = PATCH_SIZE * rowLength;
  const sums = new Float64Array(size);
  const products = new Float64Array(size * size);
  const patch = new Float64Array(size);
  let count = 0;
  for (const values of chunks) {
    const pictures = values.length / (height * width * 3);
    for (let picture = 0; picture < pictures; picture++) {
      for (let y = 0; y + PATCH_SIZE <= height; y++) {
        for (let x = 0; x + PATCH_SIZE <= width; x++) {
          for (let place = 0; place < size; place++) {
            const row = Math.floor(place / rowLength);
            const start = ((picture * height + y + row) * width + x) * 3;
            patch[place] = values[start + place - row * rowLength];
          }
          count++;
          for (let i = 0; i < size; i++) {
            sums[i] += patch[i];
            for (let j = 0; j <= i; j++) products[i * size + j] += patch[i] * patch[j];
          }
        }
      }
    }
  }
  const mean = Array.from(sums, (sum) => sum / count);
  const covariance = mean.map((_, i) =>
    mean.map((__, j) => {
      const product = products[Math.max(i, j) * size + Math.min(i, j)];
      return product / count - mean[i] * mean[j];
    }),
  );
  return { mean, covariance };
}

/**
 * Eigenvalues, largest first, and unit eigenvectors of a symmetric matrix, by cyclic Jacobi rotations (Golub and
 * Van Loan, "Matrix computations", section 8.5). Exact enough for the small matrices here; takes n³ a sweep.
 *
 * @returns `eigenvectors[i]` belongs to `eigenvalues[i]`; its largest component is positive.
 */
export function eigenSymmetric(matrix: readonly (readonly number[])[]): {
  readonly eigenvalues: number[];
  readonly eigenvectors: number[][];
} {
  const size = matrix.length;
  const a = matrix.map((row) => [...row]);
  const v = a.map((_, i) => a.map((__, j) => (i === j ? 1 : 0)));
  const MAX_SWEEPS = 50; // it takes less than ten: convergence is quadratic
  for (let sweep = 0; sweep < MAX_SWEEPS && offDiagonal(a) > 1e-24 * diagonal(a); sweep++) {
    for (let p = 0; p < size - 1; p++) {
      for (let q = p + 1; q < size; q++) rotate(a, v, [p, q]);
    }
  }
  const order = a.map((row, i) => ({ value: row[i], i })).sort((x, y) => y.value - x.value);
  return {
    eigenvalues: order.map(({ value }) => value),
    eigenvectors: order.map(({ i }) => withPositivePeak(v.map((row) => row[i]))),
  };
}

/** One rotation in the plane of p and q, after which a[p][q] is 0. */
function rotate(a: number[][], v: number[][], [p, q]: readonly [number, number]): void {
  if (a[p][q] === 0) return;
  const theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  const turn = (row: number[]): void => {
    const [rowP, rowQ] = [row[p], row[q]];
    row[p] = c * rowP - s * rowQ;
    row[q] = s * rowP + c * rowQ;
  };
  for (const row of a) turn(row);
  for (let k = 0; k < a.length; k++) {
    const [ap, aq] = [a[p][k], a[q][k]];
    a[p][k] = c * ap - s * aq;
    a[q][k] = s * ap + c * aq;
  }
  for (const row of v) turn(row);
}

function offDiagonal(a: readonly (readonly number[])[]): number {
  let sum = 0;
  a.forEach((row, i) => row.forEach((value, j) => (sum += i === j ? 0 : value * value)));
  return sum;
}

function diagonal(a: readonly (readonly number[])[]): number {
  return a.reduce((sum, row, i) => sum + row[i] * row[i], 0);
}

/** An eigenvector's sign is free: this choice is the same on every machine. */
function withPositivePeak(vector: number[]): number[] {
  const peak = vector.reduce((max, x) => (Math.abs(x) > Math.abs(max) + 1e-9 ? x : max), 0);
  return peak < 0 ? vector.map((x) => -x) : vector;
}
