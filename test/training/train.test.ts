import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDataset, type ImageDataset } from '../../lib/data/dataset';
import { UNIT_SCALE } from '../../lib/data/preprocess';
import { METRICS, type Metric } from '../../lib/evaluation/runningMetrics';
import { createRng, shuffledIndices } from '../../lib/random';
import { nodeBackend, tf } from '../../lib/tensorflow/backend';
import { estimateMemory, type TrainingOptions } from '../../lib/training/config';
import type { EpochRecord, History, StepInfo } from '../../lib/training/history';
import type { Loss } from '../../lib/training/loss';
import { createAdam, createSgd } from '../../lib/training/optimizer';
import { trainModel } from '../../lib/training/train';
import { TrainingInterrupted } from '../../lib/training/exclusiveTraining';
import {
  createLinearModel,
  createTinyDataset,
  createTinyModel,
  tinyOptions,
  weightValues,
} from './tinyTraining';
import { assertClose } from '../assertClose';

/** Pictures of one red pixel each, of two classes. */
function redPixels(labels: readonly number[]): ImageDataset {
  return createDataset({
    name: 'red pixels',
    source: 'generated',
    images: Uint8Array.from({ length: labels.length * 3 }, (_, i) => (i % 3 === 0 ? 255 : 0)),
    labels: Int32Array.from(labels),
    classNames: ['a', 'b'],
    height: 1,
    width: 1,
  });
}

const onePixel = { height: 1, width: 1, ...UNIT_SCALE };

/** The figures of a history that depend on arithmetic, not on the clock. */
function curve({ epochs }: History) {
  return epochs.map(({ seconds: _s, imagesPerSecond: _i, ...figures }) => figures);
}

test('two SGD steps on one pixel are those worked out by hand', async () => {
  // x = (1, 0, 0), weights 0: p = (½, ½), loss ln 2. Gradient x ⊗ (p - y) = ∓½, so with a rate of 1 weight and bias of
  // class a become +½, of class b -½: logits ±1, p(a) = 1 / (1 + e^-2) = .880797, loss .126928.
  const model = createLinearModel({ side: 1, numClasses: 2 });
  const history = await trainModel(model, {
    trainSet: redPixels([0]),
    valSet: redPixels([0, 1]),
    epochs: 2,
    batchSize: 1,
    seed: 1,
    preprocess: onePixel,
    learningRate: 1,
    optimizer: createSgd(),
  });
  const [first, second] = history.epochs;
  assertClose(first.train.loss, Math.LN2);
  assertClose(first.val!.loss, (0.126928 + 2.126928) / 2); // the other class: .126928 + the logits' distance
  assert.equal(first.val!.accuracy, 0.5);
  assertClose(second.train.loss, 0.126928);
  assert.equal(second.train.accuracy, 1);
  assert.deepEqual(
    history.epochs.map(({ epoch, learningRate }) => [epoch, learningRate]),
    [
      [1, 1],
      [2, 1],
    ],
  );
});

// Keras 3.15 on TensorFlow 2.21: Flatten, Dense(3, softmax, zeros), x[i] = (37 i + 11) mod 256 / 255, all six pictures in
// one batch, learning rate .1: history['loss'] and history['val_loss'] of fit() on the same pictures.
const kerasCurves = {
  adam: {
    optimizer: createAdam(),
    trainLoss: [1.0986123085, 0.9240350127, 0.7838602662, 0.6714055538, 0.5840578675],
    valLoss: [0.9240350127, 0.7838603854, 0.6714055538, 0.5840578675, 0.515569627],
  },
  'Nesterov SGD': {
    optimizer: createSgd({ momentum: 0.9, nesterov: true }),
    trainLoss: [1.0986123085, 1.0690597296, 1.0289018154, 0.9809839129, 0.9279801846],
    valLoss: [1.0690597296, 1.0289018154, 0.9809839129, 0.9279801846, 0.872307241],
  },
};

