import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, test } from 'node:test';
import { countByClass } from '../../lib/data/dataset';
import { checkDataset, loadDataset, type LoadDatasetOptions } from '../../lib/data/loadDataset';
import { temporaryFolder } from '../temporaryFolder';
import { writeBlackCifar10 } from './cifar10Files';
import { serveFile } from './fileServer';
import { writePictures } from './pictures';

const SMALL: LoadDatasetOptions = { trainLimit: 20, testLimit: 10, seed: 1 };
const ARCHIVE = { sizeBytes: 170_052_171, sha256: '0'.repeat(64) };

beforeEach(() => {
  for (const name of ['DATA_DIR', 'CIFAR10_DIR', 'OFFLINE']) delete process.env[name];
});

test('the sample is named as what it is, and its seed repeats it', async () => {
  const first = await loadDataset({ source: 'sample', ...SMALL });
  assert.deepEqual([first.name, first.source], ['generated sample', 'generated']);
  assert.deepEqual([first.trainSet.size, first.testSet.size], [20, 10]);
  const second = await loadDataset({ source: 'sample', ...SMALL });
  assert.deepEqual(first.trainSet.images, second.trainSet.images);
});

test('auto, offline and with nothing there: the sample, with a notice that says so', async (t) => {
  const notices: string[] = [];
  process.env.OFFLINE = '1';
  const { source } = await loadDataset({
    ...SMALL,
    cacheDirectory: temporaryFolder(t),
    onNotice: (notice) => notices.push(notice),
  });
  assert.equal(source, 'generated');
  assert.equal(notices.length, 1);
  assert.match(notices[0], /GENERATED SAMPLE.* not accuracies on CIFAR-10.*--data/);
});

test('auto, where the server does not answer or refuses: the sample, with the reason', async (t) => {
  const { url } = await serveFile(t, new Uint8Array(9), {
    mischief: (_request, response) => Boolean(response.writeHead(503).end()),
  });
  for (const [address, reason] of [
    [url, /answered 503/],
    ['http://no-such-host.invalid/', /no-such-host\.invalid/],
  ] as const) {
    const notices: string[] = [];
    const { source } = await loadDataset({
      ...SMALL,
      archive: { url: address, ...ARCHIVE },
      cacheDirectory: temporaryFolder(t),
      onNotice: (notice) => notices.push(notice),
    });
    assert.equal(source, 'generated');
    assert.match(notices.join(), reason);
  }
});

test('auto, where something else than CIFAR-10 comes: an error, not the sample', async (t) => {
  const { url } = await serveFile(t, Buffer.from('<html>Please log in to the network</html>'));
  const loading = loadDataset({
    ...SMALL,
    archive: { url, ...ARCHIVE },
    cacheDirectory: temporaryFolder(t),
  });
  await assert.rejects(loading, { failure: 'wrong content', message: /Expected 170052171 bytes/ });
});

test('cifar10 is CIFAR-10 or an error', async (t) => {
  const options = { source: 'cifar10', cacheDirectory: temporaryFolder(t), offline: true };
  await assert.rejects(loadDataset(options), /Expected CIFAR-10 in .* but there is nothing/);
});

