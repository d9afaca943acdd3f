import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  prepareCheckpointFolder,
  readNewestCheckpoint,
  writeCheckpoint,
} from '../../lib/training/checkpointFiles';
import { eachFolder } from '../temporaryFolder';

let directory: string;
eachFolder((folder) => (directory = folder));

const tensors = {
  variables: [
    { name: 'kernel', dtype: 'float32', shape: [2, 1], values: Float32Array.of(0.1, -Infinity) },
    { name: 'count', dtype: 'int32', shape: [], values: Int32Array.of(-7) },
  ],
} as const;

function checkpoint(step: number) {
  return { state: { step, loss: 0.1 + 0.2 }, tensors };
}

test('a checkpoint comes back as it was, to the last bit', async () => {
  await writeCheckpoint(directory, checkpoint(1));
  assert.deepEqual(await readNewestCheckpoint(directory), checkpoint(1));
});

test('tensors lie in their file as little-endian bytes without a header', async () => {
  await writeCheckpoint(directory, checkpoint(1));
  const bytes = await readFile(join(directory, 'checkpoint-000001', 'variables.bin'));
  // IEEE 754: 0.1 = 0x3dcccccd, -infinity = 0xff800000; two's complement: -7 = 0xfffffff9.
  assert.equal(bytes.toString('hex'), 'cdcccc3d' + '000080ff' + 'f9ffffff');
});

test('an empty folder holds no checkpoint', async () => {
  assert.equal(await readNewestCheckpoint(directory), undefined);
});

test('the two newest checkpoints are kept, and the newest one is read', async () => {
  for (const step of [1, 2, 3, 4]) await writeCheckpoint(directory, checkpoint(step));
  assert.deepEqual(await readdir(directory), ['checkpoint-000003', 'checkpoint-000004']);
  assert.equal((await readNewestCheckpoint<{ step: number }>(directory))?.state.step, 4);
});

test('what a killed process left behind is cleared away', async () => {
  await writeCheckpoint(directory, checkpoint(1));
  await writeFile(join(directory, '.checkpoint-000002.tmp-0123456789ab'), 'half');
  await writeFile(join(directory, 'notes.txt'), 'mine');
  await prepareCheckpointFolder(directory);
  assert.deepEqual((await readdir(directory)).sort(), ['checkpoint-000001', 'notes.txt']);
});

const damages: Record<string, (folder: string) => Promise<void>> = {
  'a truncated tensor file': (folder) => truncate(join(folder, 'variables.bin'), 8),
  'an empty tensor file': (folder) => truncate(join(folder, 'variables.bin'), 0),
  'a missing tensor file': (folder) => rm(join(folder, 'variables.bin')),
  'a flipped bit in a tensor': (folder) => flipBit(join(folder, 'variables.bin'), 5),
  'a truncated state': (folder) => truncate(join(folder, 'state.json'), 100),
  'an empty state': (folder) => truncate(join(folder, 'state.json'), 0),
  'a missing state': (folder) => rm(join(folder, 'state.json')),
  'a changed digit in the state': async (folder) => {
    const path = join(folder, 'state.json');
    await writeFile(path, (await readFile(path, 'utf8')).replace('"step":2', '"step":3'));
  },
  'another JSON': (folder) => writeFile(join(folder, 'state.json'), '[]'),
};

for (const [name, damage] of Object.entries(damages)) {
  test(`${name} is noticed; without that folder the earlier checkpoint is read`, async () => {
    await writeCheckpoint(directory, checkpoint(1));
    await writeCheckpoint(directory, checkpoint(2));
    const newest = join(directory, 'checkpoint-000002');
    await damage(newest);
    await assert.rejects(readNewestCheckpoint(directory), (error: Error) => {
      assert.match(error.message, /checkpoint is damaged/);
      assert.ok(error.message.includes(newest), error.message);
      assert.match(error.message, /to resume from the earlier checkpoint-000001/);
      return true;
    });
    await rm(newest, { recursive: true });
    assert.deepEqual(await readNewestCheckpoint(directory), checkpoint(1));
  });
}

test('a checkpoint of another version is refused', async () => {
  await writeCheckpoint(directory, checkpoint(1));
  const path = join(directory, 'checkpoint-000001', 'state.json');
  const content = (await readFile(path, 'utf8'))
    .replace(/^.*?"content":/, '')
    .slice(0, -2)
    .replace('"schemaVersion":2', '"schemaVersion":1');
  const sha256 = createHash('sha256').update(content).digest('hex');
  await writeFile(path, `{"sha256":"${sha256}","content":${content}}\n`);
  await assert.rejects(
    readNewestCheckpoint(directory),
    /version 2 .* but found version 1: resume it with the version .* or delete/,
  );
});

test('a vanished folder is an error, and is not made anew', async () => {
  await rm(directory, { recursive: true });
  await assert.rejects(writeCheckpoint(directory, checkpoint(1)), /it has vanished/);
  await assert.rejects(readdir(directory), /ENOENT/);
});

async function flipBit(path: string, position: number): Promise<void> {
  const bytes = await readFile(path);
  bytes[position] ^= 1;
  await writeFile(path, bytes);
}
