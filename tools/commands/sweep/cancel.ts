// Stops what is at work on a sweep; its rows can be resumed.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LOCK_FILE } from '../../../lib/folderLock';
import { isHeld, isHere } from '../../../lib/processLock.cjs';
import { rowFolder, type Sweep } from './plan';
import { cancelJob, queuedJobs } from './slurm';

/** Cancels the sweep's own jobs, and interrupts the rows of this machine. @returns a line for each, and for what runs elsewhere. */
export async function cancelSweep(sweep: Sweep): Promise<string[]> {
  const jobs = await queuedJobs(sweep);
  await Promise.all(jobs.map(cancelJob));
  const lines = jobs.map(({ id }) => `Job ${id} of Slurm is cancelled.`);
  const told = new Set<number>(); // two trials of a search may be one row
  for (const row of sweep.rows) {
    const holder = holderOf(join(rowFolder(sweep, row), LOCK_FILE));
    if (holder === undefined || told.has(holder.pid)) continue;
    if (isHere(holder) && !isJobOf(holder.pid)) {
      if (!interrupt(holder.pid)) continue;
      told.add(holder.pid);
      lines.push(`Row ${row.row} is interrupted (process ${holder.pid}).`);
    } else if (jobs.length === 0) {
      lines.push(`Row ${row.row} is at work on ${holder.host.split(' ')[0]}: stop it there.`);
    }
  }
  return lines.length > 0 ? lines : ['Nothing is at work on it.'];
}

/** As a lock names the process that holds it. */
interface Holder {
  readonly pid: number;
  readonly host: string;
}

/** The process at work on a row; undefined where there is none, perhaps since this moment. */
function holderOf(lock: string): Holder | undefined {
  try {
    return isHeld(lock) ? (JSON.parse(readFileSync(lock, 'utf8')) as Holder) : undefined;
  } catch {
    return undefined;
  }
}

/** @returns false where the process has ended. */
function interrupt(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGINT');
  } catch {
    return false;
  }
}

/** Whether Slurm started a process: a second signal would end its row in the middle of a batch. */
function isJobOf(pid: number): boolean {
  const file = `/proc/${pid}/environ`;
  return existsSync(file) && readFileSync(file, 'utf8').includes('\0SLURM_JOB_ID=');
}
