import type { LabelledOutputs, Metric, MetricValues } from '../evaluation/runningMetrics';
import { addToTally, createTally, tallyValues, type Tally } from '../evaluation/score';
import type { EpochRecord, StepInfo } from './history';

/**
 * Where a training stands, apart from its tensors. Plain JSON, in which every finite number survives to the last bit:
 * the sums of a half-done epoch are kept, so its means come out the same as without an interruption.
 */
export interface TrainingProgress {
  /** Steps done in all epochs. */
  step: number;
  /** The epochs that are finished. */
  epochs: EpochRecord[];
  /** Of the epoch that is under way. */
  current: EpochTally;
  /** Wall time so far, over all sessions. */
  seconds: number;
}

/** Sums over the steps of one epoch, divided once at its end. */
export interface EpochTally extends Tally {
  /** Steps done in this epoch. */
  steps: number;
  /** Time of the training steps alone. */
  stepSeconds: number;
  /** Wall time of the epoch. */
  seconds: number;
  /** Of the last step. */
  learningRate: number;
}

function createEpochTally(): EpochTally {
  return { ...createTally(), steps: 0, stepSeconds: 0, seconds: 0, learningRate: 0 };
}

export function createProgress(): TrainingProgress {
  return { step: 0, epochs: [], current: createEpochTally(), seconds: 0 };
}

/** What one step adds. */
export interface StepResult {
  /** Mean over the batch. */
  readonly loss: number;
  readonly outputs: LabelledOutputs;
  readonly metrics: readonly Metric[];
  readonly learningRate: number;
  readonly seconds: number;
}

export function addStep(progress: TrainingProgress, result: StepResult): void {
  const { current } = progress;
  const { loss, outputs, metrics } = result;
  progress.step++;
  current.steps++;
  const lossSum = current.lossSum + loss * outputs.labels.length;
  addToTally(current, outputs, { metrics, lossSum });
  current.stepSeconds += result.seconds;
  current.learningRate = result.learningRate;
}

/** Turns the tally of the epoch under way into its record, and begins the next. */
export function finishEpoch(
  progress: TrainingProgress,
  metrics: readonly Metric[],
  validation: MetricValues | null,
): EpochRecord {
  const { images, stepSeconds, seconds, learningRate } = progress.current;
  const record: EpochRecord = {
    epoch: progress.epochs.length + 1,
    train: tallyValues(progress.current, metrics),
    val: validation,
    learningRate,
    seconds,
    imagesPerSecond: images / stepSeconds,
  };
  progress.epochs.push(record);
  progress.current = createEpochTally();
  return record;
}

/** The news about the step that was just added. */
export function describeStep(
  progress: TrainingProgress,
  plan: {
    readonly epochs: number;
    readonly stepsPerEpoch: number;
    /** Wall seconds per step of this session so far. */
    readonly secondsPerStep: number;
    readonly metrics: readonly Metric[];
  },
): StepInfo {
  const { current, step } = progress;
  const { epochs, stepsPerEpoch, secondsPerStep } = plan;
  return {
    epoch: progress.epochs.length + 1,
    epochs,
    step,
    stepInEpoch: current.steps,
    stepsPerEpoch,
    train: tallyValues(current, plan.metrics),
    imagesPerSecond: current.images / current.stepSeconds,
    secondsLeft: (epochs * stepsPerEpoch - step) * secondsPerStep,
  };
}
