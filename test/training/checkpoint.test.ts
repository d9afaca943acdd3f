import assert from 'node:assert/strict';
import fs, { cp, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { LOCK_FILE } from '../../lib/folderLock';
import type { TrainingOptions } from '../../lib/training/config';
import { createSgd } from '../../lib/training/optimizer';
import { createCosineSchedule } from '../../lib/training/schedule';
import { trainModel } from '../../lib/training/train';
import {
  createTinyDataset,
  createTinyModel,
  interruptAfter,
  tinyOptions,
  weightValues,
} from './tinyTraining';
import { eachFolder } from '../temporaryFolder';

let directory: string;
eachFolder((folder) => (directory = folder));

/** Two epochs of seven steps. */
function options(): TrainingOptions {
  return {
    ...tinyOptions(),
    learningRate: createCosineSchedule({ peak: 0.02 }),
    keepBest: 'loss',
    labelSmoothing: 0.1,
    checkpoint: { directory },
  };
}

const differences: Record<string, [(same: TrainingOptions) => Partial<TrainingOptions>, RegExp]> = {
  epochs: [() => ({ epochs: 5 }), /options\.epochs was 2 and is 5 now/],
  'batch size': [() => ({ batchSize: 8 }), /options\.batchSize was 16 and is 8 now/],
  seed: [() => ({ seed: 8 }), /options\.seed was 7 and is 8 now/],
  'learning rate': [
    () => ({ learningRate: 0.1 }),
    /options\.learningRate\[0\] was 0\.02 and is 0\.1/,
  ],
  schedule: [
    () => ({ learningRate: createCosineSchedule({ peak: 0.02, end: 0.01 }) }),
    /options\.learningRate\[1\]/,
  ],
  optimizer: [
    () => ({ optimizer: createSgd() }),
    /options\.optimizer\.name was "adam" and is "sgd"/,
  ],
  'label smoothing': [
    () => ({ labelSmoothing: 0 }),
    /options\.labelSmoothing was 0\.1 and is 0 now/,
  ],
  'keeping the best': [() => ({ keepBest: undefined }), /keepBest was "loss" and is not set now/],
  preprocessing: [
    ({ preprocess }) => ({ preprocess: { ...preprocess, mean: [0.5, 0, 0] } }),
    /options\.preprocess\.mean\[0\] was 0 and is 0\.5 now/,
  ],
  'training images': [() => ({ trainSet: createTinyDataset(100, 3) }), /trainSet\.sha256/],
  'size of the training set': [
    () => ({ trainSet: createTinyDataset(90, 1) }),
    /trainSet\.size was 100 and is 90 now/,
  ],
  'validation images': [() => ({ valSet: createTinyDataset(30, 9) }), /valSet\.sha256/],
};

test('a checkpoint of another training is refused, by what differs, and left as it was', async () => {
  await interruptAfter(3, options());
  for (const [name, [change, message]] of Object.entries(differences)) {
    const changed = { ...options(), ...change(options()) };
    await assert.rejects(trainModel(createTinyModel(), changed), (error: Error) => {
      assert.match(error.message, message, name);
      assert.match(error.message, /resume: 'never'/);
      return true;
    });
  }
  const resumed: number[] = [];
  await trainModel(createTinyModel(), {
    ...options(),
    onResume: ({ step }) => void resumed.push(step),
  });
  assert.deepEqual(resumed, [3]);
});

test('a checkpoint of another model is refused and leaves the model as it is', async () => {
  await interruptAfter(3, options());
  const model = createTinyModel({ dropoutRate: 0.5 });
  const before = weightValues(model);
  await assert.rejects(
    trainModel(model, options()),
    /model\.config\.layers\[3\]\.config\.rate was 0\.25 and is 0\.5 now/,
  );
  assert.deepEqual(weightValues(model), before);
});

test('a damaged checkpoint stops the training before its first step; the earlier one is the way out', async () => {
  await interruptAfter(9, options()); // one checkpoint at the end of the first epoch, one here
  const newest = join(directory, 'checkpoint-000002');
  await truncate(join(newest, 'variables.bin'), 100);
  await assert.rejects(trainModel(createTinyModel(), options()), /checkpoint is damaged; delete/);
  await rm(newest, { recursive: true });
  let resumedAt = 0;
  await trainModel(createTinyModel(), {
    ...options(),
    onResume: ({ step }) => void (resumedAt = step),
  });
  assert.equal(resumedAt, 7);
});

test('a folder that vanishes during the training ends it with words; the model stays usable', async () => {
  const model = createTinyModel();
  const training = trainModel(model, {
    ...options(),
    onStep: async ({ step }) => {
      if (step === 9) await rm(directory, { recursive: true });
    },
  });
  await assert.rejects(training, (error: Error) => {
    assert.match(
      error.message,
      /Training stopped after step 14: its checkpoint could not be written/,
    );
    assert.match(error.message, /vanished/);
    return true;
  });
  await trainModel(model, { ...options(), checkpoint: undefined });
});

test('weights that are no longer finite are not kept as a checkpoint', async () => {
  // The first step's loss is finite; its update is not. Without a validation set only the checkpoint notices.
  const spoiling: TrainingOptions = {
    ...options(),
    trainSet: createTinyDataset(16, 1),
    valSet: undefined,
    keepBest: undefined,
    learningRate: 1e300, // infinite in float32
    optimizer: createSgd(),
  };
  await assert.rejects(trainModel(createTinyModel(), spoiling), (error: Error) => {
    assert.match(
      error.message,
      /\w+ is no longer finite after step 1 \(epoch 1\), whose learning rate was 1e\+300/,
    );
    assert.match(error.message, /checkpoints stay as they were/);
    return true;
  });
  assert.deepEqual(await fs.readdir(directory), []);
});

test('a full disk ends the training with words, and the earlier checkpoint goes on', async (context) => {
  const { open } = fs;
  const openOnFullDisk = (path: string, flags: string) =>
    path.endsWith('variables.bin')
      ? Promise.reject(Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' }))
      : open(path, flags);
  const training = trainModel(createTinyModel(), {
    ...options(),
    checkpoint: { directory, everyMinutes: 1e-9 },
    onStep: ({ step }) => {
      if (step === 5) context.mock.method(fs, 'open', openOnFullDisk);
    },
  });
  await assert.rejects(training, (error: NodeJS.ErrnoException) => {
    assert.match(
      error.message,
      /^Training stopped after step 5: its checkpoint could not be written/,
    );
    assert.match(error.message, /the disk is full: free some space .*as they were/);
    assert.equal(error.code, 'ENOSPC');
    return true;
  });
  context.mock.restoreAll();
  assert.deepEqual(await fs.readdir(directory), ['checkpoint-000003', 'checkpoint-000004']);
  let resumedAt = 0;
  await trainModel(createTinyModel(), {
    ...options(),
    onResume: ({ step }) => void (resumedAt = step),
  });
  assert.equal(resumedAt, 4);
});

test('a checkpoint folder that cannot be made is refused before the first step', async () => {
  const inTheWay = join(__dirname, 'tinyTraining.ts', 'checkpoints');
  let steps = 0;
  await assert.rejects(
    trainModel(createTinyModel(), {
      ...options(),
      checkpoint: { directory: inTheWay },
      onStep: () => void steps++,
    }),
    /train with checkpoints in .*ENOTDIR/,
  );
  assert.equal(steps, 0);
});

test('a folder in which another process trains is refused before the first step', async () => {
  await interruptAfter(3, options());
  // Without a start time its number alone counts: the process that runs this test is alive.
  await fs.writeFile(join(directory, LOCK_FILE), JSON.stringify({ pid: process.ppid }));
  const heard: number[] = [];
  const listening = { ...options(), onStep: ({ step }: { step: number }) => void heard.push(step) };
  await assert.rejects(
    trainModel(createTinyModel(), listening),
    new RegExp(`Expected to train with checkpoints in .* but process ${process.ppid} is at work`),
  );
  assert.deepEqual(heard, []);
  await rm(join(directory, LOCK_FILE));
  await trainModel(createTinyModel(), listening);
  assert.equal(heard[0], 4);
});

test('a resumption on other threads is allowed, and says so', async (context) => {
  const threads = process.env.TF_NUM_INTRAOP_THREADS;
  context.after(() => {
    if (threads === undefined) delete process.env.TF_NUM_INTRAOP_THREADS;
    else process.env.TF_NUM_INTRAOP_THREADS = threads;
  });
  process.env.TF_NUM_INTRAOP_THREADS = '63'; // read anew for each description; TensorFlow read it long ago
  await interruptAfter(3, options());
  process.env.TF_NUM_INTRAOP_THREADS = '64';
  const heard: (string | undefined)[] = [];
  await interruptAfter(5, {
    ...options(),
    onResume: (info) => void heard.push(info.runtimeDifference),
  });
  await trainModel(createTinyModel(), {
    ...options(),
    onResume: (info) => void heard.push(info.runtimeDifference),
  });
  assert.deepEqual(heard, ['threads was 63 and is 64 now', undefined]);
});

test('a checkpoint folder may be copied elsewhere and goes on there', async () => {
  await interruptAfter(3, options());
  const copy = `${directory}-copy`;
  await cp(directory, copy, { recursive: true });
  try {
    let resumedAt = 0;
    await trainModel(createTinyModel(), {
      ...options(),
      checkpoint: { directory: copy },
      onResume: ({ step }) => void (resumedAt = step),
    });
    assert.equal(resumedAt, 3);
  } finally {
    await rm(copy, { recursive: true });
  }
});
