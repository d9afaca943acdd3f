/** `npm run bench`: see README.md beside this file. The launcher sets the peers up. */
import { existsSync, readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { writeFileAtomic } from '../../lib/atomicFile';
import { runProgram } from '../commands/program';
import { type Arguments, type Options, withDefaults } from './arguments';
import { jobs, reportJobs } from './jobs';
import type { Job } from './jobs/job';
import { currentCommit, describeMachine, type Machine } from './machine';
import { startProgress } from './progress';
import { disagreement, type CaseResult } from './results';
import { caseMarkdown, ratioTable, reportMarkdown, type Report } from './tables';

const PYTHON = join(__dirname, '.venv', 'bin', 'python');
const RESULTS = join(__dirname, 'results.json');

async function main(given: Options): Promise<void> {
  const options = withDefaults(
    given,
    jobs.map(({ name }) => name),
    reportJobs.map(({ name }) => name),
  );
  if (options.list)
    return [...jobs, ...reportJobs].forEach(({ name, title }) =>
      console.log(`${name.padEnd(18)}${title}`),
    );

  const machine = describeMachine(PYTHON);
  warnOfLoad(machine.cores);
  const measured: CaseResult[] = [];
  for (const job of jobs.filter(({ name }) => options.jobs.includes(name))) {
    for await (const result of measure(job, options)) {
      measured.push(result);
      console.log(`\n${caseMarkdown(result)}`);
      if (!options.quick) await saveIfQuiet(machine, result);
    }
  }
  if (measured.length > 0) console.log(`\n## Ratios\n\n${ratioTable(measured)}`);
  if (options.quick && measured.length > 0)
    console.log('\nA quick look: tools/bench/results.md stays as it was.');
  if (measured.some(disagreement)) process.exitCode = 1;
  for (const job of reportJobs.filter(({ name }) => options.jobs.includes(name))) {
    const progress = startProgress();
    const say = (text: string) => progress.say(text);
    const clear = () => progress.clear();
    await job.run({ ...options, machine, stamp: stamp(options), say, clear }).finally(clear);
  }
}

/** What was measured, and how it was called. */
function stamp({ line }: Arguments): { readonly commit: string; readonly command: string } {
  return { commit: currentCommit(), command: line };
}

async function* measure(job: Job, options: Arguments): AsyncGenerator<CaseResult> {
  const progress = startProgress();
  const stamped = stamp(options);
  try {
    for await (const result of job.run({ ...options, onProgress: (text) => progress.say(text) })) {
      progress.clear();
      yield { ...result, ...stamped, measuredAt: new Date().toISOString().slice(0, 16) + 'Z' };
    }
  } finally {
    progress.clear();
  }
}

/** Figures from a busy machine are shown but do not replace earlier ones. */
const TOO_BUSY = 0.15;

async function saveIfQuiet(machine: Machine, result: CaseResult): Promise<void> {
  if ((result.foreignLoad ?? 0) <= TOO_BUSY) return save(machine, result);
  console.log('\nThe machine was too busy with other programs: this result is not saved.');
}

/** Replaces the earlier result of the same case; drops results of other machines. */
async function save(machine: Machine, result: CaseResult): Promise<void> {
  const earlier = existsSync(RESULTS)
    ? (JSON.parse(readFileSync(RESULTS, 'utf8')) as Report)
    : undefined;
  const sameMachine = JSON.stringify(earlier?.machine) === JSON.stringify(machine);
  const kept = (sameMachine ? earlier!.cases : []).filter(({ id }) => id !== result.id);
  const order = (id: string) => jobs.findIndex(({ name }) => id.startsWith(name));
  const cases = [...kept, result].sort((a, b) => order(a.id) - order(b.id));
  const report: Report = { machine, cases };
  await writeFileAtomic(RESULTS, `${JSON.stringify(report, null, 1)}\n`);
  await writeFileAtomic(join(__dirname, 'results.md'), reportMarkdown(report));
}

function warnOfLoad(cores: number): void {
  const [load] = loadavg();
  if (load > cores / 2) {
    console.log(
      `Other programs keep this machine busy (load ${load.toFixed(1)}): figures will suffer.`,
    );
  }
}

// Through `exit`, where contestants are stopped and temporary files removed.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

void runProgram(main);
