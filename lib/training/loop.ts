/**
 * The one training loop: a source of batches and a step. `trainModel`, heads on features and the search for a learning
 * rate run in it, so each has checkpoints, early stopping, averaged weights, progress and interruption.
 */
import { indicesBetween, readAhead } from '../data/batches';
import { softmax } from '../evaluation/labels';
import type { MetricValues } from '../evaluation/runningMetrics';
import { yieldToEvents, type Interrupts } from '../interrupts';
import { createRng } from '../random';
import type { tf } from '../tensorflow/backend';
import { openCheckpoints, type Checkpoints, type LoadedSnapshot } from './checkpoint';
import { checkMemory, estimateMemory, gigabytes, type LoopConfig } from './config';
import { findBestEpoch, shouldStop } from './earlyStopping';
import type { History } from './history';
import type { TrainingIdentity } from './identity';
import { findNonFinite, readVariables, writeVariables, type TensorValue } from './modelState';
import { addStep, createProgress, describeStep, finishEpoch } from './progress';
import { trainExclusively, TrainingInterrupted } from './exclusiveTraining';
import { namedWeights, type StepBatch, type TrainingStep } from './trainingStep';

const DEFAULT_CHECKPOINT_MINUTES = 5;

/** Where batches come from. */
export interface BatchSource {
  /** Examples of an epoch. */
  readonly size: number;
  /** The examples at `indices`, in that order, as the 1-based `epoch` sees them; asked for while the step before computes. */
  batch(indices: Uint32Array, epoch: number): Promise<StepBatch>;
}

/** Measures the model as it stands, after each epoch. */
export interface Validator {
  /** @param between awaited between two batches; where it throws, so does this. */
  run(between: () => Promise<void>): Promise<MetricValues>;
  dispose?(): void;
}

/** What runs in the loop. */
export interface TrainingPlan {
  /** Description for error messages, e.g. `a training`. */
  readonly what: string;
  readonly model: tf.LayersModel;
  readonly config: LoopConfig;
  readonly source: BatchSource;
  /** Keeps the random orders of different kinds of training apart. */
  readonly orderStream: string;
  /** Leaves out the rest of an epoch that fills no batch: its loss would be noisier. Default false. */
  readonly dropRest?: boolean;
  /** Called once the checkpoint, if any, is known to belong to this training. */
  createStep(): TrainingStep;
  createValidator?(): Validator;
  /** What makes it the same training; without it there are no checkpoints. */
  identify?(): TrainingIdentity;
  /** Looks at each batch's loss, before its update; `end` ends the training without an error, finite or not. */
  readonly onLoss?: (loss: number, step: number) => 'end' | undefined;
}

/** From this memory estimate on, a message is printed before training starts. */
const WORTH_SAYING_BYTES = 1e9;

/**
 * Runs a training; the rules are those of `trainModel`.
 *
 * @throws RangeError where it does not fit into memory
 */
export async function runTraining(plan: TrainingPlan): Promise<History> {
  const { batchSize, checkpoint } = plan.config;
  const memoryBytes = estimateMemory(plan.model, {
    batchSize: Math.min(batchSize, plan.source.size),
    checkpoint,
  });
  checkMemory(memoryBytes);
  if (memoryBytes >= WORTH_SAYING_BYTES) {
    const words = plan.what.replace(/^./, (letter) => letter.toUpperCase());
    console.log(`${words} starts; it takes about ${gigabytes(memoryBytes)} of memory.`);
  }
  const training = new Training(plan);
  const { signal } = plan.config;
  return trainExclusively({ signal, describe: () => training.describe() }, (interrupts) =>
    training.run(interrupts).finally(() => training.close()),
  );
}

class Training {
  private progress = createProgress();
  private bestWeights: readonly TensorValue[] | undefined;
  /** The weights of the last step, while the model holds their average. */
  private lastWeights: readonly TensorValue[] | undefined;
  private lastFiniteLoss: number | undefined;
  private step!: TrainingStep;
  private validator: Validator | undefined;
  private checkpoints: Checkpoints | undefined;
  private interrupts!: Interrupts;
  private wasEnded = false;
  /** When seconds were last added up, and when the last checkpoint was written; of performance.now(). */
  private lapAt = performance.now();
  private savedAt = this.lapAt;

  constructor(private readonly plan: TrainingPlan) {}

  private get config(): LoopConfig {
    return this.plan.config;
  }

  describe(): string {
    const { epochs, totalSteps } = this.config;
    const epoch = Math.min(this.progress.epochs.length + 1, epochs);
    return `${this.plan.what} (epoch ${epoch} of ${epochs}, step ${this.progress.step} of ${totalSteps})`;
  }

