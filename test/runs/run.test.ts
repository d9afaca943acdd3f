// What a cell does when it runs once, twice, after a stop, with other values: trainings of milliseconds in a real run.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { select } from '../../lib/data/dataset';
import { fitTemperature } from '../../lib/evaluation/calibration';
import { predictDataset } from '../../lib/evaluation/predict';
import { loadClassifier } from '../../lib/models/classifier';
import { createRng } from '../../lib/random';
import type { DataTable } from '../../lib/report/tables';
import { parameters } from '../../lib/runs/parameters';
import { startRun, type Run } from '../../lib/runs/run';
import { loadRun, startedRun } from '../../lib/runs/runFolder';
import type { RunTrainingOptions } from '../../lib/runs/runTraining';
import { tf } from '../../lib/tensorflow/backend';
import { TrainingInterrupted } from '../../lib/training/exclusiveTraining';
import type { History } from '../../lib/training/history';
import { RECIPES } from '../../lib/training/recipe';
import { assertClose } from '../assertClose';
import { createTinyDataset, createTinyModel } from '../training/tinyTraining';
import { sharedFolder } from '../temporaryFolder';

const folder = sharedFolder();
const p = parameters({ epochs: 2, batchSize: 16, learningRate: 0.01, seed: 7 });
const options: RunTrainingOptions = { model: () => createTinyModel() };

function startTinyRun(notebook = 'tiny', values: { readonly seed: number } = p): Run {
  const run = startRun(notebook, values, { runsDirectory: folder });
  const [trainSet, testSet] = [createTinyDataset(100, 1), createTinyDataset(40, 3)];
  run.useData({ name: 'tiny', source: 'generated', trainSet, testSet });
  return run;
}

/** What a curve is, without the seconds. */
const curve = ({ epochs }: History) => epochs.map(({ epoch, train, val }) => [epoch, train, val]);

/** Stops a training after so many steps, as the stop button does. */
async function stopAfter(steps: number, train: (given: RunTrainingOptions) => Promise<unknown>) {
  const controller = new AbortController();
  const onStep = ({ step }: { step: number }) => {
    if (step === steps) controller.abort();
  };
  await assert.rejects(train({ onStep, signal: controller.signal }), TrainingInterrupted);
}

/** Runs `act` and returns what it printed. */
async function printedBy(act: () => Promise<unknown>): Promise<string> {
  const lines: string[] = [];
  const { log } = console;
  console.log = (...words: unknown[]) => lines.push(words.join(' '));
  try {
    await act();
  } finally {
    console.log = log;
  }
  return lines.join('\n');
}

test("a notebook's outputs name the run that it started last, and no run that it only mentions", async () => {
  const ids: string[] = [];
  const printed = await printedBy(() => {
    ids.push(startTinyRun().id, startTinyRun().id);
    return Promise.resolve();
  });
  const cell = (text: string) => ({
    ...{ cell_type: 'code', source: '', outputs: [{ output_type: 'stream', text }] },
  });
  const mention =
    'CNN: taken from the run 20260131-120000-using-cifar-quick, with the same values.\n';
  const [first, second] = printed.split('\n').map((line) => cell(`${line}\n`));
  assert.equal(startedRun({ cells: [first, second, cell(mention)] }), ids[1]);
  assert.equal(startedRun({ cells: [cell(mention)] }), undefined);
});

test('a finished cell run again starts afresh, replaces its entry and counts the fits', async () => {
  const run = startTinyRun();
  const first = await run.train('net', p, options);
  const weights = first.model.getWeights().map((weight) => weight.dataSync().slice());
  const before = tf.memory().numTensors;
  const second = await run.train('net', p, options);
  assert.deepEqual(curve(second.history), curve(first.history), 'the same seed, the same curve');
  second.model.getWeights().forEach((weight, index) => {
    assert.deepEqual(weight.dataSync(), weights[index]);
  });
  assert.equal(tf.memory().numTensors, before, 'the replaced model is disposed');
  assert.deepEqual(
    run.models.map(({ name, origin }) => [name, origin?.fits]),
    [['net', 2]],
  );
  assert.deepEqual(run.trained, [second]);
  assert.ok(existsSync(join(second.directory, 'model.json')));
});

test('a stopped cell continues and ends as if it had not been stopped', async () => {
  const whole = await startTinyRun().train('net', p, options);
  const run = startTinyRun();
  await stopAfter(9, (hooks) => run.train('net', p, { ...options, ...hooks }));
  assert.deepEqual(run.models, [], 'nothing is recorded of a training that has not ended');
  const resumed: number[] = [];
  const continued = await run.train('net', p, {
    ...options,
    onResume: ({ step }) => void resumed.push(step),
  });
  assert.deepEqual(resumed, [9]);
  assert.deepEqual(curve(continued.history), curve(whole.history));
});

