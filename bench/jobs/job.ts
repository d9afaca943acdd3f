import type { CaseResult } from '../results';
import { runCase, type Case, type RunOptions } from '../runCase';

/** A result before it is stamped with time, commit and command. */
export type Measured = Omit<CaseResult, 'measuredAt' | 'commit' | 'command'>;

/** One file of this folder: something that `npm run bench -- --job NAME` measures. */
export interface Job {
  readonly name: string;
  readonly title: string;
  /** Measures, and hands each result out as soon as it is there. */
  run(options: RunOptions): AsyncIterable<Measured>;
}

/** A job made of side-by-side cases. */
export function caseJob(name: string, title: string, cases: readonly Case[]): Job {
  return {
    name,
    title,
    async *run(options) {
      for (const one of cases) yield await runCase(one, options);
    },
  };
}