  async run(interrupts: Interrupts): Promise<History> {
    const { plan, config } = this;
    this.interrupts = interrupts;
    this.lapAt = performance.now();
    const { checkpoint } = config;
    const identity = checkpoint && plan.identify?.();
    if (checkpoint && identity) this.checkpoints = await openCheckpoints(identity, checkpoint);
    const snapshot = await this.checkpoints?.load();
    if (snapshot) {
      this.progress = snapshot.progress;
      this.bestWeights = snapshot.bestWeights;
    }
    if (!snapshot?.complete) await this.announce(snapshot);
    this.step = plan.createStep();
    try {
      if (snapshot?.complete) {
        writeVariables(this.step.state(), snapshot.variables);
        return this.history();
      }
      this.validator = plan.createValidator?.();
      if (snapshot) writeVariables(this.step.state(), snapshot.variables);
      await this.recordGraphs();
      return await this.train();
    } finally {
      this.restoreLastWeights();
      this.validator?.dispose?.();
      this.step.dispose();
    }
  }

  close(): void {
    this.checkpoints?.close();
  }

  /** Before the event loop stands still for the compiler: what the hooks show gets out first. */
  private async announce(snapshot: LoadedSnapshot | undefined): Promise<void> {
    const { epochs: planned, stepsPerEpoch, onStart, onResume } = this.config;
    await onStart?.({ epochs: planned, stepsPerEpoch });
    if (snapshot) {
      const { epochs, step } = this.progress;
      const { runtimeDifference } = snapshot;
      const epoch = epochs.length + 1;
      await onResume?.({ epoch, step, epochs: [...epochs], runtimeDifference });
    }
    await yieldToEvents();
  }

  /**
   * Makes the graphs of both batch sizes first, so that every step runs as the same graph, wherever it was interrupted: one that
   * is recorded is executed op by op, which may round differently (it does in bfloat16).
   */
  private async recordGraphs(): Promise<void> {
    const { source, dropRest } = this.plan;
    const { batchSize } = this.config;
    const largest = Math.min(batchSize, source.size);
    const sizes = new Set([largest, ...(dropRest ? [] : [source.size % batchSize])]);
    sizes.delete(0);
    this.step.record(await source.batch(indicesBetween(0, largest), 1), sizes);
  }

  private async train(): Promise<History> {
    this.lap({ inEpoch: false });
    this.savedAt = performance.now();
    await this.stopIfInterrupted();
    const pace = { startedAt: performance.now(), stepsBefore: this.progress.step };
    while (!this.hasEnded()) {
      await this.trainEpoch(pace);
      if (this.wasEnded) break;
      this.takeAverage();
      const validation = await this.validate();
      this.lap();
      const record = finishEpoch(this.progress, this.config.metrics, validation);
      this.keepBest();
      if (this.hasEnded()) this.lastWeights = undefined;
      else this.restoreLastWeights();
      await this.save();
      await this.config.onEpoch?.(record);
      this.lap({ inEpoch: false });
    }
    return this.history();
  }

  /** The rest of the epoch under way: all of it, unless the training was resumed inside. */
  private async trainEpoch(pace: { startedAt: number; stepsBefore: number }): Promise<void> {
    const { source, orderStream } = this.plan;
    const { batchSize, seed, epochs, stepsPerEpoch, metrics, rateOf } = this.config;
    const { progress } = this;
    const epoch = progress.epochs.length + 1;
    const order = this.config.order(createRng(seed, orderStream, epoch));
    const stepsBefore = progress.current.steps;
    const nextBatch = readAhead(stepsPerEpoch - stepsBefore, (index) => {
      const start = (stepsBefore + index) * batchSize;
      return source.batch(order.subarray(start, start + batchSize), epoch);
    });
    while (progress.current.steps < stepsPerEpoch) {
      const startedAt = performance.now();
      const batch = await nextBatch().catch((error: unknown) => this.saveAndThrow(error));
      const learningRate = rateOf(progress.step);
      const { loss, logits } = this.step.run(batch, { learningRate, step: progress.step + 1 });
      const numClasses = logits.length / batch.labels.length;
      const outputs = {
        probabilities: softmax(logits, numClasses),
        labels: batch.labels,
        numClasses,
      };
      const seconds = (performance.now() - startedAt) / 1000;
      addStep(progress, { loss, outputs, metrics, learningRate, seconds });
      if (this.plan.onLoss?.(loss, progress.step) === 'end') {
        this.wasEnded = true;
        return;
      }
      this.checkFinite(loss);
      this.lastFiniteLoss = loss;

      const secondsPerStep =
        (performance.now() - pace.startedAt) / 1000 / (progress.step - pace.stepsBefore);
      await this.config.onStep?.(
        describeStep(progress, { epochs, stepsPerEpoch, secondsPerStep, metrics }),
      );
      await this.pause();
    }
  }

