/** Decides for each call of a compiled step how it runs: by a graph, by a recorded run, or operation by operation. */
import { describeValue } from '../options';
import { forShapes } from './batchSize';
import { nodeBackend, tf } from './backend';
import { flatten, isOpaque, leavesOf, mapLeaves, signatureOf } from './containers';
import { withFusedLayers } from './layers';
import { withRandomStream } from './random';
import { rewriteGraph } from './rewrite';
import { endpoints, isUnsupported, Session } from './savedModel';
import { SessionVariables } from './sessionVariables';
import { separateCopy, specOfTensor } from './tensorInfo';
import type { RecordedStep } from './recorder';
import { isTracing, traceStep } from './trace';
import { sameItems } from './graph';

/** More graphs than this for one step: an argument that should be a tensor differs from call to call. */
const MAX_GRAPHS = 32;

export type AnyStep = (...args: unknown[]) => unknown;

export interface CompileStatistics {
  /** Calls that were recorded: real steps, executed eagerly. */
  traces: number;
  /** Calls that ran as a graph. */
  graphRuns: number;
  /** Calls that ran eagerly because the step cannot be a graph, or inside of a gradient. */
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
   * Take variables as constants: what only depends on them is computed once, such as folded batch norms. For inference. When a
   * weight changes, the next call makes a new graph. Default false.
   */
  readonly frozen?: boolean;
  /** Convolutions and matrix products in bfloat16; weights and optimizer stay float32. Default false. */
  readonly bfloat16?: boolean;
  /** Called once when the step cannot be a graph. Default: one line on the console. */
  readonly onFallback?: (reason: string) => void;
}

/** One graph: for one list of shapes and constants. */
interface CompiledGraph {
  readonly session: Session;
  readonly variables: SessionVariables;
  readonly inputs: string;
  readonly outputs: string;
  /** Puts flat outputs into the step's own form. */
  readonly restore: (tensors: tf.Tensor[]) => unknown;
  readonly changed: () => Change | null;
  readonly optimizers: readonly tf.Optimizer[];
}

/** A step recorded with few examples. */
interface SmallBatches {
  /** Of the arguments, whatever their sizes. */
  readonly form: string;
  readonly recorded: RecordedStep[];
  readonly changed: (() => Change | null)[];
  readonly restore: CompiledGraph['restore'];
}

export class StepCompiler {
  readonly statistics: CompileStatistics = {
    traces: 0,
    graphRuns: 0,
    eagerRuns: 0,
    fallbackReason: null,
  };
  nextStep = 1;
  private readonly graphs = new Map<string, CompiledGraph>();
  /** Keys of calls that made variables (an optimizer's slots) and are to be recorded once more. */
  private readonly settling = new Set<string>();
  private readonly options: Required<Omit<CompileOptions, 'onFallback'>> &
    Pick<CompileOptions, 'onFallback'>;
  /** What {@link recordSmall} has recorded. */
  private small: SmallBatches | null = null;
  private isSmall = false;
  private optimizerChanges = 0;
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

  call(args: unknown[]): unknown {
    if (this.disposed)
      throw new Error(
        `Expected "${this.options.name}" to be alive but it was disposed: compile it again`,
      );
    // Inside another step's trace this one is a part of that graph.
    if (isTracing()) return this.owned(this.step(...args));
    const seed = tf.tensor1d([this.options.seed | 0, this.nextStep++ | 0], 'int32');
    try {
      return this.serve(args, seed);
    } finally {
      seed.dispose();
    }
  }

  /**
   * Takes what `run` calls, steps with three numbers of examples, as recordings from which the graphs for all other sizes follow.
   * Where they do not, a step of another size is recorded by itself.
   */
  recordSmall(run: () => void): void {
    this.small = null;
    this.isSmall = true;
    try {
      run();
    } catch {
      this.small = null; // with its own batch it may run, or fail again
    } finally {
      this.isSmall = false;
    }
  }

