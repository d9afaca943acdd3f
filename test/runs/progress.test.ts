import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProgressEvent } from '../../lib/training/history';
import {
  describeLearningRates,
  describeLoading,
  trackLearningRates,
  trackLoading,
} from '../../lib/runs/progress';
import { formOf, inNotebook } from '../report/fakeNotebook';

test('what is known of the size is said in tenths', () => {
  const loading = { activity: 'downloading CIFAR-10', total: 170e6, unit: 'bytes' } as const;
  const texts = [0, 16e6, 18e6, 170e6].map((done) => describeLoading({ ...loading, done }));
  assert.deepEqual(texts, [
    'downloading CIFAR-10: 0 % of 170 MB',
    'downloading CIFAR-10: 0 % of 170 MB',
    'downloading CIFAR-10: 10 % of 170 MB',
    'downloading CIFAR-10: 100 % of 170 MB',
  ]);
});

test('where the size is not known, the amount is said', () => {
  const loading = { activity: 'reading pictures', total: null, unit: 'pictures' } as const;
  assert.equal(describeLoading({ ...loading, done: 2999 }), 'reading pictures: 2000 pictures');
});

test('a watcher hears each tenth once, and every notice', (context) => {
  const log = context.mock.method(console, 'log', () => undefined);
  const events: ProgressEvent[] = [];
  const { onProgress, onNotice } = trackLoading({ progress: (event) => events.push(event) });
  for (let done = 0; done <= 100; done++) {
    onProgress({ activity: 'reading pictures', done, total: 100, unit: 'pictures' });
  }
  onNotice('two files were skipped');
  assert.equal(events.length, 12);
  assert.deepEqual(events.at(-1), { event: 'note', text: 'two files were skipped' });
  assert.deepEqual(log.mock.calls[0].arguments, ['two files were skipped']);
});

test('a search for a learning rate has one line that moves, and a note of each tenth', async () => {
  const events: ProgressEvent[] = [];
  const shown = await inNotebook(() => {
    const { onProgress } = trackLearningRates({ progress: (event) => events.push(event) });
    for (let done = 0; done <= 60; done++) onProgress({ done, total: 60, ended: done === 60 });
  });
  assert.equal(new Set(shown.map(({ id }) => id)).size, 1);
  const texts = shown.map((one) => formOf(one, 'text/plain'));
  assert.deepEqual(
    texts,
    [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100].map(
      (percent) => `learning rates: ${percent} % of 60 steps`,
    ),
  );
  assert.deepEqual(
    events,
    texts.map((text) => ({ event: 'note', text })),
  );
  assert.equal(
    describeLearningRates({ done: 37, total: 100, ended: true }),
    'learning rates: done, the loss ran away at step 37 of 100',
  );
});
