// A search with a real Optuna, which the command installs: two workers, one of which is killed in the middle of a trial.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { loadRun } from '../../lib/runs/runFolder';
import { openSweep, type Row, rowFolder } from '../../tools/commands/sweep/plan';
import { rowStates } from '../../tools/commands/sweep/status';
import { runCommand } from '../commands/runCommand';
import { sharedFolder } from '../temporaryFolder';
import { kill, parentOf, until } from './processes';
import { writeTinyNotebook } from './tinyNotebook';

const folder = sharedFolder();
const search = join(folder, 'search');
const env = { TF_NUM_INTRAOP_THREADS: '1' };

/** The accuracy of a rate of 1e-7 stays that of chance. Eight trials of four settings: some come twice. */
const PLAN = `
notebook: tiny.ipynb
search: { learningRate: [0.001, 1e-7], batchSize: [8, 16] }
trials: 8
maximise: { model: CNN }
prune: { fromTrial: 1, fromEpoch: 2 }
`;

interface Event {
  readonly event: string;
  readonly state?: string;
  readonly epoch?: number;
}

const readRows = () => readLines<Row>(join(search, 'rows.jsonl'));
const events = (row: Row) =>
  readLines<Event>(join(rowFolder({ folder: search }, row), 'progress.jsonl'));

function readLines<Line>(file: string): Line[] {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
  return lines.map((line) => JSON.parse(line) as Line);
}

/** Optuna's own program on the journal. */
async function optuna<T>(command: string): Promise<T> {
  const program = resolve(__dirname, '../../.setup/optuna/bin/optuna');
  const place = ['--storage', join(search, 'optuna.journal')];
  const kind = ['--storage-class', 'JournalFileBackend', '--study-name', 'search', '-f', 'json'];
  const { stdout } = await promisify(execFile)(program, [command, ...place, ...kind]);
  return JSON.parse(stdout) as T;
}

interface Trial {
  readonly number: number;
  readonly value: number;
  readonly state: string;
  readonly params: Readonly<Record<string, number>>;
  readonly user_attrs: { readonly row: string };
}

test('what a killed worker leaves is finished by the other, no setting runs twice, and Optuna agrees', async () => {
  writeTinyNotebook(folder);
  writeFileSync(join(folder, 'search.yaml'), PLAN);
  const options = ['search.yaml', '--offline', '--workers', '2', '--out', search] as const;
  const searching = runCommand(folder, ['search', ...options], env);
  const inTraining = () =>
    readRows().find((row) =>
      events(row).some(({ event, epoch }) => event === 'step' && epoch === 2),
    );
  await until('a run is in its second epoch', () => inTraining() !== undefined, 600);
  const killed = inTraining() as Row;
  const lock = readFileSync(join(rowFolder({ folder: search }, killed), '.lock'), 'utf8');
  kill(parentOf((JSON.parse(lock) as { pid: number }).pid));
  const { code, stdout } = await searching;
  assert.equal(code, 1, 'a worker failed');
  assert.match(stdout, /worker [01]: failed, see /);

  const rows = readRows();
  const states = rowStates(openSweep(search)).map(({ state }) => state);
  assert.equal(rows.length, 8);
  assert.ok(
    states.every((state) => state === 'done' || state === 'pruned'),
    states.join(),
  );
  assert.ok(new Set(rows.map(({ id }) => id)).size <= 4);
  for (const row of rows) {
    const ends = events(row).filter(({ event, state }) => event === 'row' && state !== 'start');
    assert.equal(ends.length, 1, 'no setting twice');
    const starts = events(row).filter(({ event, state }) => event === 'row' && state === 'start');
    assert.equal(starts.length, row.id === killed.id ? 2 : 1);
    const epochs = events(row).filter(({ event }) => event === 'epoch');
    const isPruned: boolean = states[row.row] === 'pruned';
    assert.equal(epochs.length < 4, isPruned);
    if (isPruned) assert.match(JSON.stringify(events(row)), /CNN: Stopped in epoch \d after step/);
  }
  assert.ok(states.includes('pruned'));

  const again = await runCommand(folder, ['search', search, '--offline'], env);
  assert.equal(again.code, 0, again.stderr);
  assert.match(
    again.stdout,
    /\nnpm start -- --notebook tiny --set learningRate=0\.001 --set batchSize=\d+\n$/,
  );

  const trials = await optuna<Trial[]>('trials');
  assert.deepEqual(
    trials.map(({ state }) => state),
    states.map((state) => (state === 'done' ? 'COMPLETE' : 'PRUNED')),
  );
  const best = await optuna<Trial>('best-trial');
  const { models } = await loadRun(rowFolder({ folder: search }, rows[best.number]));
  assert.equal(best.value, models[0].val?.accuracy);
  assert.equal(best.user_attrs.row, rows[best.number].id);
  for (const { number, params, value, state } of trials) {
    const { learningRate, batchSize } = rows[number].values;
    assert.deepEqual(params, { learningRate, batchSize });
    assert.ok(value <= best.value || state === 'PRUNED');
  }
  assert.ok(again.stdout.includes(`Best validation accuracy: ${best.value.toFixed(3)} (row `));
});
