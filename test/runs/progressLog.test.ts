import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createProgressLog } from '../../lib/runs/progress';
import type { ProgressEvent } from '../../lib/training/history';
import { sharedFolder } from '../temporaryFolder';

const folder = sharedFolder();

interface Line {
  readonly time: string;
  readonly event: string;
  readonly step?: number;
  readonly text?: string;
  readonly best?: number;
}

function readEvents(file: string): Line[] {
  return readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
}

function step(number: number): ProgressEvent {
  return {
    event: 'step',
    model: 'CNN',
    epoch: 1,
    epochs: 1,
    step: number,
    stepInEpoch: number,
    stepsPerEpoch: 100,
    train: { loss: 1, accuracy: 0.5 },
    imagesPerSecond: 100,
    secondsLeft: 10,
  };
}

test('each event is one line of JSON with its time', () => {
  const file = join(folder, 'events.jsonl');
  const log = createProgressLog(file, () => new Date('2026-01-31T12:00:00Z'));
  log({ event: 'training', model: 'CNN', epochs: 1, stepsPerEpoch: 100 });
  log({ event: 'note', text: 'two\nlines' });
  const events = readEvents(file);
  assert.deepEqual(
    events.map(({ event }) => event),
    ['training', 'note'],
  );
  assert.equal(events[0].time, '2026-01-31T12:00:00.000Z');
  assert.equal(events[1].text, 'two\nlines');
});

test('at most five steps a second are written, other events always', () => {
  const file = join(folder, 'steps.jsonl');
  let milliseconds = 0;
  const log = createProgressLog(file, () => new Date(milliseconds));
  // 100 steps in one second, 10 ms apart: 0, 200, 400, 600 and 800 ms are written.
  for (let number = 1; number <= 100; number++) {
    log(step(number));
    milliseconds += 10;
  }
  log({ event: 'note', text: 'end' });
  const events = readEvents(file);
  assert.deepEqual(
    events.map((event) => event.step ?? event.text),
    [1, 21, 41, 61, 81, 'end'],
  );
});

test('a log that cannot be written does not stop the training', () => {
  const log = createProgressLog(join(folder, 'missing', 'events.jsonl'));
  assert.doesNotThrow(() => log({ event: 'note', text: 'unheard' }));
});

test('steps carry the best validation accuracy so far, also in a run that is resumed', () => {
  const file = join(folder, 'best.jsonl');
  let seconds = 0;
  const start = () => createProgressLog(file, () => new Date(1000 * seconds++));
  const epoch = (accuracy: number): ProgressEvent => {
    const rates = { learningRate: 0.1, seconds: 1, imagesPerSecond: 100 };
    const figures = { loss: 1, accuracy };
    return { event: 'epoch', model: 'CNN', epoch: 1, train: figures, val: figures, ...rates };
  };
  const log = start();
  for (const event of [step(1), epoch(0.75), epoch(0.5), step(2)]) log(event);
  const resumed = start();
  for (const event of [step(3), epoch(0.8125), step(4)]) resumed(event);
  const best = readEvents(file)
    .filter(({ event }) => event === 'step')
    .map((event) => event.best);
  assert.deepEqual(best, [undefined, 0.75, 0.75, 0.8125]);
});
