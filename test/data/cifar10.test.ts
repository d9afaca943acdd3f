import assert from 'node:assert/strict';
import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadCifar10 } from '../../lib/data/cifar10';
import { countByClass } from '../../lib/data/dataset';
import { temporaryFolder } from '../temporaryFolder';
import { patchFile, writeBlackCifar10 } from './cifar10Files';
import { bytesOf } from '../bytesOf';

const realFolder = process.env.CIFAR10_DIR;
delete process.env.CIFAR10_DIR;

test('CIFAR10_DIR names a folder around the six files: 60,000 pictures, called "folder"', async (t) => {
  const outer = temporaryFolder(t);
  const folder = join(outer, 'cifar-10-batches-bin');
  writeBlackCifar10(folder);
  patchFile(join(folder, 'data_batch_5.bin'), 30_730_000 - 3073, [7, 200]); // the last training picture
  patchFile(join(folder, 'test_batch.bin'), 3073, [9]);
  process.env.CIFAR10_DIR = outer;
  t.after(() => delete process.env.CIFAR10_DIR);
  const { name, source, trainSet, testSet, valSet } = await loadCifar10();
  assert.deepEqual([name, source, valSet], ['CIFAR-10', 'folder', undefined]);
  assert.deepEqual([trainSet.size, testSet.size], [50_000, 10_000]);
  assert.equal(bytesOf(trainSet).length, 50_000 * 3072);
  assert.equal(trainSet.labels[49_999], 7);
  assert.equal(bytesOf(trainSet)[49_999 * 3072], 200);
  assert.equal(testSet.labels[1], 9);
});

test('a broken folder is an error that names the file and the remedy', async (t) => {
  const folder = temporaryFolder(t);
  const loading = (): Promise<unknown> => loadCifar10({ directory: folder });
  await assert.rejects(loading(), /Expected CIFAR-10's binary files .* an empty folder: pass /);

  writeBlackCifar10(folder);
  truncateSync(join(folder, 'data_batch_1.bin'), 3073 * 9999); // whole records, but one is missing
  await assert.rejects(loading(), {
    message:
      'Expected 30730000 bytes (10000 records of 3073) but found 30726927 in ' +
      `${folder}/data_batch_1.bin: replace it with the one in cifar-10-binary.tar.gz.`,
  });
  truncateSync(join(folder, 'data_batch_1.bin'), 30_730_000);
  patchFile(join(folder, 'data_batch_2.bin'), 3073 * 4, [10]);
  await assert.rejects(loading(), /label from 0 to 9 but found 10 in record 4 of .*data_batch_2/);

  rmSync(join(folder, 'data_batch_3.bin'));
  rmSync(join(folder, 'test_batch.bin'));
  await assert.rejects(loading(), /found no data_batch_3\.bin, test_batch\.bin/);
});

test('what is near CIFAR-10 but is not is told apart', async (t) => {
  const folder = temporaryFolder(t);
  await assert.rejects(loadCifar10({ directory: join(folder, 'x') }), /no such folder or file/);
  writeFileSync(join(folder, 'data_batch_1'), '');
  await assert.rejects(loadCifar10({ directory: folder }), /that is the Python version/);
  writeBlackCifar10(folder);
  writeFileSync(join(folder, 'batches.meta.txt'), 'apple\nbear\n');
  await assert.rejects(loadCifar10({ directory: folder }), /found apple, bear: pass the folder of/);
});

test('loading stops when its signal says so', async (t) => {
  const folder = temporaryFolder(t);
  writeBlackCifar10(folder);
  const signal = AbortSignal.abort(new Error('enough'));
  await assert.rejects(loadCifar10({ directory: folder, signal }), /enough/);
});

test('an unknown option is refused', async () => {
  const options = { folder: '/data' } as object;
  await assert.rejects(loadCifar10(options), /Expected the options of loadCifar10 .* "folder"/);
});

test('the real files hold 5,000 and 1,000 pictures of each class, with the known mean', async (t) => {
  if (realFolder === undefined) return t.skip('CIFAR10_DIR names no folder with CIFAR-10');
  const start = performance.now();
  const { trainSet, testSet } = await loadCifar10({ directory: realFolder });
  t.diagnostic(`read and parsed in ${((performance.now() - start) / 1000).toFixed(2)} s`);
  assert.deepEqual(countByClass(trainSet), new Array(10).fill(5000));
  assert.deepEqual(countByClass(testSet), new Array(10).fill(1000));
  // The published mean of the training set's red channel; every fifth picture gives it to .002.
  let sum = 0;
  let count = 0;
  for (let image = 0; image < trainSet.size; image += 5) {
    for (let red = image * 3072; red < (image + 1) * 3072; red += 3, count++) {
      sum += bytesOf(trainSet)[red];
    }
  }
  assert.ok(Math.abs(sum / count / 255 - 0.4914) < 0.002, `${sum / count / 255}`);
});
