import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isInstalled, removeOtherPlatforms } from '../../tools/launcher/setup/packages.mjs';
import { commonProblem, Problem, printProblem, wrapText } from '../../tools/launcher/problem.cjs';
import { registerKernel } from '../../tools/launcher/setup/kernel.mjs';
import { folderFingerprint, writeFileAtomic } from '../../tools/launcher/setup/project.mjs';
import { announce } from '../../tools/launcher/setup/report.mjs';
import { sharedFolder } from '../temporaryFolder';

const folder = sharedFolder();

const context = { index: 'the npm registry', offline: false, folder: '/project' };

for (const [output, message, remedy] of [
  ['npm error code ENOTFOUND', /npm registry could not be reached/, /network/],
  ['Errno -3] Temporary failure in name resolution', /could not be reached/, /proxy or mirror/],
  ['tar: write error: No space left on device', /The disk is full/, /Free some disk space/],
  ['EACCES: permission denied, mkdir', /No permission/, /writable/],
] as const) {
  test(`"${output}" is explained with its remedy`, () => {
    const problem = commonProblem('the npm packages', output, context);
    assert.match(problem?.message ?? '', message);
    assert.match(problem?.remedy ?? '', remedy);
    assert.match(problem?.details ?? '', /./);
  });
}

test('offline, a package that is not in the cache is no matter of the network', () => {
  const problem = commonProblem('Jupyter', 'npm error code ENOTCACHED', {
    ...context,
    offline: true,
  });
  assert.match(problem?.message ?? '', /--offline forbids/);
  assert.match(problem?.remedy ?? '', /without --offline/);
});

test('the kernel is registered for the user, again too, but takes no place from another one', async (t) => {
  const place = mkdtempSync(join(folder, 'jupyter-'));
  const { JUPYTER_DATA_DIR } = process.env;
  t.after(() => Object.assign(process.env, { JUPYTER_DATA_DIR }));
  process.env.JUPYTER_DATA_DIR = place;
  const file = join(place, 'kernels', 'tslab', 'kernel.json');
  assert.equal(await registerKernel('gpu'), file);
  await registerKernel('cpu');
  const spec = JSON.parse(readFileSync(file, 'utf8')) as { env: Record<string, string> };
  assert.equal(spec.env.KERNEL_DEVICE, 'cpu');
  writeFileSync(file, '{"argv": ["tslab"]}');
  await assert.rejects(registerKernel('cpu'), { remedy: /Rename its folder, or remove it/ });
  assert.equal(readFileSync(file, 'utf8'), '{"argv": ["tslab"]}');
});

test('lines break between words, as indented as they began; a path stays whole', () => {
  assert.equal(wrapText('one two three', 7), 'one two\nthree');
  assert.equal(wrapText('  one two three\nfour', 7), '  one\n  two\n  three\nfour');
  assert.equal(wrapText('see /a/long/path here', 8), 'see\n/a/long/path\nhere');
  assert.equal(wrapText('a  b\n', 80), 'a  b\n');
});

test('what a person has stopped is not called an error', () => {
  let text = '';
  const options = { remedy: 'To continue: …', exitCode: 130 };
  const code = printProblem(new Problem('All is kept.', options), (line: string) =>
    Boolean((text += line)),
  );
  assert.equal(code, 130);
  assert.equal(text, '\nAll is kept.\nTo continue: …\n');
});

test('an output that says something else is left to its step', () => {
  assert.equal(commonProblem('x', 'error TS2304: Cannot find name', context), undefined);
});

const wanted = {
  packages: {
    '': { name: 'project' },
    'shims/a': { version: '1.0.0' },
    'node_modules/a': { resolved: 'shims/a', link: true },
    'node_modules/b': { version: '2.0.0', integrity: 'sha512-b' },
    'node_modules/b-darwin': { version: '2.0.0', integrity: 'sha512-d', optional: true },
  },
};

test("packages are in when npm's own record agrees; those of other platforms may lack", () => {
  const here: Record<string, object> = { ...wanted.packages };
  delete here['node_modules/b-darwin'];
  assert.equal(isInstalled(wanted, { packages: here }), true);
});

test('a missing record, a missing package, another version, other bytes or another folder: not installed', () => {
  const b = wanted.packages['node_modules/b'];
  const installedAs = (replacement: object) => ({
    packages: { ...wanted.packages, ...replacement },
  });
  assert.equal(isInstalled(wanted, undefined), false);
  assert.equal(isInstalled(wanted, installedAs({ 'node_modules/b': undefined })), false);
  const older = { ...b, version: '1.9.0' };
  assert.equal(isInstalled(wanted, installedAs({ 'node_modules/b': older })), false);
  const other = { ...b, integrity: 'sha512-c' };
  assert.equal(isInstalled(wanted, installedAs({ 'node_modules/b': other })), false);
  const elsewhere = { ...wanted.packages['node_modules/a'], resolved: 'a' };
  assert.equal(isInstalled(wanted, installedAs({ 'node_modules/a': elsewhere })), false);
});

test("of a package for every platform this one's files are kept", () => {
  const place = mkdtempSync(join(folder, 'platforms-'));
  for (const each of ['linux/x64', 'linux/arm64', 'darwin/arm64']) {
    mkdirSync(join(place, 'napi-v6', each), { recursive: true });
    writeFileSync(join(place, 'napi-v6', each, 'library'), each);
  }
  removeOtherPlatforms(place, { platform: 'linux', arch: 'x64' });
  const files = readdirSync(place, { recursive: true, encoding: 'utf8' });
  assert.deepEqual(
    files.filter((file) => file.endsWith('library')),
    [join('napi-v6', 'linux', 'x64', 'library')],
  );
  removeOtherPlatforms(join(place, 'nothing'));
});

test("a folder's fingerprint follows content and names, and only of the files that count", () => {
  const place = mkdtempSync(join(folder, 'print-'));
  const isSource = (name: string) => name.endsWith('.ts');
  const print = () => folderFingerprint(place, isSource);
  writeFileAtomic(join(place, 'deep', 'a.ts'), '1');
  const first = print();
  writeFileSync(join(place, 'note.md'), 'x');
  assert.equal(print(), first);
  writeFileSync(join(place, 'deep', 'a.ts'), '2');
  const edited = print();
  assert.notEqual(edited, first);
  writeFileAtomic(join(place, 'deep', 'b.ts'), '2');
  rmSync(join(place, 'deep', 'a.ts'));
  assert.notEqual(print(), edited);
});

test('a file is replaced in one step and leaves nothing beside it', () => {
  const place = mkdtempSync(join(folder, 'atomic-'));
  writeFileAtomic(join(place, 'a.json'), '1');
  writeFileAtomic(join(place, 'a.json'), '2');
  assert.deepEqual(readdirSync(place), ['a.json']);
  assert.ok(existsSync(join(place, 'a.json')));
});

test('the steps are announced with what they download and need on the disk', () => {
  let text = '';
  const steps = [
    { name: 'packages', downloadMb: 160, diskMb: 670 },
    { name: 'TensorFlow', downloadMb: 274, diskMb: 860 },
    { name: 'kernel', downloadMb: 0, diskMb: 0 },
  ];
  announce(steps, { freeMb: 76_000, write: (line: string) => (text += line) });
  assert.equal(
    text,
    'Set-up: 3 steps to do, up to 434 MB to download, 1.5 GB on the disk (76.0 GB free)\n' +
      '  - packages, 160 MB download, 670 MB disk\n' +
      '  - TensorFlow, 274 MB download, 860 MB disk\n' +
      '  - kernel\n',
  );
});
