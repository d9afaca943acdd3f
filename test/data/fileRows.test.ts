import assert from 'node:assert/strict';
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { batches, loadBatch, readAhead } from '../../lib/data/batches';
import {
  createDataset,
  fingerprintDataset,
  imageOf,
  type ImageDataset,
  imagesAt,
  select,
  shrinkPictures,
  splitDataset,
  take,
  takeStratified,
} from '../../lib/data/dataset';
import { measureQuality } from '../../lib/evaluation/pictureQuality';
import { createTinyDataset } from '../training/tinyTraining';
import { inFile, openFiles } from '../pictureFile';
import { temporaryFolder } from '../temporaryFolder';

/** Pictures of 1 × 1 in the rows 3, 0, 1, 2, 5 of a file with the bytes 0 … 17. */
function fiveOfSix(folder: string): ImageDataset {
  const path = join(folder, 'rows');
  writeFileSync(
    path,
    Uint8Array.from({ length: 18 }, (_, place) => place),
  );
  return createDataset({
    ...{ name: 'five', source: 'generated', height: 1, width: 1 },
    images: { path, rows: Uint32Array.of(3, 0, 1, 2, 5) },
    labels: Int32Array.of(0, 1, 0, 1, 0),
    classNames: ['a', 'b'],
  });
}

test('pictures come from the rows of a file by their indices', async (t) => {
  const dataset = fiveOfSix(temporaryFolder(t));
  assert.deepEqual([...imageOf(dataset, 0)], [9, 10, 11]);
  assert.deepEqual([...imageOf(dataset, 4)], [15, 16, 17]);
  assert.deepEqual(
    [...imagesAt(dataset, [1, 2, 0, 4, 4])],
    [0, 1, 2, 3, 4, 5, 9, 10, 11, 15, 16, 17, 15, 16, 17],
  );
  const batch = await loadBatch(dataset, [2, 3, 1]);
  assert.deepEqual([...batch.images], [3, 4, 5, 6, 7, 8, 0, 1, 2]);
  assert.deepEqual([...batch.labels], [0, 1, 1]);
  const all: number[][] = [];
  for await (const { images } of batches(dataset, { batchSize: 2 })) all.push([...images]);
  assert.deepEqual(all, [
    [9, 10, 11, 0, 1, 2],
    [3, 4, 5, 6, 7, 8],
    [15, 16, 17],
  ]);
  assert.equal(openFiles(dataset), 0);
});

test('parts of a data set in a file are parts of its rows: nothing is read', (t) => {
  const dataset = fiveOfSix(temporaryFolder(t));
  const rowsOf = ({ images, labels }: ImageDataset) => [
    'rows' in images && [...images.rows],
    [...labels],
  ];
  rmSync('rows' in dataset.images ? dataset.images.path : '');
  assert.deepEqual(rowsOf(take(dataset, 2)), [
    [3, 0],
    [0, 1],
  ]);
  assert.deepEqual(rowsOf(select(dataset, [4, 1])), [
    [5, 0],
    [0, 1],
  ]);
  assert.deepEqual(rowsOf(takeStratified(dataset, 2)), [
    [3, 0],
    [0, 1],
  ]);
  const { trainSet, valSet } = splitDataset(dataset, { valFraction: 0.4, seed: 1 });
  assert.deepEqual([trainSet.size, valSet.size], [3, 2]);
  assert.throws(() => select(dataset, [5]), /Expected indices from 0 to 4 of "five"/);
});

test('a data set in a file is the one in memory for all that looks at its pictures', (t) => {
  const memory = createTinyDataset(30, 4);
  const file = inFile(memory, join(temporaryFolder(t), 'rows'));
  assert.equal(fingerprintDataset(file), fingerprintDataset(memory));
  assert.deepEqual(shrinkPictures(file, 4), shrinkPictures(memory, 4));
  assert.deepEqual(measureQuality(file), measureQuality(memory));
});

test('as many rows as labels are expected', (t) => {
  const dataset = fiveOfSix(temporaryFolder(t));
  assert.throws(
    () => createDataset({ ...dataset, labels: Int32Array.of(0, 1) }),
    /Expected 6 bytes .* in the images of "five" but received 15/,
  );
});

test('a file that is gone, or shorter, is told at the reading, with what to do', async (t) => {
  const dataset = fiveOfSix(temporaryFolder(t));
  const path = 'rows' in dataset.images ? dataset.images.path : '';
  truncateSync(path, 16);
  assert.equal((await loadBatch(dataset, [0, 1, 2, 3])).size, 4); // before the cut
  const cut = /Expected the rows of .*rows but it is shorter than it was: run the cell again/;
  await assert.rejects(loadBatch(dataset, [0, 4, 1]), cut);
  assert.throws(() => imageOf(dataset, 4), cut);
  rmSync(path);
  const gone = /rows but it is missing: run the cell again .* makes the file again; a training/;
  await assert.rejects(loadBatch(dataset, [0]), gone);
  assert.throws(() => imageOf(dataset, 0), gone);
  assert.equal(openFiles(dataset), 0);
});

test('the next one is being read when one is given, and a failure is told where it is asked for', async () => {
  const begun: number[] = [];
  const next = readAhead(4, (index) => {
    begun.push(index);
    return index === 2 ? Promise.reject(new Error('no third one')) : Promise.resolve(index);
  });
  assert.deepEqual([await next(), ...begun], [0, 0, 1]);
  assert.deepEqual([await next(), ...begun], [1, 0, 1, 2]);
  await new Promise(setImmediate); // the failure waits, unhandled by none
  await assert.rejects(next(), /no third one/);
});
