import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDisplay } from '../../tools/commands/run/display';
import { bar, formatEpoch, formatSeconds, formatStep } from '../../tools/commands/run/format';

const step = {
  model: 'CNN',
  epoch: 2,
  epochs: 3,
  step: 210,
  stepInEpoch: 70,
  stepsPerEpoch: 140,
  train: { loss: 1.23456, accuracy: 0.5555 },
  imagesPerSecond: 2310.4,
  secondsLeft: 75,
};

const epoch = {
  event: 'epoch' as const,
  model: 'CNN',
  epoch: 1,
  train: { loss: 1.5, accuracy: 0.45 },
  val: { loss: 1.25, accuracy: 0.5 },
  seconds: 12.34,
  imagesPerSecond: 1500,
  learningRate: 0.001,
};

test('seconds are read at a glance', () => {
  assert.deepEqual([0.04, 12.34, 99.94, 125, 3780].map(formatSeconds), [
    '0.0 s',
    '12.3 s',
    '99.9 s',
    '2 min 5 s',
    '1 h 3 min',
  ]);
});

test('the bar is filled by its fraction, in plain characters too', () => {
  assert.equal(bar(0.5, 8), '████░░░░');
  assert.equal(bar(2, 4, { unicode: false }), '####');
});

test('a step shows bar, loss, accuracy, time left and speed', () => {
  assert.equal(
    formatStep(step, 100, { unicode: false }),
    '    CNN epoch 2/3 ##########..........  loss 1.235  accuracy 0.555  75.0 s left  2,310 images/s',
  );
});

test('a narrow terminal loses the least important parts, never the line break', () => {
  for (const width of [20, 40, 60, 80]) {
    assert.ok(formatStep(step, width).length <= width, String(width));
    assert.ok(formatEpoch(epoch, 3, width).length <= width, String(width));
  }
  assert.match(formatStep(step, 50), /loss 1\.235$/);
});

test('an epoch without validation leaves it out', () => {
  const line = formatEpoch({ ...epoch, val: null }, 3, 100);
  assert.equal(line, '    CNN epoch 1/3  loss 1.500  accuracy 0.450  12.3 s  1,500 images/s');
});

function fakeStream(isTTY: boolean) {
  const written: string[] = [];
  const stream = { isTTY, columns: 60, write: (text: string) => written.push(text) > 0 };
  return { written, stream: stream as unknown as NodeJS.WriteStream };
}

test('without a terminal each cell and each epoch is one plain line', () => {
  const { written, stream } = fakeStream(false);
  const display = createDisplay(['Load', 'Train'], { stream });
  display.take({ event: 'cell', index: 1, of: 2, state: 'start', seconds: 0 });
  display.take({ event: 'cell', index: 1, of: 2, state: 'done', seconds: 1.25 });
  display.take({ event: 'cell', index: 2, of: 2, state: 'start', seconds: 0 });
  display.take({ event: 'training', model: 'CNN', epochs: 3, stepsPerEpoch: 140 });
  display.take({ event: 'step', ...step });
  display.take(epoch);
  display.take({ event: 'note', text: 'Data: generated sample' });
  display.take({ event: 'unheard of' } as never);
  display.take({ event: 'cell', index: 2, of: 2, state: 'failed', seconds: 3 });
  display.close();
  assert.deepEqual(written.join('').split('\n'), [
    '  [1/2] Load  1.3 s',
    '    CNN epoch 1/3  loss 1.500  accuracy 0.450  val loss 1.250  val accuracy 0.500  12.3 s  1,500 images/s',
    '    Data: generated sample',
    '  [2/2] Train  failed after 3.0 s',
    '',
  ]);
});

test('on a terminal a line moves, at most ten times a second, and is gone in the end', async () => {
  const { written, stream } = fakeStream(true);
  const display = createDisplay(['Train'], { stream });
  display.take({ event: 'cell', index: 1, of: 1, state: 'start', seconds: 0 });
  const end = Date.now() + 1000;
  let count = 0;
  while (Date.now() < end) {
    display.take({ event: 'step', ...step, train: { loss: count++, accuracy: 0.5 } });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const redraws = written.filter((text) => text.includes('CNN')).length;
  assert.ok(redraws >= 1 && redraws <= 11, `${redraws} redraws in a second`);
  assert.ok(written.every((text) => text.length < 60));
  display.close();
  assert.equal(written.at(-1), '\r\x1b[2K');
});
