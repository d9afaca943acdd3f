/**
 * Records one real run of a step as a graph. The run computes its results as usual; the graph holds its operations.
 *
 * traceHooks.ts intercepts the run, recorder.ts builds the graph, tracedTensors.ts and tracedVariables.ts map each
 * tensor and each variable to its node in the graph.
 */
import type { tf } from './backend';
import { Recorder, type RecordedStep, type VariableUpdate } from './recorder';

/** The record of one step. */
export interface Trace<Result> {
  /** What the step returned, from its real run. */
  readonly result: Result;
  /** Null when the step cannot be a graph (`refusal` then says why), or made variables. */
  readonly recorded: RecordedStep | null;
  readonly refusal: string | null;
  /** An optimizer's slots, a layer's weights: how the next call differs from this one cannot be known. */
  readonly madeVariables: boolean;
}

let active: Recorder | null = null;

function within<Result>(recorder: Recorder, step: () => Result): Result {
  const outer = active;
  active = recorder;
  try {
    return step();
  } finally {
    active = outer;
  }
}

/** @returns true while a step is being recorded: a compiled function inside it runs as a part of it. */
export function isTracing(): boolean {
  return active !== null;
}

/**
 * Runs `step` once and records it.
 *
 * @param inputs Tensors that differ from call to call; all others become constants.
 * @param outputsOf The tensors in the step's result, in order.
 * @param frozen Take variables as constants; a step that writes one is refused.
 */
export function traceStep<Result>(
  step: () => Result,
  {
    inputs,
    outputsOf,
    frozen = false,
  }: {
    readonly inputs: readonly tf.Tensor[];
    readonly outputsOf: (result: Result) => readonly tf.Tensor[];
    readonly frozen?: boolean;
  },
): Trace<Result> {
  const recorder = new Recorder(frozen);
  const result = recorder.record(inputs, () => within(recorder, step));
  const { madeVariables } = recorder;
  const recorded =
    madeVariables || recorder.refusal !== null ? null : recorder.finish(outputsOf(result));
  return { result, recorded, refusal: recorder.refusal, madeVariables };
}

/** Runs an update eagerly, so that a trace records that one operation instead of what `eager` does. */
export function recordUpdate(op: string, update: VariableUpdate): void {
  if (active === null) update.eager();
  else active.update(op, update);
}
