// Round numbers along the axes of the hand-drawn curves, and durations in words.

/** Three to six round values that enclose all of `values`; loss and accuracy never go below 0. */
export function niceTicks(values: readonly number[]): number[] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  if (!Number.isFinite(low)) return [0, 0.5, 1];
  const rough = Math.max(high - low, 1e-3 * Math.max(1, high)) / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.max(0, Math.floor(low / step));
  const last = Math.max(first + 1, Math.ceil(high / step));
  return Array.from({ length: last - first + 1 }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  );
}

/** At most ten epochs of equal distance. */
export function epochTicks(lastEpoch: number): number[] {
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500].find((size) => lastEpoch / size <= 10) ?? 1000;
  return Array.from({ length: Math.floor(lastEpoch / step) }, (_, index) => (index + 1) * step);
}

/** A tick's value, without the dust of binary fractions. */
export function tickText(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** `42 s`, `3 min 5 s`, `2 h 10 min`. */
export function duration(seconds: number): string {
  const total = Math.max(0, Math.round(seconds));
  const [hours, minutes] = [Math.floor(total / 3600), Math.floor(total / 60) % 60];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${total % 60} s` : `${total} s`;
}
