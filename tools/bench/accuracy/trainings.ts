import { RECIPES } from '../../../lib/training/recipe';

/** Keras on the original notebook's CNN, or one of this project's recipes. */
export type TrainingName = 'keras' | keyof typeof RECIPES;

/** In the order of the report. */
export const TRAINING_NAMES: readonly TrainingName[] = ['keras', 'fast', 'standard', 'long'];

/** One training to time. */
export interface Training {
  readonly name: TrainingName;
  readonly seed: number;
  /** Other epochs than its own. */
  readonly epochs?: number;
}

/** One training, timed and tested. */
export interface TrainingResult extends Training {
  /** From the making of the model to the end of the last step; tracing and recording of graphs included. */
  readonly seconds: number;
  /** Of the finished model, measured after the clock has stopped; 0…1. */
  readonly testAccuracy: number;
  /** The same without test-time views. */
  readonly singleViewAccuracy: number;
  readonly epochs: number;
  readonly parameters: number;
  /** What the products are computed in. */
  readonly precision: 'float32' | 'bfloat16';
  readonly peakMegabytes: number;
  /** Share (0…1) of the machine that other programs took meanwhile; null where the system does not tell. */
  readonly foreignLoad: number | null;
  /** UTC, to the minute. */
  readonly measuredAt: string;
  readonly commit: string;
}

/** What the original does: ten epochs, batches of 32, Adam with Keras' defaults. */
export const KERAS = { epochs: 10, batchSize: 32 } as const;

/** The epochs of a training that names none. */
export function ownEpochs(name: TrainingName): number {
  return name === 'keras' ? KERAS.epochs : RECIPES[name].epochs;
}

/** Recipes in other epochs than their own, for the curve of accuracy against time: from .6 to 12 times Keras'. */
const CURVE: readonly Training[] = [
  { name: 'standard', epochs: 5, seed: 1 },
  { name: 'standard', epochs: 11, seed: 1 },
  { name: 'long', epochs: 40, seed: 1 },
];

export interface RaceOptions {
  /** Trainings of the fast and of the standard recipe. */
  readonly seeds: number;
  /** Trainings of Keras: each takes about as long as one of the standard recipe. */
  readonly kerasSeeds: number;
  /** The long recipe too, once. */
  readonly long: boolean;
  /** {@link CURVE}: up to twice the long recipe's epochs. */
  readonly curve: boolean;
  /** These trainings alone. Default: all of the above. */
  readonly only?: readonly TrainingName[];
}

/**
 * All trainings in the order in which they run, one at a time: round by round Keras, the fast recipe, the standard one;
 * at the end the long one, and its curve.
 */
export function planTrainings({ seeds, kerasSeeds, long, curve, only }: RaceOptions): Training[] {
  const rounds = Array.from({ length: Math.max(seeds, kerasSeeds) }, (_, index) => index + 1);
  const all = [
    ...rounds.flatMap((seed): Training[] => [
      ...(seed <= kerasSeeds ? [{ name: 'keras', seed } as const] : []),
      ...(seed <= seeds ? (['fast', 'standard'] as const).map((name) => ({ name, seed })) : []),
    ]),
    ...(long ? [{ name: 'long', seed: 1 } as const] : []),
    ...(curve ? CURVE : []),
  ];
  return all.filter(({ name }) => only?.includes(name) ?? true);
}

/** Earlier trainings, with new ones in the place of those of the same name, seed and epochs. */
export function replaceTrainings(
  earlier: readonly TrainingResult[],
  results: readonly TrainingResult[],
): TrainingResult[] {
  const keyOf = ({ name, seed, epochs }: TrainingResult): string => `${name} ${seed} ${epochs}`;
  const fresh = new Set(results.map(keyOf));
  return [...earlier.filter((result) => !fresh.has(keyOf(result))), ...results];
}

/** What the trainings learn from and are tested on. */
export interface RaceData {
  readonly name: string;
  readonly source: string;
  readonly trainCount: number;
  readonly testCount: number;
}
