/**
 * `compile`: a step over tensors and variables becomes one TensorFlow graph ("tf.function for tfjs-node").
 *
 * tfjs runs every operation on its own: JavaScript, the addon, TensorFlow, and back, some 250 times for a small
 * training step. A compiled step is recorded once (trace.ts) and from then on runs as one call of a session.
 */
import { callback, checkOptions, flag, seedInteger, text } from '../options';
import type { TensorTree } from './containers';
import {
  StepCompiler,
  type AnyStep,
  type CompileOptions,
  type CompileStatistics,
} from './stepCompiler';

export type { CompileOptions, CompileStatistics };

/** What a step may return: a tensor, or tensors in arrays and records. */
export type StepResult = TensorTree;

/** A step: any function over tensors, arrays and records of them. Other arguments are fixed in the graph. */
export type Step = (...args: never[]) => StepResult;

/** A step that runs as a graph: called like the step itself. */
export type CompiledStep<F extends Step> = F & {
  /** How the calls so far were served. */
  readonly statistics: CompileStatistics;
  /** Gives the sessions back. Variables keep their latest values; a later call throws. */
  dispose(): void;
};

/**
 * Compiles a step.
 *
 * The first call with a given list of shapes runs the step as it is, once, and records it; later calls run the graph.
 * (A first call that makes variables, an optimizer's slots, is not kept: the second one is recorded.)
 * Variables that the step reads or writes (weights, optimizer slots, moving averages) are found by themselves and may
 * be read, saved, assigned and used by other functions between calls, in any order.
 *
 * - A tensor argument may differ from call to call. Pass the learning rate as a scalar tensor. A number, boolean, string,
 *   variable, function or model is a constant of the graph: a different one needs a new graph.
 * - Tensors that the step captures from its enclosing scope are constants.
 * - Inside a gradient (tf.grad and the like) the step runs eagerly: tfjs cannot look into a graph.
 * - Random numbers come from lib/tensorflow/random, also for tfjs' Dropout layers: fresh on every call, and a function
 *   of the seed and of the call's number, or of {@link setStepNumber}'s.
 * - A step that reads tensor data, draws from Math.random or uses an operation that cannot be encoded runs eagerly, after
 *   one notice that names the reason.
 *
 * @param step Must not depend on JavaScript state that changes from call to call (a counter, the time).
 * @returns The compiled step; results equal the eager ones to the last bit where TensorFlow picks the same kernels, else
 *   within float32 rounding (see tools/bench/README.md). Caller disposes results and the compiled step.
 */
export function compile<F extends Step>(step: F, options: CompileOptions = {}): CompiledStep<F> {
  checkOptions<CompileOptions>('compile', options, {
    name: text,
    seed: seedInteger,
    frozen: flag,
    bfloat16: flag,
    onFallback: callback,
  });
  const engine = new StepCompiler(step as unknown as AnyStep, options);
  const call = (...args: unknown[]): unknown => engine.call(args);
  return Object.assign(call, {
    statistics: engine.statistics,
    dispose: () => engine.dispose(),
    [stepNumber]: (value: number) => (engine.nextStep = value),
    [smallBatches]: (run: () => void) => engine.recordSmall(run),
  }) as unknown as CompiledStep<F>;
}

const stepNumber = Symbol('stepNumber');
const smallBatches = Symbol('smallBatches');

/** Sets the number of the next call, from which its random numbers follow: a resumed training continues its own. */
export function setStepNumber<F extends Step>(compiled: CompiledStep<F>, next: number): void {
  (compiled as unknown as { [stepNumber]: (value: number) => void })[stepNumber](next);
}

/**
 * Records a step with few examples, from which the graphs for all other sizes follow ({@link forShapes}): less memory, and less
 * time, than recording it with whole batches.
 *
 * @param run calls `compiled` with three numbers of examples, the largest last: real steps, which the caller undoes.
 */
export function recordSmallBatches<F extends Step>(
  compiled: CompiledStep<F>,
  run: () => void,
): void {
  (compiled as unknown as { [smallBatches]: (run: () => void) => void })[smallBatches](run);
}
