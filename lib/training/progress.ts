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
export interface EpochTally {
  /** Steps done in this epoch. */
  steps: number;
  images: number;
  correct: number;
  /** Sum over images of the cross-entropy. */
  lossSum: number;
  /** Time of the training steps alone. */
  stepSeconds: number;
  /** Wall time of the epoch. */
  seconds: number;
  /** Of the last step. */
  learningRate: number;
}

export function createTally(): EpochTally {
  return {
    steps: 0,
    images: 0,
    correct: 0,
    lossSum: 0,
    stepSeconds: 0,
    seconds: 0,
    learningRate: 0,
  };
}

export function createProgress(): TrainingProgress {
  return { step: 0, epochs: [], current: createTally(), seconds: 0 };
}

/** What one step adds. */
export interface StepResult {
  /** Mean over the batch. */
  readonly loss: number;
  readonly correct: number;
  readonly size: number;
  readonly learningRate: number;
  readonly seconds: number;
}

export function addStep(progress: TrainingProgress, result: StepResult): void {
  const { current } = progress;
  progress.step++;
  current.steps++;
  current.images += result.size;
  current.correct += result.correct;
  current.lossSum += result.loss * result.size;
  current.stepSeconds += result.seconds;
  current.learningRate = result.learningRate;
}

/** Turns the tally of the epoch under way into its record, and begins the next. */
export function finishEpoch(
  progress: TrainingProgress,
  validation: { readonly loss: number; readonly accuracy: number } | undefined,
): EpochRecord {
  const { images, correct, lossSum, stepSeconds, seconds, learningRate } = progress.current;
  const record: EpochRecord = {
    epoch: progress.epochs.length + 1,
    trainLoss: lossSum / images,
    trainAccuracy: correct / images,
    valLoss: validation?.loss ?? null,
    valAccuracy: validation?.accuracy ?? null,
    learningRate,
    seconds,
    imagesPerSecond: images / stepSeconds,
  };
  progress.epochs.push(record);
  progress.current = createTally();
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
    loss: current.lossSum / current.images,
    accuracy: current.correct / current.images,
    imagesPerSecond: current.images / current.stepSeconds,
    secondsLeft: (epochs * stepsPerEpoch - step) * secondsPerStep,
  };
}
