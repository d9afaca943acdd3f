// A plan becomes rows, a row one run; what cannot work is said before anything runs.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { cancelSweep } from '../../tools/commands/sweep/cancel';
import { localJobs } from '../../tools/commands/sweep/local';
import {
  createSweep,
  openSweep,
  planRows,
  readPlan,
  rowFolder,
  rowText,
  type Sweep,
} from '../../tools/commands/sweep/plan';
import { runRow } from '../../tools/commands/sweep/row';
import { queuedJobs, slurmScript, taskArrays } from '../../tools/commands/sweep/slurm';
import { countsText, rowStates, statusText } from '../../tools/commands/sweep/status';
import { temporaryFolder } from '../temporaryFolder';
import { writePlan } from './tinyPlan';

async function makeSweep(t: TestContext, text: string): Promise<Sweep> {
  const folder = temporaryFolder(t);
  const plan = readPlan(writePlan(folder, text));
  const sweep = { folder: join(folder, 'sweep'), plan, ...(await planRows(plan)) };
  await createSweep(sweep);
  return sweep;
}

const EIGHT = `
set: { optimizer: sgd }
grid: { learningRate: [0.1, 0.01] }
list: [{}, { epochs: 5 }]
seeds: [1, 2]
`;

test('a plan in YAML: lists, combinations and seeds become rows, each with every parameter', async (t) => {
  const sweep = await makeSweep(t, EIGHT);
  const values = sweep.rows.map(({ values: { epochs, learningRate, seed } }) => {
    return [epochs, learningRate, seed];
  });
  assert.deepEqual(values, [
    [2, 0.1, 1],
    [2, 0.1, 2],
    [2, 0.01, 1],
    [2, 0.01, 2],
    [5, 0.1, 1],
    [5, 0.1, 2],
    [5, 0.01, 1],
    [5, 0.01, 2],
  ]);
  assert.ok(sweep.rows.every(({ values: { optimizer } }) => optimizer === 'sgd'));
  assert.equal(rowText(sweep, sweep.rows[5]), 'epochs = 5, learningRate = 0.1, seed = 2');
  assert.equal(new Set(sweep.rows.map(({ id }) => id)).size, 8);
  assert.deepEqual(openSweep(sweep.folder).rows, sweep.rows);
});

test('the folder of a row is named by what it runs, not by its place in the plan', async (t) => {
  const [first] = (await makeSweep(t, 'seeds: [7, 8]')).rows;
  const [, second] = (await makeSweep(t, 'seeds: [6, 7]')).rows;
  const [full] = (await makeSweep(t, 'preset: full\nseeds: [7]')).rows;
  assert.equal(second.id, first.id);
  assert.notEqual(full.id, first.id);
  assert.equal(full.values.epochs, 9);
});

