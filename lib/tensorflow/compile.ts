/**
 * `compile`: a step over tensors and variables becomes one TensorFlow graph ("tf.function for tfjs-node").
 *
 * tfjs runs every operation on its own: JavaScript, the addon, TensorFlow, and back, some 250 times for a small
 * training step. A compiled step is recorded once (trace.ts) and from then on runs as one call of a session.
 */
import { tf, nodeBackend } from './backend';
import { withFusedLayers } from './layers';
import { withRandomStream } from './random';
import { rewriteGraph } from './rewrite';
import { endpoints, Session } from './savedModel';
import { SessionVariables } from './sessionVariables';
import { specOfTensor } from './tensors';
import { isTracing, traceStep, type RecordedStep } from './trace';

/** What a step may return: a tensor, several, or several by name. */
export type StepResult =
  tf.Tensor | readonly tf.Tensor[] | Readonly<Record<string, tf.Tensor>> | void;

/** A step: any function over tensors. Other arguments (numbers, booleans, strings) are fixed in the graph. */
export type Step = (...args: never[]) => StepResult;

/** A step that runs as a graph: called like the step itself. */
export type CompiledStep<F extends Step> = F & {
  /** How the calls so far were served. */
  readonly statistics: CompileStatistics;
  /** Gives the sessions back. Variables keep their latest values; a later call throws. */
  dispose(): void;
};

export interface CompileStatistics {
  /** Calls that recorded a graph: real steps, executed eagerly. */
  traces: number;
  /** Calls that ran as a graph. */
  graphRuns: number;
  /** Calls that ran eagerly because the step cannot be a graph. */
  eagerRuns: number;
  /** Why it cannot, or null. */
  fallbackReason: string | null;
}

export interface CompileOptions {
  /** For messages. Default the function's own name. */
  readonly name?: string;
  /** Seed of the step's random numbers (dropout, lib/tensorflow/random). Default 0. */
  readonly seed?: number;
  /**
   * Take variables as constants: TensorFlow then folds batch norm into the convolutions. For inference. When a
   * weight changes, the next call makes a new graph. Default false.
   */
  readonly frozen?: boolean;
  /** Convolutions and matrix products in bfloat16; weights and optimizer stay float32. Default false. */
  readonly bfloat16?: boolean;
  /** Called once when the step cannot be a graph. Default: one line on the console. */
  readonly onFallback?: (reason: string) => void;
}

/** More graphs than this for one step: an argument that should be a tensor differs from call to call. */
const MAX_GRAPHS = 32;

/**
 * Compiles a step.
 *
 * The first call with a given list of shapes runs the step as it is, once, and records it; later calls run the graph.
 * Variables that the step reads or writes (weights, optimizer slots, moving averages) are found by themselves and may
 * be read, saved, assigned and used by other functions between calls, in any order.
 *
 * - A tensor argument may differ from call to call. Pass the learning rate as a scalar tensor. A number, boolean or
 *   string is a constant of the graph: another value makes another graph.
 * - Tensors that the step takes from its surroundings are constants.
 * - Random numbers come from lib/tensorflow/random, also for tfjs' Dropout layers: fresh on every call, and a function
 *   of the seed and of the call's number, or of {@link setStepNumber}'s.
 * - A step that reads tensor data, draws from Math.random or uses an operation that cannot be encoded runs eagerly, after
 *   one notice that names the reason.
 *
 * @param step Must not depend on JavaScript state that changes from call to call (a counter, the time).
 * @returns The compiled step; results equal the eager ones to the last bit where TensorFlow picks the same kernels, else
 *   within float32 rounding (see bench/README.md). Caller disposes results and the compiled step.
 */
export function compile<F extends Step>(step: F, options: CompileOptions = {}): CompiledStep<F> {
  const engine = new StepCompiler(step as unknown as AnyStep, options);
  const call = (...args: unknown[]): StepResult => engine.call(args);
  return Object.assign(call, {
    statistics: engine.statistics,
    dispose: () => engine.dispose(),
    [stepNumber]: (value: number) => (engine.nextStep = value),
  }) as unknown as CompiledStep<F>;
}

