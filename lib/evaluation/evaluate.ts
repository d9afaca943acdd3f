import type { ImageDataset } from '../data/dataset';
import type { Classifier } from '../models/classifier';
import {
  accuracyInterval,
  classMetrics,
  confusionMatrix,
  type ClassMetrics,
  type Interval,
} from './metrics';
import { predictDataset, type PredictOptions } from './predict';
import { addToScore, createScore, likeliestClass } from './score';

/** How a classifier does on a labelled data set. Fractions are 0…1. */
export interface Evaluation {
  /** Mean cross-entropy in nats. */
  readonly loss: number;
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
  options: PredictOptions = {},
): Promise<Evaluation> {
  checkClassNames(classifier, dataset);
  return evaluateProbabilities(await predictDataset(classifier, dataset, options), dataset);
}

/**
 * The same for probabilities that are there already, e.g. from a head on cached features.
 *
 * @param probabilities float32 [dataset.size, numClasses], row by row, in the data set's order.
 */
export function evaluateProbabilities(
  probabilities: Float32Array,
  dataset: Pick<ImageDataset, 'labels' | 'classNames' | 'size'>,
): Evaluation {
  const { labels, size } = dataset;
  const numClasses = dataset.classNames.length;
  const score = createScore();
  addToScore(score, { probabilities, labels, numClasses });
  // The likeliest of NaNs would be the first class, with an accuracy and an interval.
  if (Number.isNaN(score.lossSum)) {
    throw new Error(
      'Expected probabilities but some are not numbers: the model is spoilt; train it again at a lower learning rate.',
    );
  }
  const predictedLabels = Int32Array.from({ length: size }, (_, index) =>
    likeliestClass(probabilities.subarray(index * numClasses, (index + 1) * numClasses)),
  );
  const matrix = confusionMatrix(labels, predictedLabels, numClasses);
  return {
    loss: score.lossSum / score.images,
    accuracy: score.correct / score.images,
    interval: accuracyInterval(score.correct, score.images),
    confusionMatrix: matrix,
    perClass: classMetrics(matrix),
    probabilities,
    predictedLabels,
  };
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
