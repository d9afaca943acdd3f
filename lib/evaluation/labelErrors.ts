/**
 * Label errors by confident learning: C. Northcutt, L. Jiang and I. Chuang, "Confident learning: estimating uncertainty in
 * dataset labels", Journal of Artificial Intelligence Research 70 (2021) 1373-1411.
 */
import { checkLength, labelAt, likeliestClass } from './labels';
import type { LabelledProbabilities } from './ranking';

/** A picture whose label is probably wrong. */
export interface LabelError {
  /** Its place in `labels`. */
  readonly index: number;
  readonly label: number;
  /** The likeliest class. */
  readonly suggestedLabel: number;
  /** The probability of the given label: its self-confidence. */
  readonly labelProbability: number;
  /** The probability of the suggested one. */
  readonly probability: number;
}

/**
 * The probable label errors, the surest first: found by "prune by noise rate", ranked by self-confidence (section 3.2 and
 * 3.3 of the paper).
 *
 * The confident joint counts pictures labelled i that are confidently of class j: p_j is at least the mean p_j of the
 * pictures labelled j, and the largest such. Its rows, scaled to the number of pictures with each label, say how many errors
 * there are of i for j; so many with the largest margin p_j - p_i are taken. A picture whose likeliest class is its label
 * never is.
 *
 * @param outputs of a model that was not trained on these pictures: out of fold.
 */
export function findLabelErrors(outputs: LabelledProbabilities): LabelError[] {
  const { probabilities, numClasses } = outputs;
  checkLength('probabilities', probabilities.length, outputs.labels.length * numClasses);
  const labels = Array.from(outputs.labels, (_, index) =>
    labelAt(outputs.labels, index, { name: 'labels', numClasses }),
  );
  const at = (index: number, label: number) => probabilities[index * numClasses + label];
  const joint = confidentJoint(labels, { at, numClasses });
  const errors = new Map<number, LabelError>();
  for (const [label, counts] of joint.entries()) {
    const members = [...labels.keys()].filter((index) => labels[index] === label);
    const confident = counts.reduce((sum, count) => sum + count, 0);
    for (const [other, count] of counts.entries()) {
      if (other === label || count === 0) continue;
      const margin = (index: number) => at(index, other) - at(index, label);
      const ranked = [...members].sort((a, b) => margin(b) - margin(a) || a - b);
      for (const index of ranked.slice(0, Math.round((count * members.length) / confident))) {
        const row = Array.from({ length: numClasses }, (_, each) => at(index, each));
        const suggestedLabel = likeliestClass(row);
        if (suggestedLabel === label) continue;
        const [labelProbability, probability] = [row[label], row[suggestedLabel]];
        errors.set(index, { index, label, suggestedLabel, labelProbability, probability });
      }
    }
  }
  return [...errors.values()].sort(
    (a, b) => a.labelProbability - b.labelProbability || a.index - b.index,
  );
}

/** Counts [numClasses][numClasses], `[given][confidently of]`. */
function confidentJoint(
  labels: readonly number[],
  { at, numClasses }: { at: (index: number, label: number) => number; numClasses: number },
): number[][] {
  const zeros = () => new Array<number>(numClasses).fill(0);
  const [sums, counts] = [zeros(), zeros()];
  for (const [index, label] of labels.entries()) {
    sums[label] += at(index, label);
    counts[label]++;
  }
  const joint = Array.from({ length: numClasses }, zeros);
  for (const [index, label] of labels.entries()) {
    let confident = -1;
    for (let each = 0; each < numClasses; each++) {
      // A hair below the mean counts: where all are equal, rounding must not decide.
      const isSure = counts[each] > 0 && at(index, each) >= sums[each] / counts[each] - 1e-6;
      if (isSure && (confident < 0 || at(index, each) > at(index, confident))) confident = each;
    }
    if (confident >= 0) joint[label][confident]++;
  }
  return joint;
}
