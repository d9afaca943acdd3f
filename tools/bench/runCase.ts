import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { countedRounds, type Measure, measureRounds, type Runner, type RunOptions } from './rounds';
import {
  contestantCommand,
  LABELS,
  startContestant,
  type ContestantId,
  type ContestantProcess,
} from './contestant';
import { percentile } from '../../lib/evaluation/statistics';
import { largestDeviation, type CaseResult, type Goal, type Row } from './results';
import type { Task, TaskPlan } from './task';

/** One thing to measure. */
export interface Case {
  readonly id: string;
  readonly title: string;
  readonly task: TaskPlan;
  /** In the order of the table; "onnx" comes after "torch" and "onnxFile" after "engine", which export their models. */
  readonly contestants: readonly ContestantId[];
  /** Images per second of whole rounds, or milliseconds of each call. */
  readonly measure: Measure;
  readonly goals: readonly Goal[];
  /** How far losses (or outputs) of contestants may differ, relative to the largest of them. */
  readonly tolerance: number;
  /** The same for int8, which rounds weights and values to 8 bits. */
  readonly int8Tolerance?: number;
}

const CHECKED_STEPS = 5;

/** Measures one case: starts its contestants one after another, then lets them take turns, round by round. */
export async function runCase(
  { id, title, task: plan, contestants, measure, goals, ...tolerances }: Case,
  { rounds, secondsPerRound, onProgress }: RunOptions,
): Promise<Omit<CaseResult, 'measuredAt' | 'commit' | 'command'>> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const runners: Runner[] = [];
  const cleanUp = () => {
    runners.forEach(({ process }) => process.stop());
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', cleanUp); // Ctrl-C
  const absent: { contestant: ContestantId; reason: string }[] = [];
  try {
    await writeTask(plan, folder);
    const task = { ...plan, folder };
    for (const contestant of contestants) {
      onProgress(`${title}: ${LABELS[contestant]} starts`);
      try {
        if (contestant === 'onnx') await exportOnnx(runners, folder);
        runners.push(await prepare(contestant, task, secondsPerRound));
      } catch (error) {
        absent.push({ contestant, reason: (error as Error).message });
      }
    }
    const foreignLoad = await measureRounds(runners, { task, measure, rounds, title, onProgress });
    const rows = await Promise.all(runners.map((runner) => summarise(runner, reference(runners))));
    return {
      id,
      title,
      unit: measure === 'latency' ? 'ms' : 'images/s',
      lowerIsBetter: measure === 'latency',
      rounds,
      foreignLoad,
      rows,
      absent,
      goals,
      check: task.kind === 'train' ? `losses of the first ${CHECKED_STEPS} steps` : 'outputs',
      ...tolerances,
    };
  } finally {
    process.off('exit', cleanUp);
    cleanUp();
  }
}

/** In a process that ends, so that this one stays small and needs no TensorFlow. */
async function writeTask(plan: TaskPlan, folder: string): Promise<void> {
  const process = startContestant(contestantCommand('compiled'));
  try {
    await process.ask({ do: 'write', plan, folder });
  } finally {
    process.stop();
  }
}

/** An independent implementation where there is one. */
function reference(runners: readonly Runner[]): Runner {
  return runners.find(({ id }) => id === 'keras') ?? runners[0];
}

async function exportOnnx(runners: readonly Runner[], folder: string): Promise<void> {
  const torch = runners.find(({ id }) => id === 'torch');
  if (!torch) throw new Error('PyTorch, which exports the model for it, is absent');
  await torch.process.ask({ do: 'export', path: join(folder, 'model.onnx') });
}

/** Starts a contestant, takes its evidence, and finds how many steps fill a round. */
async function prepare(id: ContestantId, task: Task, seconds: number): Promise<Runner> {
  const process = startContestant(contestantCommand(id));
  try {
    // Dropout would give each its own losses.
    const checked = { ...task, dropoutRate: 0 };
    let prepared = await process.ask<{ parameters: number | null; note: string }>({
      do: 'prepare',
      task: checked,
    });
    const first = await evidence(process, task, 1);
    const startSeconds = (performance.now() - process.startedAt) / 1000;
    const more = await evidence(process, task, CHECKED_STEPS - 1);
    if (task.dropoutRate > 0) prepared = await process.ask({ do: 'prepare', task });
    const stepsPerRound = await calibrate(process, seconds);
    if (id === 'keras' && task.kind === 'train') {
      Object.assign(prepared, await process.ask({ do: 'choose', steps: stepsPerRound }));
    }
    return {
      id,
      process,
      ...prepared,
      startSeconds,
      evidence: task.kind === 'train' ? [...first, ...more] : more,
      stepsPerRound,
      rounds: [],
    };
  } catch (error) {
    process.stop();
    throw error;
  }
}

/** Losses of the next `count` steps, or the outputs for the first `count` pictures. */
async function evidence(process: ContestantProcess, task: Task, count: number): Promise<number[]> {
  if (task.kind === 'train') {
    return (await process.ask<{ losses: number[] }>({ do: 'losses', steps: count })).losses;
  }
  return (await process.ask<{ outputs: number[] }>({ do: 'outputs', rows: count })).outputs;
}

/** Warms up, then doubles the steps until their time can be trusted. */
async function calibrate(process: ContestantProcess, seconds: number): Promise<number> {
  await process.ask({ do: 'run', steps: 2 });
  for (let steps = 1; ; steps *= 2) {
    const { seconds: spent } = await process.ask<{ seconds: number }>({ do: 'run', steps });
    if (spent > seconds / 4) return Math.max(1, Math.round((steps * seconds) / spent));
  }
}

async function summarise(runner: Runner, { evidence: expected }: Runner): Promise<Row> {
  const { id, process, note, parameters, startSeconds } = runner;
  const rounds = countedRounds(runner.rounds);
  const values = rounds.map(({ value }) => value);
  const calls = rounds.flatMap((round) => round.calls);
  const { peakBytes } = await process.ask<{ peakBytes: number }>({ do: 'memory' });
  return {
    contestant: id,
    note,
    median: percentile(calls.length > 0 ? calls : values, 50),
    low: Math.min(...values),
    high: Math.max(...values),
    ...(calls.length > 0 ? { p90: percentile(calls, 90) } : {}),
    peakMegabytes: peakBytes / 1e6,
    startSeconds,
    parameters,
    deviation: largestDeviation(runner.evidence, expected),
  };
}
