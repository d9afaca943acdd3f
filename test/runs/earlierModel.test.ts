import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { UNIT_SCALE } from '../../lib/data/preprocess';
import { findBaselines } from '../../lib/experiments/baseline';
import { startRun } from '../../lib/runs/runs';
import { saveClassifier } from '../../lib/models/classifier';
import { tf } from '../../lib/tensorflow/backend';
import { sharedFolder } from '../temporaryFolder';

const folder = sharedFolder();

const splits = {
  name: 'a folder of the test',
  source: 'folder',
  trainSet: { size: 9, classNames: ['cat', 'dog'] },
  valSet: { size: 1 },
  testSet: { size: 5 },
} as const;

async function makeRun(notebook: string, trainSize: number, epochs = 8) {
  delete process.env.RUN_DIR;
  const run = startRun({ notebook, parameters: { epochs }, seed: 1, runsDirectory: folder });
  const trainSet = { ...splits.trainSet, size: trainSize };
  run.setDataset({ ...splits, trainSet });
  for (const name of ['CNN, all pictures', 'CNN', 'not saved']) {
    run.addModel({
      name,
      parameterCount: 14,
      train: null,
      val: name === 'CNN, all pictures' ? null : { loss: 1, accuracy: 0.6 },
      test: { loss: 1, accuracy: 0.5 },
      seconds: 3,
      imagesPerSecond: 1,
      sizeBytes: 1,
      history: [],
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

test('the saved and validated models of the latest run on the same pictures are found, others are not', async () => {
  const run = { directory: join(folder, 'the-asking-run') };
  assert.deepEqual(await findBaselines(run, splits), []);
  const same = await makeRun('using-cifar', 9);
  await makeRun('using-cifar', 8);
  await makeRun('mobilenet-transfer-learning', 9);

  const [found, ...others] = await findBaselines(run, splits);
  assert.deepEqual(others, []);
  assert.equal(found.runId, same.id);
  assert.equal(found.name, 'CNN');
  assert.deepEqual(found.history, { epochs: [], seconds: 3 });
  assert.deepEqual(found.classifier.classNames, ['cat', 'dog']);
  found.classifier.model.dispose();
  assert.deepEqual(await findBaselines(run, { ...splits, source: 'generated' }), []);
  // A latest run of one epoch is no baseline for networks of eight.
  await makeRun('using-cifar', 9, 1);
  const [matching] = await findBaselines(run, splits, { parameters: { epochs: 8 } });
  assert.equal(matching.runId, same.id);
  matching.classifier.model.dispose();
  assert.deepEqual(await findBaselines(run, splits, { parameters: { epochs: 9 } }), []);
  assert.deepEqual(await findBaselines(run, splits, { parameters: { batchSize: 32 } }), []);
  const pictures = {
    images: new Uint8Array(9 * 6),
    labels: new Int32Array(9),
    height: 1,
    width: 2,
  };
  const trainSet = { ...splits.trainSet, ...pictures };
  assert.deepEqual(await findBaselines(run, { ...splits, trainSet }), []); // that run's are not known
});
