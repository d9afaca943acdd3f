import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { countByClass, type ImageDataset, imageOf } from '../../lib/data/dataset';
import {
  type ImageFolderOptions,
  loadImageFolder,
  planImageFolder,
} from '../../lib/data/imageFolder';
import sharp from 'sharp';
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
    const [red, green] = imageOf(set, index);
    assert.equal(green, set.labels[index]);
    return `${set.classNames[set.labels[index]]}/${red}`;
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
  await writePictures(join(folder, 'val'), { cat: 2, dog: 1 }, 1);
  await writePictures(join(folder, 'test'), { cat: 3, dog: 4 }, 2);
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
    /class folders of the training set \(cat, dog\) in .*test but found horse/,
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
  // Labels, pictures and paths still belong together: a file's name is its colour (see writePictures).
  for (const set of [trainSet, testSet]) {
    const named = set.paths?.map((path) =>
      path.slice(folder.length + 1).replace(/0?(\d+)\.png/, '$1'),
    );
    assert.deepEqual(named, contents(set));
  }
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
  assert.match(notices[0], /dog\/notes\.txt: it is not a \.jpg, \.jpeg, .* file/);
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
  await assert.rejects(
    load(folder),
    /Expected folders of pictures \(\.jpg, .* found an empty folder/,
  );
  writeFileSync(join(folder, 'one.png'), await plainPng([1, 1, 1]));
  await assert.rejects(load(folder), /found 1 picture in no class folder: sort the pictures/);
  await writePictures(folder, { cat: 5 });
  await assert.rejects(load(folder), /at least two class folders in .* but found one, cat: add/);
  await writePictures(folder, { dog: 4, horse: 2 });
  await assert.rejects(
    load(folder),
    /at least 5 .* of each class .* found 4 of dog, 2 of horse: add/,
  );
  await writePictures(join(folder, 'train'), { cat: 5, dog: 5 });
  await writePictures(join(folder, 'test'), { cat: 5 });
  let decoded = 0;
  await assert.rejects(
    load(folder, { onProgress: () => decoded++ }),
    /each class to train and to test with .* but too few could be read of dog/,
  );
  assert.equal(decoded, 0);
});

test('a class of which nothing can be read is told by name', async (t) => {
  const folder = temporaryFolder(t);
  await writePictures(folder, { cat: 5 });
  mkdirSync(join(folder, 'dog'));
  for (let number = 0; number < 5; number++)
    writeFileSync(join(folder, 'dog', `${number}.jpg`), '');
  await assert.rejects(load(folder), /too few could be read of dog: add pictures or remove/);
});

