// Small statistics of a list of numbers: time measurements, accuracies of several seeds.
import { checkOption, positiveInteger, required, rule } from '../options';
import { checkFinite } from './labels';

const percentage = rule('a number of 0…100', '95', (value) => {
  return typeof value === 'number' && value >= 0 && value <= 100;
});

/**
 * The value below which `percent` % of the values lie, interpolated linearly between neighbours:
 * NumPy's default, type 7 of R. J. Hyndman and Y. Fan, "Sample quantiles in statistical packages",
 * The American Statistician 50 (1996) 361-365.
 *
 * @param values at least one finite number, in any order; left as they are
 * @param percent 0…100; 50 is the median
 */
export function percentile(values: ArrayLike<number>, percent: number): number {
  checkOption('percentile', 'values.length', values.length, positiveInteger);
  checkOption('percentile', 'percent', percent, required(percentage));
  const sorted = Array.from(values, (value, index) => {
    checkFinite(`values[${index}]`, value);
    return value;
  }).sort((a, b) => a - b);
  const place = (percent / 100) * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

/**
 * Mean and sample standard deviation (divided by n - 1) of, say, one accuracy per seed. The
 * deviation of a single value is null: one run tells nothing about the spread.
 */
export function meanAndStd(values: readonly number[]): { mean: number; std: number | null } {
  checkOption('meanAndStd', 'values.length', values.length, positiveInteger);
  values.forEach((value, index) => checkFinite(`values[${index}]`, value));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length === 1) return { mean, std: null };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / (values.length - 1)) };
}