test('a stopped cell with other values starts afresh, and one line says so', async () => {
  const other = { ...p, epochs: 3, learningRate: 0.02 };
  const whole = await startTinyRun().train('net', other, options);
  const run = startTinyRun();
  await stopAfter(9, (hooks) => run.train('net', p, { ...options, ...hooks }));
  const printed = await printedBy(async () => {
    const trained = await run.train('net', other, options);
    assert.deepEqual(curve(trained.history), curve(whole.history));
  });
  assert.match(printed, /^net: the stopped training is not continued, since .* was .* is .* now\./);
  assert.equal(printed.split('\n').length, 1);
  // The stopped one's checkpoint is gone: a stop of the new one is what continues.
  await stopAfter(4, (hooks) => run.train('net', other, { ...options, ...hooks }));
  const resumed: number[] = [];
  await run.train('net', other, { ...options, onResume: ({ step }) => void resumed.push(step) });
  assert.deepEqual(resumed, [4]);
});

test('continue: true trains on, as if it had been so many epochs from the start', async () => {
  const whole = await startTinyRun().train('net', { ...p, epochs: 4 }, options);
  const run = startTinyRun();
  await run.train('net', p, options);
  const continued = await run.train('net', p, { ...options, continue: true });
  assert.deepEqual(curve(continued.history), curve(whole.history));
  assert.equal(continued.record.origin?.fits, 1, 'the same fit');
  whole.model.getWeights().forEach((weight, index) => {
    assert.deepEqual(continued.model.getWeights()[index].dataSync(), weight.dataSync());
  });
  const again = await run.train('net', p, options);
  assert.equal(again.history.epochs.length, 2, 'without it the next one starts afresh');
});

test('continue: true with another rate is refused; the model and its entry stay', async () => {
  const run = startTinyRun();
  const first = await run.train('net', p, options);
  await assert.rejects(
    run.train('net', { ...p, learningRate: 0.02 }, { ...options, continue: true }),
    /Expected the same options to train "net" on but .*learningRate.* leave out continue/,
  );
  assert.deepEqual(run.trained, [first]);
  assert.equal(first.model.predict(tf.zeros([1, 8, 8, 3])) instanceof tf.Tensor, true);
});

test('the test set is read once; a second time stands in the record', async () => {
  const run = startTinyRun();
  const net = await run.train('net', p, options);
  assert.throws(() => net.evaluation, /"net" has not met the test set: run the cell with run.test/);
  const once = await printedBy(() => run.test([net]));
  assert.match(once, /^net: test accuracy 0\.\d{2,3}, 95 % interval 0\.\d{2,3} to [01]\.\d{2,3}$/);
  assert.equal(run.models[0].origin?.testReads, 1);
  assert.equal(run.models[0].test?.accuracy, net.evaluation.accuracy);
  const twice = await printedBy(() => run.test([net]));
  assert.match(twice, /\(test set read 2 times\)$/);
  // A new fit has not been tested, but the test set was read for its name.
  const refitted = await run.train('net', p, options);
  assert.deepEqual([run.models[0].test, run.models[0].origin?.testReads], [null, 2]);
  await assert.rejects(run.test([net]), /"net" has been trained again since/);
  await printedBy(() => run.test([refitted]));
  assert.equal(run.models[0].origin?.testReads, 3);
});

test('where classes differ in size a test measures macro F1 too; a model may come as a promise', async () => {
  const run = startRun('tiny', p, { runsDirectory: folder });
  const [trainSet, even] = [createTinyDataset(100, 1), createTinyDataset(40, 3)];
  const unequal = even.labels.map((label, index) => (label === 0 || index < 12 ? index : -1));
  const testSet = select(
    even,
    unequal.filter((index) => index >= 0),
  );
  run.useData({ name: 'tiny', source: 'generated', trainSet, testSet });
  const net = await run.train('net', p, { model: () => Promise.resolve(createTinyModel()) });
  assert.match(await printedBy(() => run.test([net])), /to [01]\.\d{2,3}, macro F1 0\.\d{2,3}$/);
  const { perClass, metrics } = net.evaluation;
  assert.equal(run.models[0].test?.f1, metrics.f1);
  const mean = perClass.reduce((sum, { f1 }) => sum + f1, 0) / 3;
  assert.ok(Math.abs(metrics.f1 - mean) < 1e-12);
});

