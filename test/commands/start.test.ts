// What `npm start` refuses for every run before the first one begins.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inProject } from '../../tools/launcher/setup/project.mjs';
import { writePictures } from '../data/pictures';
import { temporaryFolder } from '../temporaryFolder';

/** Runs the launcher where the person stands. */
function start(from: string, ...args: readonly string[]) {
  const { DATA_DIR: _d, CIFAR10_DIR: _c, ...env } = process.env;
  return spawnSync(
    process.execPath,
    [inProject('tools', 'launcher', 'command.mjs'), 'start', '--offline', ...args],
    {
      env: { ...env, INIT_CWD: from },
      encoding: 'utf8',
    },
  );
}

test('what the second notebook cannot do is said before the first one runs', async (t) => {
  const folder = temporaryFolder(t);
  await writePictures(join(folder, 'photos '), { ant: 5, bee: 5, cat: 5 });
  await writePictures(join(folder, 'photos'), { dog: 5, elk: 5 });
  const place = ['--data', 'photos ', '--out', 'runs'];
  const cases: readonly [readonly string[], RegExp][] = [
    [
      [...place, '--set', 'fineTuneLimit=2'],
      /mobilenet-transfer-learning cannot run on these data\. Expected fineTuneLimit to be 0 .* at least 3/,
    ],
    [
      [...place, '--full', '--set', 'inputSize=1000000'],
      /mobilenet-transfer-learning .* 45000\.0 GB of free space .* 15 decoded pictures of 1000000 × 1000000/,
    ],
    [
      ['--set', 'testLimit=9', '--out', 'runs'],
      /mobilenet-transfer-learning .* Expected testLimit to be 0 .* at least 10/,
    ],
    [
      ['--data', 'photos.', '--out', 'runs'],
      /no such folder[^]*one folder of pictures for each class/,
    ],
    [
      ['--weights', 'none.h5', '--out', 'runs'],
      /--weights names .*none\.h5, and there is no such folder or file\.\nRemedy: Name an \.h5 file/,
    ],
  ];
  for (const [args, message] of cases) {
    const { status, stderr } = start(folder, ...args);
    assert.match(stderr, message);
    assert.equal(status, 1);
    assert.doesNotMatch(stderr, /^ +at /m); // no stack
  }
  assert.deepEqual(readdirSync(join(folder, 'runs')), []); // no run was begun
});
