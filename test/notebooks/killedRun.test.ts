// A notebook whose run is stopped with Ctrl-C, then killed, then finished: its curve is that of a run left alone.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { before, test } from 'node:test';
import { parseRunRecord, type RunRecord } from '../../lib/runs/runRecord';
import { execute, startExecution, writeNotebook } from './kernel';
import { sharedFolder } from '../temporaryFolder';

const folder = sharedFolder();

/** A network with dropout, on 96 pictures of noise: 12 steps an epoch, each with a pause in milliseconds to be killed in. */
const cells = (pause: number) => [
  `import * as ml from "../lib";`,
  `const createPictures = (size: number, step: number) => ml.createDataset({
  name: 'noise', source: 'generated', classNames: ['dark', 'light'], height: 16, width: 16,
  labels: Int32Array.from({ length: size }, (_, index) => (index * step) % 2),
  images: Uint8Array.from({ length: size * 768 }, (_, index) => (index * step) % 251),
});
const run = ml.startRun('example', { seed: 3 });
const [trainSet, valSet] = [createPictures(96, 7919), createPictures(16, 6151)];
run.useData({ name: 'noise', source: 'generated', trainSet: trainSet, valSet: valSet, testSet: valSet });`,
  `const cnn = await run.train('CNN', { seed: 3, epochs: 6, batchSize: 8 }, {
  model: ml.createCnn,
  onStep: () => new Promise((resolve) => setTimeout(resolve, ${pause})),
});`,
  `await run.complete();`,
];

/** The run as it should be. */
const alone = join(folder, 'alone');
let expected: RunRecord;
let path: string;

before(async () => {
  path = writeNotebook(folder, ...cells(0));
  const { exitCode, printed } = await execute(path, alone);
  assert.equal(exitCode, 0, printed);
  expected = readRecord(alone);
});

function readRecord(directory: string): RunRecord {
  return parseRunRecord(readFileSync(join(directory, 'run.partial.json'), 'utf8'));
}

/** The figures of every epoch, without those that are times. */
function curve({ models }: RunRecord) {
  return models.map(({ history }) =>
    history.map(({ seconds: _s, imagesPerSecond: _i, ...figures }) => figures),
  );
}

function progress(directory: string): { event: string; epoch?: number; text?: string }[] {
  const file = join(directory, 'progress.jsonl');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  // The last line may be half written.
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as { event: string });
}

function notes(directory: string): string[] {
  return progress(directory).flatMap(({ text }) => text ?? []);
}

async function untilEpoch(directory: string, epoch: number): Promise<void> {
  while (!progress(directory).some(({ event, epoch: at }) => event === 'step' && at === epoch)) {
    await sleep(30);
  }
}

test('a run that is stopped, then killed, then resumed has the same curve to the last bit', async () => {
  const directory = join(folder, 'hindered');
  mkdirSync(join(folder, 'slow'));
  const slow = writeNotebook(join(folder, 'slow'), ...cells(40));
  const resume = { env: { RUN_RESUME: '1' } };

  const stopped = startExecution(slow, directory);
  await untilEpoch(directory, 2);
  stopped.interrupt();
  const { exitCode, printed } = await stopped.ended;
  assert.equal(exitCode, 130, printed);
  assert.match(printed, /^What was made so far is kept in /m);
  assert.doesNotMatch(printed, /Error:|Remedy:/, 'a person wanted it');
  assert.ok(printed.includes(`To continue where it stopped: npm start -- --resume ${directory}`));
  assert.match(notes(directory).at(-1) ?? '', /^CNN: Stopped in epoch \d after step \d+$/);
  assert.ok(!existsSync(join(directory, 'run.partial.json')));

  const killed = startExecution(slow, directory, resume);
  await untilEpoch(directory, 4);
  killed.kill();
  await killed.ended;
  assert.ok(!existsSync(join(directory, 'run.partial.json')));

  const finished = await execute(path, directory, {}, resume.env);
  assert.equal(finished.exitCode, 0, finished.printed);
  const resumptions = notes(directory).filter((text) =>
    /^CNN: Resumed after step \d+\.$/.test(text),
  );
  assert.equal(resumptions.length, 2);
  assert.deepEqual(curve(readRecord(directory)), curve(expected));
  assert.deepEqual(readRecord(directory).dataset, expected.dataset);
  const left = readdirSync(join(directory, 'checkpoints', 'CNN'));
  assert.ok(
    left.every((name) => /^checkpoint-\d{6}$/.test(name)),
    left.join(' '),
  );
});

test('a run that is repeated has the same curve to the last bit, and says that its data are the same', async () => {
  renameSync(join(alone, 'run.partial.json'), join(alone, 'run.json'));
  const directory = join(folder, 'again');
  const { exitCode, printed } = await execute(path, directory, {}, { RUN_AGAIN: alone });
  assert.equal(exitCode, 0, printed);
  assert.ok(notes(directory).includes('The data are those of alone, to the last byte.'));
  assert.deepEqual(curve(readRecord(directory)), curve(expected));
});
