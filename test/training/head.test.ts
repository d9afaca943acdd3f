import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createHead } from '../../lib/models/transfer';
import { createRng } from '../../lib/random';
import { tf } from '../../lib/tensorflow/backend';
import { HEADER_BYTES } from '../../lib/training/featureCache';
import { type Features, featureValues, selectFeatures } from '../../lib/training/features';
import { predictFeatures, trainHead, type HeadTrainingOptions } from '../../lib/training/head';
import { createSgd } from '../../lib/training/optimizer';
import { TrainingInterrupted } from '../../lib/training/exclusiveTraining';
import { selectHead } from '../../lib/training/selectHead';

/** Two classes that differ by 2 standard deviations in feature 0; feature 1 is noise a thousand times as large. */
function twoClouds(size: number, seed: number): Features {
  const rng = createRng(seed, 'clouds');
  const labels = Int32Array.from({ length: size }, (_, index) => index % 2);
  const values = Float32Array.from({ length: size * 2 }, (_, place) =>
    place % 2 === 0
      ? 5 + rng.nextNormal() + 2 * labels[place / 2] - 1
      : 1000 * rng.nextNormal() - 300,
  );
  return { values, labels, classNames: ['low', 'high'], size, width: 2, seconds: 0 };
}

const trainFeatures = twoClouds(600, 1);
const valFeatures = twoClouds(400, 2);

function accuracyOf(probabilities: Float32Array, labels: Int32Array): number {
  const right = labels.filter((label, row) => probabilities[2 * row + label] > 0.5);
  return right.length / labels.length;
}

test('a linear head comes near the best there is, whatever the scale of the features', async () => {
  const before = tf.memory().numTensors;
  const head = createHead({ features: 2, numClasses: 2 });
  const { epochs, seconds } = await trainHead(head, {
    trainFeatures,
    valFeatures,
    epochs: 30,
    batchSize: 60,
    learningRate: 0.03,
    seed: 1,
  });
  // The best possible is Φ(1) = .841; 400 pictures measure it within ± .036.
  const valAccuracy = epochs[epochs.length - 1].val!.accuracy;
  assert.ok(Math.abs(valAccuracy - 0.841) < 0.05, `${valAccuracy}`);
  assert.equal(valAccuracy, accuracyOf(predictFeatures(head, valFeatures), valFeatures.labels));
  assert.equal(epochs.length, 30);
  assert.ok(seconds >= epochs.reduce((sum, epoch) => sum + epoch.seconds, 0));
  head.dispose();
  assert.equal(tf.memory().numTensors, before);
});

test('the same seed gives the same head to the last bit, in memory and from parts, and continues from either', async () => {
  // The rows in another order, in two parts; `rows` puts them right.
  const inParts = (features: Features): Features => {
    const { size } = features;
    const rows = Uint32Array.from({ length: size }, (_, row) => (row * 7 + 100) % size);
    const places = Uint32Array.from(rows.keys()).sort((a, b) => rows[a] - rows[b]);
    const [first, rest] = [places.subarray(0, 100), places.subarray(100)].map((part) => {
      const values = featureValues(selectFeatures(features, part));
      return { size: part.length, values };
    });
    return { ...features, values: { parts: [first, rest], rows } };
  };
  const form = { features: 2, numClasses: 2, hiddenUnits: 4, dropoutRate: 0.3 };
  const probabilities: Float32Array[] = [];
  const directory = await mkdtemp(join(tmpdir(), 'head-'));
  let started = 0;
  const onStart = () => void started++;
  for (const change of [(features: Features) => features, inParts]) {
    const head = createHead(form);
    const options = { epochs: 2, weightDecay: 0.1, seed: 4 };
    const trained = { trainFeatures: change(trainFeatures), valFeatures: change(valFeatures) };
    const checkpoint = { directory, resume: 'always' } as const;
    await trainHead(head, { ...options, ...trained, checkpoint, onStart });
    probabilities.push(
      predictFeatures(head, valFeatures),
      predictFeatures(head, change(valFeatures)),
    );
    head.dispose();
    const again = createHead(form);
    await trainHead(again, { ...options, ...trained });
    probabilities.push(predictFeatures(again, valFeatures));
    again.dispose();
  }
  await rm(directory, { recursive: true });
  assert.equal(started, 1, 'the same features are the same training, which is complete');
  for (const each of probabilities) assert.deepEqual(each, probabilities[0]);
});

test('where a file of features vanishes in a validation, the steps so far are in the checkpoint', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'head-'));
  const path = join(directory, 'values');
  const written = Buffer.from((valFeatures.values as Float32Array).buffer);
  const write = () => writeFile(path, Buffer.concat([Buffer.alloc(HEADER_BYTES), written]));
  const { size } = valFeatures;
  const rows = Uint32Array.from({ length: size }, (_, row) => row);
  const inFile = { ...valFeatures, values: { parts: [{ size, values: path }], rows } };
  const options = { trainFeatures, epochs: 2, batchSize: 100, seed: 4, checkpoint: { directory } };
  const train = async (val: Features, more: Partial<HeadTrainingOptions> = {}) => {
    const head = createHead({ features: 2, numClasses: 2 });
    const history = await trainHead(head, { ...options, valFeatures: val, ...more });
    const predicted = predictFeatures(head, valFeatures);
    head.dispose();
    return { predicted, curve: history.epochs.map(({ val: figures }) => figures) };
  };
  const whole = await train(valFeatures, { checkpoint: undefined });
  await write();
  const onStep = ({ step }: { readonly step: number }) => void (step === 6 && rmSync(path));
  await assert.rejects(train(inFile, { onStep }), /values but it is missing: run the cell again/);
  await write();
  const resumed: number[] = [];
  const onResume = ({ step }: { readonly step: number }) => void resumed.push(step);
  assert.deepEqual(await train(inFile, { onResume }), whole);
  assert.deepEqual(resumed, [6], 'all six steps of the first epoch');
  await rm(directory, { recursive: true });
});