for (const [name, { optimizer, trainLoss, valLoss }] of Object.entries(kerasCurves)) {
  test(`five epochs with ${name} give the losses of Keras`, async () => {
    const pictures = createDataset({
      name: 'six',
      source: 'generated',
      images: Uint8Array.from({ length: 72 }, (_, i) => (37 * i + 11) % 256),
      labels: Int32Array.of(0, 1, 2, 0, 1, 2),
      classNames: ['a', 'b', 'c'],
      height: 2,
      width: 2,
    });
    const { epochs } = await trainModel(createLinearModel({ side: 2, numClasses: 3 }), {
      trainSet: pictures,
      valSet: pictures,
      epochs: 5,
      batchSize: 6,
      seed: 1,
      preprocess: { height: 2, width: 2, ...UNIT_SCALE },
      learningRate: 0.1,
      optimizer,
    });
    epochs.forEach((record, i) => {
      assertClose(record.train.loss, trainLoss[i], { tolerance: 2e-6 });
      assertClose(record.val!.loss, valLoss[i], { tolerance: 2e-6 });
      assertClose(record.train.accuracy, i === 0 ? 1 / 3 : 5 / 6);
    });
  });
}

// Weights that give the red pixel p = (¾, ¼), and a learning rate too small to change them: ln 3 apart.
const threeToOne = { side: 1, numClasses: 2, kernel: [Math.log(3), 0, 0, 0, 0, 0] };

/** One epoch over three pixels, two of class a and one of b, at a rate that changes nothing. */
function redTraining(): TrainingOptions {
  return {
    trainSet: redPixels([0, 0, 1]),
    epochs: 1,
    batchSize: 3,
    seed: 3,
    preprocess: onePixel,
    optimizer: createSgd(),
    learningRate: 1e-12,
  };
}

test('an epoch divides its sums once: the smaller last batch weighs as much as its images', async () => {
  const { epochs } = await trainModel(createLinearModel(threeToOne), {
    ...redTraining(),
    batchSize: 2,
  });
  assertClose(epochs[0].train.loss, (2 * -Math.log(0.75) - Math.log(0.25)) / 3, {
    tolerance: 1e-6,
  });
  assert.equal(epochs[0].train.accuracy, 2 / 3);
  assert.equal(epochs[0].val, null);
});

test('each epoch takes every image once, in the order of its seed and number', async () => {
  const labels = [0, 1, 1, 0, 1, 0, 0];
  const sums: number[][] = [[], []];
  await trainModel(createLinearModel(threeToOne), {
    trainSet: redPixels(labels),
    epochs: 2,
    batchSize: 1,
    seed: 11,
    preprocess: onePixel,
    learningRate: 1e-12,
    optimizer: createSgd(),
    onStep: ({ epoch, train, stepInEpoch }) => {
      sums[epoch - 1].push(Math.round(train.accuracy * stepInEpoch));
    },
  });
  for (const epoch of [1, 2]) {
    const order = shuffledIndices(labels.length, createRng(11, 'shuffle', epoch));
    let right = 0;
    const expected = Array.from(order, (index) => (right += labels[index] === 0 ? 1 : 0));
    assert.deepEqual(sums[epoch - 1], expected);
  }
});

test('the same seed gives the same curve and weights to the last bit, another seed others', async () => {
  const run = async (seed: number) => {
    const model = createTinyModel();
    const history = await trainModel(model, { ...tinyOptions(), seed });
    return { curve: curve(history), weights: weightValues(model) };
  };
  const first = await run(7);
  assert.deepEqual(await run(7), first);
  assert.notDeepEqual((await run(8)).curve, first.curve);
});

