/** The value below which the share `q` (0…1) of the values lies, interpolated between neighbours. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = q * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The largest difference of two lists of the same length, relative to the reference's largest value. */
export function largestDeviation(values: readonly number[], reference: readonly number[]): number {
  const scale = Math.max(...reference.map(Math.abs));
  const differences = reference.map((expected, i) => Math.abs(values[i] - expected));
  const deviation = Math.max(...differences) / scale;
  return Number.isNaN(deviation) ? Infinity : deviation;
}
