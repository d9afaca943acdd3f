// Measures of a classifier, as plain arithmetic on arrays: no tensors, no files. Fractions are 0…1.
import { checkOption, nonNegativeInteger, positiveInteger, required } from '../options';
import { checkLength, labelAt, type Labels } from './labels';

export { topK, topKAccuracy, worstMistakes } from './ranking';
export type { LabelledProbabilities, Mistake, RankedClass } from './ranking';
export type { Labels } from './labels';

/** An interval of fractions, 0 ≤ low ≤ high ≤ 1. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** The metrics of one class. A quotient 0/0 counts as 0, as scikit-learn's default does. */
export interface ClassMetrics {
  /** Of the pictures predicted as this class, the fraction that is of it. */
  readonly precision: number;
  /** Of the pictures of this class, the fraction that was found. */
  readonly recall: number;
  /** Harmonic mean of precision and recall. */
  readonly f1: number;
  /** How many pictures are of this class. */
  readonly support: number;
}

/**
 * Counts what became of each class.
 *
 * @param labels actual classes [n]
 * @param predictedLabels predicted classes [n]
 * @param numClasses number of classes, at least 1
 * @returns counts [numClasses][numClasses], `matrix[actual][predicted]`
 */
export function confusionMatrix(
  labels: Labels,
  predictedLabels: Labels,
  numClasses: number,
): number[][] {
  checkOption('confusionMatrix', 'numClasses', numClasses, required(positiveInteger));
  checkLength('predictedLabels', predictedLabels.length, labels.length);
  const matrix = Array.from({ length: numClasses }, () => new Array<number>(numClasses).fill(0));
  for (let i = 0; i < labels.length; i++) {
    const actual = labelAt(labels, i, { name: 'labels', numClasses });
    const predicted = labelAt(predictedLabels, i, { name: 'predictedLabels', numClasses });
    matrix[actual][predicted]++;
  }
  return matrix;
}

/** The fraction of pictures whose predicted class is the actual one; both arrays [n], n ≥ 1. */
export function accuracy(labels: Labels, predictedLabels: Labels): number {
  checkLength('predictedLabels', predictedLabels.length, labels.length);
  checkOption('accuracy', 'labels.length', labels.length, positiveInteger);
  let correct = 0;
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === predictedLabels[i]) correct++;
  }
  return correct / labels.length;
}

// The 97.5 % point of the standard normal distribution: 2.5 % are left out on either side.
const Z_95 = 1.959963984540054;

/**
 * The 95 % score interval of a fraction: E. B. Wilson, "Probable inference, the law of succession,
 * and statistical inference", Journal of the American Statistical Association 22 (1927) 209-212.
 * Unlike the textbook's p ± 1.96 √(p(1-p)/n) it holds for few pictures and near 0 and 1.
 *
 * @param correct pictures classified rightly, 0…total
 * @param total pictures classified, at least 1
 */
export function accuracyInterval(correct: number, total: number): Interval {
  checkOption('accuracyInterval', 'total', total, required(positiveInteger));
  checkOption('accuracyInterval', 'correct', correct, required(nonNegativeInteger));
  if (correct > total) {
    throw new RangeError(
      `Expected correct to be at most total (${total}) but received ${correct}: ` +
        'pass counts of pictures, the right ones first.',
    );
  }
  const fraction = correct / total;
  const square = (Z_95 * Z_95) / total;
  const centre = fraction + square / 2;
  const halfWidth = Z_95 * Math.sqrt((fraction * (1 - fraction)) / total + square / total / 4);
  return {
    low: Math.max(0, (centre - halfWidth) / (1 + square)),
    high: Math.min(1, (centre + halfWidth) / (1 + square)),
  };
}

/**
 * Precision, recall, F1 and support of every class.
 *
 * @param matrix counts [numClasses][numClasses], `matrix[actual][predicted]`
 * @returns one entry per class, in the matrix's order
 */
export function classMetrics(matrix: readonly (readonly number[])[]): ClassMetrics[] {
  const predictedCounts = new Array<number>(matrix.length).fill(0);
  for (const [actual, row] of matrix.entries()) {
    checkLength(`matrix[${actual}]`, row.length, matrix.length);
    for (const [predicted, count] of row.entries()) {
      checkOption('classMetrics', `matrix[${actual}][${predicted}]`, count, nonNegativeInteger);
      predictedCounts[predicted] += count;
    }
  }
  return matrix.map((row, label) => {
    const support = row.reduce((sum, count) => sum + count, 0);
    const hits = row[label];
    return {
      precision: quotient(hits, predictedCounts[label]),
      recall: quotient(hits, support),
      f1: quotient(2 * hits, predictedCounts[label] + support),
      support,
    };
  });
}

/**
 * The plain mean over the classes ("macro average"): every class counts the same, however many
 * pictures it has. `support` is the sum.
 */
export function macroAverage(perClass: readonly ClassMetrics[]): ClassMetrics {
  checkOption('macroAverage', 'perClass.length', perClass.length, positiveInteger);
  const mean = (pick: (metrics: ClassMetrics) => number) =>
    perClass.reduce((sum, metrics) => sum + pick(metrics), 0) / perClass.length;
  return {
    precision: mean((metrics) => metrics.precision),
    recall: mean((metrics) => metrics.recall),
    f1: mean((metrics) => metrics.f1),
    support: perClass.reduce((sum, metrics) => sum + metrics.support, 0),
  };
}

function quotient(numerator: number, denominator: number): number {
  return denominator === 0 ? 0 : numerator / denominator;
}
