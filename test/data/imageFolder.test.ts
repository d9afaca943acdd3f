import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { countByClass, type ImageDataset } from '../../lib/data/dataset';
import { type ImageFolderOptions, loadImageFolder } from '../../lib/data/imageFolder';
import { temporaryFolder } from '../temporaryFolder';
import { plainPng, writePictures } from './pictures';

/** Loads and gathers the notices. */
async function load(
  folder: string,
  options: ImageFolderOptions = {},
): Promise<Awaited<ReturnType<typeof loadImageFolder>> & { readonly notices: string[] }> {
  const notices: string[] = [];
  const onNotice = (notice: string): number => notices.push(notice);
  return { ...(await loadImageFolder(folder, { size: 4, onNotice, ...options })), notices };
}

/** The pictures of a set as "class/number", in their order: both are their colour's (see writePictures). */
function contents(set: ImageDataset): string[] {
  return Array.from({ length: set.size }, (_, index) => {
    const pixel = index * set.height * set.width * 3;
    assert.equal(set.images[pixel + 1], set.labels[index]);
    return `${set.classNames[set.labels[index]]}/${set.images[pixel]}`;
  });
}

test('class folders become labels in the order of their names, a fifth of each class tests', async (t) => {
  const folder = join(temporaryFolder(t), 'pets');
  await writePictures(folder, { Zebra: 20, cat: 10, dog: 15 }); // capitals sort first
  const { name, source, trainSet, testSet, valSet, skipped, notices } = await load(folder);
  assert.deepEqual([name, source, valSet], ['pets', 'folder', undefined]);
  assert.deepEqual(trainSet.classNames, ['Zebra', 'cat', 'dog']);
  assert.deepEqual(countByClass(trainSet), [16, 8, 12]);
  assert.deepEqual(countByClass(testSet), [4, 2, 3]);
  assert.equal(new Set([...contents(trainSet), ...contents(testSet)]).size, 45);
  assert.deepEqual([skipped, notices], [[], []]);
});

test('the seed decides the split and the order, which mixes the classes', async (t) => {
  const folder = temporaryFolder(t);
  await writePictures(folder, { cat: 20, dog: 20 });
  const first = await load(folder, { seed: 1 });
  const again = await load(folder, { seed: 1 });
  const other = await load(folder, { seed: 2 });
  assert.deepEqual(contents(first.trainSet), contents(again.trainSet));
  assert.deepEqual(contents(first.testSet), contents(again.testSet));
  assert.notDeepEqual(contents(first.testSet).sort(), contents(other.testSet).sort());
  assert.equal(new Set(first.trainSet.labels.subarray(0, 12)).size, 2);
});

test('train, val and test folders are taken as they are', async (t) => {
  const folder = temporaryFolder(t);
  await writePictures(join(folder, 'train'), { cat: 6, dog: 7 });
  await writePictures(join(folder, 'val'), { cat: 2, dog: 1 });
  await writePictures(join(folder, 'test'), { cat: 3, dog: 4 });
  const { trainSet, valSet, testSet, notices } = await load(folder);
  assert.deepEqual(countByClass(trainSet), [6, 7]);
  assert.ok(valSet);
  assert.deepEqual(countByClass(valSet), [2, 1]);
  assert.deepEqual(countByClass(testSet), [3, 4]);
  assert.deepEqual(notices, []);
});

test('train and val without test: a part of train tests, and a notice says so', async (t) => {
  const folder = temporaryFolder(t);
  await writePictures(join(folder, 'train'), { cat: 10, dog: 10 });
  await writePictures(join(folder, 'val'), { cat: 2, dog: 2 });
  const { trainSet, valSet, testSet, notices } = await load(folder);
  assert.deepEqual([trainSet.size, valSet?.size, testSet.size], [16, 4, 4]);
  assert.match(notices[0], /has no test folder: a part of its train folder is tested on/);
});

test('a test folder with other classes, or none, is told', async (t) => {
  const folder = temporaryFolder(t);
  await writePictures(join(folder, 'train'), { cat: 5, dog: 5 });
  await writePictures(join(folder, 'test'), { cat: 1, horse: 1 });
  await assert.rejects(
    load(folder),
    /class folders of train \(cat, dog\) in .*test but found horse/,
  );
  const flat = temporaryFolder(t);
  await writePictures(join(flat, 'train'), { cat: 5, dog: 5 });
  mkdirSync(join(flat, 'test'));
  await assert.rejects(load(flat), /in .*test but found no folder: .*move .*test elsewhere/);
});