test('a calibrated model predicts with the temperature that the validation pictures give', async () => {
  const run = startTinyRun();
  const net = await run.train('net', p, options);
  let evaluations: Awaited<ReturnType<Run['calibrate']>> = [];
  const printed = await printedBy(async () => (evaluations = await run.calibrate(net)));
  assert.match(printed, /^net, temperature \d.*: calibration error .* on 10 validation pictures$/);
  const { calibration } = run.models[0];
  const [before, after] = evaluations.map(({ evaluation }) => evaluation);
  assert.ok(calibration !== null);
  assert.equal(net.classifier.temperature, calibration.temperature);
  const { probabilities, labels } = before;
  assert.equal(fitTemperature({ probabilities, labels, numClasses: 3 }), calibration.temperature);
  assert.equal(after.accuracy, before.accuracy);
  assert.deepEqual(calibration.after, after.metrics);
  // What the classifier now says, and what it says when it is loaded.
  const saved = await loadClassifier(net.directory);
  for (const classifier of [net.classifier, saved]) {
    const found = await predictDataset(classifier, run.data.valSet);
    assertClose(found, after.probabilities, { tolerance: 1e-5 });
  }
  saved.model.dispose();
  // The cell again, before and after the test, changes nothing.
  await printedBy(() => run.calibrate(net));
  await printedBy(() => run.test([net]));
  await printedBy(() => run.calibrate(net));
  assert.deepEqual(run.models[0].calibration, calibration);
  const late = await run.train('late', p, options);
  await printedBy(() => run.test([late]));
  await assert.rejects(run.calibrate(late), /"late" has: run the cell with run\.calibrate before/);
  const unseen = await run.train('unseen', p, { ...options, valSet: null });
  await assert.rejects(run.calibrate(unseen), /validation accuracy but "unseen" has none/);
});

test('a model of another run is not tested in this one', async () => {
  const net = await startTinyRun().train('net', p, options);
  await assert.rejects(startTinyRun().test([net]), /model of this run but "net" is not one/);
});

test('values that are no longer those of the run stand beside the model', async () => {
  const run = startTinyRun();
  await run.train('as begun', p, options);
  await run.train('edited', { ...p, epochs: 1 }, options);
  assert.deepEqual(
    run.models.map(({ origin }) => origin?.changedParameters),
    [{}, { epochs: 1 }],
  );
});

test('what a model was trained with stands in the record, not what its notebook has for others', async () => {
  const run = startTinyRun();
  const recipe = { ...RECIPES.fast, epochs: 1 };
  await run.train('net', p, options);
  await run.train('by recipe', p, { ...options, recipe, learningRate: 0.01 });
  const [net, byRecipe] = run.models.map(({ origin }) => origin?.options ?? {});
  assert.deepEqual([net.epochs, net.batchSize, net.recipe], [p.epochs, p.batchSize, undefined]);
  assert.deepEqual(
    [byRecipe.epochs, byRecipe.batchSize, byRecipe.recipe, byRecipe.learningRate],
    [1, RECIPES.fast.batchSize, 'fast', 0.01],
  );
  assert.equal(net.pictures, run.data.trainSet.size);
});

test('a training that fails leaves the finished one in record and folder', async () => {
  const run = startTinyRun();
  const net = await run.train('net', p, options);
  const saved = readFileSync(join(net.directory, 'model.json'), 'utf8');
  const before = tf.memory().numTensors;
  await assert.rejects(run.train('net', p, { ...options, learningRate: 1e30 }), /diverged/);
  await assert.rejects(run.train('net', p, { modle: createTinyModel } as never), /mean "model"/);
  await assert.rejects(run.train('net', p, {}), /Expected model or recipe but received neither/);
  assert.equal(tf.memory().numTensors, before);
  assert.deepEqual(run.trained, [net]);
  assert.equal(readFileSync(join(net.directory, 'model.json'), 'utf8'), saved);
});

test('a parameter in another case is refused, not left out', async () => {
  const { learningRate: _left, ...others } = p;
  const values = { ...others, learningrate: 0.02 };
  await assert.rejects(startTinyRun().train('net', values, options), /write it learningRate/);
});

test('two models do not share a folder', async () => {
  const run = startTinyRun();
  await run.train('net, small', p, options);
  await assert.rejects(
    run.train('net small', p, options),
    /"net small" would be saved where "net, small" is: choose one/,
  );
});

