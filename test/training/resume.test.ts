import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { LOCK_FILE } from '../../lib/folderLock';
import { tf } from '../../lib/tensorflow/backend';
import type { TrainingOptions } from '../../lib/training/config';
import type { History, ResumeInfo } from '../../lib/training/history';
import { createSgd } from '../../lib/training/optimizer';
import { createCosineSchedule } from '../../lib/training/schedule';
import { trainModel } from '../../lib/training/train';
import { createTinyModel, interruptAfter, tinyOptions, weightValues } from './tinyTraining';
import { eachFolder } from '../temporaryFolder';

let directory: string;
eachFolder((folder) => (directory = folder));

/** Two epochs of seven steps, with everything that a checkpoint has to carry. */
function options(): TrainingOptions {
  return {
    ...tinyOptions(),
    learningRate: createCosineSchedule({ peak: 0.02 }),
    keepBest: 'loss',
    metrics: ['f1'],
    labelSmoothing: 0.1,
    checkpoint: { directory },
  };
}

function outcome({ epochs, bestEpoch }: History, model: tf.LayersModel) {
  const curve = epochs.map(({ seconds: _s, imagesPerSecond: _i, ...figures }) => figures);
  return { curve, bestEpoch, weights: weightValues(model) };
}

test('a training resumes after any step with the same curve and weights, to the last bit', async () => {
  const model = createTinyModel();
  const uninterrupted = { ...options(), checkpoint: undefined };
  const expected = outcome(await trainModel(model, uninterrupted), model);
  for (const step of [1, 6, 7, 9]) {
    const resumed: ResumeInfo[] = [];
    await interruptAfter(step, options());
    const fresh = createTinyModel(); // as after a restart of the kernel
    const history = await trainModel(fresh, {
      ...options(),
      onResume: (info) => void resumed.push(info),
    });
    assert.deepEqual(outcome(history, fresh), expected, `interrupted after step ${step}`);
    assert.deepEqual([resumed.length, resumed[0].step], [1, step]);
    assert.equal(resumed[0].epochs.length, step < 8 ? 0 : 1);
  }
});

test('a training that is interrupted again and again ends the same', async () => {
  const model = createTinyModel();
  const uninterrupted = { ...options(), checkpoint: undefined };
  const expected = outcome(await trainModel(model, uninterrupted), model);
  let same = createTinyModel();
  for (const step of [2, 7, 14]) same = await interruptAfter(step, options());
  // With the model that was just interrupted: what "run the cell again" does in a notebook.
  assert.deepEqual(outcome(await trainModel(same, options()), same), expected);
});

test('bfloat16, SGD with momentum, balanced sampling and frozen layers resume to the last bit too', async () => {
  const chosen: TrainingOptions = {
    ...options(),
    bfloat16: true,
    sampling: 'balanced',
    optimizer: createSgd({ momentum: 0.9, nesterov: true, weightDecay: 1e-3 }),
  };
  const freeze = (model: tf.LayersModel) => {
    model.layers[1].trainable = false;
    return model;
  };
  const model = freeze(createTinyModel());
  const uninterrupted = { ...chosen, checkpoint: undefined };
  const expected = outcome(await trainModel(model, uninterrupted), model);
  const interrupted = await interruptAfter(5, chosen, freeze(createTinyModel()));
  assert.deepEqual(outcome(await trainModel(interrupted, chosen), interrupted), expected);
});

test('the seconds of all sessions are added up', async () => {
  await interruptAfter(9, {
    ...options(),
    onEpoch: () => new Promise((resolve) => setTimeout(resolve, 300)),
  });
  const { seconds, epochs } = await trainModel(createTinyModel(), options());
  const inEpochs = epochs.reduce((sum, record) => sum + record.seconds, 0);
  assert.ok(seconds > inEpochs + 0.3, `${seconds} s in all, ${inEpochs} s in epochs`);
});

test('a checkpoint is written every so many minutes inside an epoch', async () => {
  const seen: string[][] = [];
  await trainModel(createTinyModel(), {
    ...options(),
    checkpoint: { directory, everyMinutes: 1e-9 },
    onStep: async () => {
      seen.push((await readdir(directory)).filter((name) => name !== LOCK_FILE));
    },
  });
  assert.deepEqual(seen[0], []);
  assert.deepEqual(seen[1], ['checkpoint-000001']);
  assert.deepEqual(seen[2], ['checkpoint-000001', 'checkpoint-000002']);
  assert.deepEqual(seen[3], ['checkpoint-000002', 'checkpoint-000003']);
});

test('a finished training starts over; with resume: always it comes back at once', async () => {
  const first = createTinyModel();
  const expected = outcome(await trainModel(first, options()), first);

  const again = createTinyModel();
  let steps = 0;
  const count = { ...options(), onStep: () => void steps++ };
  assert.deepEqual(outcome(await trainModel(again, count), again), expected);
  assert.equal(steps, 14);

  const restored = createTinyModel();
  const always = { ...count, checkpoint: { directory, resume: 'always' } } as const;
  assert.deepEqual(outcome(await trainModel(restored, always), restored), expected);
  assert.equal(steps, 14);
});

test('a training that stopped early counts as finished', async () => {
  const stopping: TrainingOptions = {
    ...options(),
    epochs: 50,
    earlyStopping: { patience: 1, minDelta: 10 }, // no epoch improves by 10 nats
    checkpoint: { directory, resume: 'always' },
  };
  const { epochs } = await trainModel(createTinyModel(), stopping);
  assert.equal(epochs.length, 2);
  const { epochs: restored, stoppedEarly } = await trainModel(createTinyModel(), stopping);
  assert.deepEqual([restored, stoppedEarly], [epochs, true]);
});

test('resume: never starts over and replaces the interrupted training', async () => {
  await interruptAfter(9, options());
  const heard: number[] = [];
  await trainModel(createTinyModel(), {
    ...options(),
    seed: 8,
    checkpoint: { directory, resume: 'never' },
    onStep: ({ step }) => void heard.push(step),
  });
  assert.equal(heard[0], 1);
});

test('checkpoints and resumptions leave no tensors behind', async () => {
  const model = await interruptAfter(5, options());
  const before = tf.memory().numTensors;
  await trainModel(model, options());
  await trainModel(model, { ...options(), checkpoint: { directory, resume: 'always' } });
  assert.equal(tf.memory().numTensors, before);
});

test('the start is told before the resumption and the first step, and not where nothing is trained', async () => {
  const heard: unknown[] = [];
  const hooks: Partial<TrainingOptions> = {
    onStart: (start) => void heard.push(start),
    onResume: ({ step }) => void heard.push(`resumed after ${step}`),
    onStep: ({ step }) => void heard.push(step),
  };
  const start = { epochs: 2, stepsPerEpoch: 7 };
  await interruptAfter(12, { ...options(), ...hooks });
  assert.deepEqual(heard, [start]);
  heard.length = 0;
  const model = createTinyModel();
  await trainModel(model, { ...options(), ...hooks });
  assert.deepEqual(heard, [start, 'resumed after 12', 13, 14]);
  heard.length = 0;
  await trainModel(model, { ...options(), ...hooks, checkpoint: { directory, resume: 'always' } });
  await assert.rejects(trainModel(model, { ...options(), ...hooks, epochs: 0 }), RangeError);
  await interruptAfter(1, options());
  await assert.rejects(trainModel(model, { ...options(), ...hooks, seed: 8 }), /to this training/);
  assert.deepEqual(heard, []);
});
