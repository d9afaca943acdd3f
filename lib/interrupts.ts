/** Interrupts long-running work (training, prediction) and keeps the event loop responsive meanwhile. */
import { setImmediate } from 'node:timers/promises';

/** Thrown when a training, a prediction or a feature extraction was interrupted. */
export class Interrupted extends Error {
  override readonly name: string = 'Interrupted';
}

/** A request to stop, from SIGINT (Ctrl-C, Jupyter's stop button) or from an AbortSignal. */
export interface Interrupts {
  /** True from the request on. */
  readonly requested: boolean;
  /** Stops listening. */
  stop(): void;
}

/**
 * Listens for SIGINT and for `signal`.
 *
 * Call it behind an `await`: a listener that a cell adds in its synchronous part makes the next interrupt kill
 * tslab's kernel (tried with 1.0.22). The listener stays until `stop()`: a second Ctrl-C while the batch ends
 * changes nothing.
 */
export function watchInterrupts(signal?: AbortSignal): Interrupts {
  let requested = signal?.aborted ?? false;
  const request = () => {
    requested = true;
  };
  process.on('SIGINT', request);
  signal?.addEventListener('abort', request);
  return {
    get requested() {
      return requested;
    },
    stop() {
      process.off('SIGINT', request);
      signal?.removeEventListener('abort', request);
    },
  };
}

/** Lets timers, signals and Jupyter's messages in; steps themselves block the event loop. */
export async function yieldToEvents(): Promise<void> {
  await setImmediate();
}
