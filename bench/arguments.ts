import { parseArgs } from 'node:util';

export interface Arguments {
  readonly jobs: readonly string[];
  readonly rounds: number;
  readonly secondsPerRound: number;
  readonly quick: boolean;
  readonly list: boolean;
  readonly help: boolean;
}

export const USAGE = `npm run bench -- [options]
  --job NAME     measure this job only; may be given several times (default: all)
  --rounds N     rounds of each case (default 7; with --quick 2)
  --seconds S    length of one contestant's round (default 2; with --quick 0.5)
  --quick        a rough look in minutes; bench/results.md stays as it was
  --list         the jobs' names
  --help         this text`;

/** Reads the command line. @throws Error that names what is wrong and what there is. */
export function parseArguments(args: readonly string[], jobNames: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      job: { type: 'string', multiple: true },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const jobs = values.job ?? jobNames;
  const unknown = jobs.find((name) => !jobNames.includes(name));
  if (unknown !== undefined) {
    throw new Error(
      `Expected --job to be one of ${jobNames.join(', ')} but received "${unknown}".`,
    );
  }
  const rounds = positive('--rounds', values.rounds, values.quick ? 2 : 7);
  if (!Number.isInteger(rounds))
    throw new Error(`Expected --rounds to be whole but received ${rounds}.`);
  return {
    jobs,
    rounds,
    secondsPerRound: positive('--seconds', values.seconds, values.quick ? 0.5 : 2),
    quick: values.quick,
    list: values.list,
    help: values.help,
  };
}

function positive(name: string, text: string | undefined, fallback: number): number {
  const value = text === undefined ? fallback : Number(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new Error(`Expected ${name} to be a number greater than 0 but received "${text}".`);
}
