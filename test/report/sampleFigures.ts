// One figure of each kind with worked-out values, shared by the tests of this folder.
import { calibrationFigure } from '../../lib/report/calibrationFigure';
import { ablationCostFigure, learningRateFigure } from '../../lib/report/recipeFigures';
import {
  comparisonFigure,
  dataEfficiencyFigure,
  settingsFigure,
} from '../../lib/report/comparisonFigures';
import { accuracyAgainstSecondsFigure, historyFigure } from '../../lib/report/historyFigures';
import { classCountsFigure, confusionMatrixFigure } from '../../lib/report/classFigures';
import { type Figure } from '../../lib/report/figure';
import { imageGridFigure } from '../../lib/report/imageGridFigure';
import type { Evaluation, TestedModel } from '../../lib/evaluation/evaluate';
import type { EpochRecord, History } from '../../lib/training/history';

export const cifar10 = { name: 'CIFAR-10', source: 'official' } as const;
export const generated = { name: 'generated sample', source: 'generated' } as const;

/** A training whose numbers are long, so that a test sees whether they are rounded. */
export function sampleHistory(options: { epochs?: number; validated?: boolean } = {}): History {
  const { epochs = 3, validated = true } = options;
  const records = Array.from({ length: epochs }, (_, index): EpochRecord => {
    const epoch = index + 1;
    return {
      epoch,
      train: { loss: 2 / 3 / epoch, accuracy: 1 - 2 / 3 / epoch },
      val: validated ? { loss: 7 / 9 / epoch, accuracy: 1 - 7 / 9 / epoch } : null,
      learningRate: 0.001,
      seconds: 10 / 3,
      imagesPerSecond: 1500,
    };
  });
  return { epochs: records, seconds: 10 };
}

/** A model of which a test knows no more than these parts of its evaluation. */
export function testedModel<Part extends keyof Evaluation>(
  evaluation: Pick<Evaluation, Part>,
  classNames: readonly string[] = ['cat', 'dog'],
): TestedModel<Part> {
  return { name: 'CNN', classNames, evaluation };
}

/** The labels of a set with so many pictures of each class. */
export function labelledSet(
  counts: readonly number[],
  classNames: readonly string[] = ['cat', 'dog'],
) {
  const labels = counts.flatMap((count, label) => Array<number>(count).fill(label));
  return { labels: Int32Array.from(labels), classNames };
}

const data = Uint8Array.from({ length: 4 * 4 * 3 }, (_, index) => index * 5);
const threeSeeds = [0.7, 0.72, 0.74];
const classNames = 'airplane automobile bird cat deer dog frog horse ship truck'.split(' ');

/** Every kind of figure, by name. */
export const sampleFigures: Readonly<Record<string, Figure>> = {
  calibration: calibrationFigure(
    [
      testedModel({
        probabilities: Float32Array.of(0.62, 0.38, 0.62, 0.38, 0.1, 0.9),
        labels: Int32Array.of(0, 1, 1),
      }),
    ],
    { dataset: cifar10 },
  ),
  history: historyFigure({ ...sampleHistory(), bestEpoch: 2 }, { dataset: generated }),
  histories: historyFigure(
    [
      { name: 'MLP', history: sampleHistory({ validated: false }) },
      { name: 'CNN', history: sampleHistory() },
    ],
    { dataset: cifar10 },
  ),
  seconds: accuracyAgainstSecondsFigure(
    [{ name: 'CNN', history: sampleHistory(), test: { loss: 0.8, accuracy: 0.7462 }, classNames }],
    { dataset: cifar10 },
  ),
  comparison: comparisonFigure(
    [
      { name: 'MLP', test: { accuracy: 0.4695 }, train: { accuracy: 0.52 }, classNames },
      {
        name: 'CNN',
        test: { accuracy: 0.7462 },
        interval: { low: 0.7376, high: 0.7546 },
        classNames,
      },
    ],
    { dataset: cifar10 },
  ),
  settings: settingsFigure(
    [
      { name: 'baseline', accuracies: threeSeeds },
      { name: 'no <flip>', accuracies: [0.7] },
    ],
    { dataset: cifar10 },
  ),
  ablationCost: ablationCostFigure(
    [
      { name: 'label smoothing', costs: [0.001, -0.003] },
      { name: 'batch <norm>', costs: [0.05, 0.07, 0.09] },
    ],
    { dataset: cifar10 },
  ),
  learningRate: learningRateFigure(
    {
      learningRates: [0.001, 0.01, 0.1, 1],
      losses: [2.3, 2, 1.4, 9],
      smoothedLosses: [2.3, 2.15, 1.8, 4],
      suggestion: 0.1 / 3,
    },
    { dataset: cifar10 },
  ),
  dataEfficiency: dataEfficiencyFigure(
    [
      {
        name: 'frozen',
        classNames,
        points: [
          { picturesPerClass: 10, accuracies: threeSeeds },
          { picturesPerClass: 1000, accuracies: [0.8] },
        ],
      },
    ],
    { dataset: cifar10 },
  ),
  confusionMatrix: confusionMatrixFigure(
    testedModel({
      confusionMatrix: [
        [60, 40],
        [7, 93],
      ],
    }),
    { dataset: cifar10 },
  ),
  classCounts: classCountsFigure({ training: labelledSet([4500, 4500]) }, { dataset: cifar10 }),
  imageGrid: imageGridFigure(
    ['cat\ntaken for dog', 'dog'].map((caption) => ({ data, height: 4, width: 4, caption })),
    { dataset: cifar10, title: 'Mistakes' },
  ),
};
