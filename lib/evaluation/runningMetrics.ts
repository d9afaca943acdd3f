/**
 * The metrics that trainings, validations and tests measure: sums that add up over batches and are divided once, so that
 * a partial epoch can be saved, and a small last batch is weighted by its size. A new one is a value of
 * {@link Metric}: pass it in `metrics`, or give it a name in `METRICS`.
 */
import { rule } from '../options';
import { likeliestClass } from './labels';

/** What a model said about a batch of pictures whose classes are known. */
export interface LabelledOutputs {
  /** [n, numClasses], row by row. */
  readonly probabilities: Float32Array | Float64Array;
  /** Actual classes [n]. */
  readonly labels: Int32Array;
  readonly numClasses: number;
}

/** A measure of predictions. */
export interface Metric {
  /** Its key in histories and records, e.g. `top5`. `loss` and `accuracy` are taken. */
  readonly name: string;
  /** Which of two values `keepBest` and `earlyStopping` take for the better one. Default `higher`. */
  readonly better?: 'higher' | 'lower';
  /** Sums over the pictures of a batch, as many numbers for every batch: they are added up, one by one. */
  sums(outputs: LabelledOutputs): readonly number[];
  /** The metric, from the sums of all batches. Fractions are 0…1. */
  value(sums: readonly number[]): number;
}

/** Values by the names of the metrics, `loss` (mean cross-entropy in nats, or the training's own) among them. */
export type MetricValues = Readonly<Record<string, number>>;

const accuracy: Metric = {
  name: 'accuracy',
  sums: (outputs) => [
    countRows(outputs, (row, label) => likeliestClass(row) === label),
    outputs.labels.length,
  ],
  value: ([correct, images]) => correct / images,
};

/** The fraction of pictures whose class is among the five likeliest; 1 where there are at most five classes. */
const top5: Metric = {
  name: 'top5',
  sums: (outputs) => [
    countRows(outputs, (row, label) => rankOf(row, label) < 5),
    outputs.labels.length,
  ],
  value: ([hits, images]) => hits / images,
};

/**
 * The plain mean of the classes' F1 (`macro` in scikit-learn): each class counts the same, however many pictures it has.
 * Sums: pictures of each class, then predictions, then hits.
 */
const f1: Metric = {
  name: 'f1',
  sums({ probabilities, labels, numClasses }) {
    const sums = new Array<number>(3 * numClasses).fill(0);
    for (let index = 0; index < labels.length; index++) {
      const predicted = likeliestClass(rowOf(probabilities, index, numClasses));
      sums[labels[index]]++;
      sums[numClasses + predicted]++;
      if (predicted === labels[index]) sums[2 * numClasses + predicted]++;
    }
    return sums;
  },
  value(sums) {
    const numClasses = sums.length / 3;
    let total = 0;
    for (let label = 0; label < numClasses; label++) {
      const pictures = sums[label] + sums[numClasses + label];
      total += pictures === 0 ? 0 : (2 * sums[2 * numClasses + label]) / pictures;
    }
    return total / numClasses;
  },
};

/** Of equal width: (m - 1) / 15 to m / 15, as in the paper. */
export const CONFIDENCE_BINS = 15;

/**
 * The expected calibration error (Guo et al. 2017, equation 3): the mean difference between how sure a model is of what it
 * predicts and how often that is right, over bins of pictures about which it is equally sure. 0 is best.
 * Sums, for each bin: pictures, then probabilities of the predicted classes, then hits.
 */
const ece: Metric = {
  name: 'ece',
  better: 'lower',
  sums({ probabilities, labels, numClasses }) {
    const sums = new Array<number>(3 * CONFIDENCE_BINS).fill(0);
    for (let index = 0; index < labels.length; index++) {
      const row = rowOf(probabilities, index, numClasses);
      const predicted = likeliestClass(row);
      // A sum of float32 may be a little above 1.
      const bin = Math.min(Math.ceil(row[predicted] * CONFIDENCE_BINS), CONFIDENCE_BINS) - 1;
      sums[bin]++;
      sums[CONFIDENCE_BINS + bin] += row[predicted];
      if (predicted === labels[index]) sums[2 * CONFIDENCE_BINS + bin]++;
    }
    return sums;
  },
  value(sums) {
    let [difference, pictures] = [0, 0];
    for (let bin = 0; bin < CONFIDENCE_BINS; bin++) {
      difference += Math.abs(sums[CONFIDENCE_BINS + bin] - sums[2 * CONFIDENCE_BINS + bin]);
      pictures += sums[bin];
    }
    return difference / pictures;
  },
};

/** The names of all that was measured anywhere: `loss`, `accuracy`, then what else there is. */
export function metricNames(values: readonly (MetricValues | null)[]): string[] {
  return [...new Set(['loss', 'accuracy', ...values.flatMap((each) => Object.keys(each ?? {}))])];
}

/** The metrics that have a name. */
export const METRICS = { accuracy, top5, f1, ece } as const satisfies Readonly<
  Record<string, Metric>
>;

/** One of `METRICS`, or a metric of your own. */
export type MetricChoice = keyof typeof METRICS | Metric;

/** Accepts the option `metrics`. */
export const metricsRule = rule(
  `a list of ${Object.keys(METRICS).join(', ')} or metrics { name, sums, value }`,
  "['accuracy', 'f1']",
  (value) => Array.isArray(value) && value.every(isMetricChoice),
);

/** The metrics that are meant, `accuracy` first: it is always measured. @throws RangeError for a name that comes twice. */
export function findMetrics(choices: readonly MetricChoice[] = []): readonly Metric[] {
  const chosen = choices.map((choice) => (typeof choice === 'string' ? METRICS[choice] : choice));
  const metrics = [accuracy, ...chosen.filter((metric) => metric !== accuracy)];
  const names = ['loss', ...metrics.map(({ name }) => name)];
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice === undefined) return metrics;
  throw new RangeError(
    `Expected metrics of different names, none of them loss or accuracy, but received ${twice} twice: rename one.`,
  );
}

function isMetricChoice(choice: unknown): boolean {
  if (typeof choice === 'string') return Object.hasOwn(METRICS, choice);
  const { name, sums, value } = (choice ?? {}) as Partial<Metric>;
  return (
    typeof name === 'string' &&
    name !== '' &&
    typeof sums === 'function' &&
    typeof value === 'function'
  );
}

function countRows(
  { probabilities, labels, numClasses }: LabelledOutputs,
  counts: (row: ArrayLike<number>, label: number) => boolean,
): number {
  let count = 0;
  for (let index = 0; index < labels.length; index++) {
    if (counts(rowOf(probabilities, index, numClasses), labels[index])) count++;
  }
  return count;
}

/** The rank of a class, from 0; ties go to the lower index. */
function rankOf(row: ArrayLike<number>, label: number): number {
  let before = 0;
  for (let other = 0; other < row.length; other++) {
    if (row[other] > row[label] || (row[other] === row[label] && other < label)) before++;
  }
  return before;
}

function rowOf(
  probabilities: LabelledOutputs['probabilities'],
  index: number,
  numClasses: number,
): Float32Array | Float64Array {
  return probabilities.subarray(index * numClasses, (index + 1) * numClasses);
}
