import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  countByClass,
  createDataset,
  type ImageDataset,
  select,
  shrinkPictures,
  splitDataset,
  stratifiedQuotas,
  take,
  takeStratified,
} from '../../lib/data/dataset';
import { bytesOf } from '../bytesOf';

/** 1×1 pictures whose red value is their index, modulo 256. */
function createTiny(labels: readonly number[], classNames: readonly string[]): ImageDataset {
  return createDataset({
    name: 'tiny',
    source: 'generated',
    images: Uint8Array.from({ length: labels.length * 3 }, (_, i) => (i % 3 === 0 ? i / 3 : 0)),
    labels: Int32Array.from(labels),
    classNames,
    height: 1,
    width: 1,
  });
}

test('arrays that do not fit each other are refused', () => {
  const fields = { name: 'x', source: 'folder', height: 2, width: 2, classNames: ['a'] } as const;
  assert.throws(
    () => createDataset({ ...fields, images: new Uint8Array(11), labels: new Int32Array(1) }),
    /Expected 12 bytes \(1 × 2 × 2 × 3\) in the images of "x" but received 11/,
  );
  assert.throws(
    () => createDataset({ ...fields, images: new Uint8Array(24), labels: Int32Array.of(0, 1) }),
    /labels of "x" to be from 0 to 0 but received 1 at index 1/,
  );
});

test('each picture keeps its path through every choice; a data set without paths has none', () => {
  const labels = [0, 0, 0, 0, 1, 1, 1, 1];
  const plain = createTiny(labels, ['a', 'b']);
  const dataset = createDataset({ ...plain, paths: labels.map((_, index) => `/photos/${index}`) });
  const { trainSet, valSet } = splitDataset(dataset, { seed: 3, valFraction: 0.5 });
  const large = { ...dataset, images: new Uint8Array(8 * 128 * 3), height: 1, width: 128 };
  const few = takeStratified(dataset, 4);
  for (const set of [take(dataset, 3), select(dataset, [7, 0, 7]), few, trainSet, valSet]) {
    const expected = Array.from(set.labels, (_, index) => `/photos/${bytesOf(set)[index * 3]}`);
    assert.deepEqual(set.paths, expected);
  }
  assert.deepEqual(few.paths, ['/photos/0', '/photos/1', '/photos/4', '/photos/5']);
  assert.deepEqual(shrinkPictures(large).paths, dataset.paths);
  for (const set of [take(plain, 3), select(plain, [1]), splitDataset(plain, { seed: 3 }).valSet]) {
    assert.ok(!('paths' in set));
  }
  assert.throws(
    () => createDataset({ ...plain, paths: ['/photos/0'] }),
    /Expected 8 paths of "tiny", as many as labels, but received 1: pass one for each picture/,
  );
});

test('take gives the first pictures, and all where there are fewer', () => {
  const dataset = createTiny([0, 1, 0], ['a', 'b']);
  assert.deepEqual(Array.from(bytesOf(take(dataset, 2))), [0, 0, 0, 1, 0, 0]);
  assert.equal(take(dataset, 0).size, 0);
  assert.equal(take(dataset, 99).size, 3);
  assert.throws(() => take(dataset, -1), /Expected count to be an integer of 0 or more/);
});

test('select gives the pictures at the indices, in their order, as a copy', () => {
  const dataset = createTiny([0, 1, 0], ['a', 'b']);
  const selected = select(dataset, [2, 1, 2]);
  assert.deepEqual(Array.from(bytesOf(selected)), [2, 0, 0, 1, 0, 0, 2, 0, 0]);
  assert.deepEqual(Array.from(selected.labels), [0, 1, 0]);
  bytesOf(selected)[0] = 99;
  assert.equal(bytesOf(dataset)[6], 2);
  for (const index of [3, -1, 0.5, NaN]) {
    assert.throws(() => select(dataset, [index]), /Expected indices from 0 to 2 of "tiny"/);
  }
});

test('classes are counted, those without a picture too', () => {
  assert.deepEqual(countByClass(createTiny([2, 0, 2], ['a', 'b', 'c'])), [1, 0, 2]);
});

test('a split of CIFAR-10’s size is exact: 45,000 and 5,000, 500 of each class', () => {
  const labels = Array.from({ length: 50_000 }, (_, index) => (index * 7) % 10);
  const dataset = createTiny(labels, [...'abcdefghij']);
  const { trainSet, valSet } = splitDataset(dataset, { seed: 1 });
  assert.deepEqual(countByClass(trainSet), new Array(10).fill(4500));
  assert.deepEqual(countByClass(valSet), new Array(10).fill(500));
});

test('the two parts of a split share no picture, lose none and keep the order', () => {
  const labels = Array.from({ length: 200 }, (_, index) => index % 3);
  const dataset = createTiny(labels, ['a', 'b', 'c']);
  const { trainSet, valSet } = splitDataset(dataset, { valFraction: 0.25, seed: 5 });
  const ids = (set: ImageDataset): number[] =>
    Array.from({ length: set.size }, (_, index) => bytesOf(set)[index * 3]);
  const sorted = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);
  assert.deepEqual(
    sorted([...ids(trainSet), ...ids(valSet)]),
    Array.from({ length: 200 }, (_, index) => index),
  );
  assert.deepEqual(ids(trainSet), sorted(ids(trainSet)));
  assert.deepEqual(ids(valSet), sorted(ids(valSet)));
  assert.equal(valSet.size, 50);
  for (const [index, id] of ids(valSet).entries()) assert.equal(valSet.labels[index], id % 3);
});