test('a schedule hears the progress of the whole training; the record has its last value', async () => {
  const heard: number[] = [];
  const { epochs } = await trainModel(createTinyModel(), {
    ...tinyOptions(),
    batchSize: 50,
    learningRate: (progress) => {
      heard.push(progress);
      return 0.01 * (1 - progress);
    },
  });
  assert.deepEqual(heard, [0, 0.25, 0.5, 0.75]);
  assertClose(epochs[0].learningRate, 0.0075);
  assertClose(epochs[1].learningRate, 0.0025);
});

test('callbacks hear of every step and epoch, and promises are awaited', async () => {
  const steps: StepInfo[] = [];
  const records: EpochRecord[] = [];
  let waiting = false;
  const { epochs } = await trainModel(createTinyModel(), {
    ...tinyOptions(),
    onStep: async (step) => {
      assert.equal(waiting, false);
      waiting = true;
      await new Promise((resolve) => setTimeout(resolve, 1));
      waiting = false;
      steps.push(step);
    },
    onEpoch: (record) => {
      records.push(record);
    },
  });
  assert.deepEqual(records, epochs);
  assert.deepEqual(
    steps.map(({ step }) => step),
    Array.from({ length: 14 }, (_, i) => i + 1),
  );
  assert.deepEqual(
    steps.map(({ epoch, stepInEpoch }) => `${epoch}.${stepInEpoch}`).filter((_, i) => i % 6 === 0),
    ['1.1', '1.7', '2.6'],
  );
  const last = steps[13];
  assert.deepEqual([last.epochs, last.stepsPerEpoch, last.secondsLeft], [2, 7, 0]);
  assert.deepEqual(last.train, epochs[1].train);
  assert.ok(steps[0].secondsLeft > steps[12].secondsLeft && steps[12].secondsLeft > 0);
  assert.ok(epochs.every(({ seconds, imagesPerSecond }) => seconds > 0 && imagesPerSecond > 0));
});

test('a batch size above the size of the set makes one step an epoch', async () => {
  let steps = 0;
  await trainModel(createTinyModel(), {
    ...tinyOptions(),
    batchSize: 1000,
    onStep: () => void steps++,
  });
  assert.equal(steps, 2);
});

const refused: Record<
  string,
  [Partial<Record<keyof TrainingOptions | 'momentum', unknown>>, RegExp]
> = {
  'epochs -1': [{ epochs: -1 }, /epochs to be an integer greater than 0 but received -1/],
  'epochs 2.5': [{ epochs: 2.5 }, /epochs to be an integer/],
  'batchSize 0': [{ batchSize: 0 }, /batchSize to be an integer greater than 0 but received 0/],
  'learningRate NaN': [{ learningRate: NaN }, /learningRate .* received NaN/],
  'a missing seed': [{ seed: undefined }, /seed/],
  'an unknown option': [{ momentum: 0.9 }, /received "momentum"/],
  'labelSmoothing 1': [{ labelSmoothing: 1 }, /labelSmoothing/],
  'keepBest without valSet': [{ keepBest: 'loss', valSet: undefined }, /valSet for keepBest/],
  'keepBest by another figure': [
    { keepBest: 'f1' },
    /keepBest to be loss or accuracy but received "f1": name it in metrics/,
  ],
  'an unknown metric': [
    { metrics: ['f2'] },
    /a list of accuracy, .* or metrics .* but received \["f2"\]/,
  ],
  'a metric named loss': [{ metrics: [{ ...METRICS.f1, name: 'loss' }] }, /received loss twice/],
  'too few class weights': [{ classWeights: [1, 2] }, /3 classes but received 2/],
  'class weights of 0': [{ classWeights: [0, 0, 0] }, /classWeights/],
  'a loss without apply': [{ loss: { name: 'mine' } }, /loss/],
  'patience 0': [{ earlyStopping: { patience: 0 } }, /patience/],
  'an unknown key of checkpoint': [{ checkpoint: { folder: 'x' } }, /received "folder"/],
  'a checkpoint without directory': [{ checkpoint: {} }, /directory/],
  'preprocess of another size': [
    { preprocess: { height: 9, width: 8, ...UNIT_SCALE } },
    /the 8×8 images that the model takes but received 9×8/,
  ],
  'a data set of other classes': [
    { trainSet: redPixels([0]) },
    /the model's 3 classes but received 2/,
  ],
  'an empty training set': [
    { trainSet: createTinyDataset(0, 1) },
    /at least one image in trainSet/,
  ],
};