test('pictures that would not fit into memory, where they are told to be, are refused before any is decoded', async (t) => {
  const folder = temporaryFolder(t);
  await writePictures(folder, { cat: 5, dog: 5 });
  // 10 pictures of 200,000 × 200,000 × 3 bytes are 1.2 TB.
  await assert.rejects(
    load(folder, { size: 200_000, storage: 'memory' }),
    /half the memory, .* GB, but 10 \(8 \+ 2\) of .* take 1200\.0 GB: pass storage: 'auto', or a smaller size/,
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

for (const [train, val, test_] of [
  ['train', 'valid', 'test'],
  ['Train', 'Validation', 'Test'],
  ['TRAIN', 'VAL', 'TEST'],
] as const) {
  test(`${train}, ${val} and ${test_} are the three sets`, async (t) => {
    const folder = temporaryFolder(t);
    await writePictures(join(folder, train), { cat: 6, dog: 7 });
    await writePictures(join(folder, val), { cat: 2, dog: 1 }, 1);
    await writePictures(join(folder, test_), { cat: 3, dog: 4 }, 2);
    const { trainSet, valSet, testSet, skipped } = await load(folder);
    assert.deepEqual([trainSet.size, valSet?.size, testSet.size], [13, 3, 7]);
    assert.deepEqual(skipped, []);
  });
}

test('two folders for one set are told', async (t) => {
  const folder = temporaryFolder(t);
  await writePictures(join(folder, 'train'), { cat: 5, dog: 5 });
  await writePictures(join(folder, 'val'), { cat: 1 });
  await writePictures(join(folder, 'valid'), { cat: 1 });
  await assert.rejects(load(folder), /one folder for each set in .* but found val and valid/);
});

test('a name is one class in both of Unicode’s forms, in one folder and across the sets', async (t) => {
  const folder = temporaryFolder(t);
  const [composed, decomposed] = ['B\u00e4r', 'Ba\u0308r'];
  await writePictures(join(folder, 'train'), { [composed]: 5, [decomposed]: 3, cat: 5 });
  await writePictures(join(folder, 'test'), { [decomposed]: 2, cat: 2 });
  const { trainSet, testSet } = await load(folder);
  assert.deepEqual(trainSet.classNames, [composed, 'cat']);
  assert.deepEqual(
    [countByClass(trainSet), countByClass(testSet)],
    [
      [8, 5],
      [2, 2],
    ],
  );
});

test('whatever cannot be read is named: folders, files, links, pipes, names', async (t) => {
  const folder = temporaryFolder(t);
  await writePictures(folder, { cat: 5, dog: 5, '@eaDir': 5, 'lost+found': 1 });
  symlinkSync(join(folder, 'nowhere'), join(folder, 'horse'));
  symlinkSync('ring', join(folder, 'ring'));
  symlinkSync('x'.repeat(300), join(folder, 'long'));
  symlinkSync('ring.png', join(folder, 'cat', 'ring.png'));
  execFileSync('mkfifo', [join(folder, 'dog', 'pipe.jpg'), join(folder, 'pipe')]);
  symlinkSync('/dev/zero', join(folder, 'dog', 'zero.png'));
  symlinkSync('00.png', join(folder, 'dog', 'again.png'));
  const bytes = (...names: string[]) =>
    Buffer.concat([
      Buffer.from(`${join(folder, ...names)}`),
      Buffer.from([0xe4]),
      Buffer.from('r'),
    ]);
  mkdirSync(bytes('b'));
  writeFileSync(bytes('cat', 'b'), '');
  const { trainSet, testSet, skipped, notices } = await load(folder);
  assert.deepEqual(trainSet.classNames, ['cat', 'dog']);
  assert.equal(trainSet.size + testSet.size, 10);
  const found = Object.fromEntries(
    (skipped ?? []).map(({ path, reason }) => [path.slice(folder.length + 1), reason]),
  );
  assert.deepEqual(found, {
    '@eaDir': 'it is a folder of the file system',
    'lost+found': 'it is a folder of the file system',
    horse: 'it is a link to nothing',
    ring: 'it is a link that leads back to itself',
    long: 'it is a link that cannot be followed (ENAMETOOLONG)',
    pipe: 'it is a named pipe',
    'b\\xe4r': 'its name is not valid UTF-8: rename it',
    'cat/ring.png': 'it is a link that leads back to itself',
    'cat/b\\xe4r': 'its name is not valid UTF-8: rename it',
    'dog/pipe.jpg': 'it is a named pipe',
    'dog/zero.png': 'it is a device',
    'dog/again.png': `it is the same file as ${join(folder, 'dog', '00.png')}`,
  });
  for (const name of ['horse', 'ring', 'long', 'b\\xe4r', 'dog/pipe.jpg']) {
    assert.ok(notices[0].includes(`\n  ${name}: `), notices[0]);
  }
});

test('a limit takes the same share of every class, at least one, and nothing else is decoded', async (t) => {
  const folder = temporaryFolder(t);
  await writePictures(folder, { few: 5, many: 120, some: 20 });
  let decoded = 0;
  const whole = await load(folder);
  const { trainSet, testSet } = await load(folder, {
    trainLimit: 20,
    testLimit: 6,
    onProgress: (done) => (decoded = done),
  });
  // 4, 96 and 16 to train with: 20/116 of each are .69, 16.55 and 2.76.
  assert.deepEqual(countByClass(trainSet), [1, 16, 3]);
  assert.equal(testSet.size, 6);
  assert.equal(decoded, 26);
  const order = contents(whole.trainSet).filter((name) => contents(trainSet).includes(name));
  assert.deepEqual(contents(trainSet), order); // the first of each class, as the seed has them
  await assert.rejects(load(folder, { trainLimit: 2 }), /trainLimit to be 0 .* at least 3/);
});

test('pictures of more than 1.5 GB are to be in a file, unless a limit leaves less', async (t) => {
  const folder = temporaryFolder(t);
  await writePictures(folder, { cat: 30, dog: 30 });
  const storage = async (options: ImageFolderOptions) =>
    (await planImageFolder(folder, options)).storage;
  const size = 3000; // 27 MB each: 60 are 1.62 GB
  assert.equal(await storage({ size }), 'file');
  assert.equal(await storage({ size, trainLimit: 2, testLimit: 2 }), 'memory');
  assert.equal(await storage({ size: 4 }), 'memory');
  assert.equal(await storage({ size: 4, storage: 'file' }), 'file');
});

test('within a limit another picture of its class stands in for one that cannot be read', async (t) => {
  const folder = temporaryFolder(t);
  await writePictures(join(folder, 'train'), { cat: 6, dog: 6 });
  await writePictures(join(folder, 'test'), { cat: 2, dog: 2 }, 1);
  for (const number of [0, 1, 2, 4, 5]) {
    writeFileSync(join(folder, 'train', 'dog', `0${number}.png`), 'damaged');
  }
  const { trainSet, skipped } = await load(folder, { trainLimit: 2 });
  assert.equal(contents(trainSet).filter((name) => name === 'dog/3').length, 1);
  assert.deepEqual(countByClass(trainSet), [1, 1]);
  assert.ok(skipped?.every(({ path }) => path.includes('dog')));
});

test('the same pictures in two sets are counted and named, under whatever name', async (t) => {
  const folder = temporaryFolder(t);
  await writePictures(join(folder, 'train'), { cat: 6, dog: 6 });
  await writePictures(join(folder, 'val'), { cat: 4, dog: 4 }, 1);
  await writePictures(join(folder, 'test'), { cat: 4, dog: 4 }, 2);
  const png = async (...colour: readonly [number, number, number]) => plainPng(colour);
  writeFileSync(join(folder, 'test', 'cat', 'x.png'), await png(3, 0, 0)); // train/cat/03.png
  writeFileSync(join(folder, 'test', 'dog', 'y.png'), await png(2, 1, 1)); // val/dog/02.png
  writeFileSync(join(folder, 'val', 'dog', 'z.png'), await png(5, 1, 0)); // train/dog/05.png
  const { notices } = await load(folder);
  assert.equal(notices.length, 2);
  assert.match(
    notices[0],
    /^1 of the 9 validation pictures are in the training set too \(val\/dog\/z\.png is train\/dog\/05\.png\)/,
  );
  assert.match(notices[1], /^2 of the 10 test pictures are in the training or validation set too/);
});

test('a picture that is in its folder twice is told, where a validation set is to be split off', async (t) => {
  const folder = temporaryFolder(t);
  await writePictures(join(folder, 'train'), { cat: 6, dog: 6 });
  await writePictures(join(folder, 'test'), { cat: 4, dog: 4 }, 2);
  writeFileSync(join(folder, 'train', 'cat', 'x.png'), await plainPng([3, 0, 0]));
  const { notices } = await load(folder);
  assert.equal(notices.length, 1);
  assert.match(notices[0], /^1 of the 13 training pictures are in that set more than once/);
});

test('every ending of a picture is taken, and capitals too; a cut JPEG is taken and named', async (t) => {
  const folder = temporaryFolder(t);
  await writePictures(folder, { cat: 5, dog: 5 });
  const data = Uint8Array.from({ length: 48 }, (_, index) => index);
  const picture = () => sharp(data, { raw: { width: 4, height: 4, channels: 3 } });
  const jpeg = await picture().jpeg().toBuffer();
  const files: Readonly<Record<string, Uint8Array>> = {
    'a.JPG': jpeg,
    'b.jpeg': jpeg,
    'c.jfif': jpeg,
    'd.WebP': await picture().webp().toBuffer(),
    'e.avif': await picture().avif().toBuffer(),
    'f.tif': await picture().tiff().toBuffer(),
    'g.TIFF': await picture().tiff().toBuffer(),
    'h.gif': await picture().gif().toBuffer(),
    'cut.jpg': jpeg.subarray(0, -2),
  };
  for (const [name, bytes] of Object.entries(files))
    writeFileSync(join(folder, 'cat', name), bytes);
  const { trainSet, testSet, skipped, notices } = await load(folder);
  assert.deepEqual([trainSet.size + testSet.size, skipped], [19, []]);
  assert.match(notices[0], /cut\.jpg lacks the last bytes of a JPEG file/);
});
