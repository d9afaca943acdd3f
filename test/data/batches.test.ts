import assert from 'node:assert/strict';
import { test } from 'node:test';
import { balancedIndices, type Batch, batches, type BatchOptions } from '../../lib/data/batches';
import { createDataset } from '../../lib/data/dataset';
import { createRng } from '../../lib/random';

const dataset = createDataset({
  name: 'five',
  source: 'generated',
  images: Uint8Array.from({ length: 15 }, (_, index) => index),
  labels: Int32Array.of(0, 1, 0, 1, 0),
  classNames: ['a', 'b'],
  height: 1,
  width: 1,
});

async function collect(options: BatchOptions): Promise<Batch[]> {
  const all: Batch[] = [];
  for await (const batch of batches(dataset, options)) all.push(batch);
  return all;
}

test('batches come in the data set’s order and the last, smaller one is kept', async () => {
  const all = await collect({ batchSize: 2 });
  assert.deepEqual(
    all.map(({ size }) => size),
    [2, 2, 1],
  );
  assert.deepEqual(Array.from(all[1].images), [6, 7, 8, 9, 10, 11]);
  assert.deepEqual(Array.from(all[2].labels), [0]);
});

test('batches follow a given order, which may be a part of the data set', async () => {
  const all = await collect({ batchSize: 2, order: Uint32Array.of(4, 0, 1) });
  assert.deepEqual(Array.from(all[0].images), [12, 13, 14, 0, 1, 2]);
  assert.deepEqual(Array.from(all[0].labels), [0, 0]);
  assert.deepEqual(Array.from(all[1].images), [3, 4, 5]);
  assert.equal(all.length, 2);
});

test('a batch that is kept does not change when the next one is drawn', async () => {
  const order = Uint32Array.of(4, 3, 2, 1, 0);
  const iterator = batches(dataset, { batchSize: 2, order });
  const { value: first } = await iterator.next();
  assert.ok(first);
  const copy = first.images.slice();
  await iterator.next();
  assert.deepEqual(first.images, copy);
});

test('a batch size larger than the data set gives one batch', async () => {
  assert.equal((await collect({ batchSize: 100 })).length, 1);
});

test('impossible batch sizes are refused at once, not at the first batch', () => {
  for (const batchSize of [0, -1, 1.5, NaN]) {
    assert.throws(
      () => batches(dataset, { batchSize }),
      /Expected batchSize to be an integer greater/,
    );
  }
});

test('an order that names a picture that is not there is refused', async () => {
  const iterator = batches(dataset, { batchSize: 2, order: Uint32Array.of(0, 5) });
  await assert.rejects(iterator.next(), /Expected indices from 0 to 4 of "five" but received 5/);
});

test('a balanced order draws each class equally often, all its pictures before one comes again', () => {
  const labels = Int32Array.of(0, 0, 0, 0, 0, 0, 1, 1, 2, 0);
  const draw = (seed: number) =>
    Array.from(balancedIndices({ labels, classNames: ['a', 'b', 'c'] }, createRng(seed, 'test')));
  for (let seed = 0; seed < 20; seed++) {
    const order = draw(seed);
    const drawn = [0, 1, 2].map((label) => order.filter((index) => labels[index] === label));
    const sizes = drawn.map(({ length }) => length);
    assert.deepEqual(
      sizes.toSorted((a, b) => a - b),
      [3, 3, 4],
    ); // of ten draws
    assert.equal(new Set(drawn[0]).size, sizes[0]); // 7 pictures: none twice
    assert.equal(new Set(drawn[1]).size, 2); // both
    assert.deepEqual(new Set(drawn[2]), new Set([8]));
  }
  assert.deepEqual(draw(1), draw(1));
  assert.notDeepEqual(draw(1), draw(2));
});
