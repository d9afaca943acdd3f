import type { ImageDataset } from '../data/dataset';
import type { Classifier } from '../models/classifier';
import { checkOption } from '../options';
import {
  accuracyInterval,
  classMetrics,
  confusionMatrix,
  type ClassMetrics,
  type Interval,
} from './metrics';
import { predictDataset, type PredictOptions } from './predict';
import { likeliestClasses } from './labels';
import { findMetrics, metricsRule, type MetricChoice, type MetricValues } from './runningMetrics';
import { scoreProbabilities } from './score';

/** The metrics of a classifier on a labelled data set. Fractions are 0…1. */
export interface Evaluation {
  /** Mean cross-entropy in nats, accuracy, and the `metrics` that were asked for, by name. */
  readonly metrics: MetricValues;
  readonly accuracy: number;
  /** The 95 % Wilson interval of the accuracy. */
  readonly interval: Interval;
  /** Counts, `[actual][predicted]`. */
  readonly confusionMatrix: number[][];
  /** In the order of the classes. */
  readonly perClass: ClassMetrics[];
  /** [n, numClasses], row by row, in the data set's order. */
  readonly probabilities: Float32Array;
  /** [n], the likeliest class of each picture. */
  readonly predictedLabels: Int32Array;
  /** [n], the actual class of each picture. */
  readonly labels: Int32Array;
}

/** A tested model, for figures and tables; `Part` is what of its evaluation they read. */
export interface TestedModel<Part extends keyof Evaluation = keyof Evaluation> {
  readonly name: string;
  readonly classNames: readonly string[];
  readonly evaluation: Pick<Evaluation, Part>;
}

/** Options of {@link evaluateClassifier}, besides those of the prediction. */
export interface EvaluateOptions {
  /** Measured besides accuracy. */
  readonly metrics?: readonly MetricChoice[];
}

/**
 * Predicts every picture of a data set and compares with its labels. Read the test set with it once per finished
 * model: choices (epochs, rates, which model) are made on the validation set.
 *
 * @throws Error where classifier and data set do not name the same classes.
 */
export async function evaluateClassifier(
  classifier: Classifier,
  dataset: ImageDataset,
  options: PredictOptions & EvaluateOptions = {},
): Promise<Evaluation> {
  const { metrics, ...prediction } = options;
  checkClassNames(classifier, dataset);
  findMetrics(checkMetrics(metrics)); // before the predictions
  const probabilities = await predictDataset(classifier, dataset, prediction);
  return evaluateProbabilities(probabilities, dataset, { metrics });
}

/**
 * The same for probabilities that are there already, e.g. from a head on cached features.
 *
 * @param probabilities float32 [dataset.size, numClasses], row by row, in the data set's order.
 */
export function evaluateProbabilities(
  probabilities: Float32Array,
  dataset: Pick<ImageDataset, 'labels' | 'classNames' | 'size'>,
  options: EvaluateOptions = {},
): Evaluation {
  const { labels, size } = dataset;
  const numClasses = dataset.classNames.length;
  const metrics = scoreProbabilities(
    { probabilities, labels, numClasses },
    { metrics: findMetrics(checkMetrics(options.metrics)) },
  );
  // The argmax of NaNs would be class 0, which would give a plausible accuracy.
  if (Number.isNaN(metrics.loss)) {
    throw new Error(
      'Expected probabilities but some are not numbers: the training diverged; train the model again at a lower learning rate.',
    );
  }
  const predictedLabels = likeliestClasses(probabilities, numClasses);
  const matrix = confusionMatrix(labels, predictedLabels, numClasses);
  return {
    metrics,
    accuracy: metrics.accuracy,
    interval: accuracyInterval(Math.round(metrics.accuracy * size), size),
    confusionMatrix: matrix,
    perClass: classMetrics(matrix),
    probabilities,
    predictedLabels,
    labels,
  };
}

function checkMetrics(metrics: EvaluateOptions['metrics']): EvaluateOptions['metrics'] {
  checkOption('evaluateClassifier', 'metrics', metrics, metricsRule);
  return metrics;
}

function checkClassNames(classifier: Classifier, dataset: ImageDataset): void {
  const wrong = classifier.classNames.findIndex(
    (name, label) => dataset.classNames[label] !== name,
  );
  if (wrong < 0 && classifier.classNames.length === dataset.classNames.length) return;
  throw new Error(
    `Expected the classes of "${dataset.name}" to be those of the classifier ` +
      `(${classifier.classNames.join(', ')}) but found ${dataset.classNames.join(', ')}: ` +
      'evaluate it on the data set that it was trained for.',
  );
}
