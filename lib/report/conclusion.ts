// A difference between two tested models in words that follow its sign and its interval.
import type { TestedModel } from '../evaluation/evaluate';
import type { Interval } from '../evaluation/metrics';
import { fractionText } from './theme';

/** The test accuracy of one model less that of another on the same pictures, and its 95 % interval. */
export interface AccuracyDifference {
  readonly difference: number;
  readonly interval: Interval;
}

/**
 * How much the test accuracy changes from one model to another. Both have seen the same pictures, so that only those count
 * on which one is right and the other wrong, b and c of n: d = (b - c) / n ± (1.96 √(b + c - (b - c)² / n) + 1) / n, with
 * the continuity correction (J. L. Fleiss, Statistical Methods for Rates and Proportions, on matched samples). Without it, four
 * pictures gained and none lost would exclude 0.
 *
 * @throws RangeError where the two were tested on different pictures.
 */
export function accuracyDifference(
  before: TestedModel<'predictedLabels' | 'labels'>,
  after: TestedModel<'predictedLabels' | 'labels'>,
): AccuracyDifference {
  const [first, second] = [before.evaluation, after.evaluation];
  const { labels } = first;
  const n = labels.length;
  if (n !== second.labels.length || labels.some((label, index) => label !== second.labels[index])) {
    throw new RangeError(
      `Expected two models that were tested on the same pictures but "${before.name}" (${n}) and "${after.name}" ` +
        `(${second.labels.length}) were not: test both on one test set.`,
    );
  }
  let gained = 0;
  let lost = 0;
  labels.forEach((label, index) => {
    const [wasRight, isRight] = [first, second].map(
      ({ predictedLabels }) => predictedLabels[index] === label,
    );
    if (isRight && !wasRight) gained++;
    if (wasRight && !isRight) lost++;
  });
  const difference = (gained - lost) / n;
  const margin = (1.96 * Math.sqrt(gained + lost - (gained - lost) ** 2 / n) + 1) / n;
  return { difference, interval: { low: difference - margin, high: difference + margin } };
}

/**
 * `From MLP (0.475) to CNN (0.746) the test accuracy rises by 0.271 (95 % interval 0.260 to 0.282).` Where the interval includes
 * 0, it says that no difference is shown; where it is wide, with two digits.
 */
export function describeDifference(
  before: TestedModel<'accuracy' | 'predictedLabels' | 'labels'>,
  after: TestedModel<'accuracy' | 'predictedLabels' | 'labels'>,
): string {
  const { difference, interval } = accuracyDifference(before, after);
  const named = ({ name, evaluation }: typeof before) =>
    `${name} (${fractionText(evaluation.accuracy, interval)})`;
  const models = `From ${named(before)} to ${named(after)}`;
  const { low, high } = interval;
  if (low <= 0 && high >= 0) {
    return `${models} no difference in test accuracy is shown (95 % interval of the difference ${fractionText(low, interval)} to ${fractionText(high, interval)}).`;
  }
  const [least, most] = [low, high].map(Math.abs).sort((a, b) => a - b);
  return (
    `${models} the test accuracy ${difference > 0 ? 'rises' : 'falls'} by ${fractionText(Math.abs(difference), interval)} ` +
    `(95 % interval ${fractionText(least, interval)} to ${fractionText(most, interval)}).`
  );
}
