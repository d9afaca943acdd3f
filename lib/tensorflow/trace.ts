/**
 * Records one real run of a step as a graph.
 *
 * Every operation of tfjs-node goes through one door of its addon (`executeOp`), every constant through another
 * (`createTensor`), every read through a third (`tensorDataSync`). While a trace runs, recorders stand before the
 * three. The run computes its results as always; the record says how.
 */
import { tf, nodeBackend, DataType, type NativeBinding, type OperationAttribute } from './backend';
import {
  edge,
  Graph,
  specOf,
  typeValue,
  type AttributeValue,
  type Edge,
  type GraphNode,
  type OutputSpec,
} from './graph';
import { replaceMember } from './replaceMember';
import {
  copyOf,
  encodeAttribute,
  idOf,
  idOfOwnData,
  inferredTypes,
  isKnownType,
  refusalOf,
  specOfTensor,
} from './tensors';
import { addGraphVariable, addRead, type GraphVariable } from './sessionVariables';

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

/** A step as a graph. */
export interface RecordedStep {
  readonly graph: Graph;
  /** One for each of the traced inputs, in order. */
  readonly inputs: readonly GraphNode[];
  /** One for each tensor that the step returned, in order. */
  readonly outputs: readonly Edge[];
  readonly variables: readonly GraphVariable[];
  readonly written: ReadonlySet<tf.Variable>;
  /** Runs when every variable is written; to be asked for where the step returns nothing. */
  readonly done: Edge;
  /** Variables whose value was taken as a constant. */
  readonly constants: readonly tf.Variable[];
  /** tfjs optimizers that the step used: their hyperparameters are constants of the graph. */
  readonly optimizers: readonly tf.Optimizer[];
}

interface VariableState extends GraphVariable {
  /** The last node that changed the variable, and all that read it since the start. */
  lastWrite: GraphNode | null;
  readonly reads: GraphNode[];
  /** The tensor whose value the session's variable holds at this point of the step. */
  heldId: number;
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
  const result = recorder.record(inputs, step);
  const { madeVariables } = recorder;
  const recorded =
    madeVariables || recorder.refusal !== null ? null : recorder.finish(outputsOf(result));
  return { result, recorded, refusal: recorder.refusal, madeVariables };
}

/**
 * Runs `eager`, which updates `resources` through an operation on resource variables, so that a trace records that one
 * operation instead of what `eager` does.
 *
 * @param inputs The operation's inputs behind the resources.
 */
export function recordUpdate(
  op: string,
  {
    resources,
    inputs,
    attributes,
    eager,
  }: {
    readonly resources: readonly tf.Variable[];
    readonly inputs: readonly tf.Tensor[];
    readonly attributes: Readonly<Record<string, AttributeValue>>;
    readonly eager: () => void;
  },
): void {
  if (active === null) eager();
  else active.update(op, { resources, inputs, attributes, eager });
}

class Recorder {
  refusal: string | null = null;
  madeVariables = false;
  private readonly graph = new Graph();
  private readonly edges = new Map<number, Edge>();
  private readonly constants = new Map<number, { spec: OutputSpec; bytes: Uint8Array }>();
  private readonly variables = new Map<tf.Variable, VariableState>();
  private readonly variableIds = new Map<number, tf.Variable>();
  private readonly frozenVariables = new Set<tf.Variable>();
  private readonly optimizers = new Set<tf.Optimizer>();
  private readonly inputNodes: GraphNode[] = [];
  /** Recorded tensors that are still alive: what is left at the end has escaped. */
  private readonly alive = new Set<number>();
  private paused = false;

  constructor(private readonly frozen: boolean) {}

  record<Result>(inputs: readonly tf.Tensor[], step: () => Result): Result {
    const backend = nodeBackend();
    for (const variable of Object.values(tf.engine().registeredVariables))
      this.variableIds.set(idOfOwnData(variable), variable);
    for (const input of inputs) {
      const id = idOf(input);
      const spec = specOfTensor(input);
      if (!isKnownType(spec.dtype)) this.refuse(`it takes data of type ${input.dtype}`);
      const node = this.graph.addPlaceholder(spec);
      this.inputNodes.push(node);
      this.edges.set(id, edge(node));
    }

