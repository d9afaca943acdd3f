/** Notices when something that a graph took for constant has changed. */
import type { tf } from './backend';
import { sameItems } from './graph';
import type { RecordedStep } from './recorder';

/** A frozen weight has another value, or an optimizer another hyperparameter or other slots. */
export type Change = 'weight' | 'optimizer';

/** @returns a function that says what has changed since now, or null. */
export function watchChanges({ optimizers, constants }: RecordedStep): () => Change | null {
  const dataIds = constants.map(({ dataId }) => dataId);
  const settings = optimizers.map(settingsOf);
  return () => {
    if (constants.some((variable, i) => variable.isDisposed || variable.dataId !== dataIds[i]))
      return 'weight';
    return optimizers.every((optimizer, i) => sameItems(settingsOf(optimizer), settings[i]))
      ? null
      : 'optimizer';
  };
}

/** Hyperparameters as text, and the slots themselves: setWeights of a tfjs optimizer makes new variables. */
function settingsOf(optimizer: tf.Optimizer): unknown[] {
  const slots = Object.values(optimizer).flatMap((member: unknown) =>
    Array.isArray(member)
      ? member.map((slot: { readonly variable?: unknown } | null) => slot?.variable)
      : [],
  );
  return [JSON.stringify(optimizer.getConfig()), ...slots];
}
