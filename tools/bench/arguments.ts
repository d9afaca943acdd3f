import { parseArgs } from 'node:util';
import { TRAINING_NAMES, type TrainingName } from './accuracy/trainings';

export interface Arguments {
  readonly jobs: readonly string[];
  readonly rounds: number;
  readonly secondsPerRound: number;
  readonly quick: boolean;
  /** Of the job accuracy. */
  readonly seeds: number;
  readonly kerasSeeds: number;
  readonly long: boolean;
  readonly only?: readonly TrainingName[];
  readonly epochs?: number;
  readonly pictures?: number;
  readonly list: boolean;
  readonly help: boolean;
}

export const USAGE = `npm run bench -- [options]
  --job NAME     measure this job only; may be given several times (default: all but accuracy)
  --rounds N     rounds of each case (default 7; with --quick 2)
  --seconds S    length of one contestant's round (default 2; with --quick 0.5)
  --quick        a rough look in minutes; tools/bench/results.md stays as it was
  --seeds N      accuracy: trainings of each recipe (default 3; with --quick 1)
  --keras-seeds N  accuracy: trainings in Keras (default 1)
  --long         accuracy: the long recipe too, once
  --only NAME    accuracy: keras, fast, standard or long alone; may be given several times
  --epochs N     accuracy: a shortened race, not saved
  --pictures N   accuracy: a race with fewer pictures, not saved
  --list         the jobs' names
  --help         this text`;

/**
 * Reads the command line.
 *
 * @param jobNames measured where no job is named.
 * @param others measured only where they are named.
 * @throws Error that names what is wrong and what there is.
 */
export function parseArguments(
  args: readonly string[],
  jobNames: readonly string[],
  others: readonly string[] = [],
): Arguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      job: { type: 'string', multiple: true },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      seeds: { type: 'string' },
      'keras-seeds': { type: 'string' },
      long: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true },
      epochs: { type: 'string' },
      pictures: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const jobs = values.job ?? jobNames;
  const known = [...jobNames, ...others];
  const unknown = jobs.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new Error(`Expected --job to be one of ${known.join(', ')} but received "${unknown}".`);
  }
  return {
    jobs,
    rounds: whole('--rounds', values.rounds, values.quick ? 2 : 7),
    secondsPerRound: positive('--seconds', values.seconds, values.quick ? 0.5 : 2),
    quick: values.quick,
    seeds: whole('--seeds', values.seeds, values.quick ? 1 : 3),
    kerasSeeds: whole('--keras-seeds', values['keras-seeds'], 1),
    long: values.long,
    ...(values.only === undefined ? {} : { only: values.only.map(trainingName) }),
    ...(values.epochs === undefined ? {} : { epochs: whole('--epochs', values.epochs, 1) }),
    ...(values.pictures === undefined ? {} : { pictures: whole('--pictures', values.pictures, 1) }),
    list: values.list,
    help: values.help,
  };
}

function whole(name: string, text: string | undefined, fallback: number): number {
  const value = positive(name, text, fallback);
  if (Number.isInteger(value)) return value;
  throw new Error(`Expected ${name} to be whole but received ${value}.`);
}

function positive(name: string, text: string | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new Error(`Expected ${name} to be a number greater than 0 but received "${text}".`);
}

function trainingName(text: string): TrainingName {
  const name = TRAINING_NAMES.find((each) => each === text);
  if (name !== undefined) return name;
  throw new Error(
    `Expected --only to be one of ${TRAINING_NAMES.join(', ')} but received "${text}".`,
  );
}
