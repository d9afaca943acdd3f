import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir, userInfo } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { ModelRecord, RunRecord } from '../../lib/runs/runRecord';
import { listRuns, loadRun } from '../../lib/runs/runFolder';
import { recordRun, type RunRecorderOptions } from '../../lib/runs/runRecorder';

let folder: string;
const launcherVariables = ['RUN_DIR', 'RUN_PRESET'] as const;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runs-'));
});

afterEach(() => {
  for (const name of launcherVariables) delete process.env[name];
  rmSync(folder, { recursive: true });
});

function options(): RunRecorderOptions {
  return { notebook: 'using-cifar', parameters: { epochs: 1 }, seed: 7, runsDirectory: folder };
}

const cnn: ModelRecord = {
  name: 'CNN',
  parameterCount: 454666,
  train: { loss: 1, accuracy: 0.5 },
  val: null,
  test: { loss: 2, accuracy: 0.25 },
  singleViewAccuracy: null,
  int8: null,
  calibration: null,
  seconds: 2,
  imagesPerSecond: 100,
  sizeBytes: 10,
  history: [],
  origin: null,
};

const splits = {
  name: 'generated sample',
  source: 'generated',
  trainSet: { size: 9, classNames: ['cat', 'dog'] },
  valSet: { size: 1 },
  testSet: { size: 5 },
} as const;

test('a complete run can be loaded, is listed, and is the latest', async () => {
  const run = recordRun(options());
  run.setDataset(splits);
  await run.addModel(cnn);
  run.setWeights({ name: 'weights.h5', source: 'file' });
  const record = await run.complete();

  assert.deepEqual(await loadRun(run.directory), record);
  assert.deepEqual(record.weights, { name: 'weights.h5', source: 'file' });
  assert.deepEqual(record.dataset?.counts, { train: 9, val: 1, test: 5 });
  assert.deepEqual(record.models, [cnn]);
  assert.equal(record.versions.node, process.versions.node);
  assert.equal(record.versions.tslab, null);
  assert.deepEqual(await listRuns(folder), [run.id]);
  assert.match(run.id, /^\d{8}-\d{6}-using-cifar-quick(-\d+)?$/);
});

test('the record names neither the host nor the user', async () => {
  const text = JSON.stringify(await recordRun(options()).complete());
  assert.doesNotMatch(text, /"(hostname|host|user|home)"/);
  const { username, homedir } = userInfo();
  for (const secret of [hostname(), homedir]) assert.ok(!text.includes(secret), secret);
  assert.doesNotMatch(text, new RegExp(`[":/@]${username}[":/@]`));
});

test('whoever watches is told which data the run uses', () => {
  const run = recordRun(options());
  run.setDataset({ ...splits, testSet: { size: 12345 } });
  const line = readFileSync(join(run.directory, 'progress.jsonl'), 'utf8');
  assert.match(
    line,
    /generated sample \(generated\): 9 training, 1 validation and 12,345 test images in 2 classes/,
  );
});

test('a run that was not completed is not listed and cannot be loaded', async () => {
  const run = recordRun(options());
  await run.addModel(cnn);
  assert.deepEqual(await listRuns(folder), []);
  await assert.rejects(loadRun(run.directory), /Expected to read the complete run .*run\.json/);
});

test('a folder that the launcher prepared is used, and finishing it is left to the launcher', async () => {
  process.env.RUN_DIR = join(folder, 'prepared');
  process.env.RUN_PRESET = 'full';
  const run = recordRun(options());
  const record = await run.complete();
  assert.equal(run.directory, join(folder, 'prepared'));
  assert.equal(record.preset, 'full');
  assert.equal(record.id, 'prepared');
  assert.equal(existsSync(join(run.directory, 'run.partial.json')), true);
  assert.equal(existsSync(join(run.directory, 'run.json')), false);
});

test('two runs that start at once get folders of their own', () => {
  const ids = [1, 2, 3].map(() => recordRun(options()).id);
  assert.equal(new Set(ids).size, 3);
});

test('a cell that runs again replaces what it said before', async () => {
  const run = recordRun(options());
  await run.addModel(cnn);
  await run.addModel({ ...cnn, test: { loss: 1, accuracy: 0.75 } });
  assert.deepEqual(
    run.models.map(({ test: figures }) => figures?.accuracy),
    [0.75],
  );
  await run.complete();
  await run.addModel({ ...cnn, name: 'MLP' });
  const { models } = await loadRun(run.directory);
  assert.deepEqual(
    models.map(({ name, test: figures }) => [name, figures?.accuracy]),
    [
      ['CNN', 0.75],
      ['MLP', 0.25],
    ],
  );
});

test('a model that is added to a complete run is in its record at once', async () => {
  const run = recordRun(options());
  await run.addModel(cnn);
  assert.equal(existsSync(join(run.directory, 'run.partial.json')), false, 'not complete yet');
  const first = await run.complete();
  const origin = {
    fits: 2,
    testReads: 1,
    changedParameters: { learningRate: 0.01, augment: false },
    trainedBy: '20260131-120000-using-cifar-quick',
    options: null,
  };
  const again: ModelRecord = { ...cnn, seconds: 3, origin };
  await run.addModel(again);
  const record = await loadRun(run.directory);
  assert.deepEqual(record.models, [again]);
  assert.deepEqual(
    { ...record, models: [], finishedAt: '' },
    { ...first, models: [], finishedAt: '' },
  );
  assert.ok(record.finishedAt >= first.finishedAt);
  assert.equal(existsSync(join(run.directory, 'run.partial.json')), false);
  assert.deepEqual(await listRuns(folder), [run.id]);
});

test('a model that is added to a complete run of the launcher is left to the launcher too', async () => {
  process.env.RUN_DIR = join(folder, 'prepared');
  const run = recordRun(options());
  await run.complete();
  await run.addModel(cnn);
  const written = readFileSync(join(run.directory, 'run.partial.json'), 'utf8');
  assert.deepEqual((JSON.parse(written) as RunRecord).models, [cnn]);
  assert.equal(existsSync(join(run.directory, 'run.json')), false);
});

test('a model with an accuracy that is no number is refused by name', async () => {
  const run = recordRun(options());
  await assert.rejects(
    run.addModel({ ...cnn, test: { accuracy: NaN } }),
    /Expected the model "CNN"\.test\.accuracy to be a number from 0 to 1 but found NaN/,
  );
});

test("a model's folder has a name that every file system takes", () => {
  const run = recordRun(options());
  const names = ['CNN, all images', '../../etc', 'MobileNetV2 α=1.0', '…'];
  assert.deepEqual(
    names.map((name) => basename(run.modelDirectory(name))),
    ['CNN-all-images', 'etc', 'MobileNetV2-α-1-0', 'model'],
  );
});

test('an impossible option is refused with what would do', () => {
  assert.throws(() => recordRun({ ...options(), seed: NaN }), /Expected seed to be an integer/);
  assert.throws(
    () => recordRun({ ...options(), notebook: '../up' }),
    /Expected notebook to be a file name but received "\.\.\/up"/,
  );
  const typo = { ...options(), sead: 1 } as RunRecorderOptions;
  assert.throws(() => recordRun(typo), /received "sead": did you mean "seed"\?/);
});

test('a folder that cannot be made is named, with the reason', () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  assert.throws(
    () => recordRun({ ...options(), runsDirectory: join(file, 'runs') }),
    /Expected to make the run's folder .*file\/runs but .*not a folder/,
  );
});

test('no runs are listed where there is no folder of runs', async () => {
  assert.deepEqual(await listRuns(join(folder, 'none')), []);
});
