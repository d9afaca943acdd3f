// Graphs that follow from recordings of few examples: the same, to the last bit, as if their own batch had been recorded.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UNIT_SCALE } from '../../lib/data/preprocess';
import { createCnn } from '../../lib/models/cnn';
import { createFastCnn } from '../../lib/models/fastCnn';
import { createMlp } from '../../lib/models/mlp';
import { createMobileNetV2 } from '../../lib/models/mobileNetV2';
import { createHead } from '../../lib/models/transfer';
import { createRng } from '../../lib/random';
import { tf } from '../../lib/tensorflow/backend';
import { compile, recordSmallBatches } from '../../lib/tensorflow/compile';
import { createAugmentation } from '../../lib/training/augment';
import { readVariables, writeVariables } from '../../lib/training/modelState';
import { createAdam, createMuon, createSgd } from '../../lib/training/optimizer';
import {
  createTrainingStep,
  type StepBatch,
  type TrainingStepOptions,
} from '../../lib/training/trainingStep';

const SIDE = 32;
const SIZE = 13;
const preprocess = { height: SIDE, width: SIDE, ...UNIT_SCALE };
const rng = createRng(1, 'pictures');
const labels = Int32Array.from({ length: SIZE }, (_, index) => index % 3);
const pictures: StepBatch = {
  inputs: Uint8Array.from({ length: SIZE * SIDE * SIDE * 3 }, () => rng.nextInt(256)),
  labels,
};
const numClasses = 3;
const inputShape = [SIDE, SIDE, 3] as const;
const first = (batch: StepBatch, size: number): StepBatch => ({
  inputs: batch.inputs.subarray(0, (batch.inputs.length / SIZE) * size),
  labels: labels.subarray(0, size),
  ...(batch.augmentation && {
    augmentation: Object.fromEntries(
      Object.entries(batch.augmentation).map(([name, values]) => [name, values.subarray(0, size)]),
    ),
  }),
});

/** Losses and weights of six steps with batches of 13, 7 and 1. */
function sixSteps(
  createModel: () => tf.LayersModel,
  options: () => Omit<TrainingStepOptions, 'seed'>,
  { batch, isSmall }: { readonly batch: StepBatch; readonly isSmall: boolean },
) {
  const model = createModel();
  const step = createTrainingStep(model, { seed: 3, ...options() });
  const begun = readVariables(step.state());
  if (isSmall) step.record(batch, [SIZE, 7, 1]);
  else {
    for (const size of [SIZE, 7, 1]) step.run(first(batch, size), { learningRate: 0, step: 1 });
    writeVariables(step.state(), begun);
  }
  const strip = (values: typeof begun) => values.map(({ values: numbers }) => numbers);
  assert.deepEqual(strip(readVariables(step.state())), strip(begun), 'nothing is trained yet');
  const losses = [SIZE, 7, 1, SIZE, SIZE, 7].map(
    (size, i) => step.run(first(batch, size), { learningRate: 0.01, step: i + 1 }).loss,
  );
  const weights = strip(readVariables(step.state()));
  const { traces, fallbackReason } = step.statistics;
  step.dispose();
  model.dispose();
  return { losses, weights, traces, fallbackReason };
}

// A coin for each picture.
const flips = { ...pictures, augmentation: { flips: labels.map((label) => label % 2) } };

const muon = () =>
  createMuon({ others: createSgd({ momentum: 0.85, nesterov: true, offsetRate: 3 }) });
const augmentations = {
  'flips, shifts, cutout, mixup': { flip: 'alternating', shift: 2, cutout: 8, mixup: 0.2 },
  'crop, rotation, colours, erasing': { crop: 0.5, rotation: 15, colorJitter: 0.3, erasing: 0.5 },
} as const;

const CASES: Readonly<
  Record<
    string,
    readonly [() => tf.LayersModel, () => Omit<TrainingStepOptions, 'seed'>, StepBatch?]
  >