test('a plan that cannot work is refused with what to do', async (t) => {
  const cases: [string, RegExp][] = [
    ['seeds: []', /gives no run: one of its lists is empty/],
    ['grid: { learningrate: [1] }', /no parameter learningrate \(the plan\)/],
    ['grid: { epochs: [two] }', /epochs takes a finite number; received "two"/],
    ['grid: { epochs: 3 }', /Expected grid to be a list of values for each parameter/],
    ['list: [{}, { epochs: 2 }]', /Rows 0 and 1 of the plan are the same run/],
    ['sedes: [1]', /received "sedes": did you mean "seeds"\?/],
    ['seeds: [1', /plan\.yaml cannot be read: /],
    ['data: nowhere', /--data names .*nowhere, and there is no such folder/],
    ['baseline: nowhere', /Expected a run's id or folder but found none for "nowhere"/],
    ['preset: long', /Expected preset to be one of "quick", "full"/],
  ];
  for (const [text, message] of cases) {
    const file = writePlan(temporaryFolder(t), text);
    await assert.rejects(async () => planRows(readPlan(file)), { message }, text);
  }
  const near = writePlan(temporaryFolder(t), 'set: { epocs: 1 }');
  await assert.rejects(planRows(readPlan(near)), { remedy: 'Did you mean epochs?' });
});

test('a folder that belongs to another plan, is missing or was changed is refused', async (t) => {
  const sweep = await makeSweep(t, 'seeds: [1, 2]');
  await createSweep(sweep); // the same plan again
  const other = { ...sweep, rows: sweep.rows.slice(0, 1) };
  await assert.rejects(createSweep(other), /belongs to another plan: rows\.jsonl differs/);
  assert.throws(() => openSweep(join(sweep.folder, 'no')), /There is no sweep in .* has no rows/);
  const file = join(sweep.folder, 'rows.jsonl');
  writeFileSync(file, readFileSync(file, 'utf8').replace('"seed":2', '"seed":3'));
  assert.throws(() => openSweep(sweep.folder), /Line 2 of .*rows\.jsonl was changed/);
});

/** What a row's run has written so far. */
function writeRun(sweep: Sweep, row: number, events: readonly object[], launch?: object): string {
  const directory = rowFolder(sweep, sweep.rows[row]);
  mkdirSync(directory, { recursive: true });
  const lines = events.map((event) => `${JSON.stringify(event)}\n`);
  writeFileSync(join(directory, 'progress.jsonl'), lines.join(''));
  if (launch) writeFileSync(join(directory, 'launch.json'), JSON.stringify(launch));
  return directory;
}

test('a row whose folder was changed fails, and its status says so', async (t) => {
  const sweep = await makeSweep(t, 'seeds: [1, 2]');
  const [row] = sweep.rows;
  writeRun(sweep, 0, [], { ...row, values: { ...row.values, epochs: 3 } });
  await assert.rejects(runRow(sweep, row, { offline: true }), /launch\.json was changed: it is/);
  const [state] = rowStates(sweep);
  assert.equal(state.state, 'failed');
  assert.match(state.text, /launch\.json was changed/);
});

test('the status of each row: done, running, failed, stopped or waiting, with its best validation accuracy', async (t) => {
  const sweep = await makeSweep(t, 'seeds: [1, 2, 3, 4, 5]');
  const start = { event: 'row', state: 'start' };
  const epoch = (number: number, accuracy: number) => {
    return { event: 'epoch', model: 'CNN', epoch: number, val: { accuracy } };
  };
  const models = [{ name: 'CNN', val: { accuracy: 0.75 }, test: null }];
  const done = writeRun(sweep, 0, [start, { event: 'row', state: 'done', seconds: 61, models }]);
  writeFileSync(join(done, 'run.json'), '{}');
  const step = { event: 'step', model: 'CNN', epoch: 3, epochs: 10 };
  const running = writeRun(sweep, 1, [start, epoch(1, 0.5), epoch(2, 0.25), step]);
  writeFileSync(join(running, '.lock'), JSON.stringify({ pid: process.pid }));
  writeRun(sweep, 2, [start, { event: 'row', state: 'failed', text: 'Cell 2 failed.\nmore' }]);
  // Killed: no process has that number.
  const killed = writeRun(sweep, 3, [start, epoch(1, 0.5)]);
  writeFileSync(join(killed, '.lock'), JSON.stringify({ pid: 2 ** 24 }));
  assert.deepEqual(
    rowStates(sweep).map(({ state, best }) => [state, best]),
    [
      ['done', 0.75],
      ['running', 0.5],
      ['failed', null],
      ['stopped', 0.5],
      ['waiting', null],
    ],
  );
  assert.match(statusText(sweep), /^ *1 +seed = 2 +running +0\.500 +CNN, epoch 3 of 10$/m);
  assert.match(statusText(sweep), /^ *2 +seed = 3 +failed +– +Cell 2 failed\.$/m);
  assert.equal(
    countsText(rowStates(sweep)),
    '1 done, 1 running, 1 failed, 1 stopped, 1 waiting of 5 rows; best validation accuracy 0.750 (row 0)',
  );
});

test('a sweep is cancelled: the processes of its rows are interrupted, and named', async (t) => {
  const sweep = await makeSweep(t, 'seeds: [1, 2]');
  assert.deepEqual(await cancelSweep(sweep), ['Nothing is at work on it.']);
  const child = spawn('sleep', ['60']);
  const ended = once(child, 'exit');
  writeFileSync(join(writeRun(sweep, 1, []), '.lock'), JSON.stringify({ pid: child.pid }));
  assert.deepEqual(await cancelSweep(sweep), [`Row 1 is interrupted (process ${child.pid}).`]);
  assert.deepEqual(await ended, [null, 'SIGINT']);
});

test("Slurm's script: an array of the open rows, the plan's options behind the defaults", async (t) => {
  const sweep = await makeSweep(t, 'seeds: [1, 2, 3]\nslurm: [--mem=8G]');
  const array = { offset: 0, indices: [1, 2] };
  const script = slurmScript(sweep, array, { jobs: 2, offline: true });
  const options = script.split('\n').filter((line) => line.startsWith('#SBATCH'));
  for (const expected of ['--array=1-2%2', '--requeue', '--signal=B:USR2@120', '--mem=8G']) {
    assert.ok(options.includes(`#SBATCH ${expected}`), expected);
  }
  assert.equal(options.at(-1), '#SBATCH --mem=8G');
  assert.match(script, / sweep \S+sweep --offline &\n/);
});

test('a row that is interrupted before its notebook starts ends as one that can be resumed', async (t) => {
  const sweep = await makeSweep(t, 'seeds: [1]');
  const run = runRow(sweep, sweep.rows[0], { offline: true });
  process.emit('SIGTERM');
  await assert.rejects(run, { exitCode: 130 });
  assert.equal(process.listenerCount('SIGTERM'), 0);
  assert.deepEqual(
    rowStates(sweep).map(({ state }) => state),
    ['stopped'],
  );
});

test('a Slurm that does not answer is no empty queue', async (t) => {
  const sweep = await makeSweep(t, 'seeds: [1]');
  const programs = temporaryFolder(t);
  const path = process.env.PATH;
  t.after(() => (process.env.PATH = path));
  process.env.PATH = `${programs}:${path}`;
  const answer = (text: string) => {
    writeFileSync(join(programs, 'squeue'), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    return queuedJobs(sweep);
  };
  mkdirSync(join(sweep.folder, 'slurm'));
  writeFileSync(join(sweep.folder, 'slurm', 'jobs.txt'), '12 0\n13 1001\n');
  assert.deepEqual(await answer('[ "$4" = 12 ] && echo 0 || echo 7'), [
    { id: '12', tasks: [0] },
    { id: '13', tasks: [1008] },
  ]);
  const gone = "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1";
  assert.deepEqual(await answer(gone), []);
  const down = "echo 'Unable to contact slurm controller' >&2; exit 1";
  await assert.rejects(answer(down), /squeue does not say whether job 1[23] is in its queue/);
});

test('rows beyond the largest index of an array are in another one, which counts from its offset', async (t) => {
  const sweep = await makeSweep(t, 'seeds: [1, 2, 3]');
  const numbers = [0, 1, 2, 5, 1000, 1001, 1003, 2500];
  const arrays = taskArrays(
    numbers.map((number) => ({ number })),
    1001,
  );
  const lines = arrays.map((array) => {
    const script = slurmScript(sweep, array, { offline: false });
    return script
      .split('\n')
      .filter((line) => /--array|--output|ROW_OFFSET/.test(line))
      .map((line) => line.split(/[=/]/).at(-1));
  });
  assert.deepEqual(lines, [
    ['0-2,5,1000', '%a.log', '0'],
    ['0,2', "1001+%a.log'", '1001'],
    ['498', "2002+%a.log'", '2002'],
  ]);
});

test('rows run side by side as far as processors go, one at least', () => {
  assert.equal(localJobs(1), 1);
  assert.ok(localJobs(1000) >= 1 && localJobs(1000) < 1000);
});