    const restore = [
      replaceMember(backend, 'binding', (plain) => this.recordingBinding(plain)),
      this.watchCaptures(),
      this.watchNewVariables(),
      this.watchRandom(),
      this.watchOptimizers(),
    ];
    try {
      return within(this, step);
    } finally {
      for (const undo of restore) undo();
    }
  }

  private refuse(reason: string): void {
    this.refusal ??= reason;
  }

  /** The addon with recorders before its doors. */
  private recordingBinding(plain: NativeBinding): NativeBinding {
    // The addon's own properties are read-only, so they are shadowed by definition, not by assignment.
    return derive(plain, {
      executeOp: (
        name: string,
        attributes: readonly OperationAttribute[],
        ids: readonly number[],
        count: number,
      ) => {
        const outputs = plain.executeOp(name, attributes, ids, count);
        if (!this.paused) this.addOperation(name, attributes, ids, outputs);
        return outputs;
      },
      createTensor: (shape: readonly number[], dtype: number, values: ArrayBufferView) => {
        const id = plain.createTensor(shape, dtype, values);
        if (!this.paused && ArrayBuffer.isView(values))
          this.constants.set(id, { spec: { shape: [...shape], dtype }, bytes: copyOf(values) });
        return id;
      },
      tensorDataSync: (id: number) => {
        if (this.dependsOnInputs(id))
          this.refuse(`it reads the data of ${this.describe(id)} while it is traced`);
        const variable = this.variableIds.get(id);
        if (variable !== undefined) this.frozenVariables.add(variable);
        return plain.tensorDataSync(id);
      },
      deleteTensor: (id: number) => {
        this.alive.delete(id);
        plain.deleteTensor(id);
      },
      runSavedModel: (...args: Parameters<NativeBinding['runSavedModel']>) => {
        this.refuse('it runs a SavedModel of its own');
        return plain.runSavedModel(...args);
      },
    });
  }

  private dependsOnInputs(id: number): boolean {
    if (this.paused) return false;
    const recorded = this.edges.get(id);
    if (recorded !== undefined) return recorded.node.op !== 'Const';
    return this.variableIds.has(id) && !this.frozen;
  }

  private describe(id: number): string {
    const op = this.edges.get(id)?.node.op;
    if (op === 'Placeholder') return 'an input';
    return op === undefined || op === 'ReadVariableOp' ? 'a variable' : `the result of ${op}`;
  }

  private addOperation(
    name: string,
    attributes: readonly OperationAttribute[],
    ids: readonly number[],
    outputs: readonly { id: number; shape: number[]; dtype: number }[],
  ): void {
    const refusal = refusalOf(name, outputs);
    if (refusal !== null) return this.refuse(refusal);
    const encoded: Record<string, AttributeValue> = {};
    for (const attribute of attributes) {
      const value = encodeAttribute(attribute);
      if (value === null)
        return this.refuse(`the attribute "${attribute.name}" of ${name} cannot be encoded`);
      encoded[attribute.name] = value;
    }
    const inputs = ids.map((id) => this.edgeOf(id));
    if (inputs.includes(null)) return this.refuse(`${name} takes a tensor of unknown origin`);
    const node = this.graph.add(name, inputs as Edge[], {
      attributes: { ...encoded, ...inferredTypes(name, inputs as Edge[]) },
      outputs: outputs.map(({ shape, dtype }) => ({ shape: [...shape], dtype })),
    });
    outputs.forEach(({ id }, index) => {
      this.edges.set(id, edge(node, index));
      this.alive.add(id);
    });
  }

  /** The graph's edge for a tensor: recorded, a variable's value, or a constant. */
  private edgeOf(id: number): Edge | null {
    const recorded = this.edges.get(id);
    if (recorded !== undefined) return recorded;
    const variable = this.variableIds.get(id);
    if (variable !== undefined && !this.frozen) return edge(this.stateOf(variable, id).read);
    if (variable !== undefined) this.frozenVariables.add(variable);
    const constant = this.constants.get(id);
    if (constant === undefined) return null;
    const node = this.graph.addConstant(constant.spec, constant.bytes);
    this.edges.set(id, edge(node));
    return edge(node);
  }