  private serve(args: unknown[], seed: tf.Tensor1D): unknown {
    // A gradient needs every operation on tfjs' tape.
    if (tf.engine().isTapeOn()) return this.runEagerly(args, seed);
    const key = signatureOf(args);
    const known = this.graphs.get(key);
    const change = known?.changed() ?? null;
    if (known !== undefined && change === null) return this.runGraph(key, known, { args, seed });
    if (known !== undefined) this.release(key, known);
    if (change === 'optimizer') this.optimizerChanges++;
    const limit = this.limitReached();
    if (limit !== null && this.statistics.fallbackReason === null) this.fallBack(limit);
    if (this.statistics.fallbackReason !== null) return this.runEagerly(args, seed);
    const graph = this.graphOfSmall(key, args, seed);
    return graph ? this.runGraph(key, graph, { args, seed }) : this.trace(key, args, seed);
  }

  /** The graph that follows from the recordings of few examples, where there are any. */
  private graphOfSmall(key: string, args: unknown[], seed: tf.Tensor): CompiledGraph | undefined {
    if (this.small?.changed.some((changed) => changed() !== null)) this.small = null;
    const { small } = this;
    if (this.isSmall || small?.recorded.length !== 3) return undefined;
    if (formOf(args) !== small.form) return undefined;
    const shapes = [...flatten(args).tensors, seed].map(({ shape }) => shape);
    try {
      const recorded = forShapes(small.recorded, shapes);
      if (recorded) this.load(key, recorded, small.restore);
    } catch {
      // Recorded at its own size, it may be one.
    }
    return this.graphs.get(key);
  }

  private limitReached(): string | null {
    if (this.graphs.size >= MAX_GRAPHS)
      return `${MAX_GRAPHS} graphs were made: pass what differs from call to call as a tensor`;
    return this.optimizerChanges > MAX_GRAPHS
      ? `its optimizer was changed ${MAX_GRAPHS} times: pass the learning rate as a tensor (createAdam, createSgd)`
      : null;
  }

  private runEagerly(args: unknown[], seed: tf.Tensor1D): unknown {
    this.statistics.eagerRuns++;
    return this.tidied(args, seed);
  }

  /** The step itself, with everything disposed but its results. */
  private tidied(args: unknown[], seed: tf.Tensor1D): unknown {
    const run = (): unknown =>
      withFusedLayers(() => withRandomStream(seed, () => this.owned(this.step(...args))));
    return tf.tidy(run as () => tf.TensorContainer);
  }

  /** A result that the caller may dispose, even if the step returns an argument, a variable or a constant. */
  private owned(result: unknown): unknown {
    if (result instanceof Promise)
      throw new Error(
        `Expected "${this.options.name}" to return tensors but it returned a promise: ` +
          'await outside of the step, which has to be synchronous',
      );
    return mapLeaves(result, (leaf) => (leaf instanceof tf.Tensor ? leaf.clone() : leaf));
  }

  private runGraph(
    key: string,
    graph: CompiledGraph,
    { args, seed }: { readonly args: unknown[]; readonly seed: tf.Tensor1D },
  ): unknown {
    const backend = nodeBackend();
    const { session, variables, inputs, outputs } = graph;
    const ids = backend.getInputTensorIds([...flatten(args).tensors, seed]);
    variables.push();
    let handles;
    try {
      handles = session.run(ids, inputs, outputs);
    } catch (error) {
      if (!isUnsupported(error)) {
        // Variables written before the error stay written, as in an eager step.
        variables.markWritten();
        throw error;
      }
      this.release(key, graph);
      this.fallBack(String(error));
      return this.runEagerly(args, seed);
    }
    variables.markWritten();
    for (const optimizer of graph.optimizers) countIteration(optimizer);
    this.statistics.graphRuns++;
    return graph.restore(handles.map((handle) => backend.createOutputTensor(handle)));
  }

