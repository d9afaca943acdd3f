// What a notebook and its launcher hear while an ablation trains one recipe after another.
import { join } from 'node:path';
import type { AblationOptions, AblationResult } from './ablation';
import type { Run } from './runs';
import { createProgressReporter } from './trackProgress';

/**
 * Callback and file for `measureAblation`: one line below the cell that moves, notes for the launcher, and the
 * measurements in the run's folder, so that a run that is resumed goes on where it was.
 *
 * @example const ablation = await measureAblation({ trainSet, valSet, recipe, seeds, ...trackAblation(run) });
 */
export function trackAblation(
  run: Pick<Run, 'progress' | 'directory'>,
): Required<Pick<AblationOptions, 'file' | 'onResult'>> {
  const { show } = createProgressReporter(run);
  return {
    file: join(run.directory, 'ablation.json'),
    onResult: (result) => show(describeAblationResult(result)),
  };
}

/** `3 of 8: without flips, seed 43: validation accuracy 0.8123 after 12.3 s`. */
export function describeAblationResult(result: AblationResult): string {
  const { piece, seed, accuracy, seconds, done, total } = result;
  const recipe = piece === null ? 'whole recipe' : `without ${piece}`;
  return (
    `${done} of ${total}: ${recipe}, seed ${seed}: validation accuracy ${accuracy.toFixed(4)} ` +
    `after ${seconds.toFixed(1)} s`
  );
}
