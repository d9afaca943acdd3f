import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UNIT_SCALE } from '../../lib/data/preprocess';
import { createPredictor } from '../../lib/evaluation/predictor';
import { nodeBackend, tf } from '../../lib/tensorflow/backend';
import { createAdam, createSgd } from '../../lib/training/optimizer';
import {
  createTrainingStep,
  type TrainingStep,
  type TrainingStepOptions,
} from '../../lib/training/trainingStep';
import { withoutLeaks } from '../tensorflow/steps';
import { assertClose } from '../assertClose';
import {
  createLinearModel,
  createTinyDataset,
  createTinyModel,
  weightValues,
} from './tinyTraining';

const SIDE = 8;
const preprocess = { height: SIDE, width: SIDE, ...UNIT_SCALE };
const { images, labels } = createTinyDataset(16, 5);

function create(model: tf.LayersModel, options: Partial<TrainingStepOptions> = {}): TrainingStep {
  return createTrainingStep(model, { optimizer: createSgd(), preprocess, seed: 1, ...options });
}

/** Trains `steps` times on the same 16 pictures. @returns the losses. */
function train(step: TrainingStep, steps: number, learningRate = 0.1): number[] {
  return Array.from(
    { length: steps },
    (_, i) => step.run({ inputs: images, labels }, { learningRate, step: i + 1 }).loss,
  );
}

test('a step trains as tfjs’ own trainOnBatch does', async () => {
  const [ours, theirs] = [0, 1].map(() => createTinyModel({ dropoutRate: 0 }));
  theirs.setWeights(ours.getWeights());
  theirs.compile({ optimizer: tf.train.sgd(0.1), loss: 'categoricalCrossentropy' });
  const step = create(ours);
  const x = tf.tidy(() => tf.tensor4d(Float32Array.from(images), [16, SIDE, SIDE, 3]).div(255));
  const y = tf.tidy(() => tf.oneHot(tf.tensor1d(labels, 'int32'), 3).toFloat());
  const expected: number[] = [];
  for (let i = 0; i < 6; i++) expected.push((await theirs.trainOnBatch(x, y)) as number);
  assertClose(train(step, 6), expected, { tolerance: 1e-5 });
  weightValues(ours).forEach((values, i) =>
    assertClose(values, weightValues(theirs)[i], { tolerance: 1e-4, message: `weight ${i}` }),
  );
  assert.deepEqual([step.statistics.traces, step.statistics.graphRuns], [1, 5]);
  step.dispose();
  tf.dispose([x, y]);
  for (const model of [ours, theirs]) model.dispose();
});

test('loss and logits are those before the update', () => {
  withoutLeaks(() => {
    // Zero weights: every class gets 1/3.
    const model = createLinearModel({ side: SIDE, numClasses: 3 });
    const step = create(model);
    const { loss, logits } = step.run({ inputs: images, labels }, { learningRate: 0.1, step: 1 });
    assertClose([loss], [Math.log(3)]);
    assert.deepEqual([...logits], new Array(16 * 3).fill(0));
    step.dispose();
    model.dispose();
  });
});

test('label smoothing spreads the target over all classes', () => {
  // One picture of zeros and class biases (1, 0, 0): log p = (1, 0, 0) - log(e + 2).
  const model = createLinearModel({ side: SIDE, numClasses: 3 });
  model.setWeights([tf.zeros([SIDE * SIDE * 3, 3]), tf.tensor1d([1, 0, 0])]);
  const step = create(model, { labelSmoothing: 0.3 });
  const { loss } = step.run(
    { inputs: new Uint8Array(SIDE * SIDE * 3), labels: Int32Array.of(0) },
    { learningRate: 0, step: 1 },
  );
  assertClose([loss], [Math.log(Math.E + 2) - 0.8]); // targets .8, .1, .1
  step.dispose();
  model.dispose();
});

test('penalties of layers count', () => {
  const model = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [SIDE, SIDE, 3] }),
      tf.layers.dense({
        units: 3,
        activation: 'softmax',
        kernelInitializer: tf.initializers.constant({ value: 0.5 }),
        kernelRegularizer: tf.regularizers.l2({ l2: 0.01 }),
      }),
    ],
  });
  const step = create(model);
  const [loss] = train(step, 1, 0);
  assertClose([loss], [Math.log(3) + 0.01 * SIDE * SIDE * 3 * 3 * 0.25]);
  step.dispose();
  model.dispose();
});

