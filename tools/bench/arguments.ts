import type { TrainingName } from './accuracy/trainings';

/** What the launcher read from the command line: tools/launcher/commands.mjs. */
export interface Options {
  /** The whole call, as it was typed. */
  readonly line: string;
  readonly jobs: readonly string[];
  readonly quick: boolean;
  readonly list: boolean;
  readonly rounds?: number;
  readonly secondsPerRound?: number;
  /** Of the job accuracy, as all below. */
  readonly seeds?: number;
  readonly kerasSeeds?: number;
  readonly long: boolean;
  readonly curve: boolean;
  /** Empty: all of them. */
  readonly only: readonly TrainingName[];
  readonly epochs?: number;
  readonly pictures?: number;
}

/** The same with its defaults. */
export type Arguments = Omit<Options, 'only'> &
  Required<Pick<Options, 'rounds' | 'secondsPerRound' | 'seeds' | 'kerasSeeds'>> & {
    readonly only?: readonly TrainingName[];
  };

/**
 * Fills in the defaults.
 *
 * @param jobNames measured where no job is named.
 * @param others measured only where they are named.
 * @throws Error for a job that is not known.
 */
export function withDefaults(
  options: Options,
  jobNames: readonly string[],
  others: readonly string[] = [],
): Arguments {
  const { jobs, quick, only, ...rest } = options;
  const known = [...jobNames, ...others];
  const unknown = jobs.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new Error(`Expected --job to be one of ${known.join(', ')} but received "${unknown}".`);
  }
  return {
    rounds: quick ? 2 : 7,
    secondsPerRound: quick ? 0.5 : 2,
    seeds: quick ? 1 : 5,
    kerasSeeds: quick ? 1 : 3,
    ...rest,
    quick,
    jobs: jobs.length > 0 ? jobs : jobNames,
    ...(only.length > 0 ? { only } : {}),
  };
}
