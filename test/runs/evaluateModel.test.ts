import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, test } from 'node:test';
import { sha256Of } from '../../lib/data/checksum';
import { saveCorrections } from '../../lib/data/corrections';
import { loadDataset } from '../../lib/data/loadDataset';
import { saveClassifier } from '../../lib/models/classifier';
import { compareRuns } from '../../lib/runs/compareRuns';
import { evaluateModel } from '../../lib/runs/evaluateModel';
import { findModel } from '../../lib/runs/findModel';
import { loadRun } from '../../lib/runs/runFolder';
import { recordRun } from '../../lib/runs/runRecorder';
import { tf } from '../../lib/tensorflow/backend';
import { assertClose } from '../assertClose';
import { writeBlackCifar10 } from '../data/cifar10Files';
import { colourPng, createRedOrBlue } from '../redOrBlue';
import { runCommand } from '../commands/runCommand';
import { sharedFolder } from '../temporaryFolder';
import { sampleModel } from './sampleRecord';

const folder = sharedFolder();
const runsDirectory = join(folder, 'runs');
const RED = [255, 0, 0];
const BLUE = [0, 0, 255];

/** A folder of class folders with a picture of each colour. */
async function writeData(name: string, classes: Readonly<Record<string, readonly number[][]>>) {
  for (const [className, colours] of Object.entries(classes)) {
    const place = join(folder, name, className);
    mkdirSync(place, { recursive: true });
    for (const [index, colour] of colours.entries())
      writeFileSync(join(place, `${index}.png`), await colourPng(colour));
  }
  return join(folder, name);
}

before(async () => {
  delete process.env.RUN_DIR;
  // How pictures are drawn is tested in test/report.
  process.env.PUPPETEER_EXECUTABLE_PATH = join(folder, 'no-browser');
  await recordTraining(
    await writeData('trained', {
      blue: new Array<number[]>(5).fill(BLUE),
      red: new Array<number[]>(5).fill(RED),
    }),
  );
});

/** Decides that a picture of a folder is left out. */
function dropPicture(data: string, picture: string): void {
  const sha256 = sha256Of(readFileSync(join(data, picture)));
  saveCorrections(join(data, 'corrections.json'), [{ picture, sha256, label: null }]);
}

/** A run whose model was trained on a folder of pictures. */
async function recordTraining(source: string, directory = runsDirectory, size = 4): Promise<void> {
  const options = { notebook: 'using-cifar', parameters: {}, seed: 7, runsDirectory: directory };
  const run = recordRun(options);
  run.setDataset(await loadDataset({ source, size, seed: 7, onNotice: () => undefined }));
  await run.addModel(sampleModel({ name: 'red or blue' }));
  const classifier = createRedOrBlue();
  await saveClassifier(classifier, run.modelDirectory('red or blue'));
  classifier.model.dispose();
  await run.complete();
}

test('classes are matched by name, all pictures of the folder are tested, and the numbers are those by hand', async () => {
  // In the folder's order blue is the first class, in the model's the second; one blue picture shows red.
  const data = await writeData('new', { blue: [BLUE, BLUE, BLUE, RED], red: [RED, RED, RED] });
  const model = await findModel('latest', { runsDirectory });
  const tensors = tf.memory().numTensors;
  const { evaluation, directory, perClass } = await evaluateModel(model, { data, runsDirectory });
  assert.equal(tf.memory().numTensors, tensors);
  assert.deepEqual(evaluation.confusionMatrix, [
    [3, 0],
    [1, 3],
  ]);
  // Of a picture of one colour the probability is 1 / (1 + e⁻⁴) = 0.982014, and the loss 0.018150, or 4.018150 where it is wrong.
  const expected = { accuracy: 6 / 7, f1: 6 / 7, ece: 0.982014 - 6 / 7, loss: 4.12705 / 7 };
  for (const [name, value] of Object.entries(expected)) {
    assertClose([evaluation.metrics[name]], [value], { tolerance: 1e-5 });
  }
  // Wilson's formula for 6 of 7, evaluated in Python.
  assertClose([evaluation.interval.low, evaluation.interval.high], [0.486873, 0.97432], {
    tolerance: 1e-5,
  });
  assert.deepEqual(perClass.values, [
    ['red', 0.75, 1, 6 / 7, 3],
    ['blue', 1, 0.75, 6 / 7, 4],
    ['mean of the classes', 0.875, 0.875, 6 / 7, 7],
  ]);
  const record = await loadRun(directory);
  assert.deepEqual(record.dataset?.counts, { train: 0, val: 0, test: 7 });
  assert.equal(record.models[0].origin?.trainedBy, model.runId);
  assert.equal(record.seed, 7);
  const files = readdirSync(join(directory, 'figures')).filter((file) => !file.endsWith('.svg'));
  const figures = ['calibration.json', 'confusion-matrix.json', 'worst-mistakes.json'];
  assert.deepEqual(files.sort(), [...figures, 'classes.html', 'figures.html'].sort());
});