test('a head that does not fit and a rate that spoils it are refused in words', async () => {
  const head = createHead({ features: 3, numClasses: 2 });
  const options = { trainFeatures, seed: 1 };
  await assert.rejects(trainHead(head, options), /3 features.*600 rows of 2.*features: 2/);
  head.dispose();
  const other = createHead({ features: 2, numClasses: 2 });
  const unknown = { ...options, lr: 1 } as typeof options;
  await assert.rejects(trainHead(other, unknown), /"lr"/);
  const signal = AbortSignal.abort();
  await assert.rejects(trainHead(other, { ...options, signal }), /interrupted in epoch 1 of 30/);
  other.dispose();
});

test('a choice that fails gives every head back', async () => {
  const before = tf.memory().numTensors;
  const stop = new AbortController();
  const onTrial = (): void => stop.abort();
  await assert.rejects(
    selectHead({ trainFeatures, valFeatures, epochs: 1, seed: 1, onTrial, signal: stop.signal }),
    /interrupted/,
  );
  assert.equal(tf.memory().numTensors, before);
});

test('the head with the best validation accuracy is chosen, the others are given back', async () => {
  const before = tf.memory().numTensors;
  const tied = { hiddenUnits: 0, dropoutRate: 0 };
  const selected = await selectHead({
    trainFeatures,
    valFeatures,
    recipes: [
      { ...tied, weightDecay: 1000 }, // keeps every weight at 0: half of them right
      { ...tied, weightDecay: 0 },
    ],
    epochs: 30,
    seed: 1,
  });
  assert.equal(selected.recipe.weightDecay, 0);
  assert.deepEqual(
    selected.trials.map(({ recipe }) => recipe.weightDecay),
    [1000, 0],
  );
  assert.ok(selected.val.accuracy > selected.trials[0].val.accuracy);
  assert.equal(selected.seconds, selected.trials[0].history.seconds + selected.history.seconds);
  selected.head.dispose();
  assert.equal(tf.memory().numTensors, before);
});

test('a head keeps its best epoch, stops early, and resumes to the last bit', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'head-'));
  try {
    const options = { trainFeatures, valFeatures, epochs: 4, batchSize: 100, seed: 3 };
    const train = async (more: Partial<HeadTrainingOptions>) => {
      const head = createHead({ features: 2, numClasses: 2, dropoutRate: 0.2, seed: 5 });
      const history = await trainHead(head, { ...options, ...more });
      const weights = head.getWeights().map((weight) => [...weight.dataSync()]);
      head.dispose();
      const curve = history.epochs.map(({ train: figures, val }) => ({ figures, val }));
      return { curve, weights, bestEpoch: history.bestEpoch, stoppedEarly: history.stoppedEarly };
    };
    const whole = await train({ keepBest: 'accuracy' });
    assert.ok(whole.bestEpoch !== undefined && whole.bestEpoch >= 1);

    const controller = new AbortController();
    const checkpoint = { directory };
    await assert.rejects(
      train({
        keepBest: 'accuracy',
        checkpoint,
        signal: controller.signal,
        onStep: ({ step }) => void (step === 9 && controller.abort()),
      }),
      TrainingInterrupted,
    );
    assert.deepEqual(await train({ keepBest: 'accuracy', checkpoint }), whole);

    const stopped = await train({ epochs: 30, earlyStopping: { patience: 1, minDelta: 1 } });
    assert.deepEqual([stopped.curve.length, stopped.stoppedEarly], [2, true]);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('candidates that are impossible, or the same, are refused before the first one is trained', async () => {
  const recipe = { hiddenUnits: 0, dropoutRate: 0, weightDecay: 0 };
  const onTrial = () => assert.fail('a head was trained');
  for (const [recipes, message] of [
    [[], /Expected recipes to be a list of different recipes/],
    [[recipe, { ...recipe }], /a list of different recipes/],
    [[recipe, { ...recipe, dropoutRate: 1 }], /Expected dropoutRate to be/],
  ] as const) {
    await assert.rejects(
      selectHead({ trainFeatures, valFeatures, recipes, seed: 1, onTrial }),
      message,
    );
  }
});

test('an optimizer is refused: a head is trained with AdamW', async () => {
  const head = createHead({ features: 2, numClasses: 2 });
  const options = { trainFeatures, seed: 1, optimizer: createSgd() };
  await assert.rejects(
    trainHead(head, options),
    /Expected the options of trainHead to be among .* but received "optimizer"/,
  );
  head.dispose();
});