test('a named place that is broken is an error, whichever way it was named', async (t) => {
  const empty = temporaryFolder(t);
  process.env.CIFAR10_DIR = empty;
  await assert.rejects(loadDataset(), /Expected CIFAR-10's binary files .* an empty folder/);
  await assert.rejects(loadDataset({ source: 'cifar10' }), /an empty folder/);
  process.env.DATA_DIR = join(empty, 'nowhere');
  await assert.rejects(loadDataset(), /nowhere but there is no such folder or file/);
  delete process.env.DATA_DIR;
  await assert.rejects(loadDataset({ source: empty }), /Expected folders of pictures/);
  const file = join(empty, 'picture.txt');
  writeFileSync(file, 'text');
  await assert.rejects(loadDataset({ source: file }), /to be a whole \.tar\.gz archive/);
});

test('DATA_DIR comes before CIFAR10_DIR, and a path before both', async (t) => {
  const cifar = temporaryFolder(t);
  writeBlackCifar10(cifar);
  const pets = join(temporaryFolder(t), 'pets');
  await writePictures(pets, { cat: 5, dog: 5 });
  process.env.CIFAR10_DIR = join(cifar, 'not looked at');
  process.env.DATA_DIR = pets;
  const fromEnvironment = await loadDataset({ size: 8 });
  assert.deepEqual([fromEnvironment.name, fromEnvironment.source], ['pets', 'folder']);
  assert.equal(fromEnvironment.trainSet.width, 8);
  assert.equal((await loadDataset({ source: cifar })).name, 'CIFAR-10');
  // Own pictures named, CIFAR-10 demanded: that cannot be.
  await assert.rejects(loadDataset({ source: 'cifar10' }), /found cat, dog: pass cifar-10-binary/);
});

test('progress says what is being done', async (t) => {
  const pets = join(temporaryFolder(t), 'pets');
  await writePictures(pets, { cat: 5, dog: 5 });
  const seen: unknown[] = [];
  await loadDataset({ source: pets, onProgress: (progress) => seen.push(progress) });
  assert.deepEqual(seen.at(-1), {
    activity: 'reading pictures',
    done: 10,
    total: 10,
    unit: 'pictures',
  });
});

test('an unknown option or an impossible value is refused', async () => {
  await assert.rejects(loadDataset({ path: '/x' } as object), /"path"/);
  await assert.rejects(loadDataset({ size: 0 }), /Expected size to be an integer greater than 0/);
});

test('only CIFAR-10’s own files are CIFAR-10, whatever a folder is called', async (t) => {
  const folder = join(temporaryFolder(t), 'CIFAR-10');
  await writePictures(folder, { cat: 5, dog: 5 });
  const own = await loadDataset({ source: folder });
  assert.deepEqual([own.name, own.isCifar10], ['CIFAR-10', undefined]);
  const cifar = temporaryFolder(t);
  writeBlackCifar10(cifar);
  assert.equal((await loadDataset({ source: cifar })).isCifar10, true);
});

test('limits hold for every source, and one that leaves a class out is refused beforehand', async (t) => {
  const folder = temporaryFolder(t);
  await writePictures(folder, { cat: 50, dog: 50, horse: 5 });
  const limits = { trainLimit: 20, testLimit: 10 };
  const own = await loadDataset({ source: folder, ...limits });
  assert.deepEqual([own.trainSet.size, own.testSet.size], [20, 10]);
  // 40, 40, 4 and 10, 10, 1: a fifth and a half of each, rounded to the largest remainders.
  assert.deepEqual(countByClass(own.trainSet), [9, 10, 1]);
  assert.deepEqual(countByClass(own.testSet), [4, 5, 1]);
  const sample = await loadDataset({ source: 'sample', ...limits });
  assert.deepEqual(countByClass(sample.trainSet), new Array(10).fill(2));

  assert.equal((await checkDataset({ source: folder, ...limits })).length, 3);
  assert.equal((await checkDataset({ source: 'sample', ...limits })).length, 10);
  for (const source of [folder, 'sample']) {
    for (const refusing of [loadDataset, checkDataset]) {
      await assert.rejects(
        refusing({ source, trainLimit: 2 }),
        /Expected trainLimit to be 0 \(all pictures\) or at least \d+, one picture of each class/,
      );
    }
  }
  await assert.rejects(checkDataset({ source: join(folder, 'x') }), /folder of class folders/);
});

test('a relative path counts from the working directory, and comes before DATA_DIR', async (t) => {
  const parent = temporaryFolder(t);
  await writePictures(join(parent, 'photos'), { cat: 5, dog: 5 });
  await writePictures(join(parent, 'sample'), { ant: 5, bee: 5 });
  const cifar = join(parent, 'cifar');
  mkdirSync(cifar);
  writeBlackCifar10(cifar);
  const notebooks = join(parent, 'notebooks');
  mkdirSync(notebooks);
  const before = process.cwd();
  process.chdir(notebooks);
  t.after(() => process.chdir(before));
  process.env.DATA_DIR = join(parent, 'sample');
  const classesOf = async (source: string) => (await loadDataset({ source })).trainSet.classNames;
  assert.deepEqual(await classesOf('../photos'), ['cat', 'dog']);
  assert.equal((await loadDataset({ source: '../cifar' })).isCifar10, true);
  // A source's own name means the source; the same with a separator, the folder.
  assert.equal((await loadDataset({ source: 'sample', ...SMALL })).source, 'generated');
  process.chdir(parent);
  assert.deepEqual(await classesOf('./sample'), ['ant', 'bee']);
  // A launcher checks it from elsewhere.
  assert.equal((await checkDataset({ source: '../photos' }, notebooks)).length, 2);
});

test('a text that is neither a source nor a place is refused, with what was probably meant', async () => {
  const refused = async (source: string, message: RegExp) => {
    for (const refusing of [loadDataset, checkDataset]) {
      await assert.rejects(refusing({ source }), (error: Error) => {
        assert.match(error.message, /^Expected source to be auto, cifar10, sample or the path of /);
        assert.ok(error.message.includes(`but received "${source}"`), error.message);
        assert.match(error.message, message);
        return true;
      });
    }
  };
  await refused('cifar-10', /did you mean "cifar10"\?$/);
  await refused('CIFAR10', /did you mean "cifar10"\?$/);
  await refused('smaple', /did you mean "sample"\?$/);
  await refused('photos', /no folder or file \/.*\/photos: check the path\.$/);
  await refused('../smaple', /check the path\.$/);
  await refused('~/photos', /: write the whole path, "~" is not expanded\.$/);
});

test('a path is taken as it is: blanks at its end are a part of it', async (t) => {
  const parent = temporaryFolder(t);
  await writePictures(join(parent, 'photos'), { cat: 5, dog: 5 });
  await writePictures(join(parent, 'photos '), { ant: 5, bee: 5 });
  process.env.DATA_DIR = join(parent, 'photos ');
  assert.deepEqual((await loadDataset()).trainSet.classNames, ['ant', 'bee']);
});
