// Who hears of SIGINT while interruptible work runs in tslab's kernel.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { Interrupted, watchInterrupts } from '../lib/interrupts';
import { TrainingInterrupted } from '../lib/training/exclusiveTraining';

test('work holds back the listener by which tslab gives up its cell, and no other', (t) => {
  let [rejected, heard, now] = [0, 0, 0];
  t.mock.method(performance, 'now', () => now);
  const executor = { interrupt: () => (rejected += 1) };
  // As tslab 1.0.22 has it in dist/main.js.
  const tslab = () => {
    executor.interrupt();
  };
  const other = () => (heard += 1);
  process.on('SIGINT', tslab);
  process.on('SIGINT', other);
  try {
    const [first, second] = [watchInterrupts(), watchInterrupts()];
    process.emit('SIGINT');
    assert.deepEqual([first.requested, second.requested], [true, true]);
    second.stop();
    second.stop();
    now = 9_999;
    process.emit('SIGINT');
    assert.deepEqual([rejected, heard], [0, 2]);
    now = 10_000; // the work does not end: the cell is given up
    process.emit('SIGINT');
    assert.deepEqual([rejected, heard], [1, 3]);
    first.stop();
    process.emit('SIGINT');
    assert.deepEqual([rejected, heard], [2, 4]);
    assert.equal(watchedAfresh(), false);
    assert.equal(process.listenerCount('SIGINT'), 2);
  } finally {
    process.off('SIGINT', tslab);
    process.off('SIGINT', other);
  }
});

/** Whether new work begins as interrupted. */
function watchedAfresh(): boolean {
  const interrupts = watchInterrupts();
  interrupts.stop();
  return interrupts.requested;
}

test('a notebook prints an interruption as one line that names no folder', () => {
  const place = { epoch: 2, epochs: 3, step: 14 };
  const line = 'Training was interrupted in epoch 2 of 3 after step 14';
  const kept = new TrainingInterrupted({ ...place, checkpointDirectory: '/home/a/run' });
  assert.equal(inspect(kept), `${line}; run it again to continue.`);
  assert.match(kept.message, /Its checkpoint is in \/home\/a\/run: /);
  const lost = new TrainingInterrupted(place);
  assert.equal(inspect(lost), lost.message);
  assert.equal(inspect(new Interrupted('Stopped after 3.')), 'Stopped after 3.');
});
