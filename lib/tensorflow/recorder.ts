/** Records one run of a step as a graph. */
import { DataType, tf } from './backend';
import {
  edge,
  Graph,
  specOf,
  typeValue,
  type AttributeValue,
  type Edge,
  type GraphNode,
} from './graph';
import {
  encodeAttribute,
  idOf,
  inferredTypes,
  isKnownType,
  refusalOf,
  specOfTensor,
} from './tensorInfo';
import type { GraphVariable } from './sessionVariables';
import { TracedTensors } from './tracedTensors';
import { before, TracedVariables } from './tracedVariables';
import { hookTrace, type Operation, type TraceListener } from './traceHooks';

/** A step as a graph. */
export interface RecordedStep {
  readonly graph: Graph;
  /** One for each of the traced inputs, in order. */
  readonly inputs: readonly GraphNode[];
  /** One for each tensor that the step returned, in order. */
  readonly outputs: readonly Edge[];
  readonly variables: readonly GraphVariable[];
  readonly written: ReadonlySet<tf.Variable>;
  /** Runs after every variable is written; fetch it if the step returns nothing. */
  readonly done: Edge;
  /** Variables whose value was taken as a constant. */
  readonly constants: readonly tf.Variable[];
  /** tfjs optimizers that the step used: their hyperparameters are constants of the graph. */
  readonly optimizers: readonly tf.Optimizer[];
}

/** An operation on resource variables, and its eager equivalent. */
export interface VariableUpdate {
  readonly resources: readonly tf.Variable[];
  /** The operation's inputs behind the resources. */
  readonly inputs: readonly tf.Tensor[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** Updates `resources`. */
  readonly eager: () => void;
}

export class Recorder implements TraceListener {
  /** Why the step cannot be a graph, or null. */
  refusal: string | null = null;
  madeVariables = false;
  private readonly graph = new Graph();
  private readonly tensors = new TracedTensors(this.graph);
  private readonly optimizers = new Set<tf.Optimizer>();
  private readonly inputNodes: GraphNode[] = [];
  private readonly variables: TracedVariables;
  private paused = false;

  /** @param frozen Take variables as constants; a step that writes one is refused. */
  constructor(private readonly frozen: boolean) {
    this.variables = new TracedVariables({ graph: this.graph, tensors: this.tensors, frozen });
  }

  /** Runs the step; `inputs` are the tensors that differ from call to call. */
  record<Result>(inputs: readonly tf.Tensor[], step: () => Result): Result {
    for (const input of inputs) {
      const id = idOf(input);
      const spec = specOfTensor(input);
      if (!isKnownType(spec.dtype)) this.refuse(`it takes data of type ${input.dtype}`);
      const node = this.graph.addPlaceholder(spec);
      this.inputNodes.push(node);
      this.tensors.set(id, edge(node));
    }
    const unhook = hookTrace(this);
    try {
      return step();
    } finally {
      unhook();
    }
  }

  /** Records one operation on resource variables in the place of what `eager` does; see {@link recordUpdate}. */
  update(op: string, { resources, inputs, attributes, eager }: VariableUpdate): void {
    const resourceIds = resources.map(idOf);
    const inputEdges = inputs.map((tensor) => this.edgeOf(idOf(tensor)));
    const states = resources.map((variable, i) =>
      this.variables.held(variable, resourceIds[i], () => this.edgeOfTensor(variable)),
    );
    let writtenIds: number[];
    this.paused = true;
    try {
      eager();
      // While paused: the new values, which the session computes, must not be recorded as constants.
      writtenIds = resources.map(idOf);
    } finally {
      this.paused = false;
    }
    if (this.frozen) return this.refuse(`${op} writes a variable`);
    if (!isComplete(inputEdges) || !isComplete(states))
      return this.refuse(`${op} takes a tensor of unknown origin`);
    const node = this.graph.add(op, [...states.map(({ handle }) => edge(handle)), ...inputEdges], {
      attributes,
      controls: states.flatMap(before),
    });
    states.forEach((state, i) => this.variables.written(state, { node, id: writtenIds[i] }));
  }

  /** Adds the final assignments and the outputs, which wait for them. @returns null for a step that is refused. */
  finish(results: readonly tf.Tensor[]): RecordedStep | null {
    const outputs = results.map((tensor) => this.edgeOfTensor(tensor));
    for (const variable of this.variables.assigned()) this.finishVariable(variable);
    const states = this.variables.known;
    for (const { variable } of states)
      if (variable.isDisposed) this.refuse(`it disposes variable "${variable.name}"`);
    this.refuseEscapes(results);
    if (!isComplete(outputs)) this.refuse('it returns a tensor of unknown origin');
    if (this.refusal !== null || !isComplete(outputs)) return null;

    const written = states.filter(({ lastWrite }) => lastWrite !== null);
    const writes = written.map(({ lastWrite }) => lastWrite as GraphNode);
    return {
      graph: this.graph,
      inputs: this.inputNodes,
      outputs: outputs.map((output) => this.returned(output, writes)),
      variables: states,
      written: new Set(written.map(({ variable }) => variable)),
      done: this.done(writes),
      constants: [...this.variables.constants],
      optimizers: [...this.optimizers],
    };
  }

