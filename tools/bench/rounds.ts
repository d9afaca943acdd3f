import { LABELS, type ContestantId, type ContestantProcess } from './contestant';
import { watchForeignLoad } from './foreignLoad';
import { percentile } from '../../lib/evaluation/statistics';
import type { Task } from './task';

/** How long and how often to measure. */
export interface RunOptions {
  readonly rounds: number;
  readonly secondsPerRound: number;
  /** Said on the terminal while it runs. */
  readonly onProgress: (text: string) => void;
}

/** A contestant that is ready to be measured. */
export interface Runner {
  readonly id: ContestantId;
  readonly process: ContestantProcess;
  readonly note: string;
  readonly parameters: number | null;
  readonly startSeconds: number;
  /** What it computed, to be compared: five losses or the outputs for some pictures. */
  readonly evidence: readonly number[];
  readonly stepsPerRound: number;
  readonly rounds: Round[];
}

/** Images per second of whole rounds, or milliseconds of each call. */
export type Measure = 'throughput' | 'latency';

/** What one contestant did in one round. */
export interface Round {
  /** Images per second, or the median of the calls' milliseconds. */
  readonly value: number;
  /** Every call's milliseconds, for latencies. */
  readonly calls: readonly number[];
  /** Share (0…1) of the machine that other programs took meanwhile; NaN where unknown. */
  readonly foreignLoad: number;
}

/** A round in which others took more than this share of the machine is measured again. */
const QUIET = 0.05;
/** The most rounds of a contestant, as a multiple of the rounds requested. */
const PATIENCE = 3;

/**
 * Lets contestants take turns, round by round, until each has enough rounds on a quiet machine.
 *
 * @returns The largest foreign load of the rounds that count, or null where the system does not tell.
 */
export async function measureRounds(
  runners: readonly Runner[],
  options: Pick<RunOptions, 'rounds' | 'onProgress'> & {
    task: Task;
    measure: Measure;
    title: string;
  },
): Promise<number | null> {
  const { rounds, onProgress, task, measure, title } = options;
  const foreignLoad = watchForeignLoad(runners.map(({ process }) => process.pid));
  const isShort = (runner: Runner) => runner.rounds.filter(isQuiet).length < rounds;
  for (let round = 0; round < rounds * PATIENCE && runners.some(isShort); round++) {
    // The order rotates each round, since it may affect caches and clock rates.
    const turn = round % runners.length;
    for (const runner of [...runners.slice(turn), ...runners.slice(0, turn)]) {
      onProgress(`${title}: round ${round + 1} of ${rounds}, ${LABELS[runner.id]}`);
      foreignLoad();
      const measured = await measureRound(runner, task, measure);
      runner.rounds.push({ ...measured, foreignLoad: foreignLoad() });
    }
  }
  const loads = runners.flatMap((runner) => countedRounds(runner.rounds).map((r) => r.foreignLoad));
  const worst = Math.max(...loads);
  return Number.isFinite(worst) ? worst : null;
}

/** The quiet rounds if there are at least two, else the two or more that were least disturbed. */
export function countedRounds(rounds: readonly Round[]): readonly Round[] {
  const quiet = rounds.filter(isQuiet);
  if (quiet.length >= 2) return quiet;
  const byLoad = [...rounds].sort((a, b) => a.foreignLoad - b.foreignLoad);
  return byLoad.slice(0, Math.max(2, Math.ceil(rounds.length / PATIENCE)));
}

function isQuiet({ foreignLoad }: Round): boolean {
  return !(foreignLoad > QUIET); // NaN: nothing is known, so every round counts
}

async function measureRound(
  { process, stepsPerRound }: Runner,
  { batchSize }: Task,
  measure: Measure,
): Promise<Omit<Round, 'foreignLoad'>> {
  if (measure === 'latency') {
    const reply = await process.ask<{ seconds: number[] }>({
      do: 'latencies',
      steps: stepsPerRound,
    });
    const calls = reply.seconds.map((value) => value * 1000);
    return { value: percentile(calls, 50), calls };
  }
  const { seconds } = await process.ask<{ seconds: number }>({ do: 'run', steps: stepsPerRound });
  return { value: (stepsPerRound * batchSize) / seconds, calls: [] };
}