for (const [name, [options, message]] of Object.entries(refused)) {
  test(`trainModel refuses ${name}`, async () => {
    const model = createTinyModel();
    const tensors = tf.memory().numTensors;
    await assert.rejects(
      trainModel(model, { ...tinyOptions(), ...options } as TrainingOptions),
      message,
    );
    assert.equal(tf.memory().numTensors, tensors);
    model.dispose();
  });
}

test('a loss that is no longer finite ends the training with step, rate and last finite loss', async () => {
  // The first step's loss is ln 3; its update overflows, so the second one's is not finite.
  const losses: number[] = [];
  await assert.rejects(
    trainModel(createLinearModel({ side: 8, numClasses: 3 }), {
      ...tinyOptions(),
      learningRate: 1e38,
      onStep: ({ train }) => void losses.push(train.loss),
    }),
    (error: Error) => {
      assert.match(error.message, /the loss is (NaN|Infinity) after step \d+ \(epoch 1\)/);
      assert.match(error.message, /learning rate was 1e\+38; the last finite loss was \d/);
      return true;
    },
  );
  assertClose(losses[0], Math.log(3));
  await trainModel(createTinyModel(), tinyOptions()); // and the next training may start
});

test('a signal ends the training within one batch; the model stays usable', async () => {
  const model = createTinyModel();
  const controller = new AbortController();
  let steps = 0;
  const heard: Error[] = [];
  const training = trainModel(model, {
    ...tinyOptions(),
    signal: controller.signal,
    onInterrupt: (interruption) => void heard.push(interruption),
    onStep: () => {
      if (++steps === 9) controller.abort();
    },
  });
  await assert.rejects(training, (error: Error) => {
    assert.ok(error instanceof TrainingInterrupted);
    assert.deepEqual([error.epoch, error.step, error.checkpointDirectory], [2, 9, undefined]);
    assert.match(error.message, /in epoch 2 of 2 after step 9\. No checkpoint was written/);
    assert.deepEqual(heard, [error]);
    return true;
  });
  assert.equal(steps, 9);
  await trainModel(model, tinyOptions());
});

test('a signal that is already aborted lets no step happen', async () => {
  const model = createTinyModel();
  const before = weightValues(model);
  const training = trainModel(model, { ...tinyOptions(), signal: AbortSignal.abort() });
  await assert.rejects(training, TrainingInterrupted);
  assert.deepEqual(weightValues(model), before);
});

test('a second training is refused while one runs; one after another works', async () => {
  let refusal: Promise<void> | undefined;
  await trainModel(createTinyModel(), {
    ...tinyOptions(),
    onStep: async ({ step }) => {
      if (step !== 3) return;
      refusal = assert.rejects(
        trainModel(createTinyModel(), tinyOptions()),
        /a training \(epoch 1 of 2, step 3 of 14\) is still running in this process/,
      );
      await refusal;
    },
  });
  assert.ok(refusal);
  await trainModel(createTinyModel(), tinyOptions());
});

test('of two trainings that start at once, one runs', async () => {
  const outcomes = await Promise.allSettled([
    trainModel(createTinyModel(), tinyOptions()),
    trainModel(createTinyModel(), tinyOptions()),
  ]);
  assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
});

test('a training that starts while an interrupted one ends waits for it', async () => {
  const controller = new AbortController();
  let second: Promise<History> | undefined;
  const first = trainModel(createTinyModel(), {
    ...tinyOptions(),
    signal: controller.signal,
    onStep: ({ step }) => {
      if (step !== 3) return;
      controller.abort();
      second = trainModel(createTinyModel(), tinyOptions());
    },
  });
  await assert.rejects(first, TrainingInterrupted);
  assert.equal((await second)?.epochs.length, 2);
});

