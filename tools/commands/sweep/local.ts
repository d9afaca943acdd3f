// Runs the rows of a sweep in some processes on this machine.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { availableParallelism, freemem } from 'node:os';
import { dirname } from 'node:path';
import { availableMemory } from '../../../lib/project';
import { shownPath, tell } from '../program';
import { formatSeconds } from '../run/format';
import type { Sweep } from './plan';

/** Resident memory of a run, assumed: quick runs of the notebooks stay below it. */
const BYTES_PER_RUN = 1.8e9;

/** What one process does: a row of a sweep, or as many trials of a search as it can. */
export interface Task {
  /** In the array of Slurm. */
  readonly number: number;
  readonly name: string;
  /** The file of its output. */
  readonly log: string;
  /** What tells the program which task it is. */
  readonly options: { readonly row?: number; readonly worker?: number };
}

/** As many rows side by side as processors and free memory hold. */
export function localJobs(rows: number): number {
  const byMemory = Math.floor(Math.min(freemem(), availableMemory()) / BYTES_PER_RUN);
  return Math.max(1, Math.min(rows, availableParallelism(), byMemory));
}

/**
 * Runs tasks on this machine, `jobs` at a time, each with its share of the processors. A signal to this process ends all of
 * them within a batch, and so does its end; after one that was interrupted no other begins.
 *
 * @returns the exit code: 1 where a task failed, 130 where they were interrupted.
 */
export async function runLocally(
  { folder }: Pick<Sweep, 'folder'>,
  tasks: readonly Task[],
  { jobs, offline }: { readonly jobs: number; readonly offline: boolean },
): Promise<number> {
  const threads = String(Math.max(1, Math.floor(availableParallelism() / jobs)));
  const running = new Set<ChildProcess>();
  let isStopped = false;
  let failures = 0;
  const stop = () => {
    if (isStopped) return;
    isStopped = true;
    tell('Interrupted: the runs finish their batches.');
    for (const child of running) child.kill('SIGTERM');
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);

  const runChild = (task: Task) => {
    mkdirSync(dirname(task.log), { recursive: true });
    const log = openSync(task.log, 'a');
    const options = JSON.stringify({ names: [folder], offline, ...task.options });
    // A group of its own: Ctrl-C reaches this process alone, which tells it once. The channel tells it of our end.
    const child = spawn(
      process.execPath,
      [...process.execArgv, ...process.argv.slice(1, 2), options],
      {
        detached: true,
        stdio: ['ignore', log, log, 'ipc'],
        env: { ...process.env, TF_NUM_INTRAOP_THREADS: threads, OMP_NUM_THREADS: threads },
      },
    );
    closeSync(log);
    running.add(child);
    child.on('message', (line: string) => process.stdout.write(`${line}\n`));
    return new Promise<number>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        running.delete(child);
        // A signal that came before the program listens, or after, ends it at once.
        resolve(code ?? (signal === 'SIGINT' || signal === 'SIGTERM' ? 130 : 1));
      });
    });
  };
  const queue = [...tasks];
  const work = async () => {
    for (let task = queue.shift(); task && !isStopped; task = queue.shift()) {
      const startedAt = performance.now();
      const code = await runChild(task);
      if (code === 130) isStopped = true; // interrupted by another process
      if (isStopped) return;
      if (code !== 0) failures += 1;
      const seconds = formatSeconds((performance.now() - startedAt) / 1000);
      const end = code === 0 ? 'done' : `failed, see ${shownPath(task.log)}`;
      process.stdout.write(`  ${task.name}: ${end}, ${seconds}\n`);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return isStopped ? 130 : failures > 0 ? 1 : 0;
}

/** In a process that {@link runLocally} started: its end is an interrupt. Listening alone would keep this process alive. */
export function endWithParent(): void {
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel?.unref();
}
