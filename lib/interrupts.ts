/** Interrupts long-running work (training, prediction) and keeps the event loop responsive meanwhile. */
import { setImmediate } from 'node:timers/promises';
import { inspect } from 'node:util';

/** Thrown when a training, a prediction or a feature extraction was interrupted. */
export class Interrupted extends Error {
  override readonly name: string = 'Interrupted';

  /** What a notebook prints for a cell that rejects: one line, because a stack says nothing about a stop button. */
  [inspect.custom](): string {
    return this.message;
  }
}

/** A request to stop, from SIGINT (Ctrl-C, Jupyter's stop button) or from an AbortSignal. */
export interface Interrupts {
  /** True from the request on. */
  readonly requested: boolean;
  /** Aborted by the request: for the parts of a longer work, which then also end where it comes between two of them. */
  readonly signal: AbortSignal;
  /** Stops listening. */
  stop(): void;
}

/** Milliseconds after which a further SIGINT gives up a cell whose work has not ended, as tslab does at once. */
const PATIENCE_MS = 10_000;

/** What listens now. One listener of the process serves all: the work of a cell, and of another that nothing awaits. */
const requests = new Set<() => void>();
/** tslab's own listener, while ours takes its place. */
let withheld: NodeJS.SignalsListener[] = [];
let firstAt: number | undefined;

function onSignal(): void {
  firstAt ??= performance.now();
  for (const request of requests) request();
  if (performance.now() - firstAt < PATIENCE_MS) return;
  for (const listener of withheld) listener('SIGINT');
}

/**
 * tslab's listener (1.0.22, dist/main.js) rejects the running cell at once, with a stack of its own, while the work
 * continues behind it. Ours takes its place until the work has ended: the cell then ends by what the work throws.
 */
function replaceListener(): void {
  withheld = process
    .listeners('SIGINT')
    .filter((listener) => String(listener).includes('executor.interrupt()'));
  firstAt = undefined;
  process.on('SIGINT', onSignal);
  for (const listener of withheld) process.off('SIGINT', listener);
}

function restoreListener(): void {
  for (const listener of withheld) process.on('SIGINT', listener);
  withheld = [];
  process.off('SIGINT', onSignal);
}

/**
 * Listens for SIGINT and for `signal`.
 *
 * Call it behind an `await`: a listener that a cell adds in its synchronous part makes the next interrupt kill
 * tslab's kernel (tried with 1.0.22). The listener stays until `stop()`: a second Ctrl-C while the batch ends
 * changes nothing.
 */
export function watchInterrupts(signal?: AbortSignal): Interrupts {
  const controller = new AbortController();
  const request = () => controller.abort();
  if (signal?.aborted) request();
  if (requests.size === 0) replaceListener();
  requests.add(request);
  signal?.addEventListener('abort', request);
  return {
    signal: controller.signal,
    get requested() {
      return controller.signal.aborted;
    },
    stop() {
      signal?.removeEventListener('abort', request);
      if (requests.delete(request) && requests.size === 0) restoreListener();
    },
  };
}

/** Lets timers, signals and Jupyter's messages in; steps themselves block the event loop. */
export async function yieldToEvents(): Promise<void> {
  await setImmediate();
}
