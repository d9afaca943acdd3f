import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCnn } from '../../lib/models/cnn';
import { layerTable, tableRows } from '../../lib/report/tables';
import { tf } from '../../lib/tensorflow/backend';

test('each layer has its kind, output and parameters, and the sum comes last', () => {
  const model = createCnn({ inputShape: [32, 32, 3], numClasses: 10 });
  const tensors = tf.memory().numTensors;
  const rows = tableRows(layerTable(model));
  assert.equal(tf.memory().numTensors, tensors);
  model.dispose();

  // 3×3 kernels over 3 colours, 32 filters, one bias each: 3·3·3·32 + 32 = 896.
  assert.deepEqual(rows[0], ['conv1', 'Conv2D', '32 × 32 × 32', 896]);
  assert.deepEqual(rows[1], ['pool1', 'MaxPooling2D', '16 × 16 × 32', 0]);
  // The original notebook's summary.
  assert.deepEqual(rows.at(-1), ['all', null, null, 454666]);
});
