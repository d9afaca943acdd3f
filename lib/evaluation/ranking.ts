// Top-k classes of a prediction, top-k accuracy, and the most confident mistakes.
import {
  anyValue,
  checkOption,
  checkOptions,
  type OptionRule,
  positiveInteger,
  required,
  rule,
} from '../options';
import { checkFinite, checkLength, labelAt, type Labels } from './labels';

/** A class and the probability that a model gives it. */
export interface RankedClass {
  readonly label: number;
  readonly probability: number;
}

/**
 * The `k` likeliest classes of one picture, likeliest first; of equal ones the lower class number
 * comes first, as in `tf.math.top_k`.
 *
 * @param probabilities float [numClasses]
 * @param k 1…numClasses
 */
export function topK(probabilities: ArrayLike<number>, k: number): RankedClass[] {
  checkOption('topK', 'k', k, required(integerOf(1, probabilities.length)));
  const ranked = Array.from(probabilities, (probability, label) => {
    checkFinite(`probabilities[${label}]`, probability);
    return { label, probability };
  });
  return ranked.sort((a, b) => b.probability - a.probability || a.label - b.label).slice(0, k);
}

/** A model's probabilities for labelled images. */
export interface LabelledProbabilities {
  /** float [n, numClasses], row by row. */
  readonly probabilities: ArrayLike<number>;
  /** Actual classes [n]. */
  readonly labels: Labels;
  readonly numClasses: number;
}

/** The fraction of pictures, n ≥ 1, whose actual class is among the `k` likeliest. */
export function topKAccuracy(outputs: LabelledProbabilities, k: number): number {
  checkOption('topKAccuracy', 'labels.length', outputs.labels.length, positiveInteger);
  checkOption('topKAccuracy', 'numClasses', outputs.numClasses, required(positiveInteger));
  let correct = 0;
  for (const { actual, row } of labelledRows(outputs)) {
    if (topK(row, k).some(({ label }) => label === actual)) correct++;
  }
  return correct / outputs.labels.length;
}

/** One picture that was taken for another class. */
export interface Mistake {
  /** Which picture: its place in `labels`. */
  readonly index: number;
  readonly label: number;
  readonly predictedLabel: number;
  /** The probability of the predicted (wrong) class. */
  readonly probability: number;
  /** The probability of the actual class. */
  readonly labelProbability: number;
}

/**
 * The mistakes with the highest confidence, worst first; ties by image index.
 *
 * @returns at most `count` entries, fewer where there are fewer mistakes
 */
export function worstMistakes(
  options: LabelledProbabilities & { readonly count: number },
): Mistake[] {
  checkOptions('worstMistakes', options, {
    probabilities: required(anyValue),
    labels: required(anyValue),
    numClasses: required(positiveInteger),
    count: required(positiveInteger),
  });
  const mistakes: Mistake[] = [];
  for (const { index, actual, row } of labelledRows(options)) {
    const [{ label: predictedLabel, probability }] = topK(row, 1);
    if (predictedLabel === actual) continue;
    mistakes.push({
      index,
      label: actual,
      predictedLabel,
      probability,
      labelProbability: row[actual],
    });
  }
  mistakes.sort((a, b) => b.probability - a.probability || a.index - b.index);
  return mistakes.slice(0, options.count);
}

function* labelledRows({ probabilities, labels, numClasses }: LabelledProbabilities) {
  checkLength('probabilities', probabilities.length, labels.length * numClasses);
  const flat = Float64Array.from(probabilities);
  for (let index = 0; index < labels.length; index++) {
    const actual = labelAt(labels, index, { name: 'labels', numClasses });
    yield { index, actual, row: flat.subarray(index * numClasses, (index + 1) * numClasses) };
  }
}

/** An integer of minimum…maximum. */
function integerOf(minimum: number, maximum: number): OptionRule {
  return rule(
    `an integer of ${minimum}…${maximum}, the number of classes`,
    String(minimum),
    (value) => Number.isInteger(value) && Number(value) >= minimum && Number(value) <= maximum,
  );
}
