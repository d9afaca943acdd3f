import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CIFAR10_CLASS_NAMES, parseCifar10Batch } from '../../lib/data/cifar10';

/** One record: a label and black planes of 32×32, with some bytes set. */
function record(label: number, set: Readonly<Record<number, number>> = {}): Uint8Array {
  const bytes = new Uint8Array(3073);
  bytes[0] = label;
  for (const [offset, value] of Object.entries(set)) bytes[Number(offset)] = value;
  return bytes;
}

function concat(...records: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(records));
}

test('one red pixel in the red plane lands at its row, column and channel', () => {
  // Row 2, column 3 of the red plane: byte 1 + 2 · 32 + 3. In NHWC: (2 · 32 + 3) · 3 + 0.
  const { images, labels, size } = parseCifar10Batch(record(6, { 68: 255 }), { fileName: 'x' });
  assert.equal(size, 1);
  assert.deepEqual(Array.from(labels), [6]);
  assert.equal(images.indexOf(255), 201);
  assert.equal(
    images.reduce((sum, value) => sum + value, 0),
    255,
  );
});

test('the three planes become the three channels of a pixel, picture after picture', () => {
  const first = record(0);
  const second = record(9, { 1: 10, 1025: 20, 2049: 30, 1024: 40, 2048: 50, 3072: 60 });
  const { images, labels } = parseCifar10Batch(concat(first, second), { fileName: 'x' });
  assert.deepEqual(Array.from(labels), [0, 9]);
  assert.deepEqual(Array.from(images.subarray(3072, 3075)), [10, 20, 30]); // top left
  assert.deepEqual(Array.from(images.subarray(6141)), [40, 50, 60]); // bottom right
});

test('a cut file is told with its name and its size', () => {
  assert.throws(() => parseCifar10Batch(new Uint8Array(17), { fileName: 'data_batch_2.bin' }), {
    message:
      'Expected a multiple of 3073 bytes but found 17 in data_batch_2.bin: ' +
      'delete it and run "npm start" again.',
  });
  assert.throws(() => parseCifar10Batch(new Uint8Array(0), { fileName: 'x' }), /but found 0 in x/);
});

test('a label above 9 is told with its record', () => {
  const bytes = concat(record(3), record(10));
  assert.throws(
    () => parseCifar10Batch(bytes, { fileName: 'test_batch.bin', remedy: 'get it again' }),
    {
      message:
        'Expected a label from 0 to 9 but found 10 in record 1 of test_batch.bin: get it again.',
    },
  );
});

test('there are ten classes, in the order of batches.meta.txt', () => {
  assert.equal(
    CIFAR10_CLASS_NAMES.join(' '),
    'airplane automobile bird cat deer dog frog horse ship truck',
  );
});
