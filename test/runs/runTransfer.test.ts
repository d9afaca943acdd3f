// Transfer learning in a run: the project's own small backbone on a few generated pictures.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { loadClassifier } from '../../lib/models/classifier';
import type { Backbone } from '../../lib/models/transfer';
import { parameters } from '../../lib/runs/parameters';
import { startRun, type Run } from '../../lib/runs/run';
import type { RunFineTuneOptions } from '../../lib/runs/runTransfer';
import { generateSample } from '../../lib/sample/generateSample';
import { tf } from '../../lib/tensorflow/backend';
import { TrainingInterrupted } from '../../lib/training/exclusiveTraining';
import { sharedFolder } from '../temporaryFolder';

const folder = sharedFolder();
const p = parameters({ epochs: 2, batchSize: 8, learningRate: 1e-3, seed: 7 });
const recipes = [{ hiddenUnits: 0, dropoutRate: 0, weightDecay: 0.1 }];
const pictures = generateSample({ trainCount: 60, testCount: 20, seed: 3 });

let backbone: Backbone;

function startTransferRun(): Run {
  const run = startRun('transfer', p, { runsDirectory: folder });
  run.useData(pictures);
  return run;
}

async function trainFrozen(run: Run, mirror = false) {
  const features = await run.extractFeatures(backbone, { mirror });
  return { features, frozen: await run.trainHead('frozen', p, { on: features, recipes }) };
}

before(async () => {
  backbone = await startTransferRun().loadBackbone({ source: 'embedded', inputSize: 32 });
});

test('the weights are recorded, and the head is one model from pictures on', async () => {
  const run = startTransferRun();
  (await run.loadBackbone({ source: 'embedded', inputSize: 32 })).model.dispose();
  const { features, frozen } = await trainFrozen(run, true);
  const { weights, models } = await run.complete();
  assert.equal(weights?.source, 'embedded');
  // 54 of 60 pictures and their mirror images.
  assert.deepEqual([features.train.size, features.val.size, features.test.size], [108, 6, 20]);
  // 1280·10 + 10 of the predictions.
  assert.equal(frozen.trainedParameterCount, 12810);
  const { classifier } = frozen;
  assert.equal(classifier.views, 2);
  assert.deepEqual(classifier.preprocess.sourceSize, { height: 32, width: 32 });
  assert.ok(frozen.seconds >= features.seconds, 'the features are part of what it took');
  assert.deepEqual(
    models.map(({ name, history }) => [name, history.length]),
    [['frozen', 2]],
  );
  const saved = await loadClassifier(frozen.directory);
  assert.equal(saved.views, 2);
  saved.model.dispose();
});

test('a stopped fine-tuning continues as if it had not been stopped, from the head as it is', async () => {
  const tuning = async (run: Run, more: Partial<RunFineTuneOptions> = {}) => {
    const frozen = run.trained[0];
    return run.fineTune('tuned', p, { from: frozen, unfreezeFrom: 'block_16_expand', ...more });
  };
  const whole = startTransferRun();
  const { frozen } = await trainFrozen(whole);
  const expected = await tuning(whole);
  assert.ok(expected.seconds > frozen.seconds, 'its seconds count from the first picture');
  assert.ok(expected.trainedParameterCount > frozen.trainedParameterCount);
  const options = expected.record.origin?.options ?? {};
  assert.deepEqual(
    [options.unfreezeFrom, options.learningRate, options.from, options['from.heads.0.weightDecay']],
    ['block_16_expand', '0.001 → 0', 'frozen', 0.1],
  );

  const run = startTransferRun();
  await trainFrozen(run);
  const controller = new AbortController();
  const onStep = ({ step }: { step: number }) => {
    if (step === 9) controller.abort();
  };
  await assert.rejects(tuning(run, { onStep, signal: controller.signal }), TrainingInterrupted);
  const before = tf.memory().numTensors;
  const resumed: number[] = [];
  const continued = await tuning(run, { onResume: ({ step }) => void resumed.push(step) });
  assert.deepEqual(resumed, [9]);
  const curve = ({ history }: typeof continued) =>
    history.epochs.map(({ train, val }) => [train, val]);
  assert.deepEqual(curve(continued), curve(expected));
  // Again: a new one from the head, the model before is disposed.
  const held = tf.memory().numTensors;
  const again = await tuning(run);
  assert.deepEqual(curve(again), curve(expected));
  assert.equal(tf.memory().numTensors, held);
  assert.ok(held > before);
});
