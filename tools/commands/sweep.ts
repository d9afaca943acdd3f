// npm run sweep: the runs of a plan, here or on a cluster; one row of them; how far they are.
import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { findRuns } from '../../lib/runs/findRuns';
import { fromHere, inProject, Problem, runProgram, shownPath, tell } from './program';
import { formatSeconds } from './run/format';
import { checkWritable } from './run/runFolder';
import { localJobs, runLocally, slurmScript, submit } from './sweep/engines';
import { createSweep, openSweep, planRows, readPlan, rowText, type Sweep } from './sweep/plan';
import { runRow } from './sweep/row';
import { countsText, type RowState, rowStates, statusText } from './sweep/status';

interface Options {
  readonly names: readonly string[];
  readonly engine?: 'local' | 'slurm';
  readonly jobs?: number;
  readonly row?: number;
  readonly status?: boolean;
  readonly retry?: boolean;
  readonly dryRun?: boolean;
  readonly offline: boolean;
  readonly out?: string;
}

void runProgram<Options>(async (options) => {
  const { names, engine, offline, status, dryRun, retry } = options;
  const place = fromHere(names[0]);
  const isPlan = statSync(place, { throwIfNoEntry: false })?.isFile() ?? false;
  const task = process.env.SLURM_ARRAY_TASK_ID ?? process.env.JOB_COMPLETION_INDEX;
  const number = options.row ?? (isPlan || status || !task ? undefined : Number(task));
  if (number !== undefined) return runOneRow(openSweep(place), number, offline);

  const sweep = isPlan ? await sweepOf(place, options) : openSweep(place);
  if (status) {
    process.stdout.write(statusText(sweep));
    return 0;
  }
  const states = rowStates(sweep);
  process.stdout.write(`${countsText(states)} in ${shownPath(sweep.folder)}\n`);
  const isOpen = ({ state }: RowState) =>
    ['waiting', 'stopped', ...(retry ? ['failed'] : [])].includes(state);
  const rows = states.filter(isOpen).map(({ row }) => row);
  const failed = retry ? 0 : states.filter(({ state }) => state === 'failed').length;
  if (failed > 0) tell(`${failed} failed rows are left; --retry repeats them.`);
  if (rows.length === 0) return failed > 0 ? 1 : 0;

  const isLocal = engine !== 'slurm';
  const jobs = options.jobs ?? (isLocal ? localJobs(rows.length) : undefined);
  const atOnce = jobs === undefined ? '' : `, ${jobs} at a time`;
  process.stdout.write(`${rows.length} runs to do${atOnce}; ${await estimate(sweep, states)}\n`);
  if (!isLocal) {
    const script = slurmScript(sweep, rows, { jobs, offline });
    if (dryRun) process.stdout.write(script);
    else {
      const job = await submit(sweep, script);
      process.stdout.write(`Slurm has it as job ${job}; to cancel it: scancel ${job}\n`);
    }
    return 0;
  }
  if (dryRun) {
    for (const row of rows) process.stdout.write(`  row ${row.row}  ${rowText(sweep, row)}\n`);
    return 0;
  }
  const code = await runLocally(sweep, rows, { jobs: jobs ?? 1, offline });
  process.stdout.write(`${countsText(rowStates(sweep))}\n`);
  const next = code === 130 ? 'To continue: npm run sweep' : 'To compare: npm run compare';
  process.stdout.write(`${next} -- ${shownPath(sweep.folder)}\n`);
  return code;
});

async function runOneRow(sweep: Sweep, number: number, offline: boolean): Promise<number> {
  const row = sweep.rows.find((each) => each.row === number);
  if (!row) {
    throw new Problem(`There is no row ${number} in ${shownPath(sweep.folder)}.`, {
      remedy: `Its rows are 0 to ${sweep.rows.length - 1}.`,
    });
  }
  // Started by a sweep on this machine, whose end is an interrupt. Listening alone would keep this process alive.
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel?.unref();
  process.stdout.write(`Row ${number}: ${rowText(sweep, row)}\n`);
  const isNew = await runRow(sweep, row, { offline });
  process.stdout.write(isNew ? `Row ${number} is done.\n` : `Row ${number} was done already.\n`);
  return 0;
}

async function sweepOf(file: string, { out, dryRun }: Options): Promise<Sweep> {
  const plan = readPlan(file);
  const name = basename(file).replace(/\.\w+$/, '');
  const folder = out === undefined ? inProject('data', 'sweeps', name) : fromHere(out);
  const sweep = { folder, plan, ...(await planRows(plan)) };
  if (dryRun && !existsSync(join(folder, 'rows.jsonl'))) return sweep;
  checkWritable(folder);
  await createSweep(sweep);
  return sweep;
}

/** From the sweep's own rows, else from earlier runs of the notebook with that preset, whatever their values. */
async function estimate({ rows }: Sweep, states: readonly RowState[]): Promise<string> {
  let seconds = states.flatMap((each) => each.seconds ?? []);
  if (seconds.length === 0) {
    const [{ notebook, preset }] = rows;
    const records = (await findRuns()).runs.map(({ record }) => record);
    seconds = records
      .filter((record) => record.notebook === notebook && record.preset === preset)
      .map(({ startedAt, finishedAt }) => (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000);
  }
  if (seconds.length === 0) return 'no earlier run tells how long one takes';
  const median = seconds.sort((a, b) => a - b)[Math.floor(seconds.length / 2)];
  return `one takes about ${formatSeconds(median)}, the median of ${seconds.length} earlier`;
}
