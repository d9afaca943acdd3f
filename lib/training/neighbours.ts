/** Which pictures are alike, by the cosine of their features. */
import { imageOf, type ImageDataset, shrinkPictures } from '../data/dataset';
import { checkOptions, positiveInteger, required } from '../options';
import { yieldToEvents } from '../interrupts';
import { tf } from '../tensorflow/backend';
import { mirrored } from './features';

/** The nearest other rows of each row. */
export interface Neighbours {
  /** How many of each row. */
  readonly count: number;
  /** [size, count], row by row, the nearest first. */
  readonly indices: Int32Array;
  /** float32 [size, count], their cosines, -1…1. */
  readonly similarities: Float32Array;
}

/** Rows compared at once: with all 60,000 pictures of CIFAR-10 their cosines take 61 MB, where all of them would take 14 GB. */
const BLOCK = 256;

/**
 * Compares every row with every other one, block by block.
 *
 * @param features float32 [size, width] row by row; not changed.
 * @param options.count neighbours of each row; fewer where there are fewer rows.
 */
export async function findNeighbours(
  { values, size, width }: { values: Float32Array; size: number; width: number },
  options: { readonly count: number },
): Promise<Neighbours> {
  checkOptions('findNeighbours', options, { count: required(positiveInteger) });
  const count = Math.min(options.count, size - 1);
  const indices = new Int32Array(size * count);
  const similarities = new Float32Array(size * count);
  const rows = tf.tidy(() => {
    const raw = tf.tensor2d(values, [size, width]);
    return tf.div<tf.Tensor2D>(raw, tf.maximum(tf.norm(raw, 2, 1, true), 1e-12));
  });
  try {
    for (let start = 0; start < size && count > 0; start += BLOCK) {
      const length = Math.min(BLOCK, size - start);
      const [cosines, places] = tf.tidy(() => {
        const block = tf.matMul(rows.slice([start, 0], [length, width]), rows, false, true);
        const top = tf.topk(block, count + 1);
        return [top.values.dataSync(), top.indices.dataSync()];
      });
      for (let row = 0; row < length; row++) {
        // The row itself is among them, but for a row of more than `count` equal ones.
        const others = Array.from({ length: count + 1 }, (_, rank) => row * (count + 1) + rank)
          .filter((place) => places[place] !== start + row)
          .slice(0, count);
        for (const [rank, place] of others.entries()) {
          indices[(start + row) * count + rank] = places[place];
          similarities[(start + row) * count + rank] = cosines[place];
        }
      }
      await yieldToEvents();
    }
    return { count, indices, similarities };
  } finally {
    rows.dispose();
  }
}

/** Two pictures that are nearly the same: their places, the lower first, and the correlation of their pixels. */
export interface NearDuplicates {
  readonly index: number;
  readonly other: number;
  readonly correlation: number;
}

/** Measured on CIFAR-10, see docs/runs.md: cosines alone also pair what has the same sky behind it. */
const LEAST = { cosine: 0.75, correlation: 0.9 };

/**
 * Neighbours whose pixels, at 16 × 16, also correlate, as they are or mirrored. Each pair once, the most alike first.
 *
 * @param sets of pictures, all of one size: together the rows of `neighbours`.
 */
export function findNearDuplicates(
  { count, indices, similarities }: Neighbours,
  sets: readonly ImageDataset[],
): NearDuplicates[] {
  const small = sets.map((set) => shrinkPictures(set, 16));
  const pictures = small.flatMap((set) => Array.from(set.labels, (_, at) => imageOf(set, at)));
  const pairs = new Map<string, NearDuplicates>();
  for (const [place, similarity] of similarities.entries()) {
    const [index, other] = [Math.floor(place / count), indices[place]].sort((a, b) => a - b);
    const key = `${index} ${other}`;
    if (similarity < LEAST.cosine || pairs.has(key)) continue;
    const [a, b] = [pictures[index], pictures[other]];
    const correlation = Math.max(correlate(a, b), correlate(a, mirrored(b, small[0])));
    if (correlation >= LEAST.correlation) pairs.set(key, { index, other, correlation });
  }
  return [...pairs.values()].sort((a, b) => b.correlation - a.correlation || a.index - b.index);
}

/** Pearson's correlation; 1 of equal values, also where all are one. */
function correlate(a: Uint8Array, b: Uint8Array): number {
  const mean = (values: Uint8Array) => values.reduce((sum, each) => sum + each, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  let [product, squaresA, squaresB, differences] = [0, 0, 0, 0];
  for (let at = 0; at < a.length; at++) {
    product += (a[at] - meanA) * (b[at] - meanB);
    squaresA += (a[at] - meanA) ** 2;
    squaresB += (b[at] - meanB) ** 2;
    differences += Math.abs(a[at] - b[at]);
  }
  return differences === 0 ? 1 : product / Math.max(Math.sqrt(squaresA * squaresB), 1e-9);
}
