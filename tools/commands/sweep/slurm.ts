// Runs the rows of a sweep as array jobs of Slurm.
import { execFile } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { writeFileAtomic } from '../../../lib/atomicFile';
import { inProject, Problem, shownPath } from '../program';
import type { Task } from './local';
import type { Sweep } from './plan';

const run = promisify(execFile);

/** A job a line: its number, and what its tasks' numbers count from. */
const JOBS_FILE = join('slurm', 'jobs.txt');

/** A sweep's job that Slurm has not ended. */
interface Job {
  readonly id: string;
  /** The numbers of its {@link Task}s that wait or are at work. */
  readonly tasks: readonly number[];
}

/** Tasks that one array holds. */
export interface TaskArray {
  /** What Slurm's indices count from: they end below {@link maxArraySize}. */
  readonly offset: number;
  readonly indices: readonly number[];
}

/** Slurm's MaxArraySize; its default where no Slurm says another. */
export async function maxArraySize(): Promise<number> {
  const { stdout } = await run('scontrol', ['show', 'config']).catch(() => ({ stdout: '' }));
  return Number(/^MaxArraySize\s*=\s*(\d+)/m.exec(stdout)?.[1] ?? 1001);
}

/** @param size one more than the largest index of an array. */
export function taskArrays(tasks: readonly Pick<Task, 'number'>[], size: number): TaskArray[] {
  const arrays = new Map<number, number[]>();
  for (const { number } of tasks) {
    const offset = number - (number % size);
    arrays.set(offset, [...(arrays.get(offset) ?? []), number - offset]);
  }
  return [...arrays].map(([offset, indices]) => ({ offset, indices }));
}

/** An array job. A task ends with a checkpoint two minutes before its time is up, and is queued again. */
export function slurmScript(
  { folder, plan }: Pick<Sweep, 'folder' | 'plan'>,
  { offset, indices }: TaskArray,
  { jobs, offline }: { readonly jobs?: number; readonly offline: boolean },
): string {
  const launcher = ['tools/door.cjs', 'tools/launcher/command.mjs'].map((file) => inProject(file));
  const log = `${offset === 0 ? '' : `${offset}+`}%a.log`;
  const options = [
    `--array=${rangesText(indices)}${jobs === undefined ? '' : `%${jobs}`}`,
    ...['--job-name=sweep', '--mem=2G', '--cpus-per-task=2', '--time=04:00:00'],
    ...['--requeue', '--open-mode=append', '--signal=B:USR2@120'],
    `--output=${quoted(join(folder, 'slurm', log))}`,
    ...(plan.slurm ?? []),
  ];
  const words = [process.execPath, ...launcher, 'sweep', folder, ...(offline ? ['--offline'] : [])];
  return `#!/bin/bash
${options.map((each) => `#SBATCH ${each}`).join('\n')}
export TF_NUM_INTRAOP_THREADS=$SLURM_CPUS_PER_TASK OMP_NUM_THREADS=$SLURM_CPUS_PER_TASK
export ROW_OFFSET=${offset}
${words.map(quoted).join(' ')} &
trap 'again=1; kill -TERM $!' USR2
trap 'kill -TERM $!' TERM
while kill -0 $! 2>/dev/null; do wait $!; code=$?; done
if [ -n "$again" ] && [ $code -eq 130 ]; then scontrol requeue "$SLURM_JOB_ID"; fi
exit $code
`;
}

/**
 * @param after the job that must have ended before this one begins.
 * @returns the job's number.
 * @throws {Problem} where sbatch refuses it.
 */
export async function submit(
  { folder }: Pick<Sweep, 'folder'>,
  script: string,
  { offset, after }: { readonly offset: number; readonly after?: string },
): Promise<string> {
  const file = join(folder, 'slurm', `array-${offset}.sh`);
  await writeFileAtomic(file, script);
  const order = after === undefined ? [] : [`--dependency=afterany:${after}`];
  try {
    const { stdout } = await run('sbatch', ['--parsable', ...order, file]);
    const job = stdout.trim().split(';')[0];
    appendFileSync(join(folder, JOBS_FILE), `${job} ${offset}\n`);
    return job;
  } catch (error) {
    const { stderr, message, code } = error as Error & { stderr?: string; code?: unknown };
    throw new Problem('sbatch did not take the job.', {
      details: stderr?.trim() || message,
      remedy:
        code === 'ENOENT'
          ? 'Run this where Slurm is installed, or use --engine local.'
          : `Correct "slurm" in the plan; the script is ${shownPath(file)}.`,
    });
  }
}

/** The sweep's jobs that wait or are at work. */
export async function queuedJobs({ folder }: Pick<Sweep, 'folder'>): Promise<Job[]> {
  const file = join(folder, JOBS_FILE);
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
  const jobs = lines.map(async (line) => {
    const [id, offset] = line.split(' ');
    const indices = (await squeue(id)).split('\n').slice(0, -1);
    return { id, tasks: indices.map((index) => Number(index) + Number(offset)) };
  });
  return (await Promise.all(jobs)).filter(({ tasks }) => tasks.length > 0);
}

/** @throws {Problem} where Slurm does not answer: what it has in its queue must not be submitted twice. */
async function squeue(id: string): Promise<string> {
  try {
    return (await run('squeue', ['-h', '-r', '-j', id, '-o', '%K'])).stdout;
  } catch (error) {
    const { stderr = '', message, code } = error as Error & { stderr?: string; code?: unknown };
    // It knows none of that number where it ended long ago; on this machine there may be no Slurm at all.
    if (code === 'ENOENT' || /Invalid job id/i.test(stderr)) return '';
    throw new Problem(`squeue does not say whether job ${id} is in its queue.`, {
      details: stderr.trim() || message,
      remedy: 'Try again when the controller answers: scontrol ping',
    });
  }
}

export async function cancelJob({ id }: Job): Promise<void> {
  await run('scancel', [id]);
}

/** `0-5,7,9-12` of rising numbers. */
function rangesText(numbers: readonly number[]): string {
  const starts = numbers.filter((each, index) => each !== numbers[index - 1] + 1);
  const ends = numbers.filter((each, index) => each !== numbers[index + 1] - 1);
  return starts.map((start, i) => (start === ends[i] ? start : `${start}-${ends[i]}`)).join();
}

/** A word as a shell takes it. */
export function quoted(word: string): string {
  return /^[\w./:=%@-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