test('an error of a callback ends the training and frees the way for the next', async () => {
  const failing = { ...tinyOptions(), onEpoch: () => Promise.reject(new Error('no display')) };
  await assert.rejects(trainModel(createTinyModel(), failing), /no display/);
  await trainModel(createTinyModel(), tinyOptions());
});

test('metrics are measured in training and validation, in every epoch and step', async () => {
  const model = createLinearModel(threeToOne);
  const sure: Metric = {
    name: 'sure',
    sums: ({ probabilities, labels }) => [
      probabilities.filter((p) => p > 0.7).length,
      labels.length,
    ],
    value: ([hits, images]) => hits / images,
  };
  const { epochs } = await trainModel(model, {
    ...redTraining(),
    valSet: redPixels([0, 1]),
    batchSize: 2,
    metrics: ['f1', sure],
    onStep: ({ train }) => assert.deepEqual(Object.keys(train), ['loss', 'accuracy', 'f1', 'sure']),
  });
  // All are taken for class a, with p = ¾: F1 of a is 2·2/(2 + 3) = .8 in training, 2/(1 + 2) in validation; of b 0.
  assertClose(epochs[0].train.f1, 0.4);
  assertClose(epochs[0].val!.f1, 1 / 3);
  assert.deepEqual([epochs[0].train.sure, epochs[0].val!.sure], [1, 1]);
});

test('another loss is what is made small, and what validation reports', async () => {
  // Σ (softmax - target)²: p = ¾, ¼ against (1, 0) gives ⅛, against (0, 1) 9/8.
  const brier: Loss = {
    name: 'brier',
    apply: (logits, targets) => tf.softmax(logits).sub(targets).square().sum(1),
  };
  const options = { ...redTraining(), valSet: redPixels([0, 1]), loss: brier };
  const still = createLinearModel(threeToOne);
  const { epochs } = await trainModel(still, options);
  assertClose(epochs[0].train.loss, (2 / 8 + 9 / 8) / 3);
  assertClose(epochs[0].val!.loss, (1 / 8 + 9 / 8) / 2);
  // At p = (½, ½): dL/dz_a = 2 (p_a - y_a) p_a p_b - 2 (p_b - y_b) p_a p_b = ½ (p_a - y_a - p_b + y_b); mean over
  // (1, 0), (1, 0), (0, 1): ½ · (-1 - 1 + 1) / 3 = -1/6, so a rate of 6 makes the bias of a 1.
  const moved = createLinearModel({ side: 1, numClasses: 2 });
  await trainModel(moved, { ...options, learningRate: 6 });
  const [, bias] = weightValues(moved);
  assertClose(bias[0], 1);
});

test('class weights are factors of the loss, divided by the number of pictures as in Keras', async () => {
  const lossWith = async (classWeights: TrainingOptions['classWeights']) => {
    const model = createLinearModel(threeToOne);
    return (await trainModel(model, { ...redTraining(), classWeights })).epochs[0].train.loss;
  };
  const [a, b] = [-Math.log(0.75), -Math.log(0.25)];
  assertClose(await lossWith([0.5, 2]), (2 * 0.5 * a + 2 * b) / 3);
  assertClose(await lossWith('balanced'), (2 * 0.75 * a + 1.5 * b) / 3); // 3/(2·2), 3/(2·1)
});

test('balanced sampling draws every class equally often; an empty class is refused', async () => {
  const train = (labels: number[]) =>
    trainModel(createLinearModel(threeToOne), {
      ...redTraining(),
      trainSet: redPixels(labels),
      sampling: 'balanced',
    });
  const { epochs } = await train([0, 0, 0, 1]); // drawn: two of each
  assertClose(epochs[0].train.loss, (-Math.log(0.75) - Math.log(0.25)) / 2);
  await assert.rejects(train([0, 0]), /pictures of every class for sampling 'balanced' but "b"/);
});

