// A search before anything runs: its plan, its first row, its folder; and what is said of its results.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { describeSkipped, findRuns } from '../../lib/runs/findRuns';
import {
  addRow,
  makeSweep,
  openSweep,
  rowFolder,
  type Sweep,
} from '../../tools/commands/sweep/plan';
import { showResult, trialsLeft } from '../../tools/commands/sweep/search';
import { rowStates, statusText } from '../../tools/commands/sweep/status';
import { temporaryFolder } from '../temporaryFolder';
import { writePlan } from './tinyPlan';

function makeSearch(t: TestContext, text: string): Promise<Sweep> {
  const folder = temporaryFolder(t);
  return makeSweep(writePlan(folder, text), { out: join(folder, 'search'), command: 'search' });
}

const RATES =
  'search: { learningRate: { from: 1e-4, to: 1e-1, log: true }, optimizer: [adam, sgd] }';

test("the first row has the notebook's own values, or the nearest that can be chosen", async (t) => {
  const own = await makeSearch(t, RATES);
  assert.deepEqual(own.rows[0].values, {
    epochs: 2,
    learningRate: 1e-3,
    optimizer: 'adam',
    seed: 42,
  });
  const other = await makeSearch(
    t,
    'set: { seed: 7 }\nsearch: { learningRate: { from: 0.1, to: 1 }, optimizer: [sgd], epochs: { from: 3, to: 9, integer: true } }',
  );
  assert.deepEqual(other.rows[0].values, {
    epochs: 3,
    learningRate: 0.1,
    optimizer: 'sgd',
    seed: 7,
  });
  assert.equal(other.rows.length, 1);
});

test('a trial becomes a row like those of a sweep, and the plan still owns the folder', async (t) => {
  const search = await makeSearch(t, RATES);
  const row = await addRow(search, { learningRate: 0.05 });
  const grown = openSweep(search.folder);
  assert.deepEqual(grown.rows[1], row);
  assert.deepEqual([row.row, row.values.learningRate, row.values.seed], [1, 0.05, 42]);
  const plan = join(search.folder, '..', 'plan.yaml');
  const again = { out: search.folder, command: 'search' };
  assert.equal((await makeSweep(plan, again)).rows.length, 2, 'also by the plan');
  assert.equal(openSweep(search.folder).rows.length, 2);
  writePlan(join(search.folder, '..'), `${RATES}\ntrials: 50`);
  assert.equal(trialsLeft(await makeSweep(plan, again)), 50, 'more trials');
  assert.equal(openSweep(search.folder).plan.trials, 50);
  writePlan(join(search.folder, '..'), `${RATES}\nmaximise: { model: CNN }`);
  assert.equal((await makeSweep(plan, again)).plan.maximise?.model, 'CNN', 'no trial has ended');
  writeFileSync(join(search.folder, 'search.json'), '{}');
  writePlan(join(search.folder, '..'), RATES);
  await assert.rejects(makeSweep(plan, again), /belongs to another plan: plan\.json differs/);
  writePlan(join(search.folder, '..'), `${RATES}\nset: { epochs: 3 }`);
  await assert.rejects(makeSweep(plan, again), /belongs to another plan: plan\.json differs/);
});

