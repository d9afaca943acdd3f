// npm run sweep: the runs of a plan, here or on a cluster; one row of them; how far they are. npm run search: the same with
// rows that Optuna chooses, one after the other.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { LOCK_FILE } from '../../lib/folderLock';
import { isHeld } from '../../lib/processLock.cjs';
import { fromHere, Problem, runProgram, shownPath, tell } from './program';
import type { ParameterValues } from './run/parameters';
import { cancelSweep } from './sweep/cancel';
import { endWithParent, localJobs, runLocally, type Task } from './sweep/local';
import {
  addRow,
  checkCommand,
  makeSweep,
  openSweep,
  type Row,
  rowFolder,
  rowText,
  type Sweep,
} from './sweep/plan';
import { runRow } from './sweep/row';
import { runWorker, showResult, trialsLeft } from './sweep/search';
import { maxArraySize, queuedJobs, slurmScript, submit, taskArrays } from './sweep/slurm';
import { countsText, estimate, type RowState, rowStates, statusText } from './sweep/status';

interface Options {
  readonly names: readonly string[];
  readonly engine?: 'local' | 'slurm';
  readonly jobs?: number;
  readonly row?: number;
  readonly status?: boolean;
  readonly cancel?: boolean;
  readonly retry?: boolean;
  readonly dryRun?: boolean;
  readonly offline: boolean;
  readonly out?: string;
  /** As it was typed. */
  readonly line?: string;
  /** Of a worker of a search: which one it is; the values of a row that it adds. */
  readonly worker?: number;
  readonly add?: ParameterValues;
}

void runProgram<Options>(async (options) => {
  const { names, engine, offline, status, dryRun, retry } = options;
  const place = fromHere(names[0]);
  if (options.add) {
    process.stdout.write(JSON.stringify(await addRow(openSweep(place), options.add)));
    return 0;
  }
  const isPlan = statSync(place, { throwIfNoEntry: false })?.isFile() ?? false;
  const task = process.env.SLURM_ARRAY_TASK_ID ?? process.env.JOB_COMPLETION_INDEX;
  const rowOffset = Number(process.env.ROW_OFFSET ?? 0);
  const number =
    options.row ??
    options.worker ??
    (isPlan || status || !task ? undefined : rowOffset + Number(task));
  if (number !== undefined) {
    const sweep = openSweep(place);
    if (sweep.plan.search && options.row === undefined) return runWorker(sweep, { offline });
    return runOneRow(sweep, number, offline);
  }

  const command = options.line?.startsWith('npm run search') ? 'search' : 'sweep';
  const isSearch = command === 'search';
  const sweep = isPlan ? await makeSweep(place, { ...options, command }) : openSweep(place);
  if (isSearch) checkCommand(sweep.plan, command, place);
  if (options.cancel) {
    process.stdout.write(`${(await cancelSweep(sweep)).join('\n')}\n`);
    return 0;
  }
  if (status) {
    process.stdout.write(statusText(sweep));
    if (isSearch) process.stdout.write(await showResult(sweep));
    return 0;
  }
  const states = rowStates(sweep);
  process.stdout.write(`${countsText(states)} in ${shownPath(sweep.folder)}\n`);
  const isOpen = ({ state }: RowState) =>
    ['waiting', 'stopped', ...(retry ? ['failed'] : [])].includes(state);
  const isLocal = engine !== 'slurm';
  const queued = new Set<number>(
    isLocal || isSearch ? [] : (await queuedJobs(sweep)).flatMap(({ tasks }) => tasks),
  );
  if (queued.size > 0)
    process.stdout.write(`${queued.size} of them are in Slurm's queue already\n`);
  const rows = states.filter(isOpen).flatMap(({ row }) => (queued.has(row.row) ? [] : row));
  const failed = retry || isSearch ? 0 : states.filter(({ state }) => state === 'failed').length;
  if (failed > 0) tell(`${failed} failed rows are left; --retry repeats them.`);
  const left = isSearch ? trialsLeft(sweep) : rows.length;
  if (left <= 0 && isSearch) process.stdout.write(await showResult(sweep));
  if (left <= 0) return failed > 0 ? 1 : 0;

  const jobs = options.jobs ?? (isLocal ? localJobs(left) : isSearch ? 8 : undefined);
  const atOnce = jobs === undefined ? '' : `, ${jobs} at a time`;
  process.stdout.write(`${left} runs to do${atOnce}; ${await estimate(sweep, states)}\n`);
  const tasks = isSearch
    ? workersOf(sweep, Math.min(left, jobs ?? 1))
    : rows.map((row) => rowTask(sweep, row));
  if (!isLocal) {
    const ids: string[] = [];
    for (const array of taskArrays(tasks, await maxArraySize())) {
      const script = slurmScript(sweep, array, { jobs, offline });
      if (dryRun) {
        process.stdout.write(script);
        continue;
      }
      // One array after the other, where only so many tasks may be at work at once.
      const after = jobs !== undefined && jobs < tasks.length ? ids.at(-1) : undefined;
      ids.push(await submit(sweep, script, { ...array, after }));
    }
    if (dryRun) return 0;
    const name = ids.length > 1 ? 'jobs' : 'job';
    const cancel = `npm run sweep -- ${shownPath(sweep.folder)} --cancel`;
    process.stdout.write(`Slurm has it as ${name} ${ids.join(', ')}; to cancel: ${cancel}\n`);
    return 0;
  }
  if (dryRun) {
    for (const { name } of tasks) process.stdout.write(`  ${name}\n`);
    return 0;
  }
  const code = await runLocally(sweep, tasks, { jobs: jobs ?? 1, offline });
  const ended = openSweep(sweep.folder);
  process.stdout.write(`${countsText(rowStates(ended))}\n`);
  const next = code === 130 ? `To continue: npm run ${command}` : 'To compare: npm run compare';
  process.stdout.write(`${next} -- ${shownPath(sweep.folder)}\n`);
  if (isSearch) process.stdout.write(await showResult(ended));
  return code;
});

function rowTask(sweep: Sweep, row: Row): Task {
  const name = `row ${row.row}  ${rowText(sweep, row)}`;
  const log = join(rowFolder(sweep, row), 'row.log');
  return { number: row.row, name, log, options: { row: row.row } };
}

function workersOf({ folder }: Sweep, count: number): Task[] {
  return Array.from({ length: count }, (_, worker) => {
    const log = join(folder, 'workers', `${worker}.log`);
    return { number: worker, name: `worker ${worker}`, log, options: { worker } };
  });
}

async function runOneRow(sweep: Sweep, number: number, offline: boolean): Promise<number> {
  const row = sweep.rows.find((each) => each.row === number);
  if (!row) {
    throw new Problem(`There is no row ${number} in ${shownPath(sweep.folder)}.`, {
      remedy: `Its rows are 0 to ${sweep.rows.length - 1}.`,
    });
  }
  if (sweep.plan.search && isHeld(join(rowFolder(sweep, row), LOCK_FILE))) {
    throw new Problem(`Another process is at work on row ${number}.`, {
      remedy: 'Wait until it has ended.',
    });
  }
  endWithParent();
  process.stdout.write(`Row ${number}: ${rowText(sweep, row)}\n`);
  const isNew = await runRow(sweep, row, { offline });
  process.stdout.write(isNew ? `Row ${number} is done.\n` : `Row ${number} was done already.\n`);
  return 0;
}