test('a class that is named train does not make it a split', async (t) => {
  const folder = temporaryFolder(t);
  await writePictures(folder, { plane: 5, train: 5 });
  assert.deepEqual((await load(folder)).trainSet.classNames, ['plane', 'train']);
});

test('files that cannot be read are left out, counted and named', async (t) => {
  const folder = temporaryFolder(t);
  await writePictures(folder, { cat: 10, dog: 10 });
  const png = await plainPng([1, 2, 3], 50, 50);
  writeFileSync(join(folder, 'cat', '99 cut.png'), png.subarray(0, 60));
  writeFileSync(join(folder, 'dog', '99 empty.jpg'), '');
  writeFileSync(join(folder, 'dog', 'notes.txt'), 'text');
  writeFileSync(join(folder, 'loose.png'), png);
  symlinkSync(join(folder, 'nowhere'), join(folder, 'dog', 'gone.png'));
  const { trainSet, testSet, skipped, notices } = await load(folder);
  assert.equal(trainSet.size + testSet.size, 20);
  contents(trainSet); // labels and pictures still belong together
  contents(testSet);
  assert.deepEqual(skipped?.map(({ path }) => path.slice(folder.length + 1)).sort(), [
    'cat/99 cut.png',
    'dog/99 empty.jpg',
    'dog/gone.png',
    'dog/notes.txt',
    'loose.png',
  ]);
  assert.equal(notices.length, 1);
  assert.match(notices[0], /^Skipped 5 files in /);
  assert.match(notices[0], /dog\/99 empty\.jpg: Input Buffer is empty/);
  assert.match(notices[0], /dog\/notes\.txt: it is no \.jpg, \.jpeg, \.png file/);
});

test('hidden files are ignored, and a link around in a circle ends', async (t) => {
  const folder = temporaryFolder(t);
  await writePictures(folder, { cat: 5, dog: 5, '.hidden': 5, __MACOSX: 5 });
  writeFileSync(join(folder, 'cat', '.DS_Store'), '');
  writeFileSync(join(folder, 'cat', 'Thumbs.db'), '');
  symlinkSync(folder, join(folder, 'dog', 'around'));
  const { trainSet, skipped } = await load(folder);
  assert.deepEqual(trainSet.classNames, ['cat', 'dog']);
  assert.deepEqual(
    skipped?.map(({ reason }) => reason),
    ['it is a folder in a class folder'],
  );
});

test('too few classes and too few pictures are told, by name', async (t) => {
  const folder = temporaryFolder(t);
  await assert.rejects(load(folder), /Expected folders of \.jpg or \.png .* found an empty folder/);
  writeFileSync(join(folder, 'one.png'), await plainPng([1, 1, 1]));
  await assert.rejects(load(folder), /found 1 picture in no class folder: sort the pictures/);
  await writePictures(folder, { cat: 5 });
  await assert.rejects(load(folder), /at least two class folders in .* but found one, cat: add/);
  await writePictures(folder, { dog: 4, horse: 2 });
  await assert.rejects(
    load(folder),
    /at least 5 .* of each class .* found 4 of dog, 2 of horse: add/,
  );
});

test('a class of which nothing can be read is told by name', async (t) => {
  const folder = temporaryFolder(t);
  await writePictures(folder, { cat: 5 });
  mkdirSync(join(folder, 'dog'));
  for (let number = 0; number < 5; number++)
    writeFileSync(join(folder, 'dog', `${number}.jpg`), '');
  await assert.rejects(load(folder), /too few could be read of dog: add pictures or remove/);
});

test('pictures that would not fit into memory are refused before any is decoded', async (t) => {
  const folder = temporaryFolder(t);
  await writePictures(folder, { cat: 5, dog: 5 });
  // 10 pictures of 20,000 × 20,000 × 3 bytes are 12 GB; 1.5 GB hold 7071 × 7071.
  await assert.rejects(
    load(folder, { size: 20_000 }),
    /take 12\.0 GB: pass a size of 7071 or less/,
  );
});

test('a signal stops the reading', async (t) => {
  const folder = temporaryFolder(t);
  await writePictures(folder, { cat: 20, dog: 20 });
  const controller = new AbortController();
  const onProgress = (done: number): void => {
    if (done === 5) controller.abort(new Error('stopped'));
  };
  await assert.rejects(load(folder, { signal: controller.signal, onProgress }), /stopped/);
});
