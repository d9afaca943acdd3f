// Checks of class indices and array lengths, with the project's standard error messages.

/** Class numbers 0…numClasses-1, one per picture. */
export type Labels = ArrayLike<number>;

/**
 * The label at `index`, or a RangeError that names the place.
 *
 * @param name what the caller calls the array, for the message
 */
export function labelAt(
  labels: Labels,
  index: number,
  { name, numClasses }: { readonly name: string; readonly numClasses: number },
): number {
  const label = labels[index];
  if (Number.isInteger(label) && label >= 0 && label < numClasses) return label;
  throw new RangeError(
    `Expected ${name}[${index}] to be a class number of 0…${numClasses - 1} but received ` +
      `${String(label)}: check that labels and numClasses belong to the same data set.`,
  );
}

/** Throws if an array does not have the length of the arrays that belong to it. */
export function checkLength(name: string, length: number, expected: number): void {
  if (length === expected) return;
  throw new RangeError(
    `Expected ${name} to have ${expected} entries but received ${length}: ` +
      'pass arrays that belong to the same pictures.',
  );
}

/** Refuses NaN and the infinities. */
export function checkFinite(name: string, value: number): void {
  if (Number.isFinite(value)) return;
  throw new RangeError(
    `Expected ${name} to be a finite number but received ${String(value)}: ` +
      'a training that diverged gives such numbers; lower its learning rate.',
  );
}

/** The index of the largest probability; ties go to the lower index, as in `tf.argmax`. */
export function likeliestClass(row: ArrayLike<number>): number {
  let likeliest = 0;
  for (let label = 1; label < row.length; label++)
    if (row[label] > row[likeliest]) likeliest = label;
  return likeliest;
}

/** {@link likeliestClass} of each row of probabilities [n, numClasses]. */
export function likeliestClasses(probabilities: Float32Array, numClasses: number): Int32Array {
  return Int32Array.from({ length: probabilities.length / numClasses }, (_, index) =>
    likeliestClass(probabilities.subarray(index * numClasses, (index + 1) * numClasses)),
  );
}

/** Each row's exp(x) / Σ exp(x), [n, numClasses] row by row, in double precision: no two logits become equal. */
export function softmax(logits: ArrayLike<number>, numClasses: number): Float64Array {
  const probabilities = Float64Array.from(logits);
  for (let start = 0; start < probabilities.length; start += numClasses) {
    const row = probabilities.subarray(start, start + numClasses);
    const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
    let sum = 0;
    for (let label = 0; label < numClasses; label++)
      sum += row[label] = Math.exp(row[label] - largest);
    for (let label = 0; label < numClasses; label++) row[label] /= sum;
  }
  return probabilities;
}
