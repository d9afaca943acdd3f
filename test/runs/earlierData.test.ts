import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test, type TestContext } from 'node:test';
import { createDataset, take, type ImageDataset } from '../../lib/data/dataset';
import { recordDataset, type RecordedSplits } from '../../lib/runs/datasetRecord';
import { loadRun } from '../../lib/runs/runFolder';
import { recordRun, type RunRecorder } from '../../lib/runs/runRecorder';

let folder: string;
const launcherVariables = ['RUN_DIR', 'RUN_AGAIN', 'RUN_RESUME'] as const;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'earlier-data-'));
});

afterEach(() => {
  for (const name of launcherVariables) delete process.env[name];
  rmSync(folder, { recursive: true });
});

/** Pictures of one pixel, the first of them 1, 2, 3. */
function pixels(labels: readonly number[]): ImageDataset {
  return createDataset({
    name: 'pixels',
    source: 'folder',
    images: Uint8Array.from({ length: labels.length * 3 }, (_, index) => index + 1),
    labels: Int32Array.from(labels),
    classNames: ['cat', 'dog'],
    height: 1,
    width: 1,
  });
}

function splits(change: Partial<RecordedSplits> = {}): RecordedSplits {
  const [trainSet, testSet] = [pixels([0, 1, 0]), pixels([1])];
  return { name: 'pixels', source: 'folder', trainSet, testSet, ...change };
}

function begin(): RunRecorder {
  return recordRun({ notebook: 'using-cifar', parameters: {}, seed: 1, runsDirectory: folder });
}

async function completeRun(data: RecordedSplits): Promise<string> {
  const run = begin();
  run.setDataset(data);
  await run.complete();
  return run.directory;
}

/** What a run says when it names its data: to the watcher, and on the notebook's standard error. */
function announce(context: TestContext, data: RecordedSplits) {
  const warn = context.mock.method(console, 'warn', () => undefined);
  const run = begin();
  run.setDataset(data);
  const events = readFileSync(join(run.directory, 'progress.jsonl'), 'utf8').trim().split('\n');
  warn.mock.restore();
  return {
    notes: events.slice(1).map((line) => (JSON.parse(line) as { text: string }).text),
    warnings: warn.mock.calls.map(({ arguments: [text] }) => String(text)),
  };
}

test('the checksum is that of the size, the bytes and the labels, little-endian', () => {
  const { sha256 } = recordDataset(splits());
  // printf '1 × 1 × 1\n\x01\x02\x03\x01\0\0\0' | sha256sum
  assert.equal(sha256?.test, 'f1449815b014ed8fa2dabb5eff18783f467ee3f0a3820ef748636e09ac470533');
  assert.equal(sha256?.val, null);
});

test('a view of the first pictures has the checksum of those pictures', () => {
  const whole = pixels([0, 1, 0, 1]);
  const view = recordDataset(splits({ trainSet: take(whole, 3) }));
  assert.deepEqual(view.sha256, recordDataset(splits()).sha256);
});

test('data that were only counted have no checksum', () => {
  const counted = { ...splits(), testSet: { size: 7 } };
  assert.equal(recordDataset(counted).sha256?.test, null);
});

test('a run that is repeated on the same data says so, and warns of nothing', async (context) => {
  const earlier = await completeRun(splits());
  assert.match((await loadRun(earlier)).dataset?.sha256?.train ?? '', /^[0-9a-f]{64}$/);
  process.env.RUN_AGAIN = earlier;
  const { notes, warnings } = announce(context, splits());
  assert.equal(notes.length, 1);
  assert.match(notes[0], /^The data are those of \d{8}-\S+-using-cifar-quick, to the last byte\.$/);
  assert.deepEqual(warnings, []);
});

