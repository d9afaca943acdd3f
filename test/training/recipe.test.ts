import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitDataset } from '../../lib/data/dataset';
import { generateSample } from '../../lib/sample/generateSample';
import { evaluateClassifier } from '../../lib/evaluation/evaluate';
import { tf } from '../../lib/tensorflow/backend';
import {
  FAST_RECIPE,
  RECIPE_PIECES,
  RECIPES,
  recipeSchedule,
  recipeTraining,
  trainRecipe,
  withoutPiece,
  type Recipe,
} from '../../lib/training/recipe';

const TINY: Recipe = {
  ...FAST_RECIPE,
  name: 'tiny',
  widths: [4, 8],
  epochs: 2,
  batchSize: 25,
  bfloat16: 'never',
};

test('a recipe trains a classifier that predicts as it was validated', async () => {
  const before = tf.memory().numTensors;
  const { trainSet: pictures } = generateSample({ trainCount: 110, testCount: 10, seed: 1 });
  const { trainSet, valSet } = splitDataset(pictures, { valFraction: 0.1, seed: 1 });
  const { classifier, history } = await trainRecipe(
    { trainSet, valSet },
    { recipe: TINY, seed: 2 },
  );
  assert.equal(history.epochs.length, 2);
  assert.equal(classifier.views, 6);
  const { metrics } = await evaluateClassifier(classifier, valSet);
  assert.ok(Math.abs(metrics.loss - Number(history.epochs[1].val!.loss)) < 1e-5);
  classifier.model.dispose();
  assert.equal(tf.memory().numTensors, before);
});

test('each piece can be left out alone, and is gone then', () => {
  const whole: Recipe = {
    ...FAST_RECIPE,
    identity: true,
    muonLearningRate: 0.1,
    offsetRate: 5,
    averageDecay: 0.9,
    cutout: 8,
    mixup: 0.2,
  };
  for (const piece of RECIPE_PIECES) {
    const without = withoutPiece(whole, piece);
    const changed = Object.keys(whole).filter(
      (key) => whole[key as keyof Recipe] !== without[key as keyof Recipe],
    );
    assert.equal(changed.length, 1, piece);
    assert.deepEqual(withoutPiece(without, piece), without);
  }
  assert.equal(withoutPiece(whole, 'alternating flips').flip, true);
  assert.equal(withoutPiece({ ...whole, flip: false }, 'alternating flips').flip, false);
  assert.equal('averageWeights' in recipeTraining(withoutPiece(whole, 'averaged weights')), false);
});

test('the schedule is a triangle or a line, and half its peak throughout without it', () => {
  const recipe: Recipe = {
    ...FAST_RECIPE,
    muonLearningRate: 0,
    peakLearningRate: 2,
    schedule: 'triangular',
  };
  const rates = (value: Recipe) => [0, 0.23, 1].map(recipeSchedule(value));
  const triangle = rates(recipe).map((rate) => Math.round(rate * 1e6) / 1e6);
  assert.deepEqual(triangle, [0.4, 2, 0.14]);
  assert.deepEqual(rates(withoutPiece(recipe, 'schedule')), [1, 1, 1]);
  // A straight line down; of Muon's own rate where there is one.
  assert.deepEqual(rates({ ...recipe, schedule: 'linear', muonLearningRate: 1 }), [1, 0.77, 0]);
});

test('a recipe with an unknown or impossible field is refused', async () => {
  const { trainSet } = generateSample({ trainCount: 10, testCount: 10, seed: 1 });
  const trained = (recipe: object) =>
    trainRecipe({ trainSet }, { recipe: { ...TINY, ...recipe }, seed: 1 });
  const before = tf.memory().numTensors;
  await assert.rejects(trained({ epoch: 3 }), /did you mean "epochs"/);
  await assert.rejects(trained({ epochs: 0 }), /Expected epochs to be an integer greater than 0/);
  await assert.rejects(trained({ widths: [] }), /Expected widths to be one to four integers/);
  assert.equal(tf.memory().numTensors, before);
});

test('presets are plain JSON and bear their names', () => {
  for (const [name, recipe] of Object.entries(RECIPES)) {
    assert.equal(recipe.name, name);
    assert.deepEqual(JSON.parse(JSON.stringify(recipe)), recipe);
  }
});