test('a plan that cannot work is refused with what to do', async (t) => {
  const cases: [string, RegExp][] = [
    ['search: {}', /Expected search to be a range or a list for each parameter/],
    ['search: { epochs: 3 }', /Expected search\.epochs to be a list of values, or a range/],
    ['search: { epochs: { from: 3, to: 3 } }', /Expected search\.epochs to be .* from < to/],
    ['search: { epochs: { from: 0, to: 3, log: true } }', /Expected search\.epochs to be/],
    ['search: { epochs: { from: 1.5, to: 3, integer: true } }', /Expected search\.epochs to be/],
    ['search: { epochs: { from: 1, to: 3, step: 2 } }', /Expected search\.epochs to be/],
    ['search: { epochs: [] }', /Expected search\.epochs to be/],
    ['search: { epochs: [two] }', /epochs takes a finite number; received "two"/],
    ['search: { optimizer: { from: 1, to: 2 } }', /optimizer takes 'adam' \| 'sgd'; received 1/],
    [`${RATES}\ngrid: { epochs: [1] }`, /chooses the values itself; received grid too/],
    [`${RATES}\ntrials: 0`, /Expected trials to be an integer greater than 0/],
    [`${RATES}\nmaximise: { modell: CNN }`, /"modell": did you mean "model"\?/],
    [`${RATES}\nprune: {}`, /Pruning compares the epochs of one model; the plan names none/],
    [`${RATES}\nmaximise: { model: CNN }\nprune: { fromEpoch: -1 }`, /fromEpoch to be/],
    ['seeds: [1]', /plan\.yaml has no ranges .*: npm run search does not run it/],
  ];
  for (const [text, message] of cases) {
    await assert.rejects(makeSearch(t, text), { message }, text);
  }
  const near = 'search: { lerningRate: [1] }';
  await assert.rejects(makeSearch(t, near), { remedy: 'Did you mean learningRate?' });
  await assert.rejects(makeSearch(t, 'seeds: [1]'), { remedy: /^npm run sweep -- / });
  const plan = writePlan(temporaryFolder(t), RATES);
  await assert.rejects(makeSweep(plan, { command: 'sweep' }), { remedy: /^npm run search -- / });
});

test('a pruned run is shown as pruned, by the status and in a comparison', async (t) => {
  const search = await makeSearch(t, RATES);
  const directory = rowFolder(search, search.rows[0]);
  mkdirSync(directory, { recursive: true });
  const events = [
    { event: 'row', state: 'start' },
    { event: 'epoch', model: 'CNN', epoch: 1, val: { accuracy: 0.25 } },
    { event: 'step', model: 'CNN', epoch: 2, epochs: 9 },
    { event: 'row', state: 'pruned' },
  ];
  const lines = events.map((event) => `${JSON.stringify(event)}\n`).join('');
  writeFileSync(join(directory, 'progress.jsonl'), lines);
  writeFileSync(join(directory, 'launch.json'), '{}');
  assert.deepEqual(
    rowStates(search).map(({ state, best }) => [state, best]),
    [['pruned', 0.25]],
  );
  assert.match(statusText(search), /pruned +0\.250 +CNN, epoch 2 of 9\n\n1 pruned of 1 rows/);
  const { runs, skipped } = await findRuns([directory]);
  assert.equal(runs.length, 0);
  assert.match(describeSkipped(skipped[0]), /: pruned by a search before its end\.$/);
});

test('the result: the best by validation as a command, its values quoted, and the figures', async (t) => {
  const search = await makeSearch(t, `${RATES}\nset: { epochs: 5 }\ntrials: 5`);
  assert.equal(await showResult(search), 'No trial is complete yet.\n');
  assert.equal(trialsLeft(search), 5);
  for (const learningRate of [0.05, 0.01, 0.002]) {
    await addRow(openSweep(search.folder), { learningRate, optimizer: 'sgd' });
  }
  const trials = [
    { row: 0, state: 'COMPLETE', value: 0.5 },
    { row: 1, state: 'PRUNED', value: 0.9 },
    { row: 2, state: 'COMPLETE', value: 0.75 },
    { row: 3, state: 'FAIL', value: null },
    { row: 4, state: 'RUNNING', value: null },
  ];
  const record = {
    metric: 'accuracy',
    importance: { learningRate: 0.75, optimizer: 0.25 },
    trials,
  };
  writeFileSync(join(search.folder, 'search.json'), JSON.stringify(record));
  assert.equal(trialsLeft(search), 1);
  const said = await showResult(openSweep(search.folder));
  assert.match(
    said,
    /^Best validation accuracy: 0\.750 \(row 2\); the notebook's own values: 0\.500 \(row 0\)\n/,
  );
  assert.equal(
    said.split('\n').at(-2),
    'npm start -- --notebook tiny --set epochs=5 --set learningRate=0.01 --set optimizer=sgd',
  );
  const page = readFileSync(join(search.folder, 'search.html'), 'utf8');
  assert.match(page, /Trials of the search/);
  assert.match(page, /Importance of the parameters/);
  for (const name of ['history', 'importance']) {
    assert.ok(existsSync(join(search.folder, `${name}.svg`)), name);
  }
});
