// Stops what is at work on a sweep; its rows can be resumed.
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LOCK_FILE } from '../../../lib/folderLock';
import { isHeld, isHere } from '../../../lib/processLock.cjs';
import { JOBS_FILE } from './engines';
import { rowFolder, type Sweep } from './plan';

/** Cancels the sweep's own jobs, and interrupts the rows of this machine. @returns a line for each, and for what runs elsewhere. */
export async function cancelSweep(sweep: Sweep): Promise<string[]> {
  const run = promisify(execFile);
  const file = join(sweep.folder, JOBS_FILE);
  const jobs = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
  const lines: string[] = [];
  for (const job of jobs) {
    // Slurm knows none of that number where it ended long ago.
    const known = await run('squeue', ['-h', '-j', job]).catch(() => ({ stdout: '' }));
    if (known.stdout.trim() === '') continue;
    await run('scancel', [job]);
    lines.push(`Job ${job} of Slurm is cancelled.`);
  }
  for (const row of sweep.rows) {
    const lock = join(rowFolder(sweep, row), LOCK_FILE);
    if (!isHeld(lock)) continue;
    const holder = JSON.parse(readFileSync(lock, 'utf8')) as { pid: number; host: string };
    if (isHere(holder) && !isJobOf(holder.pid)) {
      process.kill(holder.pid, 'SIGINT');
      lines.push(`Row ${row.row} is interrupted (process ${holder.pid}).`);
    } else if (jobs.length === 0) {
      lines.push(`Row ${row.row} is at work on ${holder.host.split(' ')[0]}: stop it there.`);
    }
  }
  return lines.length > 0 ? lines : ['Nothing is at work on it.'];
}

/** Whether Slurm started a process: a second signal would end its row in the middle of a batch. */
function isJobOf(pid: number): boolean {
  const file = `/proc/${pid}/environ`;
  return existsSync(file) && readFileSync(file, 'utf8').includes('\0SLURM_JOB_ID=');
}