  onOperation({ name, attributes, inputIds, outputs }: Operation): void {
    if (this.paused) return;
    const refusal = refusalOf(name, outputs);
    if (refusal !== null) return this.refuse(refusal);
    const encoded: Record<string, AttributeValue> = {};
    for (const attribute of attributes) {
      const value = encodeAttribute(attribute);
      if (value === null)
        return this.refuse(`the attribute "${attribute.name}" of ${name} cannot be encoded`);
      encoded[attribute.name] = value;
    }
    const inputs = inputIds.map((id) => this.edgeOf(id));
    if (!isComplete(inputs)) return this.refuse(`${name} takes a tensor of unknown origin`);
    const node = this.graph.add(name, inputs, {
      attributes: { ...encoded, ...inferredTypes(name, inputs) },
      outputs: outputs.map(({ shape, dtype }) => ({ shape: [...shape], dtype })),
    });
    this.tensors.addResults(
      node,
      outputs.map(({ id }) => id),
    );
  }

  onConstant(id: number, shape: readonly number[], dtype: number, values: ArrayBufferView): void {
    if (!this.paused) this.tensors.addConstant(id, { shape, dtype }, values);
  }

  onRead(id: number): void {
    if (this.dependsOnInputs(id))
      this.refuse(`it reads the data of ${this.describe(id)} while it is traced`);
    this.variables.noteConstant(id);
  }

  onInput(id: number, tensor: tf.Tensor): void {
    if (!this.paused) this.capture(id, tensor);
  }

  onDelete(id: number): void {
    this.tensors.delete(id);
  }

  onNewVariable(): void {
    this.madeVariables = true;
  }

  onSavedModel(): void {
    this.refuse('it runs a SavedModel of its own');
  }

  onRandom(): void {
    this.refuse(
      'it draws random numbers in JavaScript, which a graph would repeat: use lib/tensorflow/random',
    );
  }

  onOptimizer(optimizer: tf.Optimizer): void {
    this.optimizers.add(optimizer);
  }

  private refuse(reason: string): void {
    this.refusal ??= reason;
  }

  private dependsOnInputs(id: number): boolean {
    if (this.paused) return false;
    const recorded = this.tensors.recorded(id);
    return recorded === undefined ? this.variables.isState(id) : recorded.node.op !== 'Const';
  }

  private describe(id: number): string {
    const op = this.tensors.recorded(id)?.node.op;
    if (op === 'Placeholder') return 'an input';
    return op === undefined || op === 'ReadVariableOp' ? 'a variable' : `the result of ${op}`;
  }

  /** The graph's edge for a tensor: recorded, a variable's value, or a constant. */
  private edgeOf(id: number): Edge | null {
    return this.tensors.recorded(id) ?? this.variables.read(id) ?? this.tensors.constant(id);
  }

  private edgeOfTensor(tensor: tf.Tensor): Edge | null {
    const id = idOf(tensor);
    this.capture(id, tensor);
    return this.edgeOf(id);
  }

  private capture(id: number, tensor: tf.Tensor): void {
    if (!this.variables.isState(id)) this.tensors.capture(id, tensor);
  }

  private finishVariable(variable: tf.Variable): void {
    const { name } = variable;
    if (this.frozen) return this.refuse(`it writes variable "${name}"`);
    if (this.variables.held(variable, idOf(variable), () => this.edgeOfTensor(variable)) === null)
      this.refuse(`variable "${name}" is assigned a tensor of unknown origin`);
  }

  private done(writes: readonly GraphNode[]): Edge {
    const spec = { shape: [], dtype: DataType.int32 };
    return this.returned(edge(this.graph.addConstant(spec, Int32Array.of(1))), writes);
  }

  private returned(output: Edge, controls: readonly GraphNode[]): Edge {
    const spec = specOf(output);
    const node = this.graph.add('Identity', [output], {
      attributes: { T: typeValue(spec.dtype) },
      outputs: [spec],
      controls,
    });
    return edge(node);
  }

  /** A tensor that outlives the step without being a result or a variable is state that a graph cannot keep. */
  private refuseEscapes(results: readonly tf.Tensor[]): void {
    const kept = [...results, ...Object.values(tf.engine().registeredVariables)];
    const escaped = this.tensors.escaped(new Set(kept.map(idOf)));
    if (escaped !== null) this.refuse(`it keeps the result of ${escaped}`);
  }
}

function isComplete<T>(values: T[]): values is NonNullable<T>[] {
  return values.every((value) => value != null);
}