> = {
  'the MLP, Adam': [
    () => createMlp({ inputShape, numClasses, seed: 1 }),
    () => ({ optimizer: createAdam(), preprocess }),
  ],
  'the CNN, dropout, weights of classes, averages': [
    () => createCnn({ inputShape, numClasses, seed: 1 }),
    () => ({
      ...{ optimizer: createAdam(), preprocess, classWeights: [1, 2, 3] },
      averageWeights: { decay: 0.9 },
    }),
  ],
  'the CNN, bfloat16': [
    () => createCnn({ inputShape, numClasses, seed: 1 }),
    () => ({ optimizer: createAdam(), preprocess, bfloat16: true }),
  ],
  ...Object.fromEntries(
    Object.entries(augmentations).map(([name, chosen]) => [
      `the recipes' network, Muon, ${name}`,
      [
        () => createFastCnn({ inputShape, numClasses, widths: [8, 16, 16], seed: 1 }),
        () => ({
          ...{ optimizer: muon(), preprocess, labelSmoothing: 0.2, bfloat16: true },
          augmentation: createAugmentation(chosen),
        }),
        flips,
      ] as const,
    ]),
  ),
  'MobileNetV2, fine-tuned': [
    () => {
      const model = createMobileNetV2({
        alpha: 0.35,
        inputSize: SIDE,
        numClasses,
        seed: 1,
      });
      for (const layer of model.layers.slice(0, 60)) layer.trainable = false;
      return model;
    },
    () => ({
      optimizer: createAdam(),
      preprocess,
      augmentation: createAugmentation({ flip: true }),
    }),
  ],
  'a head on features': [
    () => createHead({ features: 16, numClasses, hiddenUnits: 8, dropoutRate: 0.5, seed: 1 }),
    () => ({ optimizer: createAdam({ weightDecay: 0.1 }) }),
    { inputs: Float32Array.from({ length: SIZE * 16 }, () => rng.nextNormal()), labels },
  ],
};

for (const [name, [createModel, options, batch = pictures]] of Object.entries(CASES)) {
  test(`small batches give the graphs of larger ones: ${name}`, () => {
    const tensors = tf.memory().numTensors;
    const recorded = sixSteps(createModel, options, { batch, isSmall: false });
    const followed = sixSteps(createModel, options, { batch, isSmall: true });
    assert.equal(followed.fallbackReason, null);
    assert.deepEqual([recorded.traces, followed.traces], [3, 3], 'none of these sizes is recorded');
    assert.deepEqual(followed.losses, recorded.losses);
    assert.deepEqual(followed.weights, recorded.weights);
    assert.equal(tf.memory().numTensors, tensors);
  });
}

type T = tf.Tensor1D;
/** Each with its result for `size` ones. */
type Steps = Readonly<Record<string, readonly [(x: T) => tf.Tensor, (size: number) => number]>>;

/** @returns how many calls were recorded, of which three with few examples, for batches of 20, 20 and 13. */
function traces([run, expected]: Steps[string]): number {
  const step = compile((x: T) => run(x));
  const at = (size: number) => tf.tidy(() => step(tf.ones<tf.Rank.R1>([size])).dataSync()[0]);
  recordSmallBatches(step, () => [2, 3, 11].forEach(at));
  for (const size of [20, 20, 13]) assert.equal(at(size), Math.fround(expected(size)));
  step.dispose();
  return step.statistics.traces;
}

const LINES: Steps = {
  'a multiple of the size': [(x) => x.sum().mul(3 * x.size - 1), (n) => n * (3 * n - 1)],
  'ones of its shape': [(x) => x.mul(tf.ones([x.size])).sum(), (n) => n],
};
for (const [name, step] of Object.entries(LINES))
  test(`a step that takes ${name} follows`, () => assert.equal(traces(step), 3));

const OTHERS: Steps = {
  'its half': [(x) => x.slice(0, x.size >> 1).sum(), (n) => n >> 1],
  'its eighth': [(x) => x.slice(0, x.size >> 3).sum(), (n) => n >> 3],
  'nine tenths of it': [
    (x) => x.slice(0, Math.ceil(0.9 * x.size)).sum(),
    (n) => Math.ceil(0.9 * n),
  ],
  'eight examples at most': [(x) => x.slice(0, Math.min(x.size, 8)).sum(), () => 8],
  'its inverse': [(x) => x.sum().mul(1 / x.size), () => 1],
  'its square': [(x) => x.sum().mul(x.size ** 2), (n) => n ** 3],
  'other operations from 4 on': [(x) => (x.size < 4 ? x.sum() : x.neg().sum()), (n) => -n],
  'as many others from 4 on': [(x) => (x.size < 4 ? x.relu() : x.neg()).sum(), (n) => -n],
};
for (const [name, step] of Object.entries(OTHERS))
  test(`a step that takes ${name} is recorded itself`, () => assert.equal(traces(step), 5));

test('a step that cannot run on few examples, or not as a graph, is recorded itself', () => {
  // Too few for the eight largest; the data are read below four.
  assert.equal(traces([(x) => tf.topk(x, 8).values.sum(), () => 8]), 3);
  assert.equal(traces([(x) => x.sum().mul(x.size < 4 ? x.dataSync()[0] : 1), (n) => n]), 5);
});
