/** One process trains one model at a time. */
import { inspect } from 'node:util';
import { Interrupted, watchInterrupts, yieldToEvents, type Interrupts } from '../interrupts';

/** The training that runs in this process. */
interface RunningTraining {
  /** Words for the refusal of a second one. */
  describe(): string;
  readonly interrupts: Interrupts;
  readonly ended: Promise<void>;
}

let running: RunningTraining | undefined;

function nothing(): void {
  // The outcome is reported to the caller that started the training.
}

/**
 * Runs `train` unless a training already runs in this process: two would fight for the processors, and in a
 * notebook the first one is usually a cell that was interrupted or forgotten.
 *
 * One that has been told to stop is waited for: it ends with its batch and its checkpoint.
 *
 * @throws Error where one runs that was not stopped.
 */
export async function trainExclusively<T>(
  { signal, describe }: { readonly signal?: AbortSignal; readonly describe: () => string },
  train: (interrupts: Interrupts) => Promise<T>,
): Promise<T> {
  await yieldToEvents();
  while (running?.interrupts.requested) await running.ended;
  if (running) {
    throw new Error(
      `Expected one training at a time but ${running.describe()} is still running in this process: ` +
        'await it, or interrupt it (Ctrl-C, or the stop button of Jupyter) and try again.',
    );
  }
  const interrupts = watchInterrupts(signal);
  const result = train(interrupts).finally(() => {
    interrupts.stop();
    running = undefined;
  });
  const ended = result.then(nothing, nothing);
  running = { describe, interrupts, ended };
  return result;
}

/** A training that was told to stop. Its model is usable and holds the weights of the last step. */
export class TrainingInterrupted extends Interrupted {
  override readonly name = 'TrainingInterrupted';
  /** The 1-based epoch in which it stopped. */
  readonly epoch: number;
  /** Steps done. */
  readonly step: number;
  /** The folder from which it resumes; undefined where no checkpoint was asked for. */
  readonly checkpointDirectory?: string;

  /** For a notebook: without the checkpoint's path, which belongs to one machine. */
  readonly #line: string;

  constructor(place: {
    readonly epoch: number;
    readonly epochs: number;
    readonly step: number;
    readonly checkpointDirectory?: string;
  }) {
    const { epoch, epochs, step, checkpointDirectory } = place;
    const where = `Training was interrupted in epoch ${epoch} of ${epochs} after step ${step}`;
    super(
      checkpointDirectory === undefined
        ? `${where}. No checkpoint was written: pass checkpoint: { directory } to be able to resume.`
        : `${where}. Its checkpoint is in ${checkpointDirectory}: run the same training again to resume from it.`,
    );
    this.#line =
      checkpointDirectory === undefined ? this.message : `${where}; run it again to continue.`;
    this.epoch = epoch;
    this.step = step;
    this.checkpointDirectory = checkpointDirectory;
  }

  override [inspect.custom](): string {
    return this.#line;
  }
}
