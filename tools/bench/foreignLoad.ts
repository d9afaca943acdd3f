import { readFileSync } from 'node:fs';

/** Seconds of processor time since some moment in the past. */
interface ProcessorTimes {
  /** All that the machine's processors had to give. */
  readonly total: number;
  /** The time used by all programs, plus the hypervisor's steal time. */
  readonly busy: number;
  /** What the given processes took. */
  readonly own: number;
}

/**
 * Watches how much of the machine other programs take. Linux only.
 *
 * @param pids The processes that are measured; this one counts as measured too.
 * @returns A function that gives the share (0…1) of all processors that others took since the last call, or
 *   NaN where the system does not tell.
 */
export function watchForeignLoad(pids: readonly number[]): () => number {
  let last = readTimes(pids);
  return () => {
    const now = readTimes(pids);
    const share = now && last ? foreignShare(last, now) : NaN;
    last = now;
    return share;
  };
}

/** The share (0…1) of the machine that went to others between two moments. */
export function foreignShare(before: ProcessorTimes, after: ProcessorTimes): number {
  const foreign = after.busy - before.busy - (after.own - before.own);
  return Math.min(1, Math.max(0, foreign / (after.total - before.total)));
}

function readTimes(pids: readonly number[]): ProcessorTimes | undefined {
  try {
    // proc(5): user nice system idle iowait irq softirq steal, in clock ticks.
    const [line] = readFileSync('/proc/stat', 'utf8').split('\n');
    const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number);
    const total = ticks.reduce((sum, value) => sum + value, 0);
    const own = [process.pid, ...pids].reduce((sum, pid) => sum + processTicks(pid), 0);
    return { total, busy: total - ticks[3] - ticks[4], own };
  } catch {
    return undefined;
  }
}

/** User and system time of one process, all threads: fields 14 and 15, counted behind the name in brackets. */
function processTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').pop()!.split(' ');
  return Number(fields[11]) + Number(fields[12]);
}