test('an evaluation is neither the latest model nor a second seed', async () => {
  const model = await findModel('latest', { runsDirectory });
  const { runId } = model;
  const { record } = await evaluateModel(model, { data: join(folder, 'new'), runsDirectory });
  assert.equal((await findModel('latest', { runsDirectory })).runId, runId);
  const other = { ...record, id: 'another' };
  const [{ notebook, settings }] = compareRuns([record, other]).notebooks;
  assert.deepEqual(
    [notebook, settings.length, settings[0].test.accuracy.count],
    ['evaluate', 1, 1],
  );
});

test('a class without pictures is said, and is no part of the means', async () => {
  const data = await writeData('part', { red: [RED, BLUE] });
  const notices: string[] = [];
  const onNotice = (notice: string) => notices.push(notice);
  const model = await findModel('latest', { runsDirectory });
  const { evaluation } = await evaluateModel(model, { data, runsDirectory, onNotice });
  assert.deepEqual(notices, ['No pictures of blue: nothing is said of how well they are found.']);
  assert.equal(evaluation.metrics.f1, 2 / 3); // precision 1, recall 1/2
});

test('the folder that the model was trained on is named, whatever the split was', async () => {
  const notices: string[] = [];
  const onNotice = (notice: string) => notices.push(notice);
  const model = await findModel('latest', { runsDirectory });
  const data = join(folder, 'trained');
  const { evaluation } = await evaluateModel(model, { data, runsDirectory, onNotice });
  assert.equal(evaluation.labels.length, 10);
  assert.match(notices.join(), /^"red or blue" was trained on pictures of this folder/);
});

test('of a divided folder the test pictures are taken, which no training has seen', async () => {
  const five = (colour: number[]) => new Array<number[]>(5).fill(colour);
  await writeData('divided/train', { red: five(BLUE), blue: five(RED) });
  await writeData('divided/test', { red: [RED], blue: [BLUE] });
  const data = join(folder, 'divided');
  const other = join(folder, 'other-runs');
  await recordTraining(data, other);
  // A decision about a training picture is not asked about here.
  dropPicture(data, 'train/red/0.png');
  const notices: string[] = [];
  const onNotice = (notice: string) => notices.push(notice);
  const model = await findModel('latest', { runsDirectory: other });
  const { evaluation } = await evaluateModel(model, { data, runsDirectory: other, onNotice });
  assert.equal(evaluation.accuracy, 1);
  assert.deepEqual(notices, []);
});

test('the folder is known again at another size, with a folder for validation, and after corrections', async () => {
  const five = (colour: number[]) => new Array<number[]>(5).fill(colour);
  await writeData('two/train', { red: five(RED), blue: five(BLUE) });
  const data = await writeData('two/val', { red: [RED], blue: [BLUE] }).then(dirname);
  const other = join(folder, 'runs-of-two');
  await recordTraining(data, other, 8);
  dropPicture(data, 'train/red/0.png');
  const notices: string[] = [];
  const onNotice = (notice: string) => notices.push(notice);
  const model = await findModel('latest', { runsDirectory: other });
  const { evaluation } = await evaluateModel(model, { data, runsDirectory: other, onNotice });
  assert.equal(evaluation.labels.length, 9);
  assert.match(notices.join('\n'), /^"red or blue" was trained on pictures of this folder/m);
});

test('data that do not fit are refused, and leave no run', async () => {
  const model = await findModel('latest', { runsDirectory });
  const cifar10 = join(folder, 'cifar-10');
  mkdirSync(cifar10);
  writeBlackCifar10(cifar10);
  mkdirSync(join(folder, 'empty'));
  mkdirSync(join(folder, 'torn', 'red'), { recursive: true });
  writeFileSync(join(folder, 'torn', 'red', 'a.png'), 'no picture');
  await writeData('other', { red: [RED], Blue: [BLUE] });
  const runs = readdirSync(runsDirectory);
  const wrong = {
    other: /^Error: Expected classes of "red or blue" \(red, blue\) in .*other but found Blue too/,
    'cifar-10': /but found airplane, automobile, /,
    empty: /found an empty folder/,
    torn: /none can be read/,
    nowhere: /no such folder/,
  };
  for (const [name, message] of Object.entries(wrong)) {
    const options = { data: join(folder, name), runsDirectory, onNotice: () => undefined };
    await assert.rejects(evaluateModel(model, options), message);
  }
  assert.deepEqual(readdirSync(runsDirectory), runs);
});

test('the command prints the numbers; the run is shared as one page without pictures and paths', async () => {
  const { runId } = await findModel('latest', { runsDirectory });
  const place = join('runs', String(runId));
  const args = ['--data', 'new', '--out', 'runs', '--limit', '4'] as const;
  const { stdout, stderr, code } = await runCommand(folder, ['evaluate', place, ...args]);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /pictures +accuracy +from +to +macro F1 +ECE +loss\n-+\n +4 /);
  const run = /runs\/(\S+-evaluate-quick)\/figures/.exec(stdout)?.[1] ?? '';
  const shared = await runCommand(folder, ['share', join('runs', run), '--out', 'shared']);
  assert.equal(shared.code, 0, shared.stderr);
  const page = join(folder, 'shared', `${run}.html`);
  assert.ok(existsSync(page));
  const html = readFileSync(page, 'utf8');
  assert.match(html, /confusion matrix/);
  assert.match(html, /mean of the classes/);
  assert.ok(!html.includes(folder));
});
