import { batches } from '../data/batches';
import { take } from '../data/dataset';
import { createPredictor, type Predictor } from '../evaluation/predictor';
import { scoreDataset, type MeanScore } from '../evaluation/score';
import { yieldToEvents, type Interrupts } from '../interrupts';
import { createRng, shuffledIndices } from '../random';
import { type tf } from '../tensorflow/backend';
import { createAlternatingFlip } from './alternatingFlip';
import { openCheckpoints, type Checkpoints } from './checkpoint';
import { checkTrainingOptions, type TrainingConfig, type TrainingOptions } from './config';
import { findBestEpoch, shouldStop } from './earlyStopping';
import type { History } from './history';
import { findNonFinite, readVariables, writeVariables, type TensorValue } from './modelState';
import { addStep, createProgress, describeStep, finishEpoch } from './progress';
import { trainAlone, TrainingInterrupted } from './trainAlone';
import {
  createTrainingStep,
  namedWeights,
  type TrainingStep,
  type TrainingStepOptions,
} from './trainingStep';

const DEFAULT_CHECKPOINT_MINUTES = 5;

/**
 * Trains a classifier in place, from the weights it has.
 *
 * Each epoch takes the images in an order that depends on seed and epoch alone, and everything random in a step depends
 * on seed and step: the same seed and number of threads give the same curve to the last bit, interrupted or not.
 *
 * Ctrl-C, Jupyter's stop button and `signal` end it within one batch: the promise rejects with
 * {@link TrainingInterrupted}, the model keeps the weights of the last step, and with `checkpoint` the same call
 * goes on from there. One training at a time runs in a process.
 *
 * @param model ends in a softmax over the classes of the training set; stays the caller's.
 * @throws TypeError or RangeError for impossible options; Error where the loss is no longer finite, a checkpoint cannot
 *   be written or does not belong to this training, or another training runs.
 */
export async function trainModel(
  model: tf.LayersModel,
  options: TrainingOptions,
): Promise<History> {
  const config = checkTrainingOptions(model, options);
  const session = new TrainingSession(model, config);
  return trainAlone({ signal: config.signal, describe: () => session.describe() }, (interrupts) =>
    session.run(interrupts).finally(() => session.close()),
  );
}

/** One call of `trainModel`. */
class TrainingSession {
  private progress = createProgress();
  private bestWeights: readonly TensorValue[] | undefined;
  /** The weights of the last step, while the model holds their average. */
  private lastWeights: readonly TensorValue[] | undefined;
  private lastFiniteLoss: number | undefined;
  private step!: TrainingStep;
  private predictor: Predictor | undefined;
  private checkpoints: Checkpoints | undefined;
  private interrupts!: Interrupts;
  /** When seconds were last added up, and when the last checkpoint was written; of performance.now(). */
  private lapAt = performance.now();
  private savedAt = this.lapAt;

  constructor(
    private readonly model: tf.LayersModel,
    private readonly config: TrainingConfig,
  ) {}

  /** Words for whoever has to wait. */
  describe(): string {
    const { epochs, totalSteps } = this.config;
    const epoch = Math.min(this.progress.epochs.length + 1, epochs);
    return `a training (epoch ${epoch} of ${epochs}, step ${this.progress.step} of ${totalSteps})`;
  }

  async run(interrupts: Interrupts): Promise<History> {
    const { model, config } = this;
    this.interrupts = interrupts;
    this.lapAt = performance.now();
    const { checkpoint, preprocess } = config;
    if (checkpoint) this.checkpoints = await openCheckpoints(model, { ...config, checkpoint });
    const snapshot = await this.checkpoints?.load();
    this.step = createTrainingStep(model, stepOptions(config));
    try {
      if (snapshot) {
        this.progress = snapshot.progress;
        this.bestWeights = snapshot.bestWeights;
      }
      if (snapshot?.complete) {
        writeVariables(this.step.state(), snapshot.variables);
        return this.history();
      }
      if (config.valSet) {
        const { height, width } = config.valSet;
        const { flipAverage } = config;
        this.predictor = createPredictor(model, { preprocess, height, width, flipAverage });
      }
      // Back to where the training stands: the recording steps count for nothing.
      const initial = snapshot?.variables ?? readVariables(this.step.state());
      try {
        recordGraphs(this.step, config);
      } finally {
        writeVariables(this.step.state(), initial);
      }
      if (snapshot) {
        const { epochs, step } = this.progress;
        const { runtimeDifference } = snapshot;
        const epoch = epochs.length + 1;
        await config.onResume?.({ epoch, step, epochs: [...epochs], runtimeDifference });
      }
      return await this.train();
    } finally {
      this.restoreLastWeights();
      this.predictor?.dispose();
      this.step.dispose();
    }
  }

  async close(): Promise<void> {
    await this.checkpoints?.close();
  }

