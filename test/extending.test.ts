// The examples of docs/extending.md: applied to a copy of the project, compiled, and run.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { before, test } from 'node:test';
import { sharedFolder } from './temporaryFolder';

const root = resolve(__dirname, '..');
const copy = sharedFolder();

/** The blocks of the document: commits and the code that tries them, by the heading above. */
const examples = readFileSync(join(root, 'docs/extending.md'), 'utf8')
  .split(/^## /m)
  .slice(1)
  .map((section) => ({
    name: section.split('\n', 1)[0],
    commit: /^```diff\n([^]*?)^```$/m.exec(section)?.[1] ?? '',
    code: /^```ts\n([^]*?)^```$/m.exec(section)?.[1] ?? '',
  }));

before(() => {
  for (const part of [
    'lib',
    'tools/commands',
    'tools/launcher',
    'tools/notebookCells.mjs',
    'package.json',
    'tsconfig.json',
  ]) {
    cpSync(join(root, part), join(copy, part), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  for (const { commit } of examples) {
    execFileSync('git', ['apply', '--unidiff-zero', '-'], { cwd: copy, input: commit });
  }
  for (const [index, { code }] of examples.entries()) {
    writeFileSync(join(copy, `example${index}.ts`), code);
  }
});

test('there is an example of each kind of extension', () => {
  assert.deepEqual(
    examples.map(({ name }) => name),
    ['A model', 'A metric', 'An augmentation', 'A figure', 'A command'],
  );
});

test('the library compiles with all five', () => {
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const { stdout, status } = spawnSync(process.execPath, [compiler, '--noEmit', '-p', copy], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stdout);
});

for (const [index, { name }] of examples.entries()) {
  test(`${name} works as the document says`, () => {
    const args = ['--import', 'tsx', `example${index}.ts`];
    const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8' });
    assert.equal(stdout, 'true\n', stderr);
  });
}
