// What a notebook's parameters cell declares: one typed value that runs and trainings take whole.
import { checkOption, describeValue, required, seedInteger } from '../options';

/** A parameter: what a run's record and the command line can carry. */
export type ParameterValue = string | number | boolean;

/**
 * The parameters of a notebook. Written one a line in the cell tagged `parameters`, so that `npm start -- --set NAME=VALUE` can
 * read and replace them:
 *
 *     const p = ml.parameters({
 *       epochs: 8, // passes over the training pictures
 *       recipe: 'fast' as 'fast' | 'standard', // one of a few texts
 *       seed: 42,
 *     });
 *
 * @param values texts, finite numbers, true or false, by name; `seed` (an integer) is one of them.
 * @returns the same, frozen.
 * @throws TypeError where the seed is missing, RangeError for a value that is none of these.
 */
export function parameters<T extends { readonly seed: number }>(values: T): Readonly<T> {
  checkOption('parameters', 'seed', values.seed, required(seedInteger));
  for (const [name, value] of Object.entries(values)) {
    const isPlain = ['string', 'boolean'].includes(typeof value) || Number.isFinite(value);
    if (isPlain) continue;
    throw new RangeError(
      `Expected ${name} to be a text, a finite number, true or false but received ${describeValue(value)}: ` +
        'what is none of these is built in the cell that uses it.',
    );
  }
  return Object.freeze({ ...values });
}