/** Its validation labels are wrong, so that validation worsens as training improves. */
function worseningOptions(): TrainingOptions {
  return {
    ...tinyOptions(),
    trainSet: redPixels([0, 0, 0, 0]),
    valSet: redPixels([1, 1]),
    epochs: 10,
    preprocess: onePixel,
    learningRate: 0.1,
    optimizer: createSgd(),
  };
}

test('early stopping ends the training after its patience', async () => {
  const { epochs, stoppedEarly } = await trainModel(createLinearModel({ side: 1, numClasses: 2 }), {
    ...worseningOptions(),
    earlyStopping: { patience: 3 },
  });
  assert.deepEqual([epochs.length, stoppedEarly], [4, true]);
});

for (const keepBest of ['loss', 'accuracy', 'f1']) {
  test(`keepBest by ${keepBest} ends with the weights of the best epoch`, async () => {
    const model = createLinearModel({ side: 1, numClasses: 2 });
    const weights: Float32Array[][] = [];
    const { bestEpoch, epochs } = await trainModel(model, {
      ...worseningOptions(),
      epochs: 3,
      keepBest,
      metrics: ['f1'],
      onEpoch: ({ epoch }) => {
        if (epoch < 3) weights.push(weightValues(model));
      },
    });
    assert.equal(epochs.length, 3);
    assert.equal(bestEpoch, 1);
    assert.notDeepEqual(weights[0], weights[1]);
    assert.deepEqual(weightValues(model), weights[0]);
  });
}

test('no training leaves tensors or sessions behind, however it ends', async () => {
  const model = createTinyModel();
  const controller = new AbortController();
  const ends: (() => Promise<unknown>)[] = [
    () => trainModel(model, { ...tinyOptions(), keepBest: 'loss' }),
    () => trainModel(model, { ...tinyOptions(), learningRate: 1e38 }),
    () => trainModel(model, { ...tinyOptions(), onStep: () => Promise.reject(new Error('stop')) }),
    () =>
      trainModel(model, {
        ...tinyOptions(),
        signal: controller.signal,
        onStep: () => controller.abort(),
      }),
  ];
  const count = () => [tf.memory().numTensors, nodeBackend().binding.getNumOfSavedModels()];
  const before = count();
  for (const end of ends) {
    await end().catch(() => undefined);
    assert.deepEqual(count(), before);
  }
});

test('a training that no memory holds is refused, with what it takes', async () => {
  const model = {
    inputs: [{ shape: [null, 1, 1, 3] }],
    outputs: [{ shape: [null, 2] }],
    layers: [
      { trainableWeights: [], output: { shape: [null, 9000] } },
      { trainableWeights: ['kernel'], output: { shape: [null, 500] } },
      { trainableWeights: [], output: [{ shape: [null, 2, 10] }] },
    ],
    trainableWeights: [{ shape: [1000, 1000] }, { shape: [1000] }],
  } as unknown as tf.LayersModel;
  // Four bytes for 13 numbers of each of 1,001,000 parameters and for each of 32 · 520 outputs, and 100 MB.
  assert.equal(estimateMemory(model, { batchSize: 32 }), 4 * (13_013_000 + 16_640) + 100e6);
  const huge = { ...model, trainableWeights: [{ shape: [1e7, 1e7] }] } as unknown as tf.LayersModel;
  await assert.rejects(
    trainModel(huge, {
      trainSet: redPixels([0, 1]),
      preprocess: onePixel,
      epochs: 1,
      batchSize: 2,
      seed: 1,
    }),
    /fits into [\d.]+ GB of memory but this one takes about 5200000\.1 GB: take smaller pictures/,
  );
});