test('a record that is complete follows a later fit', async () => {
  const run = startTinyRun();
  await run.train('net', p, options);
  await run.complete();
  await run.train('net', { ...p, epochs: 1 }, options);
  const { models } = await loadRun(run.directory);
  assert.deepEqual(
    models.map(({ history, origin }) => [history.length, origin?.fits]),
    [[1, 2]],
  );
});

test('a second fit on all training pictures is not validated on some of them', async () => {
  const run = startTinyRun();
  const { trainSet, valSet, wholeTrainSet } = run.data;
  assert.deepEqual([trainSet.size + valSet.size, wholeTrainSet.size], [100, 100]);
  const net = await run.train('net', p, { ...options, trainSet: wholeTrainSet });
  assert.equal(net.val, null);
});

test('data are loaded before anything is trained', async () => {
  const run = startRun('tiny', p, { runsDirectory: folder });
  await assert.rejects(run.train('net', p, options), /run the cell with run.loadData first/);
});

test('a model that an earlier run has trained with the same values is taken from it', async () => {
  const earlier = startTinyRun('first');
  const net = await earlier.train('net', p, options);
  await earlier.complete();
  const run = startTinyRun('second');
  let taken: Awaited<ReturnType<Run['train']>> | undefined;
  const printed = await printedBy(async () => {
    taken = await run.train('net', p, { ...options, reuse: 'first' });
  });
  assert.ok(printed.includes(`taken from the run ${earlier.id}`), printed);
  assert.deepEqual(curve(taken!.history), curve(net.history));
  assert.deepEqual(
    run.models.map(({ origin }) => [origin?.fits, origin?.trainedBy]),
    [[0, earlier.id]],
  );
  assert.ok(
    existsSync(join(run.directory, 'models', 'net', 'model.json')),
    'saved in this run too',
  );
  // Another rate: its own training.
  const own = await run.train('net', { ...p, learningRate: 0.02 }, { ...options, reuse: 'first' });
  assert.equal(own.record.origin?.trainedBy, null);
});

test('a larger picture is scaled down in training and test alike', async () => {
  const run = startRun('tiny', p, { runsDirectory: folder });
  const rng = createRng(1, 'large');
  const large = (size: number) => ({
    ...createTinyDataset(size, 1),
    height: 16,
    width: 16,
    images: Uint8Array.from({ length: size * 768 }, () => rng.nextInt(256)),
  });
  const [trainSet, testSet] = [large(60), large(30)];
  run.useData({ name: 'large', source: 'generated', trainSet, testSet });
  const net = await run.train('net', p, { ...options, maxSize: 8 });
  assert.deepEqual(net.classifier.preprocess.height, 8);
  await printedBy(() => run.test([net]));
  assert.equal(net.evaluation.labels.length, 30);
});

/** The cells of a table's column. */
function cellsOf({ columns, values }: DataTable, column: string): unknown[] {
  return (values as unknown[][]).map((row) => row[columns.indexOf(column)]);
}

test('a tested model is compared with its ONNX files, which stay in the run', async () => {
  const run = startTinyRun();
  const net = await run.train('net', p, options);
  await run.test([net]);
  const before = tf.memory().numTensors;
  const forms = await run.compareForms(net);
  assert.equal(tf.memory().numTensors, before);
  assert.deepEqual(cellsOf(forms, 'form'), ['TensorFlow', 'ONNX Runtime', 'ONNX Runtime, int8']);
  assert.deepEqual(cellsOf(forms, 'other classes than TensorFlow').slice(0, 2), [0, 0]);
  const { accuracy } = net.evaluation;
  assert.deepEqual(cellsOf(forms, 'test accuracy').slice(0, 2), [accuracy, accuracy]);
  for (const file of ['net.onnx', 'net-int8.onnx']) {
    assert.ok(existsSync(join(run.directory, 'onnx', file)));
  }
  assert.equal(run.models[0].int8?.pictures, run.data.valSet.size);
});

test('a model that ONNX cannot hold is compared in TensorFlow alone, with the reason', async () => {
  const run = startTinyRun();
  const permuted = () =>
    tf.sequential({
      layers: [
        tf.layers.permute({ dims: [2, 1, 3], inputShape: [8, 8, 3] }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 3, activation: 'softmax' }),
      ],
    });
  const net = await run.train('permuted', p, { model: permuted });
  let forms: DataTable | undefined;
  const printed = await printedBy(async () => (forms = await run.compareForms(net)));
  assert.deepEqual(cellsOf(forms as unknown as DataTable, 'form'), ['TensorFlow']);
  assert.match(printed, /permuted has no ONNX form: .*Permute/);
});
