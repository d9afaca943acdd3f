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

/** Upper 2.5 % points of Student's t for 2 to 30 degrees of freedom: NIST/SEMATECH e-Handbook, section 1.3.6.7.2. */
const T_QUANTILES = [
  4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131,
  2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045,
  2.042,
] as const;

/**
 * The 95 % confidence interval of a mean, by Student's t: mean ± t·s/√n. Beyond 31 values t is that of 30 degrees of
 * freedom, which makes the interval at most 4 % too wide.
 *
 * @returns null below three values, whose deviation says next to nothing about the spread.
 */
export function meanInterval(values: readonly number[]): { low: number; high: number } | null {
  if (values.length < 3) return null;
  const { mean, std } = meanAndStd(values);
  const t = T_QUANTILES[Math.min(values.length - 1, 30) - 2];
  const margin = (t * (std ?? 0)) / Math.sqrt(values.length);
  return { low: mean - margin, high: mean + margin };
}
