import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileError, recoverFolder, writeFileAtomic, writeFolderAtomic } from '../lib/atomicFile';
import { temporaryFolder } from './temporaryFolder';

test('a file is written, with the folders on the way, and replaced', async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, 'runs', 'a', 'run.json');
  await writeFileAtomic(path, 'one');
  await writeFileAtomic(path, new Uint8Array([116, 119, 111]));
  assert.equal(readFileSync(path, 'utf8'), 'two');
  assert.deepEqual(readdirSync(join(folder, 'runs', 'a')), ['run.json']);
});

test('twenty writers at once leave one whole file and one whole folder', async (t) => {
  const folder = temporaryFolder(t);
  const writers = Array.from({ length: 20 }, async (_, index) => {
    const content = String(index).repeat(10_000);
    await writeFileAtomic(join(folder, 'file'), content);
    await writeFolderAtomic(join(folder, 'folder'), async (inside) => {
      await writeFile(join(inside, 'first'), content);
      await writeFile(join(inside, 'second'), content);
    });
  });
  await Promise.all(writers);
  assert.deepEqual(readdirSync(folder).sort(), ['file', 'folder']);
  const first = readFileSync(join(folder, 'folder', 'first'), 'utf8');
  assert.equal(readFileSync(join(folder, 'folder', 'second'), 'utf8'), first);
});

test('a folder whose filling fails leaves the old one as it was', async (t) => {
  const path = join(temporaryFolder(t), 'model');
  await writeFolderAtomic(path, (inside) => writeFile(join(inside, 'weights'), 'old'));
  const failing = writeFolderAtomic(path, async (inside) => {
    await writeFile(join(inside, 'weights'), 'half');
    throw new Error('the training was stopped');
  });
  await assert.rejects(failing, /the training was stopped/);
  assert.equal(readFileSync(join(path, 'weights'), 'utf8'), 'old');
  assert.deepEqual(readdirSync(join(path, '..')), ['model']);
});

test('replacing a folder leaves no file of the old one', async (t) => {
  const path = join(temporaryFolder(t), 'model');
  await writeFolderAtomic(path, (inside) => writeFile(join(inside, 'old'), ''));
  await writeFolderAtomic(path, (inside) => writeFile(join(inside, 'new'), ''));
  assert.deepEqual(readdirSync(path), ['new']);
});

test('a folder that a kill left aside is put back, but never over a newer one', async (t) => {
  const path = join(temporaryFolder(t), 'model');
  await writeFolderAtomic(path, (inside) => writeFile(join(inside, 'weights'), 'old'));
  renameSync(path, `${path}.previous`); // the state between the two renames
  await recoverFolder(path);
  assert.equal(readFileSync(join(path, 'weights'), 'utf8'), 'old');
  mkdirSync(`${path}.previous`);
  await recoverFolder(path);
  assert.equal(readFileSync(join(path, 'weights'), 'utf8'), 'old');
  await recoverFolder(join(path, '..', 'nothing there'));
});

test('killed at any instant, a folder is one version or the other', async (t) => {
  const path = join(temporaryFolder(t), 'model');
  for (let kill = 0; kill < 5; kill++) {
    const program = ['--import', 'tsx', join(__dirname, 'rewriteFolder.ts'), path];
    const writer = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(writer.stdout, 'data'); // it writes
    await sleep(7 * kill);
    writer.kill('SIGKILL');
    await once(writer, 'exit');
    await recoverFolder(path);
    const first = readFileSync(join(path, 'first'), 'utf8');
    assert.equal(readFileSync(join(path, 'inner', 'second'), 'utf8'), first);
  }
});

test('what a killed process left is cleared away after a day', async (t) => {
  const folder = temporaryFolder(t);
  const [old, recent] = ['.run.json.tmp-old', '.run.json.tmp-recent'].map((n) => join(folder, n));
  writeFileSync(old, '');
  writeFileSync(recent, '');
  const twoDaysAgo = Date.now() / 1000 - 2 * 24 * 3600;
  utimesSync(old, twoDaysAgo, twoDaysAgo);
  await writeFileAtomic(join(folder, 'run.json'), '{}');
  assert.ok(!existsSync(old));
  assert.ok(existsSync(recent));
});

test('a file in the way is told with its path', async (t) => {
  const file = join(temporaryFolder(t), 'file');
  writeFileSync(file, '');
  await assert.rejects(writeFileAtomic(join(file, 'below'), ''), (error: Error) => {
    assert.ok(error.message.startsWith(`Expected to write ${join(file, 'below')} but `));
    return true;
  });
});

test('the file system’s refusals are told in words, with a remedy', () => {
  const refusal = (code: string): Error =>
    fileError(Object.assign(new Error('raw'), { code }), 'write data/runs/latest');
  assert.equal(
    refusal('ENOSPC').message,
    'Expected to write data/runs/latest but the disk is full: free some space and run again (ENOSPC).',
  );
  assert.match(refusal('EACCES').message, /no permission: .*choose another place/);
  assert.match(refusal('EROFS').message, /read-only/);
  assert.equal(refusal('EWEIRD').message, 'raw'); // unknown: passed on unchanged
});
