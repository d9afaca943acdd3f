import type { RaceOptions } from '../accuracy/trainings';
import type { Machine } from '../machine';
import type { CaseResult } from '../results';
import type { RunOptions } from '../rounds';
import { runCase, type Case } from '../runCase';

/** A result before it is stamped with time, commit and command. */
export type Measured = Omit<CaseResult, 'measuredAt' | 'commit' | 'command'>;

/** One file of this folder: something that `npm run bench -- --job NAME` measures. */
export interface Job {
  readonly name: string;
  readonly title: string;
  /** Measures, and hands each result out as soon as it is there. */
  run(options: RunOptions): AsyncIterable<Measured>;
}

/** What a {@link ReportJob} gets of the command line and of the world. */
export interface ReportOptions extends RaceOptions {
  readonly quick: boolean;
  /** For a try: other epochs than the trainings' own, fewer pictures. */
  readonly epochs?: number;
  readonly pictures?: number;
  readonly machine: Machine;
  readonly stamp: { readonly commit: string; readonly command: string };
  /** Shows how far it is, and takes it away again. */
  readonly say: (text: string) => void;
  readonly clear: () => void;
}

/** A job with results and a report of its own. It takes long, so it runs only where it is named. */
export interface ReportJob {
  readonly name: string;
  readonly title: string;
  run(options: ReportOptions): Promise<void>;
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
