import { batches } from '../data/batches';
import type { ImageDataset } from '../data/dataset';
import { checkLength, labelAt } from './labels';
import type { Predictor } from './predictor';
import {
  findMetrics,
  type LabelledOutputs,
  type Metric,
  type MetricValues,
} from './runningMetrics';

/**
 * The smallest normal float32. A probability below it has been rounded away: the loss of that picture then counts as
 * -ln(2^-126) = 87.3, where its logarithm would be infinite.
 */
export const SMALLEST_PROBABILITY = 2 ** -126;

/** Sums over pictures, plain JSON; divided once, at the end. */
export interface Tally {
  images: number;
  /** Sum of the pictures' losses. */
  lossSum: number;
  /** Those of each metric, by its name. */
  sums: Record<string, number[]>;
}

export function createTally(): Tally {
  return { images: 0, lossSum: 0, sums: {} };
}

/** Adds a batch; `lossSum` becomes the sum of the losses so far. */
export function addToTally(
  tally: Tally,
  outputs: LabelledOutputs,
  { metrics, lossSum }: { readonly metrics: readonly Metric[]; readonly lossSum: number },
): void {
  tally.images += outputs.labels.length;
  tally.lossSum = lossSum;
  for (const metric of metrics) {
    const before = tally.sums[metric.name];
    tally.sums[metric.name] = metric
      .sums(outputs)
      .map((sum, index) => sum + (before?.[index] ?? 0));
  }
}

/** The loss's mean and each metric. */
export function tallyValues(tally: Tally, metrics: readonly Metric[]): MetricValues {
  const values = metrics.map(
    (metric) => [metric.name, metric.value(tally.sums[metric.name])] as const,
  );
  return { loss: tally.lossSum / tally.images, ...Object.fromEntries(values) };
}

/** How validation and test measure. */
export interface ScoreOptions {
  /** Default: accuracy alone. */
  readonly metrics?: readonly Metric[];
  /** Adds the losses of a batch to those before it; default {@link addCrossEntropies}. */
  readonly addLosses?: (before: number, outputs: LabelledOutputs) => number;
}

/**
 * Scores probabilities of at least one picture.
 *
 * @param outputs.probabilities [n, numClasses], row by row.
 * @param outputs.labels actual classes [n].
 */
export function scoreProbabilities(
  outputs: LabelledOutputs,
  options: ScoreOptions = {},
): MetricValues {
  const { add, values } = startScore(options);
  add(outputs);
  return values();
}

/**
 * Predicts a data set of at least one picture and scores it.
 *
 * @param options.batchSize pictures a run, e.g. `predictionBatch`'s.
 * @param options.between awaited after each batch; where it throws, so does this.
 */
export async function scoreDataset(
  predictor: Pick<Predictor, 'run'>,
  dataset: ImageDataset,
  options: ScoreOptions & { readonly batchSize: number; readonly between?: () => Promise<void> },
): Promise<MetricValues> {
  const { batchSize, between, ...scoring } = options;
  const { add, values } = startScore(scoring);
  const numClasses = dataset.classNames.length;
  for await (const { images, labels, size } of batches(dataset, { batchSize })) {
    add({ probabilities: await predictor.run(images, size), labels, numClasses });
    await between?.();
  }
  return values();
}

function startScore({ metrics = findMetrics(), addLosses = addCrossEntropies }: ScoreOptions) {
  const tally = createTally();
  return {
    add: (outputs: LabelledOutputs): void => {
      checkOutputs(outputs);
      addToTally(tally, outputs, { metrics, lossSum: addLosses(tally.lossSum, outputs) });
    },
    values: () => tallyValues(tally, metrics),
  };
}

/** `before` plus the cross-entropies -ln p(actual class), in nats. */
export function addCrossEntropies(
  before: number,
  { probabilities, labels, numClasses }: LabelledOutputs,
): number {
  let sum = before;
  for (let index = 0; index < labels.length; index++) {
    const probability = probabilities[index * numClasses + labels[index]];
    // Not Math.max: NaN must come out as NaN.
    sum -= Math.log(probability < SMALLEST_PROBABILITY ? SMALLEST_PROBABILITY : probability);
  }
  return sum;
}

function checkOutputs({ probabilities, labels, numClasses }: LabelledOutputs): void {
  checkLength('probabilities', probabilities.length, labels.length * numClasses);
  for (let index = 0; index < labels.length; index++) {
    labelAt(labels, index, { name: 'labels', numClasses });
  }
}
