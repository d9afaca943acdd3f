/** What a training reports: its start, one record per epoch, and one progress update per step. */
import type { MetricValues } from '../evaluation/runningMetrics';
import {
  amount,
  count,
  fraction,
  nullable,
  number,
  objectOf,
  recordOf,
  type Schema,
} from '../schema';

/** One finished epoch. Metrics by their names: `loss`, `accuracy` (0…1), and those that were asked for. */
export interface EpochRecord {
  /** 1-based. */
  readonly epoch: number;
  /** Over the epoch's images, each at the moment it was trained on: the weights were still moving. */
  readonly train: MetricValues;
  /** Of the whole validation set with the epoch's last weights; null without one. */
  readonly val: MetricValues | null;
  /** That of the epoch's last step. */
  readonly learningRate: number;
  /**
   * Wall time from the epoch's first batch to its record: training, validation, callbacks and checkpoints in
   * between. Time between an interruption and the resumption does not count.
   */
  readonly seconds: number;
  /** Training images per second of training steps alone: batch making included; validation, callbacks, checkpoints not. */
  readonly imagesPerSecond: number;
}

/** A whole training. */
export interface History {
  readonly epochs: readonly EpochRecord[];
  /** Wall time of all of it, set-up, tracing and checkpoints included; summed over resumptions. */
  readonly seconds: number;
  /** With `keepBest`: the 1-based epoch whose weights the model ended with. */
  readonly bestEpoch?: number;
  /** True where early stopping ended the training before its last epoch. */
  readonly stoppedEarly?: boolean;
}

/** What `onStart` hears, before the graph is compiled. */
export interface TrainingStart {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
}

/** News after a training step. */
export interface StepInfo {
  /** 1-based. */
  readonly epoch: number;
  readonly epochs: number;
  /** Steps done in the whole training, 1-based. */
  readonly step: number;
  /** Steps done in this epoch, 1-based. */
  readonly stepInEpoch: number;
  readonly stepsPerEpoch: number;
  /** Over the epoch's images so far. */
  readonly train: MetricValues;
  /** Running mean of this epoch, as in {@link EpochRecord}. */
  readonly imagesPerSecond: number;
  /** Estimate for the whole training: steps left at the pace of this call's steps so far, validation included. */
  readonly secondsLeft: number;
}

/** What `onResume` hears when a training continues from a checkpoint. */
export interface ResumeInfo {
  /** The 1-based epoch that continues. */
  readonly epoch: number;
  /** Steps that were already done. */
  readonly step: number;
  /** The epochs that were already finished, e.g. to draw their part of the curve. */
  readonly epochs: readonly EpochRecord[];
  /**
   * What is different about TensorFlow since the checkpoint was written, in words: version, device or threads. The
   * curve then continues, but not to the last bit as it would have.
   */
  readonly runtimeDifference?: string;
}

/** The history of a training that needed `seconds` of preparation (features, an earlier training): they count as its own. */
export function addPreparationTime(history: History, seconds: number): History {
  const [first, ...others] = history.epochs;
  return {
    ...history,
    epochs: first ? [{ ...first, seconds: first.seconds + seconds }, ...others] : [],
    seconds: history.seconds + seconds,
  };
}

/** The values of metrics, by name; `accuracy` is always there. */
export const metricsSchema: Schema<MetricValues> = (value, place) => {
  objectOf({ accuracy: fraction })(value, place);
  return recordOf(number)(value, place);
};

/** `loss` too. */
const epochMetricsSchema: Schema<MetricValues> = (value, place) => {
  objectOf({ loss: number })(value, place);
  return metricsSchema(value, place);
};

/** An epoch as files hold it. */
export const epochSchema: Schema<EpochRecord> = objectOf<EpochRecord>({
  epoch: count,
  train: epochMetricsSchema,
  val: nullable(epochMetricsSchema),
  learningRate: amount,
  seconds: amount,
  imagesPerSecond: amount,
});

/** What happens in a run. A watcher ignores events that it does not know. */
export type ProgressEvent =
  | {
      readonly event: 'training';
      readonly model: string;
      readonly epochs: number;
      readonly stepsPerEpoch: number;
      /** Where it continues from a checkpoint: the steps that were already done. */
      readonly resumedAfter?: number;
    }
  | ({
      readonly event: 'step';
      readonly model: string;
      /** The run's best validation accuracy so far, as progress.jsonl adds it. */
      readonly best?: number;
    } & StepInfo)
  | ({ readonly event: 'epoch'; readonly model: string } & EpochRecord)
  | { readonly event: 'note'; readonly text: string };
