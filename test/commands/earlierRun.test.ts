import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, test } from 'node:test';
import { findRunFolder } from '../../lib/runs/findRuns';
import type { Notebook } from '../../lib/notebook';
import {
  differences,
  type Launch,
  newParameters,
  planAgain,
  planResume,
  writeLaunch,
} from '../../tools/commands/run/earlierRun';
import { sharedFolder } from '../temporaryFolder';

const parent = sharedFolder();

const cell = (more = ''): string =>
  `const p = ml.parameters({\n  epochs: 8,\n${more}  seed: 42,\n});`;
const source = cell();
const notebook = {
  nbformat_minor: 5,
  cells: [{ cell_type: 'code', source, metadata: { tags: ['parameters'] } }],
};
const readNotebook = (): Notebook => notebook;

/** A record that a notebook wrote, with other parameters. */
const record = {
  ...(JSON.parse(
    readFileSync(join(__dirname, '../../docs/records/using-cifar.json'), 'utf8'),
  ) as object),
  seed: 9,
  parameters: { epochs: 2, seed: 7 },
};
const launch: Launch = {
  notebook: 'using-cifar',
  preset: 'full',
  values: { epochs: 3 },
  data: '/pictures',
  weights: '/weights.h5',
  offline: true,
  device: 'cpu',
};

let directory = '';
beforeEach((context) => {
  directory = join(parent, String(context.name).replace(/\W+/g, '-').slice(0, 40));
  mkdirSync(directory, { recursive: true });
});

function write(file: string, content: unknown): void {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  writeFileSync(join(directory, file), text);
}

test('a complete run is repeated with all its parameters and the data it was started with', async () => {
  write('run.json', record);
  await writeLaunch(directory, launch);
  const plan = planAgain(directory, readNotebook);
  assert.deepEqual(plan.values, { epochs: 2, seed: 7 });
  assert.equal(plan.name, 'using-cifar');
  assert.deepEqual([plan.data, plan.weights], ['/pictures', '/weights.h5']);
  assert.equal(plan.offline, true);
});

test('a parameter that the notebook does not record is taken from the launch', async () => {
  write('run.json', { ...record, parameters: {} });
  await writeLaunch(directory, launch);
  assert.equal(planAgain(directory, readNotebook).values.epochs, 3);
});

test('a run from Jupyter, which no launcher started, is repeated too', () => {
  write('run.json', record);
  const plan = planAgain(directory, readNotebook);
  assert.equal(plan.data, undefined);
  assert.equal(plan.offline, false);
});

test('a run that is not complete is resumed, not repeated', async () => {
  await writeLaunch(directory, launch);
  assert.throws(() => planAgain(directory, readNotebook), /is not complete/);
  const plan = planResume(directory, readNotebook);
  assert.equal(plan.weights, launch.weights);
  assert.deepEqual(plan.values, { epochs: 3 });
  assert.equal(plan.preset, 'full');
  assert.deepEqual(planResume(directory, readNotebook, ['epochs=4']).values, { epochs: 4 });
});

test('a complete run is repeated, not resumed', async () => {
  write('run.json', record);
  await writeLaunch(directory, launch);
  assert.throws(
    () => planResume(directory, readNotebook),
    /is complete: there is nothing to resume/,
  );
});

test('a run at work is not resumed beside itself; a process of the same number is no hindrance', async () => {
  await writeLaunch(directory, launch);
  const path = join(directory, 'launch.json');
  const atWork = { ...(JSON.parse(readFileSync(path, 'utf8')) as object), pid: process.ppid };
  write('launch.json', { ...atWork, start: undefined });
  assert.throws(() => planResume(directory, readNotebook), /is still at work \(process \d+\)/);
  write('launch.json', { ...atWork, start: '1' });
  assert.equal(planResume(directory, readNotebook).preset, 'full');
});

