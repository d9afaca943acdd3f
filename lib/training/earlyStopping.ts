import type { Metric } from '../evaluation/runningMetrics';
import { checkOptions, nonNegativeNumber, positiveInteger, required, text } from '../options';
import type { EpochRecord } from './history';

/** When to end a training that no longer improves; the same meaning as Keras' EarlyStopping. */
export interface EarlyStopping {
  /** Epochs in a row without improvement after which the training ends. At least 1. */
  readonly patience: number;
  /** `loss` (the default) or a metric's name; that of the validation set is looked at. */
  readonly monitor?: string;
  /** An improvement by this much or less is none. Default 0. */
  readonly minDelta?: number;
}

/** The validation metric by which epochs are compared. */
export type Monitor = Pick<Metric, 'name' | 'better'>;

const LOSS: Monitor = { name: 'loss', better: 'lower' };

/** @throws RangeError where nothing of that name is measured. */
export function findMonitor(name: string, metrics: readonly Metric[], option: string): Monitor {
  const found = [LOSS, ...metrics].find((each) => each.name === name);
  if (found) return found;
  throw new RangeError(
    `Expected ${option} to be ${['loss', ...metrics.map((metric) => metric.name)].join(' or ')} but received ` +
      `"${name}": name it in metrics, or watch another.`,
  );
}

/** Checked, with the defaults filled in. */
export interface StoppingRule {
  readonly patience: number;
  readonly monitor: Monitor;
  readonly minDelta: number;
}

export function findStoppingRule(options: EarlyStopping, metrics: readonly Metric[]): StoppingRule {
  checkOptions<EarlyStopping>('earlyStopping', options, {
    patience: required(positiveInteger),
    monitor: text,
    minDelta: nonNegativeNumber,
  });
  const { patience, monitor = 'loss', minDelta = 0 } = options;
  return { patience, monitor: findMonitor(monitor, metrics, 'earlyStopping.monitor'), minDelta };
}

/**
 * The 1-based epoch that was the last to beat the best one before it by more than `minDelta`; the earlier one of
 * equals. 0 where there is none.
 *
 * A function of the history alone: early stopping has no state that a checkpoint could lose.
 */
export function findBestEpoch(
  epochs: readonly Pick<EpochRecord, 'epoch' | 'val'>[],
  { monitor = LOSS, minDelta = 0 }: { readonly monitor?: Monitor; readonly minDelta?: number } = {},
): number {
  let bestEpoch = 0;
  let best = Infinity;
  for (const { epoch, val } of epochs) {
    const value = val?.[monitor.name];
    if (value === undefined) continue;
    const cost = monitor.better === 'lower' ? value : -value;
    if (cost < best - minDelta) {
      best = cost;
      bestEpoch = epoch;
    }
  }
  return bestEpoch;
}

/** True once `patience` epochs in a row brought no improvement. */
export function shouldStop(
  epochs: readonly EpochRecord[],
  stopping: StoppingRule | undefined,
): boolean {
  if (!stopping) return false;
  return epochs.length - findBestEpoch(epochs, stopping) >= stopping.patience;
}