const stepNumber = Symbol('stepNumber');

/** Sets the number of the next call, from which its random numbers follow: a resumed training continues its own. */
export function setStepNumber<F extends Step>(compiled: CompiledStep<F>, next: number): void {
  (compiled as unknown as { [stepNumber]: (value: number) => void })[stepNumber](next);
}

type AnyStep = (...args: unknown[]) => StepResult;

/** One graph: for one list of shapes and constants. */
interface CompiledGraph {
  readonly session: Session;
  readonly variables: SessionVariables;
  readonly inputs: string;
  readonly outputs: string;
  /** Puts flat outputs into the step's own form. */
  readonly restore: (tensors: tf.Tensor[]) => StepResult;
  /** True while what the graph took as constant (frozen weights, hyperparameters) still holds. */
  readonly isCurrent: () => boolean;
  readonly optimizers: readonly tf.Optimizer[];
}

class StepCompiler {
  readonly statistics: CompileStatistics = {
    traces: 0,
    graphRuns: 0,
    eagerRuns: 0,
    fallbackReason: null,
  };
  nextStep = 1;
  private readonly graphs = new Map<string, CompiledGraph>();
  private readonly options: Required<Omit<CompileOptions, 'onFallback'>> &
    Pick<CompileOptions, 'onFallback'>;
  private disposed = false;

  constructor(
    private readonly step: AnyStep,
    {
      name = step.name || 'step',
      seed = 0,
      frozen = false,
      bfloat16 = false,
      onFallback,
    }: CompileOptions,
  ) {
    this.options = { name, seed, frozen, bfloat16, onFallback };
  }

  call(args: unknown[]): StepResult {
    if (this.disposed)
      throw new Error(
        `Expected "${this.options.name}" to be alive but it was disposed: compile it again`,
      );
    // Inside another step's trace this one is a part of that graph.
    if (isTracing()) return this.step(...args);
    const seed = tf.tensor1d([this.options.seed | 0, this.nextStep++ | 0], 'int32');
    try {
      if (this.statistics.fallbackReason !== null) return this.runEagerly(args, seed);
      const key = signature(args);
      const known = this.graphs.get(key);
      if (known?.isCurrent() === true) return this.runGraph(known, [...tensorsOf(args), seed]);
      if (known !== undefined) this.release(key, known);
      return this.trace(key, args, seed);
    } finally {
      seed.dispose();
    }
  }

  private runEagerly(args: unknown[], seed: tf.Tensor1D): StepResult {
    this.statistics.eagerRuns++;
    return this.tidied(args, seed);
  }

  /** The step itself, with everything disposed but its results. */
  private tidied(args: unknown[], seed: tf.Tensor1D): StepResult {
    const run = (): tf.TensorContainer =>
      withFusedLayers(() => withRandomStream(seed, () => this.step(...args))) as tf.TensorContainer;
    return tf.tidy(run) as StepResult;
  }

  private runGraph(graph: CompiledGraph, tensors: readonly tf.Tensor[]): StepResult {
    graph.variables.push();
    const backend = nodeBackend();
    const handles = graph.session.run(
      backend.getInputTensorIds(tensors),
      graph.inputs,
      graph.outputs,
    );
    graph.variables.markWritten();
    for (const optimizer of graph.optimizers) countIteration(optimizer);
    this.statistics.graphRuns++;
    const results = handles.map((handle) => backend.createOutputTensor(handle));
    return graph.restore(results);
  }

