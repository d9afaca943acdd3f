import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { CORRECTIONS_FILE } from '../../lib/data/corrections';
import { fingerprintDataset, type ImageDataset, imageOf } from '../../lib/data/dataset';
import { type ImageFolderOptions, loadImageFolder } from '../../lib/data/imageFolder';
import { loadDataset } from '../../lib/data/loadDataset';
import { sha256Of } from '../../lib/data/checksum';
import { openFiles } from '../pictureFile';
import { temporaryFolder } from '../temporaryFolder';
import { plainPng, writePictures } from './pictures';

/** Two classes of twelve pictures, and where decoded ones are kept. */
async function createFolders(t: TestContext) {
  const root = temporaryFolder(t);
  const folder = join(root, 'pets');
  await writePictures(folder, { cat: 12, dog: 12 });
  return { folder, cacheDirectory: join(root, 'data') };
}

/** Loads from a file, and gathers what is told; `decoded` counts pictures. */
async function load(folder: string, options: ImageFolderOptions) {
  const notices: string[] = [];
  let decoded = 0;
  const splits = await loadImageFolder(folder, {
    ...{ size: 4, storage: 'file', ...options },
    onNotice: (notice) => notices.push(notice),
    onProgress: () => decoded++,
  });
  return { ...splits, notices, decoded };
}

/** All that a data set is, its pictures read one by one. */
function contents(set: ImageDataset) {
  const { images: _, ...rest } = set;
  return { ...rest, pictures: picturesOf(set) };
}

function picturesOf(set: ImageDataset): string[] {
  return Array.from(set.labels, (_, index) => imageOf(set, index).join());
}

function fileOf({ images }: ImageDataset): string {
  assert.ok('path' in images);
  return images.path;
}

test('pictures in a file are those in memory: sets, labels, paths, notices, and what is skipped', async (t) => {
  const { folder, cacheDirectory } = await createFolders(t);
  writeFileSync(join(folder, 'cat', '03.png'), 'damaged');
  writeFileSync(join(folder, 'dog', 'copy.png'), await plainPng([5, 1, 0])); // dog/05.png once more
  const cases = [{}, { seed: 3, trainLimit: 12, testLimit: 2 }, { testOnly: true }];
  for (const [number, options] of cases.entries()) {
    const memory = await load(folder, { ...options, storage: 'memory' });
    const file = await load(folder, { ...options, cacheDirectory: `${cacheDirectory}${number}` });
    for (const part of ['trainSet', 'testSet'] as const) {
      assert.deepEqual(contents(file[part]), contents(memory[part]));
      assert.equal(fingerprintDataset(file[part]), fingerprintDataset(memory[part]));
    }
    const [first, ...others] = file.notices;
    assert.match(first, /^\d+ pictures take 0\.0 GB: they are decoded into .*\.pictures and read/);
    assert.deepEqual(others, memory.notices);
    assert.deepEqual(file.skipped, memory.skipped);
    assert.equal(file.sourceSha256, memory.sourceSha256);
    assert.equal(openFiles(file.trainSet), 0);
  }
});

test('rows are in the order of the paths, uint8 RGB, and end where the JSON begins', async (t) => {
  const { folder, cacheDirectory } = await createFolders(t);
  const { trainSet } = await load(folder, { cacheDirectory });
  const bytes = readFileSync(fileOf(trainSet));
  // cat/00 … cat/11, dog/00 … dog/11: their number is red, their class green (see writePictures).
  const expected = Array.from({ length: 24 * 48 }, (_, place) => {
    const row = Math.floor(place / 48);
    return [row % 12, Math.floor(row / 12), 0][place % 3];
  });
  assert.deepEqual([...bytes.subarray(0, 24 * 48)], expected);
  assert.equal(bytes.toString('latin1', 24 * 48, 24 * 48 + 2), '[{');
  assert.equal(bytes.toString('latin1', bytes.length - 8), 'PICTURE1');
});

test('a second run decodes nothing, whatever its seed and the corrections', async (t) => {
  const { folder, cacheDirectory } = await createFolders(t);
  const first = await load(folder, { cacheDirectory });
  assert.equal(first.decoded, 24);
  const again = await load(folder, { cacheDirectory });
  assert.deepEqual([again.decoded, again.notices], [0, []]);
  assert.deepEqual(contents(again.trainSet), contents(first.trainSet));
  const other = await load(folder, { cacheDirectory, seed: 7 });
  assert.equal(other.decoded, 0);
  assert.notDeepEqual(picturesOf(other.trainSet), picturesOf(first.trainSet));
  const sha256 = sha256Of(readFileSync(join(folder, 'cat', '02.png')));
  const corrections = [{ picture: 'cat/02.png', sha256, label: null }];
  writeFileSync(join(folder, CORRECTIONS_FILE), JSON.stringify({ corrections }));
  const dropped = await load(folder, { cacheDirectory });
  assert.deepEqual([dropped.decoded, dropped.trainSet.size + dropped.testSet.size], [0, 23]);
  assert.deepEqual(readdirSync(join(cacheDirectory, 'pictures')).length, 1);
});

