import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findLabelErrors } from '../../lib/evaluation/labelErrors';

// Made by seed 7 in NumPy: 40 pictures of three classes, 8 labels flipped. In thousandths, the third is what is left.
const LABELS = [
  2, 2, 2, 2, 2, 0, 2, 2, 0, 0, 0, 2, 2, 0, 1, 0, 0, 2, 0, 1, 2, 0, 1, 2, 2, 0, 2, 1, 1, 0, 1, 0, 1,
  2, 2, 2, 2, 1, 1, 2,
];
const FIRST_TWO = [
  209, 68, 367, 511, 219, 50, 231, 221, 30, 965, 287, 137, 603, 175, 788, 144, 861, 45, 956, 13,
  798, 160, 24, 35, 420, 36, 957, 8, 26, 916, 85, 82, 968, 15, 146, 91, 645, 215, 149, 806, 68, 25,
  813, 162, 440, 519, 808, 49, 642, 30, 817, 121, 45, 112, 37, 857, 28, 938, 180, 745, 64, 921, 24,
  967, 386, 261, 33, 169, 5, 83, 100, 81, 44, 348, 171, 733, 8, 965, 322, 124,
];
const PROBABILITIES = LABELS.flatMap((_, index) => {
  const [first, second] = FIRST_TWO.slice(2 * index, 2 * index + 2);
  return [first, second, 1000 - first - second].map((each) => each / 1000);
});

test('the label errors are those of cleanlab, in its order', () => {
  const found = findLabelErrors({
    ...{ probabilities: PROBABILITIES, labels: LABELS, numClasses: 3 },
  });
  // cleanlab 2.9.0: find_label_issues(filter_by='prune_by_noise_rate', return_indices_ranked_by='self_confidence')
  assert.deepEqual(
    found.map(({ index }) => index),
    [4, 31, 7, 15, 23, 6, 5, 24],
  );
  assert.deepEqual(found[0], {
    ...{ index: 4, label: 2, suggestedLabel: 1, labelProbability: 0.005, probability: 0.965 },
  });
});

test('where all is as it is labelled, nothing is found', () => {
  const probabilities = [0.9, 0.1, 0.8, 0.2, 0.3, 0.7, 0.1, 0.9];
  assert.deepEqual(findLabelErrors({ probabilities, labels: [0, 0, 1, 1], numClasses: 2 }), []);
});
