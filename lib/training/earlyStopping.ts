import { nonNegativeNumber, oneOf, positiveInteger, required, type OptionRules } from '../options';
import type { EpochRecord } from './history';

/** The validation figure that says which epoch is better: a smaller loss, or a larger accuracy. */
export type Monitor = 'valLoss' | 'valAccuracy';

/** When to end a training that no longer improves; the same meaning as Keras' EarlyStopping. */
export interface EarlyStopping {
  /** Epochs in a row without improvement after which the training ends. At least 1. */
  readonly patience: number;
  /** Default `valLoss`. */
  readonly monitor?: Monitor;
  /** An improvement by this much or less is none. Default 0. */
  readonly minDelta?: number;
}

export const monitorRule = oneOf('valLoss', 'valAccuracy');
export const earlyStoppingRules: OptionRules<EarlyStopping> = {
  patience: required(positiveInteger),
  monitor: monitorRule,
  minDelta: nonNegativeNumber,
};

/**
 * The 1-based epoch that was the last to beat the best one before it by more than `minDelta`; the earlier one of
 * equals. 0 where there is none.
 *
 * A function of the history alone: early stopping has no state that a checkpoint could lose.
 */
export function findBestEpoch(
  epochs: readonly EpochRecord[],
  {
    monitor = 'valLoss',
    minDelta = 0,
  }: { readonly monitor?: Monitor; readonly minDelta?: number } = {},
): number {
  let bestEpoch = 0;
  let best = Infinity;
  for (const record of epochs) {
    const value = record[monitor];
    if (value === null) continue;
    const cost = monitor === 'valLoss' ? value : -value;
    if (cost < best - minDelta) {
      best = cost;
      bestEpoch = record.epoch;
    }
  }
  return bestEpoch;
}

/** True once `patience` epochs in a row brought no improvement. */
export function shouldStop(epochs: readonly EpochRecord[], stopping: EarlyStopping): boolean {
  return epochs.length - findBestEpoch(epochs, stopping) >= stopping.patience;
}
