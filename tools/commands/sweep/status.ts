// How far a sweep is, from the ends of its rows' progress.jsonl.
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { LOCK_FILE } from '../../../lib/folderLock';
import { percentile } from '../../../lib/evaluation/statistics';
import { isHeld } from '../../../lib/processLock.cjs';
import { findRuns } from '../../../lib/runs/findRuns';
import { tableText } from '../../../lib/report/tableHtml';
import { fractionText } from '../../../lib/report/theme';
import { type NotebookEvent, parseEvent } from '../run/followFile';
import { formatSeconds } from '../run/format';
import { type Row, rowFolder, rowText, type Sweep } from './plan';
import type { RowEvent } from './row';

/** `pruned`: ended by a search; `stopped`: begun, and no process is at work on it; it can be resumed. */
const STATES = ['done', 'running', 'pruned', 'failed', 'stopped', 'waiting'] as const;

/** How far a row is. */
export interface RowState {
  readonly row: Row;
  readonly state: (typeof STATES)[number];
  /** `CNN, epoch 3 of 10`, or its error. */
  readonly text: string;
  /** The best validation accuracy so far, 0…1. */
  readonly best: number | null;
  /** Of a row that is done. */
  readonly seconds?: number;
}

/** An epoch takes some 300 bytes, a step as many. */
const TAIL_BYTES = 16_384;

export function rowStates(sweep: Sweep): RowState[] {
  return sweep.rows.map((row) => rowState(row, rowFolder(sweep, row)));
}

function rowState(row: Row, directory: string): RowState {
  const lines = readTail(join(directory, 'progress.jsonl')).split('\n');
  let text = '';
  let last: RowEvent | undefined;
  let accuracies: (number | undefined)[] = [];
  for (const line of lines) {
    const event = parseEvent(line) as NotebookEvent | RowEvent | undefined;
    if (event?.event === 'step') {
      text = `${event.model}, epoch ${event.epoch} of ${event.epochs}`;
      accuracies.push(event.best);
    }
    if (event?.event === 'epoch') accuracies.push(event.val?.accuracy);
    if (event?.event !== 'row') continue;
    last = event;
    // What the record says counts: of each model the kept epoch, and models that had no epochs.
    if (event.models) accuracies = event.models.map(({ val }) => val?.accuracy);
  }
  const known = accuracies.filter((each) => each !== undefined);
  const common = { row, text, best: known.length > 0 ? Math.max(...known) : null };
  if (existsSync(join(directory, 'run.json'))) {
    const { seconds } = last ?? {};
    return { ...common, state: 'done', text: seconds ? formatSeconds(seconds) : '', seconds };
  }
  if (isHeld(join(directory, LOCK_FILE))) return { ...common, state: 'running' };
  if (last?.state === 'pruned') return { ...common, state: 'pruned' };
  if (last?.state === 'failed') return { ...common, state: 'failed', text: last.text ?? '' };
  return { ...common, state: lines.length > 1 ? 'stopped' : 'waiting' };
}

function readTail(path: string): string {
  if (!existsSync(path)) return '';
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const buffer = Buffer.alloc(Math.min(size, TAIL_BYTES));
    readSync(file, buffer, 0, buffer.length, size - buffer.length);
    return buffer.toString();
  } finally {
    closeSync(file);
  }
}

/** All rows as a table, and a line with their numbers. */
export function statusText(sweep: Sweep): string {
  const states = rowStates(sweep);
  const values = states.map(({ row, state, text, best }) => {
    return [row.row, rowText(sweep, row), state, best, text.split('\n')[0]];
  });
  const columns = ['row', 'setting', 'state', 'best validation', ''];
  return `${tableText({ columns, values })}\n\n${countsText(states)}\n`;
}

/** `3 done, 1 failed, 2 waiting of 6 rows; best validation accuracy 0.712 (row 4)`. */
export function countsText(states: readonly RowState[]): string {
  const counts = STATES.map((kind) => [states.filter(({ state }) => state === kind).length, kind])
    .filter(([count]) => count !== 0)
    .map((words) => words.join(' '));
  const [best] = [...states].sort((a, b) => (b.best ?? -1) - (a.best ?? -1));
  const words = best.best === null ? '' : `; best validation accuracy ${fractionText(best.best)}`;
  return `${counts.join(', ')} of ${states.length} rows${words}${words && ` (row ${best.row.row})`}`;
}

/** How long a row takes: from the sweep's own rows, else from earlier runs of the notebook with that preset, whatever their values. */
export async function estimate({ rows }: Sweep, states: readonly RowState[]): Promise<string> {
  let seconds = states.flatMap((each) => each.seconds ?? []);
  if (seconds.length === 0) {
    const [{ notebook, preset }] = rows;
    const records = (await findRuns()).runs.map(({ record }) => record);
    seconds = records
      .filter((record) => record.notebook === notebook && record.preset === preset)
      .map(({ startedAt, finishedAt }) => (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000);
  }
  if (seconds.length === 0) return 'no earlier run tells how long one takes';
  const median = formatSeconds(percentile(seconds, 50));
  return `one takes about ${median}, the median of ${seconds.length} earlier`;
}
