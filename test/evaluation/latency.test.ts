import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UNIT_SCALE } from '../../lib/data/preprocess';
import { measureLatency } from '../../lib/evaluation/latency';
import { tf } from '../../lib/tensorflow/backend';

test('measureLatency() times single pictures of any size and leaves nothing behind', async () => {
  const before = tf.memory().numTensors;
  const model = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [8, 8, 3] }),
      tf.layers.dense({ units: 2, activation: 'softmax' }),
    ],
  });
  const preprocess = { height: 8, width: 8, ...UNIT_SCALE };
  const latency = await measureLatency({ model, preprocess }, { height: 5, width: 9, runs: 7 });
  assert.equal(latency.runs, 7);
  assert.ok(latency.p50Milliseconds > 0);
  assert.ok(latency.p90Milliseconds >= latency.p50Milliseconds);
  await assert.rejects(measureLatency({ model, preprocess }, { runs: 0 }), /runs.*greater than 0/);
  model.dispose();
  assert.equal(tf.memory().numTensors, before);
});
