// One run from its plan to its record, for npm start and for a row of a sweep.
import type { RunRecord } from '../../../lib/runs/runRecord';
import { placesEnvironment } from './checkData';
import { type Plan, writeLaunch } from './earlierRun';
import { interrupted } from './failures';
import { completeRun } from './runFolder';
import { runNotebook } from './runNotebook';

interface RunPlanOptions {
  /** The run's folder. */
  readonly directory: string;
  readonly device: string;
  /** What the kernel gets besides. */
  readonly env?: NodeJS.ProcessEnv;
  /** Hears of the kernel's process, which leads a group of its own. */
  readonly onKernel?: (pid: number) => void;
  /** Whether a signal came before the notebook listens to them. */
  readonly isInterrupted?: () => boolean;
}

/**
 * Runs a notebook in a folder, or finishes the run there.
 *
 * @returns run.json's content; undefined where the notebook kept no record.
 * @throws {Problem} where it fails or is interrupted.
 */
export async function runPlan(
  plan: Plan,
  { directory, device, env: added, onKernel, isInterrupted }: RunPlanOptions,
): Promise<RunRecord | undefined> {
  const { name, preset, values, data = null, weights = null, offline } = plan;
  const launch = { notebook: name, preset, values, data, weights, offline, device };
  await writeLaunch(directory, launch);
  const env = { ...notebookEnvironment(plan), ...added, DEVICE: device };
  if (isInterrupted?.()) throw interrupted(directory);
  const executed = await runNotebook(plan, { directory, values, env, onKernel });
  return completeRun(directory, { notebook: name, executed });
}

/** Paths and switches travel to the notebook by environment variables, never in a cell. */
function notebookEnvironment(plan: Plan): NodeJS.ProcessEnv {
  const { preset, offline, directory, repeats } = plan;
  return {
    ...placesEnvironment(plan),
    RUN_PRESET: preset,
    ...(offline ? { OFFLINE: '1' } : {}),
    ...(directory ? { RUN_RESUME: '1' } : {}),
    ...(repeats ? { RUN_AGAIN: repeats } : {}),
  };
}
