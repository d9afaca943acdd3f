// One row of a sweep: begun, resumed or skipped, by one process at a time.
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileError } from '../../../lib/atomicFile';
import { lockFolder } from '../../../lib/folderLock';
import { LAUNCH_FILE } from '../../../lib/runs/findRuns';
import type { ModelRecord } from '../../../lib/runs/runRecord';
import { Problem, shownPath } from '../program';
import { type Plan, planResume } from '../run/earlierRun';
import { PRUNE_SIGNAL } from '../run/runNotebook';
import { runPlan } from '../run/runPlan';
import { type Row, rowFolder, rowId, type Sweep } from './plan';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What a row adds to its run's progress.jsonl. */
export interface RowEvent {
  readonly event: 'row';
  readonly state: 'start' | 'done' | 'failed' | 'pruned';
  /** Of a failed one: its error. */
  readonly text?: string;
  /** Of one that is done; the last call's. */
  readonly seconds?: number;
  readonly models?: readonly Pick<ModelRecord, 'name' | 'val' | 'test'>[];
}

/**
 * Does a row, or what is left of it.
 *
 * @returns false where it was complete already.
 * @throws {Problem} where it fails, is interrupted (exit code 130), or another process is at work on it.
 */
export async function runRow(
  sweep: Sweep,
  row: Row,
  { offline }: { readonly offline: boolean },
): Promise<boolean> {
  const directory = rowFolder(sweep, row);
  let isPruned = false;
  const prune = () => (isPruned = true);
  process.on(PRUNE_SIGNAL, prune);
  // While the notebook runs, it listens itself; before and after, a signal must not end this process in the middle of a file.
  let isInterrupted = false;
  const interrupt = () => (isInterrupted = true);
  for (const signal of SIGNALS) process.on(signal, interrupt);
  const lock = await lockFolder(directory, `run row ${row.row} of ${sweep.folder}`, {
    // Another process does the row by now: this one ends as if it were interrupted.
    onLost: () => process.kill(process.pid, 'SIGTERM'),
  });
  try {
    const isBegun = existsSync(join(directory, LAUNCH_FILE));
    if (isBegun) checkLaunch(join(directory, LAUNCH_FILE), row);
    if (existsSync(join(directory, 'run.json'))) return false;
    note(directory, { event: 'row', state: 'start' });
    const startedAt = performance.now();
    const plan = isBegun ? planResume(directory, () => sweep.notebook) : planOf(sweep, row);
    const record = await runPlan(isBegun ? plan : { ...plan, offline }, {
      directory,
      device: process.env.DEVICE ?? 'cpu',
      env: { RUN_BASELINE: row.baseline ?? '' },
      onKernel: (pid) => lock.setChild(pid),
      isInterrupted: () => isInterrupted,
    });
    const seconds = (performance.now() - startedAt) / 1000;
    const models = record?.models.map(({ name, val, test }) => ({ name, val, test }));
    note(directory, { event: 'row', state: 'done', seconds, models });
    return true;
  } catch (error) {
    const { exitCode, message: text } = error as Problem;
    const isFailure = exitCode !== 130 && existsSync(directory);
    if (isFailure) note(directory, { event: 'row', state: 'failed', text });
    else if (isPruned) note(directory, { event: 'row', state: 'pruned' });
    throw error;
  } finally {
    process.off(PRUNE_SIGNAL, prune);
    for (const signal of SIGNALS) process.off(signal, interrupt);
    lock.release();
  }
}

function planOf({ notebook }: Sweep, { notebook: name, preset, values, data, weights }: Row): Plan {
  const places = { ...(data ? { data } : {}), ...(weights ? { weights } : {}) };
  return { name, notebook, preset, values, ...places, offline: false };
}

function note(directory: string, event: RowEvent): void {
  const line = JSON.stringify({ time: new Date().toISOString(), ...event });
  try {
    appendFileSync(join(directory, 'progress.jsonl'), `${line}\n`);
  } catch (error) {
    throw fileError(error, `write in the row's folder ${directory}`);
  }
}

/** @throws {Problem} where the run that began in the folder is not the row's. */
function checkLaunch(file: string, row: Row): void {
  const { notebook, preset, values, data, weights } = JSON.parse(readFileSync(file, 'utf8')) as Row;
  if (rowId({ ...row, notebook, preset, values, data, weights }) === row.id) return;
  throw new Problem(`${shownPath(file)} was changed: it is not what row ${row.row} runs.`, {
    remedy: 'Put it back, or move its folder aside: the row then begins again.',
  });
}