  private edgeOfTensor(tensor: tf.Tensor): Edge | null {
    const id = idOf(tensor);
    this.capture(id, tensor);
    return this.edgeOf(id);
  }

  private stateOf(variable: tf.Variable, id: number): VariableState {
    const known = this.variables.get(variable);
    if (known !== undefined) return known;
    const entry = addGraphVariable(this.graph, variable, specOfTensor(variable));
    const state: VariableState = { ...entry, lastWrite: null, reads: [entry.read], heldId: id };
    this.variables.set(variable, state);
    this.edges.set(id, edge(entry.read));
    return state;
  }

  /** Tensors from outside the step (captured in its closure) are constants; frozen variables too. */
  private watchCaptures(): () => void {
    const backend = nodeBackend();
    return replaceMember(backend, 'getInputTensorIds', (plain) => (tensors) => {
      const ids = plain.call(backend, tensors);
      if (!this.paused) tensors.forEach((tensor, i) => this.capture(ids[i], tensor));
      return ids;
    });
  }

  private capture(id: number, tensor: tf.Tensor): void {
    const isVariable = this.variableIds.has(id) && !this.frozen;
    const isKnown = this.edges.has(id) || this.constants.has(id) || isVariable;
    // An Int64Scalar of tfjs-node is no tensor: it comes as a constant.
    if (isKnown || tensor.dtype === undefined) return;
    const spec = specOfTensor(tensor);
    if (isKnownType(spec.dtype))
      this.constants.set(id, { spec, bytes: copyOf(nodeBackend().binding.tensorDataSync(id)) });
  }

  private watchNewVariables(): () => void {
    const engine = tf.engine();
    return replaceMember(engine, 'makeVariable', (plain) => (...args) => {
      this.madeVariables = true;
      return plain.apply(engine, args);
    });
  }

  private watchRandom(): () => void {
    return replaceMember(Math, 'random', (plain) => () => {
      this.refuse(
        'it draws random numbers in JavaScript, which a graph would repeat: use lib/tensorflow/random',
      );
      return plain();
    });
  }

  private watchOptimizers(): () => void {
    const { optimizers } = this;
    const prototype = Object.getPrototypeOf(tf.SGDOptimizer.prototype) as {
      incrementIterations(this: tf.Optimizer): void;
    };
    return replaceMember(
      prototype,
      'incrementIterations',
      (plain) =>
        function () {
          optimizers.add(this);
          plain.call(this);
        },
    );
  }

  update(
    op: string,
    { resources, inputs, attributes, eager }: Parameters<typeof recordUpdate>[1],
  ): void {
    const resourceIds = resources.map(idOf);
    const inputEdges = inputs.map((tensor) => this.edgeOf(idOf(tensor)));
    const states = resources.map((variable, i) => this.heldState(variable, resourceIds[i]));
    this.paused = true;
    try {
      eager();
    } finally {
      this.paused = false;
    }
    if (this.frozen) return this.refuse(`${op} writes a variable`);
    if (inputEdges.includes(null) || states.includes(null))
      return this.refuse(`${op} takes a tensor of unknown origin`);
    const held = states as VariableState[];
    const node = this.graph.add(
      op,
      [...held.map(({ handle }) => edge(handle)), ...(inputEdges as Edge[])],
      {
        attributes,
        controls: held.flatMap(before),
      },
    );
    for (const state of held) {
      const id = idOf(state.variable);
      const read = addRead(this.graph, state.handle, state.spec, [node]);
      state.lastWrite = node;
      state.reads.push(read);
      state.heldId = id;
      this.edges.set(id, edge(read));
    }
  }

  /** A variable's state with the session's variable brought up to the value that the tfjs one holds now. */
  private heldState(variable: tf.Variable, id: number): VariableState | null {
    const state = this.variables.get(variable) ?? this.firstState(variable, id);
    if (state === null) return null;
    if (state.heldId !== id) this.assign(state, id);
    return state;
  }

