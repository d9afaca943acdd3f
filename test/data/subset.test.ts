import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countByClass, createDataset } from '../../lib/data/dataset';
import { stratifiedSubset } from '../../lib/data/subset';

/** 100 pictures of one pixel in the order of their classes: 60 cats, 30 dogs, 10 birds. */
const labels = Int32Array.from({ length: 100 }, (_, i) => (i < 60 ? 0 : i < 90 ? 1 : 2));
const dataset = createDataset({
  name: 'pets',
  source: 'folder',
  images: Uint8Array.from({ length: 300 }, (_, i) => Math.floor(i / 3)),
  labels,
  classNames: ['cat', 'dog', 'bird'],
  height: 1,
  width: 1,
});

test('each class keeps its share', () => {
  const subset = stratifiedSubset(dataset, { count: 20, seed: 1 });
  assert.deepEqual(countByClass(subset), [12, 6, 2]);
  assert.equal(subset.name, 'pets');
});

test('pictures stay with their labels and in their order, none twice', () => {
  const subset = stratifiedSubset(dataset, { count: 50, seed: 1 });
  const pictures = Array.from(subset.labels, (_, i) => subset.images[3 * i]);
  assert.deepEqual(
    Array.from(subset.labels),
    pictures.map((picture) => labels[picture]),
  );
  assert.deepEqual(
    pictures,
    [...new Set(pictures)].sort((a, b) => a - b),
  );
});

test('the seed chooses the pictures', () => {
  const chosen = [1, 1, 2].map((seed) => stratifiedSubset(dataset, { count: 10, seed }).images);
  assert.deepEqual(chosen[0], chosen[1]);
  assert.notDeepEqual(chosen[0], chosen[2]);
});

test('a count of all pictures or more gives the data set itself', () => {
  assert.equal(stratifiedSubset(dataset, { count: 100, seed: 1 }), dataset);
  assert.equal(stratifiedSubset(dataset, { count: 1000, seed: 1 }), dataset);
});

test('an impossible count is refused', () => {
  assert.throws(
    () => stratifiedSubset(dataset, { count: 0, seed: 1 }),
    /Expected count to be an integer greater than 0 but received 0/,
  );
});
