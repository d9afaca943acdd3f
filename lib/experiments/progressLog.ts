// progress.jsonl: what a run is doing, one JSON object a line, for whoever watches from outside.
import { appendFileSync } from 'node:fs';
import type { ProgressEvent } from '../training/history';

/** At most five steps a second: a watcher sees no more, and a step takes a few milliseconds. */
const STEP_INTERVAL_MS = 200;

/**
 * A function that appends events to `file`, each with its time. Steps that follow another too quickly
 * are left out.
 */
export function createProgressLog(
  file: string,
  now: () => Date = () => new Date(),
): (event: ProgressEvent) => void {
  let lastStepAt = -Infinity;
  return (event) => {
    const time = now();
    if (event.event === 'step') {
      if (time.getTime() - lastStepAt < STEP_INTERVAL_MS) return;
      lastStepAt = time.getTime();
    }
    try {
      appendFileSync(file, `${JSON.stringify({ time: time.toISOString(), ...event })}\n`);
    } catch {
      // A full disk or a folder moved away must not end hours of training: saving the result will say it.
    }
  };
}