test('a repeated run takes the seed of the record, and names parameters that are new since', () => {
  write('run.json', { ...record, parameters: { epochs: 2 }, seed: 11 });
  const more = cell('  momentum: 0.9,\n');
  const grown = {
    ...notebook,
    cells: [{ cell_type: 'code', source: more, metadata: { tags: ['parameters'] } }],
  };
  const plan = planAgain(directory, () => grown);
  assert.deepEqual(plan.values, { seed: 11, epochs: 2 });
  assert.deepEqual(newParameters(plan), ['The parameter momentum is new since then: 0.9.']);
  // A resumed run was only told what it should have different from the notebook.
  assert.deepEqual(newParameters({ ...plan, repeats: undefined }), []);
});

test('a record that is cut off, empty or of something else is refused by name', () => {
  for (const content of ['', '{"notebook": "using', 'null', '[]', '{"notebook":"using-cifar"}']) {
    write('run.json', content);
    assert.throws(() => planAgain(directory, readNotebook), /run\.json is no record of a run/);
  }
});

test('a parameter that the notebook no longer has is named', () => {
  write('run.json', { ...record, parameters: { epoch: 2 } });
  assert.throws(() => planAgain(directory, readNotebook), /There is no parameter epoch/);
});

test('a run is found by id or by path, and near misses are suggested', async () => {
  write('run.json', record);
  const id = directory.slice(parent.length + 1);
  const options = { parents: [parent], from: tmpdir(), complete: true };
  assert.equal(await findRunFolder(id, options), directory);
  assert.equal(await findRunFolder(directory, options), directory);
  await assert.rejects(
    findRunFolder(`${id}x`, options),
    new RegExp(`found none for "${id}x": did you mean .*${id}`),
  );
});

test('a run is found by the beginning of its id in any of the folders, or as the latest of its kind', async () => {
  const make = (folder: string, id: string, file: string): string => {
    mkdirSync(join(directory, folder, id), { recursive: true });
    writeFileSync(join(directory, folder, id, file), '{}');
    return join(directory, folder, id);
  };
  make('a', '20260101-cifar', 'run.json');
  const complete = make('b', '20260102-cifar', 'run.json');
  const unfinished = make('b', '20260103-cifar', 'launch.json');
  mkdirSync(join(directory, 'b', '20260104-no-run'));
  const parents = ['a', 'b', 'gone'].map((folder) => join(directory, folder));
  const options = { parents, from: tmpdir(), complete: true };
  assert.equal(await findRunFolder('20260102', options), complete);
  assert.equal(await findRunFolder('latest', options), complete);
  assert.equal(await findRunFolder('latest', { ...options, complete: false }), unfinished);
  await assert.rejects(
    findRunFolder('2026010', options),
    /means 3 \(20260101-cifar, 20260102-cifar, 20260103-cifar\)/,
  );
  await assert.rejects(
    findRunFolder('latest', { ...options, parents: parents.slice(0, 1), complete: false }),
    /Expected an unfinished run but there is none/,
  );
});

test('what changed since is named: commit, versions, processor, threads', () => {
  const now = {
    git: { commit: 'bbbbbbbbbbbb', dirty: false },
    versions: { node: '22.1.0', tensorflow: '2.21.0', tfjs: '4.22.0', tslab: '1.0.22' },
    threads: 2,
    machine: { cpu: 'B' },
  };
  const before = {
    git: { commit: 'aaaaaaaaaaaa', dirty: false },
    versions: { ...now.versions, node: '20.0.0' },
    threads: 8,
    machine: { cpu: 'A' },
  };
  assert.deepEqual(differences(before, now), [
    'The code: commit aaaaaaaaaa then, bbbbbbbbbb now.',
    'node: 20.0.0 then, 22.1.0 now.',
    'The processor: A then, B now.',
    'Threads: 8 then, 2 now; sums are rounded in another order.',
  ]);
  assert.deepEqual(differences(now, now), []);
  assert.deepEqual(differences({ ...now, device: 'gpu' }, { ...now, device: 'cpu' }), [
    'The device: gpu then, cpu now.',
  ]);
});
