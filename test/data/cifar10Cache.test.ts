import assert from 'node:assert/strict';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { create } from 'tar';
import { sha256OfFile } from '../../lib/data/checksum';
import { loadCifar10 } from '../../lib/data/cifar10';
import { readCifar10Archive } from '../../lib/data/cifar10Archive';
import { downloadCifar10 } from '../../lib/data/cifar10Cache';
import { temporaryFolder } from '../temporaryFolder';
import { FILE_NAMES, patchFile, writeBlackCifar10 } from './cifar10Files';
import { serveFile } from './fileServer';

const FOLDER = 'cifar-10-batches-bin';
const ARCHIVE = 'cifar-10-binary.tar.gz';

delete process.env.CIFAR10_DIR; // it would come before the cache

/** Black pictures, packed as the official archive is, with a file in it that does not belong there. */
const packed = { folder: '', path: '', sizeBytes: 0, sha256: '' };

before(async () => {
  packed.folder = mkdtempSync(join(tmpdir(), 'image-classification-test-'));
  packed.path = join(packed.folder, ARCHIVE);
  const folder = join(packed.folder, FOLDER);
  writeBlackCifar10(folder);
  const names = 'airplane automobile bird cat deer dog frog horse ship truck';
  writeFileSync(join(folder, 'batches.meta.txt'), `${names.replaceAll(' ', '\n')}\n\n`);
  writeFileSync(join(folder, 'stranger.sh'), '#!/bin/sh');
  await create({ cwd: packed.folder, file: packed.path, gzip: { level: 1 } }, [FOLDER]);
  rmSync(folder, { recursive: true });
  packed.sizeBytes = statSync(packed.path).size;
  packed.sha256 = await sha256OfFile(packed.path);
});

after(() => rmSync(packed.folder, { recursive: true }));

function packedAt(url: string): { url: string; sizeBytes: number; sha256: string } {
  return { url, sizeBytes: packed.sizeBytes, sha256: packed.sha256 };
}

test('the archive is downloaded once, unpacked, and its files are checked at every load', async (t) => {
  const cacheDirectory = join(temporaryFolder(t), 'data');
  const server = await serveFile(t, packed.path);
  const options = { cacheDirectory, archive: packedAt(server.url), offline: false };
  const { source, trainSet } = await loadCifar10(options);
  // Not "official": that is only the archive with the published checksum.
  assert.deepEqual([source, trainSet.size], ['folder', 50_000]);
  assert.deepEqual(readdirSync(cacheDirectory), [FOLDER]);
  assert.deepEqual(
    readdirSync(join(cacheDirectory, FOLDER)).sort(),
    ['batches.meta.txt', 'checksums.json', ...FILE_NAMES].sort(), // and not stranger.sh
  );

  patchFile(join(cacheDirectory, FOLDER, 'data_batch_2.bin'), 1000, [1]);
  await assert.rejects(
    loadCifar10({ ...options, offline: true }),
    /data_batch_2\.bin to be as it was unpacked but its checksum differs: delete the folder .* and run/,
  );
  writeFileSync(join(cacheDirectory, FOLDER, 'checksums.json'), '{"files":{}}');
  await assert.rejects(loadCifar10(options), /Expected the checksums .* delete the folder/);
  assert.equal(server.requests.length, 1);
});

test('an archive is read where it lies', async () => {
  const { source, testSet } = await loadCifar10({ directory: packed.path });
  assert.deepEqual([source, testSet.size], ['folder', 10_000]);
  assert.deepEqual(readdirSync(packed.folder), [ARCHIVE]); // nothing was unpacked
});

test('an archive that is cut, or is something else, is told', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, ARCHIVE);
  copyFileSync(packed.path, path);
  truncateSync(path, Math.floor(packed.sizeBytes * 0.3));
  await assert.rejects(
    readCifar10Archive(path),
    /a whole \.tar\.gz archive .*unexpected end of file/,
  );
  writeFileSync(path, '<html>Not found</html>');
  await assert.rejects(readCifar10Archive(path), /a whole \.tar\.gz archive .*incorrect header/);
  await assert.rejects(readCifar10Archive(join(folder, 'x')), /there is no such file or folder/);

  mkdirSync(join(folder, 'cifar-10-batches-py'));
  writeFileSync(join(folder, 'cifar-10-batches-py', 'data_batch_1'), 'pickle');
  await create({ cwd: folder, file: path, gzip: true }, ['cifar-10-batches-py']);
  await assert.rejects(
    readCifar10Archive(path),
    /Expected data_batch_1\.bin, .* but found cifar-10-batches-py\/data_batch_1 \(6 bytes\)/,
  );
});

test('an archive with another checksum never reaches the cache', async (t) => {
  const folder = temporaryFolder(t);
  const { url } = await serveFile(t, packed.path);
  const archive = { ...packedAt(url), sha256: '0'.repeat(64) };
  await assert.rejects(downloadCifar10(folder, { archive, offline: false }), {
    name: 'DownloadError',
    failure: 'wrong content',
    message: /Expected the sha256 0000/,
  });
  assert.deepEqual(readdirSync(folder), []);
});

test('an archive that lies in the cache saves the download, unless it is another one', async (t) => {
  const folder = temporaryFolder(t);
  const archive = packedAt('http://localhost:9/');
  copyFileSync(packed.path, join(folder, ARCHIVE));
  assert.equal(await downloadCifar10(folder, { archive, offline: true }), join(folder, FOLDER));
  assert.deepEqual(readdirSync(folder), [FOLDER]);

  const other = temporaryFolder(t);
  writeFileSync(join(other, ARCHIVE), 'something else');
  await assert.rejects(
    downloadCifar10(other, { archive, offline: true }),
    /to be CIFAR-10's archive .* but found another file of 14 bytes: delete it/,
  );
  assert.deepEqual(readdirSync(other), [ARCHIVE]);
});

test('where nothing can be kept, what was downloaded serves all the same, and that is said', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'file'), '');
  const { url } = await serveFile(t, packed.path);
  const notices: string[] = [];
  const onNotice = (notice: string): number => notices.push(notice);
  const { trainSet } = await loadCifar10({
    cacheDirectory: join(folder, 'file', 'data'),
    archive: packedAt(url),
    offline: false,
    onNotice,
  });
  assert.equal(trainSet.size, 50_000);
  assert.match(notices.join(), /^CIFAR-10 cannot be kept and serves this run alone\. \(/);
  assert.deepEqual(readdirSync(folder), ['file']);
});

test('two at once share the cache without harm', async (t) => {
  const folder = temporaryFolder(t);
  const { url } = await serveFile(t, packed.path);
  const options = { archive: packedAt(url), offline: false };
  const both = [downloadCifar10(folder, options), downloadCifar10(folder, options)];
  assert.deepEqual(await Promise.all(both), [join(folder, FOLDER), join(folder, FOLDER)]);
  assert.deepEqual(readdirSync(folder), [FOLDER]);
  const { size } = statSync(join(folder, FOLDER, 'test_batch.bin'));
  assert.equal(size, 30_730_000);
});

test('nothing there and offline: rejects, and says how to get it', async (t) => {
  await assert.rejects(loadCifar10({ cacheDirectory: temporaryFolder(t), offline: true }), {
    name: 'DownloadError',
    failure: 'unreachable',
    message: /there is nothing, and downloading was ruled out .*pass its path with --data/,
  });
});