  private async train(): Promise<History> {
    this.lap({ inEpoch: false });
    this.savedAt = performance.now();
    await this.stopIfInterrupted();
    const pace = { startedAt: performance.now(), stepsBefore: this.progress.step };
    while (!this.hasEnded()) {
      await this.trainEpoch(pace);
      this.takeAverage();
      const validation = await this.validate();
      this.lap();
      const record = finishEpoch(this.progress, validation);
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
    const { trainSet, batchSize, seed, epochs, stepsPerEpoch, schedule, totalSteps } = this.config;
    const { progress } = this;
    const epoch = progress.epochs.length + 1;
    const rng = createRng(seed, 'shuffle', epoch);
    const flipsOf = this.config.augmentation?.alternates
      ? createAlternatingFlip(trainSet.size, { seed })
      : undefined;
    let position = 0;
    const order = shuffledIndices(trainSet.size, rng).subarray(progress.current.steps * batchSize);
    const source = batches(trainSet, { batchSize, order });
    for (;;) {
      const startedAt = performance.now();
      const { value: batch, done } = source.next();
      if (done) return;
      const learningRate = schedule(progress.step / totalSteps);
      const { loss, correct } = this.step.run(batch.images, batch.labels, {
        learningRate,
        step: progress.step + 1,
        flips: flipsOf?.(order.subarray(position, position + batch.size), epoch),
      });
      position += batch.size;
      const seconds = (performance.now() - startedAt) / 1000;
      addStep(progress, { loss, correct, size: batch.size, learningRate, seconds });
      this.checkFinite(loss);
      this.lastFiniteLoss = loss;

      const secondsPerStep =
        (performance.now() - pace.startedAt) / 1000 / (progress.step - pace.stepsBefore);
      await this.config.onStep?.(describeStep(progress, { epochs, stepsPerEpoch, secondsPerStep }));
      await this.pause();
    }
  }

  /** Whatever may happen between two batches. */
  private async pause(): Promise<void> {
    await yieldToEvents();
    await this.stopIfInterrupted();
    const minutes = this.config.checkpoint?.everyMinutes ?? DEFAULT_CHECKPOINT_MINUTES;
    if (performance.now() - this.savedAt >= minutes * 60_000) await this.save();
  }

  private async validate(): Promise<MeanScore | undefined> {
    const { valSet } = this.config;
    if (!valSet || !this.predictor) return undefined;
    const score = await scoreDataset(this.predictor, valSet, () => this.pause());
    this.checkFinite(score.loss, 'validation loss');
    return score;
  }

  private checkFinite(loss: number, name = 'loss'): void {
    if (!Number.isFinite(loss)) this.stopSpoilt(`the ${name} is ${loss}`);
  }

  /** Ends a training whose weights are of no use any more. */
  private stopSpoilt(what: string): never {
    const { step } = this.progress;
    const { schedule, stepsPerEpoch, totalSteps } = this.config;
    throw new Error(
      `Training stopped: ${what} after step ${step} (epoch ${Math.ceil(step / stepsPerEpoch)}), whose learning rate ` +
        `was ${schedule((step - 1) / totalSteps)}; the last finite loss was ${this.lastFiniteLoss ?? 'none'}. The weights are spoilt: ` +
        'make the model anew and train it with a lower learningRate' +
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
      this.bestWeights = readVariables(namedWeights(this.model));
    }
    if (this.hasEnded() && this.bestWeights)
      writeVariables(namedWeights(this.model), this.bestWeights);
  }

  /** Puts the averaged weights into the model, if there are any, until {@link restoreLastWeights}. */
  private takeAverage(): void {
    const averages = this.step.averages();
    if (averages.length === 0) return;
    this.lastWeights = readVariables(namedWeights(this.model));
    writeVariables(namedWeights(this.model), readVariables(averages));
  }

  private restoreLastWeights(): void {
    if (this.lastWeights) writeVariables(namedWeights(this.model), this.lastWeights);
    this.lastWeights = undefined;
  }

  private hasEnded(): boolean {
    return this.progress.epochs.length >= this.config.epochs || this.stoppedEarly();
  }

  private stoppedEarly(): boolean {
    const { earlyStopping } = this.config;
    return earlyStopping !== undefined && shouldStop(this.progress.epochs, earlyStopping);
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
    // The training goes on from the last step's weights, also where it is interrupted in a validation.
    const variables = this.lastWeights
      ? [...this.lastWeights, ...state.slice(this.lastWeights.length)]
      : state;
    const spoilt = findNonFinite(variables);
    if (spoilt) this.stopSpoilt(`${spoilt} is no longer finite`);
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

function stepOptions(config: TrainingConfig): TrainingStepOptions {
  const { optimizer, preprocess, seed, labelSmoothing, augmentation, averageWeights, bfloat16 } =
    config;
  const { height, width } = config.trainSet;
  return {
    optimizer,
    preprocess,
    seed,
    height,
    width,
    labelSmoothing,
    augmentation,
    averageWeights,
    bfloat16,
  };
}

/**
 * Records the graphs of both batch sizes, with a step each that the caller undoes. From then on every step of the
 * training runs as the same graph, wherever it was interrupted; the recording step is executed op by op, which may
 * round differently (it does in bfloat16).
 */
function recordGraphs(step: TrainingStep, { trainSet, batchSize }: TrainingConfig): void {
  const sizes = new Set([Math.min(batchSize, trainSet.size), trainSet.size % batchSize]);
  sizes.delete(0);
  for (const size of sizes) {
    const { images, labels } = take(trainSet, size);
    step.run(images, labels, { learningRate: 0, step: 1, flips: new Int32Array(size) });
  }
}