  /** Where examples cannot be read, the steps so far are as good as ever. */
  private async saveAndThrow(error: unknown): Promise<never> {
    if (!(error instanceof TrainingInterrupted)) await this.save().catch(() => undefined);
    throw error;
  }

  /** Whatever may happen between two batches. */
  private async pause(): Promise<void> {
    await yieldToEvents();
    await this.stopIfInterrupted();
    const minutes = this.config.checkpoint?.everyMinutes ?? DEFAULT_CHECKPOINT_MINUTES;
    if (performance.now() - this.savedAt >= minutes * 60_000) await this.save();
  }

  private async validate(): Promise<MetricValues | null> {
    if (!this.validator) return null;
    let values: MetricValues;
    try {
      values = await this.validator.run(() => this.pause());
    } catch (error) {
      return this.saveAndThrow(error);
    }
    this.checkFinite(values.loss, 'validation loss');
    return values;
  }

  private checkFinite(loss: number, name = 'loss'): void {
    if (!Number.isFinite(loss)) this.stopDiverged(`the ${name} is ${loss}`);
  }

  /** Stops a training whose weights are no longer usable. */
  private stopDiverged(what: string): never {
    const { step } = this.progress;
    const { rateOf, stepsPerEpoch } = this.config;
    throw new Error(
      `Training stopped: ${what} after step ${step} (epoch ${Math.ceil(step / stepsPerEpoch)}), whose learning rate ` +
        `was ${rateOf(step - 1)}; the last finite loss was ${this.lastFiniteLoss ?? 'none'}. The training diverged: ` +
        'create the model again and train it with a lower learningRate' +
        (this.checkpoints
          ? " and checkpoint: { resume: 'never' }; the checkpoints stay as they were."
          : '.'),
    );
  }

  /** After an epoch: remembers its weights where they are the best so far. */
  private keepBest(): void {
    const { keepBest: monitor } = this.config;
    if (!monitor) return;
    const { epochs } = this.progress;
    if (findBestEpoch(epochs, { monitor }) === epochs.length) {
      this.bestWeights = readVariables(namedWeights(this.plan.model));
    }
    if (this.hasEnded() && this.bestWeights)
      writeVariables(namedWeights(this.plan.model), this.bestWeights);
  }

  /** Puts the averaged weights into the model, if there are any, until {@link restoreLastWeights}. */
  private takeAverage(): void {
    const averages = this.step.averages();
    if (averages.length === 0) return;
    this.lastWeights = readVariables(namedWeights(this.plan.model));
    writeVariables(namedWeights(this.plan.model), readVariables(averages));
  }

  private restoreLastWeights(): void {
    if (this.lastWeights) writeVariables(namedWeights(this.plan.model), this.lastWeights);
    this.lastWeights = undefined;
  }

  private hasEnded(): boolean {
    const { earlyStopping, epochs } = this.config;
    return this.progress.epochs.length >= epochs || shouldStop(this.progress.epochs, earlyStopping);
  }

  private async stopIfInterrupted(): Promise<void> {
    if (!this.interrupts.requested) return;
    await this.save();
    const { epochs, step } = this.progress;
    const interruption = new TrainingInterrupted({
      epoch: epochs.length + 1,
      epochs: this.config.epochs,
      step,
      checkpointDirectory: this.checkpoints?.directory,
    });
    this.config.onInterrupt?.(interruption);
    throw interruption;
  }

  private async save(): Promise<void> {
    if (!this.checkpoints) return;
    this.lap({ inEpoch: this.progress.current.steps > 0 });
    const state = readVariables(this.step.state());
    // The training continues from the last step's weights, also where it is interrupted in a validation.
    const variables = this.lastWeights
      ? [...this.lastWeights, ...state.slice(this.lastWeights.length)]
      : state;
    const diverged = findNonFinite(variables);
    if (diverged) this.stopDiverged(`${diverged} is no longer finite`);
    await this.checkpoints.save({
      progress: this.progress,
      variables,
      bestWeights: this.bestWeights,
      complete: this.hasEnded(),
    });
    this.savedAt = performance.now();
  }

  /** Adds the time since the last call to the totals. */
  private lap({ inEpoch = true }: { readonly inEpoch?: boolean } = {}): void {
    const now = performance.now();
    const seconds = (now - this.lapAt) / 1000;
    this.lapAt = now;
    this.progress.seconds += seconds;
    if (inEpoch) this.progress.current.seconds += seconds;
  }

  private history(): History {
    const { epochs, seconds } = this.progress;
    const { keepBest: monitor, epochs: planned } = this.config;
    return {
      epochs: [...epochs],
      seconds,
      ...(monitor ? { bestEpoch: findBestEpoch(epochs, { monitor }) } : {}),
      ...(this.config.earlyStopping ? { stoppedEarly: epochs.length < planned } : {}),
    };
  }
}
