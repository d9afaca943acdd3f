import { batches } from '../data/batches';
import type { ImageDataset } from '../data/dataset';
import { checkLength, labelAt } from './labels';
import type { Predictor } from './predictor';

/** Pictures a run of the graph: enough to keep the processors busy, few enough for little memory. */
const BATCH_SIZE = 256;

/**
 * The smallest normal float32. A probability below it has been rounded away: the loss of that picture then counts as
 * -ln(2^-126) = 87.3, where its logarithm would be infinite.
 */
const SMALLEST_PROBABILITY = 2 ** -126;

/** Sums over pictures; divide by `images` once, at the end. */
export interface Score {
  images: number;
  correct: number;
  /** Sum of the cross-entropies -ln p(actual class), in nats. */
  lossSum: number;
}

export function createScore(): Score {
  return { images: 0, correct: 0, lossSum: 0 };
}

/**
 * Adds pictures to a score.
 *
 * @param outputs.probabilities [n, numClasses], row by row.
 * @param outputs.labels actual classes [n].
 */
export function addToScore(
  score: Score,
  outputs: {
    readonly probabilities: Float32Array;
    readonly labels: Int32Array;
    readonly numClasses: number;
  },
): void {
  const { probabilities, labels, numClasses } = outputs;
  checkLength('probabilities', probabilities.length, labels.length * numClasses);
  for (let index = 0; index < labels.length; index++) {
    const row = probabilities.subarray(index * numClasses, (index + 1) * numClasses);
    const label = labelAt(labels, index, { name: 'labels', numClasses });
    score.images++;
    if (likeliestClass(row) === label) score.correct++;
    // Not Math.max: NaN must come out as NaN.
    const probability = row[label] < SMALLEST_PROBABILITY ? SMALLEST_PROBABILITY : row[label];
    score.lossSum -= Math.log(probability);
  }
}

/** A score divided by its pictures. */
export interface MeanScore {
  /** Mean cross-entropy in nats. */
  readonly loss: number;
  /** 0…1. */
  readonly accuracy: number;
}

/**
 * Predicts a data set of at least one picture and scores it.
 *
 * @param between awaited after each batch; where it throws, so does this.
 */
export async function scoreDataset(
  predictor: Pick<Predictor, 'run'>,
  dataset: ImageDataset,
  between: () => Promise<void>,
): Promise<MeanScore> {
  const numClasses = dataset.classNames.length;
  const score = createScore();
  for (const { images, labels, size } of batches(dataset, { batchSize: BATCH_SIZE })) {
    addToScore(score, { probabilities: predictor.run(images, size), labels, numClasses });
    await between();
  }
  return { loss: score.lossSum / score.images, accuracy: score.correct / score.images };
}

/** The class of the largest probability; the lower one of equals, as in `tf.argmax`. */
export function likeliestClass(row: ArrayLike<number>): number {
  let likeliest = 0;
  for (let label = 1; label < row.length; label++)
    if (row[label] > row[likeliest]) likeliest = label;
  return likeliest;
}