  private trace(key: string, args: unknown[], seed: tf.Tensor1D): StepResult {
    if (this.graphs.size >= MAX_GRAPHS) {
      this.fallBack(
        `${MAX_GRAPHS} graphs were made: pass what differs from call to call as a tensor`,
      );
      return this.runEagerly(args, seed);
    }
    this.statistics.traces++;
    const { frozen } = this.options;
    const { result, recorded, refusal } = traceStep(() => this.tidied(args, seed), {
      inputs: [...tensorsOf(args), seed],
      outputsOf: (value) => flatten(value).tensors,
      frozen,
    });
    if (recorded === null) this.fallBack(refusal ?? 'it was not recorded');
    else this.load(key, recorded, flatten(result).restore);
    return result;
  }

  /** Puts a recorded step into a session. */
  private load(key: string, recorded: RecordedStep, restore: CompiledGraph['restore']): void {
    const { graph, inputs, outputs, optimizers } = rewriteGraph(recorded, {
      bfloat16: this.options.bfloat16,
    });
    const variables = new SessionVariables(graph, recorded.variables, recorded.written);
    // A step without results still has to be asked for something that its writes precede.
    const fetched = outputs.length > 0 ? outputs : [recorded.done];
    try {
      const session = new Session(graph);
      variables.attach(session);
      this.graphs.set(key, {
        session,
        variables,
        inputs: endpoints(inputs.map((node) => ({ node, index: 0 }))),
        outputs: endpoints(fetched),
        restore: outputs.length > 0 ? restore : discard,
        isCurrent: guard(recorded, this.options.frozen),
        optimizers,
      });
    } catch (error) {
      this.fallBack(error instanceof Error ? error.message : String(error));
    }
  }

  private fallBack(reason: string): void {
    this.statistics.fallbackReason = reason;
    const { name, onFallback } = this.options;
    if (onFallback !== undefined) onFallback(reason);
    else console.warn(`"${name}" runs op by op, not as a graph, which is slower: ${reason}.`);
  }

  private release(key: string, graph: CompiledGraph): void {
    graph.variables.pull();
    graph.session.dispose();
    this.graphs.delete(key);
  }

  dispose(): void {
    for (const [key, graph] of [...this.graphs]) this.release(key, graph);
    this.disposed = true;
  }
}

/** What a graph took for constant beyond its key. */
function guard({ optimizers, constants }: RecordedStep, frozen: boolean): () => boolean {
  const settings = optimizers.map((optimizer) => JSON.stringify(optimizer.getConfig()));
  const dataIds = constants.map(({ dataId }) => dataId);
  return () =>
    optimizers.every((optimizer, i) => JSON.stringify(optimizer.getConfig()) === settings[i]) &&
    (!frozen ||
      constants.every((variable, i) => !variable.isDisposed && variable.dataId === dataIds[i]));
}

/** tfjs optimizers count their own steps in JavaScript. */
function countIteration(optimizer: tf.Optimizer): void {
  (optimizer as unknown as { incrementIterations(): void }).incrementIterations();
}

function discard(tensors: tf.Tensor[]): void {
  tf.dispose(tensors);
}

/** Shapes and types of tensors, values of everything else: one graph for each. */
function signature(args: readonly unknown[]): string {
  return args
    .map((arg) =>
      arg instanceof tf.Tensor
        ? JSON.stringify(specOfTensor(arg as tf.Tensor))
        : JSON.stringify(arg),
    )
    .join(';');
}

function tensorsOf(args: readonly unknown[]): tf.Tensor[] {
  return args.filter((arg): arg is tf.Tensor => arg instanceof tf.Tensor);
}

/** A result's tensors in order, and the way back into its form. */
function flatten(result: StepResult): { tensors: tf.Tensor[]; restore: CompiledGraph['restore'] } {
  if (result === undefined) return { tensors: [], restore: discard };
  if (result instanceof tf.Tensor) return { tensors: [result], restore: ([tensor]) => tensor };
  if (Array.isArray(result))
    return { tensors: [...(result as tf.Tensor[])], restore: (tensors) => tensors };
  const entries = Object.entries(result as Record<string, tf.Tensor>);
  return {
    tensors: entries.map(([, tensor]) => tensor),
    restore: (tensors) => Object.fromEntries(entries.map(([name], i) => [name, tensors[i]])),
  };
}
