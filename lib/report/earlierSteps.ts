// What a run's progress file says of a training before it was interrupted.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { metricsSchema, type StepInfo } from '../training/history';
import { count, objectOf, type Schema } from '../schema';

/** As much of a step as a curve needs. */
export type EarlierStep = Pick<
  StepInfo,
  'epoch' | 'epochs' | 'step' | 'stepInEpoch' | 'stepsPerEpoch' | 'train'
>;

/** The part of a training before an interruption, as far as it was written down: at most five steps a second. */
export interface EarlierSteps {
  /** In their order, each once: where a part was repeated, as it was the last time. */
  readonly steps: readonly EarlierStep[];
  /** Steps after which the training had been resumed before. */
  readonly resumedAfter: readonly number[];
}

const stepSchema: Schema<EarlierStep> = objectOf<EarlierStep>({
  epoch: count,
  epochs: count,
  step: count,
  stepInEpoch: count,
  stepsPerEpoch: count,
  train: metricsSchema,
});

/**
 * Reads a run's `progress.jsonl`; nothing where there is no such file. Lines that are cut off or not valid are left out.
 *
 * @param directory the run's folder.
 * @param of.stepsDone how many steps the checkpoint holds: what came after them is repeated.
 */
export function readEarlierSteps(
  directory: string,
  { model, stepsDone }: { readonly model: string; readonly stepsDone: number },
): EarlierSteps {
  let steps: EarlierStep[] = [];
  let resumedAfter: number[] = [];
  for (const event of readEvents(join(directory, 'progress.jsonl'))) {
    if (event.model !== model) continue;
    if (event.event === 'training') {
      // From here on it is repeated; all of it, where it was not resumed.
      const kept = typeof event.resumedAfter === 'number' ? event.resumedAfter : 0;
      steps = steps.filter(({ step }) => step <= kept);
      resumedAfter = [...resumedAfter.filter((step) => step < kept), ...(kept > 0 ? [kept] : [])];
    } else if (event.event === 'step' && isStep(event) && event.step <= stepsDone) {
      steps.push(event);
    }
  }
  return { steps, resumedAfter: resumedAfter.filter((step) => step < stepsDone) };
}

function isStep(event: object): event is EarlierStep {
  try {
    stepSchema(event, '');
    return true;
  } catch {
    return false; // e.g. a loss that was not finite
  }
}

function readEvents(file: string): Readonly<Record<string, unknown>>[] {
  return readLines(file).flatMap((line) => {
    try {
      const event = JSON.parse(line) as Record<string, unknown> | null;
      return typeof event === 'object' && event !== null ? [event] : [];
    } catch {
      return []; // the process was killed while it wrote
    }
  });
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    return []; // the curve then begins where it is resumed
  }
}
