import type { ContestantId } from './contestant';

/** A target ratio to other contestants; without `atLeast` the ratio is only reported. */
export interface Goal {
  /** Whose goal it is. Default: "compiled". */
  readonly of?: ContestantId;
  /** The best of these is compared with. */
  readonly against: readonly ContestantId[];
  /** Ours must be this many times better. */
  readonly atLeast?: number;
}

/** One contestant's figures in a case. */
export interface Row {
  readonly contestant: ContestantId;
  /** How it did the work. */
  readonly note: string;
  /** Median, smallest and largest of the rounds, in the case's unit. */
  readonly median: number;
  readonly low: number;
  readonly high: number;
  /** Latency that 90 % of all calls keep, in the case's unit; for latencies only. */
  readonly p90?: number;
  /** Largest resident memory of the process. */
  readonly peakMegabytes: number;
  /** From the process's start to the end of its first step, imports and tracing included. */
  readonly startSeconds: number;
  /** Weights and moving averages; null where the contestant cannot tell. */
  readonly parameters: number | null;
  /** Largest difference of its losses (or outputs) from Keras', relative to the largest of those. */
  readonly deviation: number;
}

/** One measured case. */
export interface CaseResult {
  readonly id: string;
  readonly title: string;
  /** "images/s" or "ms". */
  readonly unit: string;
  readonly lowerIsBetter: boolean;
  readonly rounds: number;
  /** Largest share (0…1) of the machine that other programs took in a round that counts; null: unknown. */
  readonly foreignLoad: number | null;
  readonly rows: readonly Row[];
  /** Contestants that could not take part, and why. */
  readonly absent: readonly { readonly contestant: ContestantId; readonly reason: string }[];
  readonly goals: readonly Goal[];
  /** What was compared to see that all do the same work, and how far it may differ. */
  readonly check: string;
  readonly tolerance: number;
  readonly int8Tolerance?: number;
  readonly measuredAt: string;
  readonly commit: string;
  readonly command: string;
}

/** A goal with its figures. */
export interface Ratio {
  readonly ours: Row;
  readonly best: Row;
  /** How many times better ours is than the best of the others. */
  readonly ratio: number;
  readonly atLeast?: number;
  readonly reached?: boolean;
}

/** The figures of every goal whose contestants are there. */
export function ratios({ rows, goals, lowerIsBetter }: CaseResult): Ratio[] {
  return goals.flatMap(({ of = 'compiled', against, atLeast }) => {
    const ours = rows.find(({ contestant }) => contestant === of);
    const others = rows.filter(({ contestant }) => against.includes(contestant));
    if (!ours || others.length < against.length) return []; // the best may be missing
    const best = others.reduce((a, b) => (b.median < a.median === lowerIsBetter ? b : a));
    const ratio = lowerIsBetter ? best.median / ours.median : ours.median / best.median;
    const reached = atLeast === undefined ? undefined : ratio >= atLeast;
    return [{ ours, best, ratio, atLeast, reached }];
  });
}

/** Why a case does not count: contestants did different work. Undefined where all is well. */
export function disagreement({ rows, check, ...tolerances }: CaseResult): string | undefined {
  const counts = new Set(
    rows.map(({ parameters }) => parameters).filter((count) => count !== null),
  );
  if (counts.size > 1) return `parameter counts differ: ${[...counts].join(', ')}`;
  const allowed = ({ contestant }: Row) =>
    (contestant === 'int8' ? tolerances.int8Tolerance : undefined) ?? tolerances.tolerance;
  const worst = rows.find((row) => !(row.deviation <= allowed(row)));
  return (
    worst &&
    `${check} of ${worst.contestant} differ by ${worst.deviation}, allowed ${allowed(worst)}`
  );
}

/** The largest difference of two lists of the same length, relative to the reference's largest value. */
export function largestDeviation(values: readonly number[], reference: readonly number[]): number {
  const scale = Math.max(...reference.map(Math.abs));
  const differences = reference.map((expected, i) => Math.abs(values[i] - expected));
  const deviation = Math.max(...differences) / scale;
  return Number.isNaN(deviation) ? Infinity : deviation;
}