const changes: Record<string, [Partial<RecordedSplits>, RegExp]> = {
  'another name': [
    { name: 'generated sample', source: 'generated' },
    /The data: pixels \(folder\) then, generated sample \(generated\) now\./,
  ],
  'fewer pictures': [{ trainSet: pixels([0, 1]) }, /The training set: 3 pictures then, 2 now\.$/m],
  'a validation set': [{ valSet: pixels([0]) }, /The validation set: 0 pictures then, 1 now\.$/m],
  'one other label': [
    { trainSet: pixels([0, 1, 1]) },
    /The training set: as many pictures, but others, .* \(SHA-256 [0-9a-f]{10}… then, [0-9a-f]{10}… now\)/,
  ],
  'one other byte': [
    { testSet: { ...pixels([1]), images: Uint8Array.of(1, 2, 4) } },
    /The test set: as many pictures, but others/,
  ],
  'other classes': [
    { trainSet: { ...pixels([0, 1, 0]), classNames: ['cat', 'cow'] } },
    /The classes: cat, dog then, cat, cow now\./,
  ],
};

for (const [name, [change, message]] of Object.entries(changes)) {
  test(`a run that is repeated with ${name} names it, loudly`, async (context) => {
    process.env.RUN_AGAIN = await completeRun(splits());
    const { notes, warnings } = announce(context, splits(change));
    assert.match(notes[0], /^NOT THE DATA OF .*: the numbers will differ\.$/);
    assert.match(notes.join('\n'), message);
    assert.deepEqual(warnings, [notes.join('\n')]);
  });

  test(`a resumed run with ${name} is refused, and stays as it is`, () => {
    process.env.RUN_DIR = join(folder, 'run');
    begin().setDataset(splits());
    process.env.RUN_RESUME = '1';
    begin().setDataset(splits());
    const file = join(folder, 'run', 'checkpoints', 'dataset.json');
    const remembered = readFileSync(file, 'utf8');
    assert.throws(() => begin().setDataset(splits(change)), {
      message: new RegExp(
        `^Expected the data that the run run started with.*${message.source.replace(/\$$/, '')}`,
        's',
      ),
    });
    assert.equal(readFileSync(file, 'utf8'), remembered);
  });
}

test('a record without a checksum, or none at all, is compared as far as it goes', async (context) => {
  const earlier = await completeRun(splits());
  const file = join(earlier, 'run.json');
  const record = JSON.parse(readFileSync(file, 'utf8')) as { dataset: object | null };
  process.env.RUN_AGAIN = earlier;

  writeFileSync(file, JSON.stringify({ ...record, dataset: { ...record.dataset, sha256: null } }));
  assert.match(announce(context, splits()).notes[0], /look like those of .* no checksum/);
  writeFileSync(file, JSON.stringify({ ...record, dataset: null }));
  assert.match(announce(context, splits()).warnings[0], /recorded no data/);
  writeFileSync(file, '{');
  assert.match(announce(context, splits()).warnings[0], /cannot be compared: .*run\.json/);
});

test('what a kill left half written does not block a resumption', () => {
  process.env.RUN_DIR = join(folder, 'run');
  begin().setDataset(splits());
  process.env.RUN_RESUME = '1';
  const file = join(folder, 'run', 'checkpoints', 'dataset.json');
  for (const content of ['', '{"name":', '[]', 'null', '{"name":7}']) {
    writeFileSync(file, content);
    begin().setDataset(splits({ valSet: pixels([0]) }));
  }
});

test('the memory of the data goes with the checkpoints once the run is complete', async () => {
  const directory = await completeRun(splits());
  assert.equal(existsSync(join(directory, 'checkpoints')), false);
});

test('a run has one engine from its first prediction on, records it, and keeps it when it is resumed', async () => {
  const engineOf = async () => {
    const run = begin();
    const before = run.record.versions.onnxruntime;
    const engine = await run.engine();
    assert.equal(await run.engine(), engine);
    return { engine, before, after: run.record.versions.onnxruntime, directory: run.directory };
  };
  const first = await engineOf();
  assert.deepEqual([first.engine, first.before], ['auto', null]);
  assert.match(first.after ?? '', /^1\.\d+\.\d+$/);
  process.env.RUN_DIR = first.directory;
  process.env.RUN_RESUME = '1';
  assert.equal((await engineOf()).engine, 'auto');
  const remembered = join(first.directory, 'checkpoints', 'engine.json');
  writeFileSync(remembered, JSON.stringify({ name: 'tensorflow', version: '2.21.0' }));
  const { engine, after } = await engineOf();
  assert.deepEqual([engine, after], ['tensorflow', null]);
  delete process.env.RUN_RESUME;
  assert.equal((await engineOf()).engine, 'auto', 'a run that starts anew chooses anew');
});
