import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { describeCommit, describeMachine } from '../../lib/runs/machine';
import { sharedFolder } from '../temporaryFolder';

const folder = sharedFolder();

function git(...args: string[]): string {
  const identity = ['-c', 'user.name=A Tester', '-c', 'user.email=tester@example.org'];
  return execFileSync('git', ['-C', folder, ...identity, ...args], { encoding: 'utf8' }).trim();
}

test('a folder that git does not know has no commit', () => {
  assert.equal(describeCommit(folder), null);
});

test('a clone is described by its commit, and as dirty once a known file changed', () => {
  git('init', '--quiet');
  writeFileSync(join(folder, 'a.txt'), 'first');
  git('add', 'a.txt');
  git('commit', '--quiet', '-m', 'First');
  const commit = git('rev-parse', 'HEAD');
  assert.deepEqual(describeCommit(folder), { commit, dirty: false });

  writeFileSync(join(folder, 'new.txt'), 'unknown to git');
  assert.deepEqual(describeCommit(folder), { commit, dirty: false });

  writeFileSync(join(folder, 'a.txt'), 'second');
  assert.deepEqual(describeCommit(folder), { commit, dirty: true });

  // An archive unpacked inside somebody else's repository: that commit says nothing about it.
  mkdirSync(join(folder, 'unpacked'));
  assert.equal(describeCommit(join(folder, 'unpacked')), null);
});

test('what is written about the code, and outputs that Jupyter saved, make no clone dirty; a cell does', () => {
  const file = join(folder, 'story.ipynb');
  const notebook = (source: string | string[], outputs: object[]) =>
    writeFileSync(file, JSON.stringify({ cells: [{ cell_type: 'code', source, outputs }] }));
  notebook('const epochs = 3;\nrun();', []);
  writeFileSync(join(folder, 'README.md'), 'first');
  git('add', '.');
  git('commit', '--quiet', '-m', 'Notebook');
  const isDirty = () => describeCommit(folder)?.dirty;
  assert.equal(isDirty(), false);
  writeFileSync(join(folder, 'README.md'), 'second');
  notebook(['const epochs = 3;\n', 'run();'], [{ output_type: 'stream', text: 'done' }]);
  assert.equal(isDirty(), false);
  notebook('const epochs = 4;\nrun();', []);
  assert.equal(isDirty(), true);
  writeFileSync(file, 'half a noteb');
  assert.equal(isDirty(), true);
  rmSync(file);
  assert.equal(isDirty(), true);
});

test('a working copy makes a run dirty by its cells, not by its outputs or parameters', () => {
  const cell = (source: string, tags: string[] = []) => ({
    cell_type: 'code',
    source,
    metadata: { tags },
  });
  const write = (place: string, ...cells: object[]) => {
    mkdirSync(join(folder, place), { recursive: true });
    writeFileSync(join(folder, place, 'copied.ipynb'), JSON.stringify({ cells }));
  };
  const parameters = (epochs: number) => cell(`const p = { epochs: ${epochs} };`, ['parameters']);
  write('notebooks', parameters(3), cell('run();'));
  git('add', '.');
  git('commit', '--quiet', '-m', 'Notebook to copy');
  const isDirty = () => describeCommit(folder, 'copied')?.dirty;
  write('work', parameters(3), { ...cell('run();'), outputs: [{ output_type: 'stream' }] });
  assert.equal(isDirty(), false);
  write('work', parameters(4), cell('run();'));
  assert.equal(isDirty(), false, 'the record holds the parameters');
  write('work', parameters(3), cell('run(2);'));
  assert.equal(isDirty(), true);
  assert.equal(describeCommit(folder)?.dirty, false, 'another run is not concerned');
});

test('the machine is described by its kind and size alone', () => {
  const machine = describeMachine();
  assert.deepEqual(Object.keys(machine).sort(), ['cores', 'cpu', 'memoryBytes', 'platform']);
  assert.ok(machine.cores >= 1 && machine.memoryBytes > 0);
});