  private trace(key: string, args: unknown[], seed: tf.Tensor1D): unknown {
    const opaque = leavesOf(args).find(isOpaque);
    if (opaque !== undefined) {
      this.fallBack(
        `it takes ${describeValue(opaque)}, whose content may change unseen: pass tensors, numbers, arrays or records`,
      );
      return this.runEagerly(args, seed);
    }
    this.statistics.traces++;
    const { tensors, restore } = flatten(args);
    // A tensor passed twice, or also captured by the step, is one tensor to tfjs but two graph inputs.
    const copies = tensors.map(separateCopy);
    try {
      const { result, ...trace } = traceStep(
        () => this.tidied(restore(copies) as unknown[], seed),
        {
          inputs: [...copies, seed],
          outputsOf: (value) => flatten(value).tensors,
          frozen: this.options.frozen,
        },
      );
      const plain = leavesOf(result).find((leaf) => leaf != null && !(leaf instanceof tf.Tensor));
      if (this.isSmall) {
        if (trace.recorded !== null && plain === undefined)
          this.takeSmall(args, trace.recorded, flatten(result).restore);
      } else if (trace.madeVariables && !this.settling.has(key)) this.settling.add(key);
      else if (trace.madeVariables)
        this.fallBack('it makes a variable on every call: make it once, before');
      else if (trace.recorded === null) this.fallBack(trace.refusal ?? 'it was not recorded');
      else if (plain !== undefined)
        this.fallBack(`it returns ${describeValue(plain)}: return tensors only`);
      else this.take(key, trace.recorded, flatten(result).restore);
      return result;
    } finally {
      tf.dispose(copies);
    }
  }

  private takeSmall(
    args: unknown[],
    recorded: RecordedStep,
    restore: CompiledGraph['restore'],
  ): void {
    this.small ??= { form: formOf(args), recorded: [], changed: [], restore };
    this.small.recorded.push(recorded);
    this.small.changed.push(watchChanges(recorded));
  }

  private take(key: string, recorded: RecordedStep, restore: CompiledGraph['restore']): void {
    try {
      this.load(key, recorded, restore);
    } catch (error) {
      this.fallBack(error instanceof Error ? error.message : String(error));
    }
  }

  /** Puts a recorded step into a session. */
  private load(key: string, recorded: RecordedStep, restore: CompiledGraph['restore']): void {
    const { graph, inputs, outputs, done, optimizers } = rewriteGraph(recorded, {
      bfloat16: this.options.bfloat16,
    });
    const variables = new SessionVariables(graph, recorded.variables, recorded.written);
    const session = new Session(graph);
    variables.attach(session);
    const hasResults = outputs.length > 0;
    this.graphs.set(key, {
      session,
      variables,
      inputs: endpoints(inputs.map((node) => ({ node, index: 0 }))),
      // A step without results still needs an output to fetch that depends on its writes.
      outputs: endpoints(hasResults ? outputs : [done]),
      restore: hasResults ? restore : (tensors) => restore(discarded(tensors)),
      changed: watchChanges(recorded),
      optimizers,
    });
  }

  private fallBack(reason: string): void {
    if (this.statistics.fallbackReason !== null) return; // said once
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

/** The signature of arguments without the sizes of their tensors. */
function formOf(args: unknown[]): string {
  const { tensors, restore } = flatten(args);
  const types = tensors.map((tensor) => `${specOfTensor(tensor).dtype} ${tensor.rank}`);
  return signatureOf([restore([]), types]);
}

/** tfjs optimizers count their own steps in JavaScript. */
function countIteration(optimizer: tf.Optimizer): void {
  (optimizer as unknown as { incrementIterations(): void }).incrementIterations();
}

function discarded(tensors: tf.Tensor[]): tf.Tensor[] {
  tf.dispose(tensors);
  return [];
}

/** A frozen weight has another value, or an optimizer another hyperparameter or other slots. */
type Change = 'weight' | 'optimizer';

/** @returns a function that says what has changed since now, or null. */
function watchChanges({ optimizers, constants }: RecordedStep): () => Change | null {
  const dataIds = constants.map(({ dataId }) => dataId);
  const settings = optimizers.map(settingsOf);
  return () => {
    if (constants.some((variable, i) => variable.isDisposed || variable.dataId !== dataIds[i]))
      return 'weight';
    return optimizers.every((optimizer, i) => sameItems(settingsOf(optimizer), settings[i]))
      ? null
      : 'optimizer';
  };
}

/** Hyperparameters as text, and the slots themselves: setWeights of a tfjs optimizer makes new variables. */
function settingsOf(optimizer: tf.Optimizer): unknown[] {
  const slots = Object.values(optimizer).flatMap((member: unknown) =>
    Array.isArray(member)
      ? member.map((slot: { readonly variable?: unknown } | null) => slot?.variable)
      : [],
  );
  return [JSON.stringify(optimizer.getConfig()), ...slots];
}