  /** A variable may have been assigned before it was first read: it is state all the same. */
  private firstState(variable: tf.Variable, id: number): VariableState | null {
    if (this.variableIds.get(id) === variable) return this.stateOf(variable, id);
    const entry = addGraphVariable(this.graph, variable, specOfTensor(variable));
    const state: VariableState = { ...entry, lastWrite: null, reads: [entry.read], heldId: -1 };
    this.variables.set(variable, state);
    return state;
  }

  private assign(state: VariableState, id: number): void {
    const value = this.edgeOfTensor(state.variable);
    if (value === null)
      return this.refuse(
        `variable "${state.variable.name}" is assigned a tensor of unknown origin`,
      );
    state.lastWrite = this.graph.add('AssignVariableOp', [edge(state.handle), value], {
      attributes: { dtype: typeValue(state.spec.dtype) },
      controls: before(state),
    });
    state.heldId = id;
  }

  /** Adds the final assignments and the outputs, which wait for them. */
  finish(results: readonly tf.Tensor[]): RecordedStep | null {
    const outputs = results.map((tensor) => this.edgeOfTensor(tensor));
    if (outputs.includes(null)) this.refuse('it returns a tensor of unknown origin');
    for (const variable of Object.values(tf.engine().registeredVariables))
      this.finishVariable(variable);
    for (const variable of this.variables.keys())
      if (variable.isDisposed) this.refuse(`it disposes variable "${variable.name}"`);
    this.refuseEscapes(results);
    if (this.refusal !== null) return null;

    const states = [...this.variables.values()];
    const writes = states.flatMap(({ lastWrite }) => (lastWrite === null ? [] : [lastWrite]));
    const identities = (outputs as Edge[]).map((output) => this.returned(output, writes));
    return {
      graph: this.graph,
      inputs: this.inputNodes,
      outputs: identities.map((node) => edge(node)),
      variables: states,
      written: new Set(
        states.filter(({ lastWrite }) => lastWrite !== null).map(({ variable }) => variable),
      ),
      done: this.done(writes),
      constants: [...this.frozenVariables],
      optimizers: [...this.optimizers],
    };
  }

  private finishVariable(variable: tf.Variable): void {
    const id = idOf(variable);
    const state = this.variables.get(variable);
    if (state !== undefined && state.heldId === id) return;
    if (state === undefined && this.variableIds.get(id) === variable) return;
    if (this.frozen) return this.refuse(`it writes variable "${variable.name}"`);
    const known = state ?? this.firstState(variable, id);
    if (known !== null) this.assign(known, id);
  }

  private done(writes: readonly GraphNode[]): Edge {
    const spec = { shape: [], dtype: DataType.int32 };
    const one = this.graph.addConstant(spec, Int32Array.of(1));
    return edge(this.returned(edge(one), writes));
  }

  private returned(output: Edge, controls: readonly GraphNode[]): GraphNode {
    const spec = specOf(output);
    return this.graph.add('Identity', [output], {
      attributes: { T: typeValue(spec.dtype) },
      outputs: [spec],
      controls,
    });
  }

  /** A tensor that outlives the step without being a result or a variable is state that a graph cannot keep. */
  private refuseEscapes(results: readonly tf.Tensor[]): void {
    const expected = new Set(results.map(idOf));
    for (const variable of Object.values(tf.engine().registeredVariables))
      expected.add(idOf(variable));
    for (const id of this.alive)
      if (!expected.has(id))
        return this.refuse(
          `it keeps the result of ${this.edges.get(id)?.node.op ?? 'an operation'}`,
        );
  }
}

/** @returns `base` with some members replaced. */
function derive<T extends object>(base: T, members: Partial<T>): T {
  return Object.create(base, Object.getOwnPropertyDescriptors(members)) as T;
}

/** What a write has to wait for: a gradient need not depend on the value that the loss was computed from. */
function before({ reads, lastWrite }: VariableState): GraphNode[] {
  return lastWrite === null ? reads : [...reads, lastWrite];
}
