// npm run lab up to the moment at which JupyterLab would start.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { labEnvironment } from '../../tools/commands/run/checkData';
import { userFolder } from '../../tools/commands/program';
import { copiesFolder, inProject } from '../../tools/launcher/setup/project.mjs';
import { writePictures } from '../data/pictures';
import { temporaryFolder } from '../temporaryFolder';

/** What a command says about the same --data, without its first blank line. */
function said(from: string, command: readonly string[], data: string) {
  const { DATA_DIR: _d, CIFAR10_DIR: _c, ...env } = process.env;
  const args = [...command, '--data', data];
  const { status, stderr } = spawnSync(process.execPath, args, {
    env: { ...env, INIT_CWD: from },
    encoding: 'utf8',
  });
  return { status, stderr };
}

test('--data is refused in the words of npm start', async (t) => {
  const folder = temporaryFolder(t);
  await writePictures(join(folder, 'few'), { ant: 5, bee: 1 });
  const lab = [inProject('tools', 'launcher', 'lab.mjs')];
  const start = [inProject('tools', 'launcher', 'command.mjs'), 'start', '--offline'];
  for (const [data, words] of [
    [
      'nowhere',
      /^\nError: --data names .*nowhere, and there is no such folder or file\.\nRemedy: /,
    ],
    ['few', /^\nError: using-cifar cannot run on these data\. Expected .*bee/],
  ] as const) {
    const answer = said(folder, lab, data);
    assert.match(answer.stderr, words);
    assert.deepEqual(answer, said(folder, start, data));
    assert.equal(answer.status, 1);
  }
});

test('the kernel gets absolute paths, whatever folder it works in', async (t) => {
  const folder = temporaryFolder(t);
  await writePictures(folder, { ant: 5, bee: 5, cat: 5, dog: 5, elk: 5 });
  const before = process.env;
  t.after(() => (process.env = before));
  process.env = { ...before, DATA_DIR: 'elsewhere', CIFAR10_DIR: 'cifar', MOBILENETV2_DIR: '' };
  assert.deepEqual(await labEnvironment(folder), {
    DATA_DIR: folder,
    CIFAR10_DIR: join(userFolder, 'cifar'),
  });
  assert.equal((await labEnvironment()).DATA_DIR, join(userFolder, 'elsewhere'));
});

test('the working copies are ignored by git and lie beside lib', () => {
  const ignored = readFileSync(inProject('.gitignore'), 'utf8').split('\n');
  assert.ok(ignored.includes(`/${basename(copiesFolder)}/`));
  assert.equal(join(copiesFolder, '..', 'lib'), inProject('lib'));
});