test('a frozen batch norm keeps its statistics, a trainable one moves them', () => {
  const movingMean = (model: tf.LayersModel): number[] => [...weightValues(model)[4]];
  for (const trainable of [true, false]) {
    const model = createTinyModel({ dropoutRate: 0 });
    model.layers[1].trainable = trainable;
    const before = movingMean(model);
    const step = create(model);
    train(step, 3);
    assert.equal(movingMean(model).join() === before.join(), !trainable);
    step.dispose();
    model.dispose();
  }
});

test('predictions between steps see the latest weights, and assigned weights train on', () => {
  withoutLeaks(() => {
    const model = createTinyModel();
    const [twin, step] = [createTinyModel(), create(model, { optimizer: createAdam() })];
    const predictor = createPredictor(model, { preprocess });
    const eager = (): number[] =>
      tf.tidy(() => {
        const x = tf.tensor4d(Float32Array.from(images), [16, SIDE, SIDE, 3]).div(255);
        return [...(model.predict(x) as tf.Tensor).dataSync()];
      });
    for (let round = 0; round < 3; round++) {
      train(step, 2);
      assertClose(predictor.run(images, 16), eager(), { message: `round ${round}` });
      if (round === 1) model.setWeights(twin.getWeights());
    }
    for (const each of [step, predictor, model, twin]) each.dispose();
  });
});

test('the same seed and steps give the same training, batches of other sizes included', () => {
  const runs = [7, 7, 8].map((seed) => {
    const model = createTinyModel();
    const step = create(model, { seed });
    const losses = [16, 16, 5, 16, 1, 5].map(
      (size, i) =>
        step.run(
          { inputs: images.subarray(0, size * SIDE * SIDE * 3), labels: labels.subarray(0, size) },
          {
            learningRate: 0.05,
            step: i + 1,
          },
        ).loss,
    );
    step.dispose();
    model.dispose();
    return losses.join();
  });
  assert.equal(runs[0], runs[1]);
  assert.notEqual(runs[0], runs[2]);
});

test('bfloat16 trains float32 weights to nearly the same losses', () => {
  const models = [0, 1].map(() => createTinyModel({ dropoutRate: 0 }));
  models[1].setWeights(models[0].getWeights());
  const steps = models.map((model, i) =>
    create(model, { bfloat16: i === 1, optimizer: createAdam() }),
  );
  const [exact, rough] = steps.map((step) => train(step, 20, 0.01));
  assert.ok(exact[19] < 0.8 * exact[0], 'it learns');
  assertClose(rough, exact, { tolerance: 0.02 });
  assert.notDeepEqual(rough, exact);
  for (const { variable } of steps[1].state()) assert.equal(variable.dtype, 'float32');
  const digits = weightValues(models[1]).flatMap((values) => [...new Uint32Array(values.buffer)]);
  assert.ok(
    digits.some((bits) => (bits & 0xffff) !== 0),
    'weights keep float32’s digits',
  );
  for (const each of [...steps, ...models]) each.dispose();
});

test('state names every weight and slot once', () => {
  const model = createTinyModel();
  const step = create(model, { optimizer: createSgd({ momentum: 0.9 }) });
  const names = step.state().map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  assert.equal(names.filter((name) => name.endsWith('/accumulator')).length, 6);
  assert.equal(names.length, model.weights.length + 6);
  step.dispose();
  model.dispose();
});

test('nothing is left of a disposed step', () => {
  const { binding } = nodeBackend();
  const [before, sessions] = [tf.memory().numTensors, binding.getNumOfSavedModels()];
  const model = createTinyModel();
  const weights = tf.memory().numTensors;
  const step = create(model, { optimizer: createAdam() });
  tf.tidy(() => void train(step, 3));
  train(step, 3);
  step.dispose();
  assert.equal(tf.memory().numTensors, weights);
  assert.equal(binding.getNumOfSavedModels(), sessions);
  assert.throws(() => train(step, 1), /disposed/);
  model.dispose();
  assert.equal(tf.memory().numTensors, before);
});

test('models and batches that do not fit are refused', () => {
  const linear = tf.sequential({ layers: [tf.layers.dense({ inputShape: [2], units: 2 })] });
  const frozen = createTinyModel();
  frozen.trainable = false;
  assert.throws(() => create(frozen), /trainable weights but all are frozen.*trainable to true/);
  const step = create(linear);
  assert.throws(() => train(step, 1), /to end in one layer with softmax activation/);
  step.dispose();
  const model = createTinyModel();
  const fine = create(model);
  assert.throws(
    () => fine.run({ inputs: images.subarray(1), labels }, { learningRate: 1, step: 1 }),
    /Expected \d+ bytes .* but received \d+/,
  );
  assert.ok(train(fine, 2).every(Number.isFinite), 'the step is still good');
  fine.dispose();
  for (const each of [linear, frozen, model]) each.dispose();
});