test('a picture that was changed, or another size, makes another file', async (t) => {
  const { folder, cacheDirectory } = await createFolders(t);
  const first = await load(folder, { cacheDirectory });
  const changed = join(folder, 'cat', '02.png');
  writeFileSync(changed, await plainPng([99, 0, 0]));
  utimesSync(changed, 1e9, 1e9); // not by the clock: it may have been the same tick
  const second = await load(folder, { cacheDirectory });
  assert.equal(second.decoded, 24);
  const all = [...picturesOf(second.trainSet), ...picturesOf(second.testSet)];
  assert.equal(all.filter((picture) => picture.startsWith('99,0,0')).length, 1);
  assert.notEqual(fileOf(second.trainSet), fileOf(first.trainSet));
  assert.notEqual(
    fileOf((await load(folder, { cacheDirectory, size: 5 })).trainSet),
    fileOf(second.trainSet),
  );
});

test('a file that is cut, damaged or of another format is made again, with a notice', async (t) => {
  const { folder, cacheDirectory } = await createFolders(t);
  const { trainSet } = await load(folder, { cacheDirectory });
  const path = fileOf(trainSet);
  const whole = readFileSync(path);
  const damaged = Buffer.from(whole);
  damaged[100] ^= 1;
  const cases = [
    [whole.subarray(0, 500), /are cut, or of another format: decoding them again\.$/],
    [whole.subarray(48), /are cut: decoding/],
    [damaged, /are damaged: decoding/],
    [Buffer.concat([whole.subarray(0, -1), Buffer.from('2')]), /or of another format: decoding/],
    [Buffer.alloc(0), /are cut, or of another format: decoding/],
  ] as const;
  for (const [bytes, notice] of cases) {
    writeFileSync(path, bytes);
    const { notices, decoded } = await load(folder, { cacheDirectory });
    assert.match(notices[0], notice);
    assert.equal(decoded, 24);
    assert.deepEqual(readFileSync(path), whole); // the same bytes each time
  }
});

test('what a killed run left half is not taken for whole, and is gone behind the next', async (t) => {
  const { folder, cacheDirectory } = await createFolders(t);
  const path = fileOf((await load(folder, { cacheDirectory })).trainSet);
  const whole = readFileSync(path);
  rmSync(path);
  writeFileSync(`${path}.partial`, whole.subarray(0, 1000));
  assert.equal((await load(folder, { cacheDirectory })).decoded, 24);
  assert.deepEqual(readFileSync(path), whole);
  assert.equal(readdirSync(dirname(path)).length, 1);
});

test('a stopped reading leaves nothing behind', async (t) => {
  const { folder, cacheDirectory } = await createFolders(t);
  const controller = new AbortController();
  const loading = loadImageFolder(folder, {
    ...{ size: 4, storage: 'file', cacheDirectory, signal: controller.signal },
    onNotice: () => undefined,
    onProgress: (done) => done === 5 && controller.abort(new Error('stopped')),
  });
  await assert.rejects(loading, /stopped/);
  assert.deepEqual(readdirSync(join(cacheDirectory, 'pictures')), []);
});

test('a place that cannot be written is told', async (t) => {
  const { folder, cacheDirectory } = await createFolders(t);
  mkdirSync(cacheDirectory);
  writeFileSync(join(cacheDirectory, 'pictures'), 'a file');
  await assert.rejects(load(folder, { cacheDirectory }), /Expected to .*pictures.* but .*\(E\w+\)/);
});

test('more than the disk holds is refused before any is decoded', async (t) => {
  const { folder, cacheDirectory } = await createFolders(t);
  await assert.rejects(
    load(folder, { cacheDirectory, size: 1_000_000 }), // 24 · 3 · 10¹² bytes
    /Expected 72000\.0 GB of free space in .*pictures for 24 decoded pictures .* smaller size \(inputSize\)/,
  );
});

test('of two runs at once one decodes, and the other waits', async (t) => {
  const { folder, cacheDirectory } = await createFolders(t);
  const runs = await Promise.all([1, 2].map((seed) => load(folder, { cacheDirectory, seed })));
  assert.deepEqual(runs.map(({ decoded }) => decoded).sort(), [0, 24]);
  assert.deepEqual(
    [...picturesOf(runs[0].trainSet), ...picturesOf(runs[0].testSet)].sort(),
    [...picturesOf(runs[1].trainSet), ...picturesOf(runs[1].testSet)].sort(),
  );
});

test('loadDataset hands the choice on, and refuses others', async (t) => {
  const { folder, cacheDirectory } = await createFolders(t);
  const options = { source: folder, size: 4, cacheDirectory, onNotice: () => undefined };
  const { testSet } = await loadDataset({ ...options, storage: 'file' });
  assert.ok(fileOf(testSet).startsWith(join(cacheDirectory, 'pictures')));
  await assert.rejects(
    loadDataset({ ...options, storage: 'disk' as 'file' }),
    /Expected storage to be .*"auto", "memory", "file".* but received "disk"/,
  );
});
