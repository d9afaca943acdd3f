import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { UNIT_SCALE } from '../../lib/data/preprocess';
import { saveClassifier } from '../../lib/models/classifier';
import type { RecordedSplits } from '../../lib/runs/datasetRecord';
import { type EarlierModelOptions, findEarlierModel } from '../../lib/runs/earlierModel';
import type { ModelOrigin } from '../../lib/runs/runRecord';
import { recordRun } from '../../lib/runs/runRecorder';
import { tf } from '../../lib/tensorflow/backend';
import { eachFolder } from '../temporaryFolder';

let folder: string;
eachFolder((created) => (folder = created));

const splits = {
  name: 'a folder of the test',
  source: 'folder',
  trainSet: { size: 9, classNames: ['cat', 'dog'] },
  valSet: { size: 1 },
  testSet: { size: 5 },
} as const;

const wanted: EarlierModelOptions = {
  notebook: 'using-cifar',
  model: 'CNN',
  parameters: { epochs: 8 },
  seed: 1,
};

const ownFit: ModelOrigin = {
  fits: 1,
  testReads: 1,
  changedParameters: {},
  trainedBy: null,
  options: null,
};

interface SampleRun {
  readonly notebook?: string;
  readonly trainSize?: number;
  readonly epochs?: number;
  readonly seed?: number;
  readonly origin?: ModelOrigin | null;
}

/** A complete run with three models, of which one was not validated and one not saved. */
async function makeRun(options: SampleRun = {}) {
  const { notebook = 'using-cifar', trainSize = 9, epochs = 8, seed = 1, origin = null } = options;
  delete process.env.RUN_DIR;
  const run = recordRun({ notebook, parameters: { epochs }, seed, runsDirectory: folder });
  const trainSet = { ...splits.trainSet, size: trainSize };
  run.setDataset({ ...splits, trainSet });
  for (const name of ['CNN, all pictures', 'CNN', 'not saved']) {
    await run.addModel({
      name,
      parameterCount: 14,
      train: null,
      val: name === 'CNN, all pictures' ? null : { loss: 1, accuracy: 0.6 },
      test: { loss: 1, accuracy: 0.5 },
      singleViewAccuracy: null,
      int8: null,
      calibration: null,
      seconds: 3,
      imagesPerSecond: 1,
      sizeBytes: 1,
      history: [],
      origin,
    });
  }
  const model = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [1, 2, 3] }),
      tf.layers.dense({ units: 2, activation: 'softmax' }),
    ],
  });
  const preprocess = { height: 1, width: 2, ...UNIT_SCALE };
  const { classNames } = splits.trainSet;
  for (const name of ['CNN, all pictures', 'CNN'])
    await saveClassifier({ model, preprocess, classNames }, run.modelDirectory(name));
  model.dispose();
  await run.complete();
  return run;
}

/** Asks as a run beside the others does; the model that is found is disposed. */
async function find(options: Partial<EarlierModelOptions> = {}, data: RecordedSplits = splits) {
  const asking = { directory: join(folder, 'the-asking-run') };
  const found = await findEarlierModel(asking, data, { ...wanted, ...options });
  found?.classifier.model.dispose();
  return found;
}

test('the saved and validated model of the latest run on the same pictures is found, others are not', async () => {
  assert.equal(await find(), undefined);
  const same = await makeRun();
  await makeRun({ trainSize: 8 });
  await makeRun({ notebook: 'mobilenet-transfer-learning' });

  const found = await find();
  assert.ok(found);
  assert.equal(found.runId, same.id);
  assert.deepEqual(found.history, { epochs: [], seconds: 3 });
  assert.deepEqual(found.classifier.classNames, ['cat', 'dog']);
  for (const model of ['CNN, all pictures', 'not saved', 'MLP']) {
    assert.equal(await find({ model }), undefined, model);
  }
  assert.equal(await find({}, { ...splits, source: 'generated' }), undefined);
  const pictures = {
    images: new Uint8Array(9 * 6),
    labels: new Int32Array(9),
    height: 1,
    width: 2,
  };
  const trainSet = { ...splits.trainSet, ...pictures };
  assert.equal(await find({}, { ...splits, trainSet }), undefined); // that run's are not known
});

test('which test pictures the earlier run had does not matter', async () => {
  const run = await makeRun();
  assert.equal((await find({}, { ...splits, testSet: { size: 6 } }))?.runId, run.id);
});

test('a model of other parameters or of another seed is not taken, an older one that fits is', async () => {
  const same = await makeRun();
  // A latest run of one epoch is no baseline for networks of eight.
  await makeRun({ epochs: 1 });
  await makeRun({ seed: 2 });
  assert.equal((await find())?.runId, same.id);
  assert.equal(await find({ parameters: { epochs: 9 } }), undefined);
  assert.equal(await find({ parameters: { epochs: 8, batchSize: 32 } }), undefined);
  assert.equal(await find({ seed: 3 }), undefined);
});

test('of several runs the latest whose model loads is taken', async () => {
  const older = await makeRun();
  const latest = await makeRun();
  assert.equal((await find())?.runId, latest.id);
  rmSync(join(latest.modelDirectory('CNN'), 'model.json'));
  assert.equal((await find())?.runId, older.id);
});

test('a fit counts with the values that it had, not with those of its run', async () => {
  const changed = await makeRun({ origin: { ...ownFit, changedParameters: { epochs: 3 } } });
  assert.equal(await find(), undefined);
  assert.equal((await find({ parameters: { epochs: 3 } }))?.runId, changed.id);
  const reseeded = await makeRun({ origin: { ...ownFit, changedParameters: { seed: 5 } } });
  assert.equal(await find(), undefined);
  assert.equal((await find({ seed: 5 }))?.runId, reseeded.id);
});

test("a model that another run had trained is that run's", async () => {
  const first = await makeRun({ origin: ownFit });
  await makeRun({ origin: { ...ownFit, fits: 0, trainedBy: first.id } });
  assert.equal((await find())?.runId, first.id);
});

test('in a sweep the run that the plan names is asked alone, or none', async (t) => {
  const older = await makeRun();
  await makeRun();
  t.after(() => delete process.env.RUN_BASELINE);
  process.env.RUN_BASELINE = older.directory;
  assert.equal((await find())?.runId, older.id);
  process.env.RUN_BASELINE = '';
  assert.equal(await find(), undefined);
});
