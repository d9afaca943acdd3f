import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDataset, type ImageDataset } from '../../lib/data/dataset';
import { UNIT_SCALE } from '../../lib/data/preprocess';
import { evaluateClassifier, evaluateProbabilities } from '../../lib/evaluation/evaluate';
import type { Classifier } from '../../lib/models/classifier';
import { nodeBackend, tf } from '../../lib/tensorflow/backend';
import { createLinearModel } from '../training/tinyTraining';

/** Pictures of one pixel, red or black. */
function pixels(reds: readonly (0 | 255)[], labels: readonly number[]): ImageDataset {
  return createDataset({
    name: 'pixels',
    source: 'generated',
    images: Uint8Array.from(reds.flatMap((red) => [red, 0, 0])),
    labels: Int32Array.from(labels),
    classNames: ['a', 'b'],
    height: 1,
    width: 1,
  });
}

/** Red: p = (¾, ¼). Black: p = (½, ½). */
function createClassifier(): Classifier {
  const kernel = [Math.log(3), 0, 0, 0, 0, 0];
  return {
    model: createLinearModel({ side: 1, numClasses: 2, kernel }),
    classNames: ['a', 'b'],
    preprocess: { height: 1, width: 1, ...UNIT_SCALE },
  };
}

test('an evaluation of four pixels is the one worked out by hand', async () => {
  const dataset = pixels([255, 255, 255, 0], [0, 0, 1, 1]);
  const evaluation = await evaluateClassifier(createClassifier(), dataset, { batchSize: 3 });
  const expected = [0.75, 0.25, 0.75, 0.25, 0.75, 0.25, 0.5, 0.5];
  assert.equal(evaluation.probabilities.length, 8);
  evaluation.probabilities.forEach((p, i) => assert.ok(Math.abs(p - expected[i]) < 1e-6));
  assert.deepEqual(evaluation.predictedLabels, Int32Array.of(0, 0, 0, 0));
  assert.deepEqual(evaluation.labels, Int32Array.of(0, 0, 1, 1));
  assert.equal(evaluation.accuracy, 0.5);
  // (-2 ln ¾ - ln ¼ - ln ½) / 4 = ln (16/9 × 4 × 2) / 4
  assert.ok(Math.abs(evaluation.metrics.loss - Math.log(128 / 9) / 4) < 1e-6);
  assert.deepEqual(evaluation.confusionMatrix, [
    [2, 0],
    [2, 0],
  ]);
  assert.deepEqual(evaluation.perClass, [
    { precision: 0.5, recall: 1, f1: 2 / 3, support: 2 },
    { precision: 0, recall: 0, f1: 0, support: 2 },
  ]);
  // Wilson, 2 of 4: centre ½, half width 1.96 √(¼/4 + 1.96²/64) / (1 + 1.96²/4) = .35001
  assert.ok(Math.abs(evaluation.interval.low - 0.14999) < 1e-4);
  assert.ok(Math.abs(evaluation.interval.high - 0.85001) < 1e-4);
});

test('a data set with other classes is refused', async () => {
  const dataset = { ...pixels([0], [0]), classNames: ['b', 'a'] };
  await assert.rejects(
    evaluateClassifier(createClassifier(), dataset),
    /classes of "pixels" to be those of the classifier \(a, b\) but found b, a/,
  );
});

test('what a spoilt model says has no accuracy', () => {
  const probabilities = Float32Array.of(0.5, 0.5, NaN, NaN);
  assert.throws(
    () => evaluateProbabilities(probabilities, pixels([0, 255], [0, 1])),
    /Expected probabilities but some are not numbers/,
  );
});

test('an evaluation leaves no tensors or sessions behind', async () => {
  const classifier = createClassifier();
  const count = () => [tf.memory().numTensors, nodeBackend().binding.getNumOfSavedModels()];
  const before = count();
  await evaluateClassifier(classifier, pixels([0, 255, 0], [0, 1, 1]), { batchSize: 2 });
  assert.deepEqual(count(), before);
});