test('the seed alone decides which pictures validate', () => {
  const dataset = createTiny(
    Array.from({ length: 100 }, (_, index) => index % 2),
    ['a', 'b'],
  );
  const chosen = (seed: number): string => bytesOf(splitDataset(dataset, { seed }).valSet).join();
  assert.equal(chosen(1), chosen(1));
  assert.notEqual(chosen(1), chosen(2));
});

test('impossible splits are refused', () => {
  const dataset = createTiny([0, 1], ['a', 'b']);
  for (const valFraction of [0, 1, -0.1, NaN]) {
    assert.throws(() => splitDataset(dataset, { seed: 1, valFraction }), /between 0 and 1/);
  }
  assert.throws(() => splitDataset(dataset, { seed: 0.5 }), /Expected seed to be an integer/);
});

test('shares go to the classes with the largest remainders, and no class gives all', () => {
  // Worked by hand: 33 · 0.1 = 3.3 → 3 in all; 1.5, 1.1, 0.7 → 1, 1, 0, and one more for the .7.
  assert.deepEqual(stratifiedQuotas([15, 11, 7], 0.1), [1, 1, 1]);
  // 2.5, 2.5 → 5 in all: the earlier class gives the odd one.
  assert.deepEqual(stratifiedQuotas([25, 25], 0.1), [3, 2]);
  assert.deepEqual(stratifiedQuotas([1, 1, 1], 0.9), [0, 0, 0]);
  assert.deepEqual(stratifiedQuotas([2, 0], 0.9), [1, 0]);
});

test('a stratified limit takes the first pictures of every class, at least one of each', () => {
  const classNames = ['few', 'many', 'some'];
  const counts = [4, 96, 16];
  const labels = counts.flatMap((count, label) => new Array<number>(count).fill(label));
  const dataset = createTiny(labels, classNames);
  // Worked by hand: of 116, 96 stay out; 3.31, 79.45 and 13.24 → 3, 79, 13, and one more for the .45.
  const limited = takeStratified(dataset, 20);
  assert.deepEqual(countByClass(limited), [1, 16, 3]);
  const first = [0, ...Array.from({ length: 16 }, (_, i) => 4 + i), 100, 101, 102];
  assert.deepEqual(
    Array.from({ length: 20 }, (_, index) => bytesOf(limited)[index * 3]),
    first,
  );
  assert.equal(takeStratified(dataset, 0), dataset);
  assert.equal(takeStratified(dataset, 500), dataset);
});

test('however small a class beside a large one, a limit keeps it', () => {
  const labels = Array.from({ length: 10_000 }, () => 50);
  for (let label = 0; label < 50; label++) labels.push(label, label, label, label);
  const classNames = Array.from({ length: 51 }, (_, label) => String(label));
  const dataset = createTiny(labels, classNames);
  for (const count of [51, 100, 1000]) {
    const counts = countByClass(takeStratified(dataset, count));
    assert.equal(Math.min(...counts), 1);
    assert.deepEqual([counts.length, counts.reduce((sum, each) => sum + each, 0)], [51, count]);
  }
  assert.throws(
    () => takeStratified(dataset, 50, 'trainLimit'),
    /Expected trainLimit to be 0 \(all pictures\) or at least 51, one .* but received 50: raise it/,
  );
});

test('where every share is a whole number, a limit is the beginning', () => {
  const dataset = createTiny(
    Array.from({ length: 100 }, (_, index) => index % 5),
    [...'abcde'],
  );
  assert.deepEqual(takeStratified(dataset, 30).images, take(dataset, 30).images);
});

test('a split that leaves nothing to validate with is refused', () => {
  const dataset = createTiny([0, 1, 0, 1], ['a', 'b']); // a tenth of 4 is none
  assert.throws(() => splitDataset(dataset, { seed: 1 }), /Expected pictures to validate with/);
});

test('large pictures are shrunk to 64 pixels as picture files are, small ones are left alone', () => {
  const fields = {
    name: 'x',
    source: 'folder',
    classNames: ['a'],
    height: 128,
    width: 128,
  } as const;
  const images = Uint8Array.from({ length: 2 * 128 * 128 * 3 }, (_, index) =>
    index < 49_152 ? 200 : 40,
  );
  const dataset = createDataset({ ...fields, images, labels: new Int32Array(2) });
  const small = shrinkPictures(dataset);
  assert.deepEqual([small.height, small.width, small.size], [64, 64, 2]);
  // Of one colour each: any average of it is the same.
  assert.deepEqual(
    small.images,
    Uint8Array.from({ length: 2 * 12_288 }, (_, i) => (i < 12_288 ? 200 : 40)),
  );
  assert.equal(shrinkPictures(small), small);
});
