/** The variables that a recorded step reads and writes: weights, optimizer slots, moving averages. */
import { tf } from './backend';
import { edge, typeValue, type Edge, type Graph, type GraphNode } from './graph';
import { addGraphVariable, addRead, type GraphVariable } from './sessionVariables';
import { idOf, idOfOwnData, specOfTensor } from './tensorInfo';
import type { TracedTensors } from './tracedTensors';

/** One variable at a point of the step. */
export interface VariableState extends GraphVariable {
  /** The last node that changed the variable, and all that read it since the start. */
  lastWrite: GraphNode | null;
  readonly reads: GraphNode[];
  /** The tensor whose value the session's variable holds at this point of the step. */
  heldId: number;
}

export class TracedVariables {
  /** Those whose value was taken as a constant. */
  readonly constants = new Set<tf.Variable>();
  private readonly states = new Map<tf.Variable, VariableState>();
  /** All variables of the process by the tensors that they held at the start. */
  private readonly initial = new Map<number, tf.Variable>();
  private readonly graph: Graph;
  private readonly tensors: TracedTensors;
  private readonly frozen: boolean;

  /** @param frozen Take them as constants. */
  constructor({
    graph,
    tensors,
    frozen,
  }: {
    readonly graph: Graph;
    readonly tensors: TracedTensors;
    readonly frozen: boolean;
  }) {
    this.graph = graph;
    this.tensors = tensors;
    this.frozen = frozen;
    for (const variable of registered()) this.initial.set(idOfOwnData(variable), variable);
  }

  /** All that the step has read or written so far. */
  get known(): readonly VariableState[] {
    return [...this.states.values()];
  }

  /** True for the initial value of a variable that is state, not a constant. */
  isState(id: number): boolean {
    return this.initial.has(id) && !this.frozen;
  }

  /** The read of a variable by its initial value; null for other tensors, and for a frozen variable, which is noted. */
  read(id: number): Edge | null {
    if (!this.isState(id)) {
      this.noteConstant(id);
      return null;
    }
    return edge(this.stateOf(this.initial.get(id) as tf.Variable, id).read);
  }

  /** Notes that a variable's value was looked at, if `id` is one's initial value. */
  noteConstant(id: number): void {
    const variable = this.initial.get(id);
    if (variable !== undefined) this.constants.add(variable);
  }

  /**
   * A variable's state with the session's variable brought up to the value that the tfjs one holds now.
   *
   * @param value Finds that value in the graph; null fails.
   */
  held(variable: tf.Variable, id: number, value: () => Edge | null): VariableState | null {
    const state = this.states.get(variable) ?? this.firstState(variable, id);
    return state.heldId === id || this.assign(state, id, value()) ? state : null;
  }

  /** Notes that `node` has written a variable, which holds the tensor `id` since. */
  written(
    state: VariableState,
    { node, id }: { readonly node: GraphNode; readonly id: number },
  ): void {
    const read = addRead(this.graph, state.handle, state.spec, [node]);
    state.lastWrite = node;
    state.reads.push(read);
    state.heldId = id;
    this.tensors.set(id, edge(read));
  }

  /** Variables of the process whose value differs from what the session's holds: assigned by the step. */
  assigned(): tf.Variable[] {
    return registered().filter((variable) => {
      const id = idOf(variable);
      const state = this.states.get(variable);
      return state === undefined ? this.initial.get(id) !== variable : state.heldId !== id;
    });
  }

  private stateOf(variable: tf.Variable, id: number): VariableState {
    const known = this.states.get(variable);
    if (known !== undefined) return known;
    const state = this.addState(variable, id);
    this.tensors.set(id, edge(state.read));
    return state;
  }

  /** A variable may have been assigned before it was first read: it is state all the same. */
  private firstState(variable: tf.Variable, id: number): VariableState {
    return this.initial.get(id) === variable
      ? this.stateOf(variable, id)
      : this.addState(variable, -1);
  }

  private addState(variable: tf.Variable, heldId: number): VariableState {
    const entry = addGraphVariable(this.graph, variable, specOfTensor(variable));
    const state = { ...entry, lastWrite: null, reads: [entry.read], heldId };
    this.states.set(variable, state);
    return state;
  }

  private assign(state: VariableState, id: number, value: Edge | null): boolean {
    if (value === null) return false;
    state.lastWrite = this.graph.add('AssignVariableOp', [edge(state.handle), value], {
      attributes: { dtype: typeValue(state.spec.dtype) },
      controls: before(state),
    });
    state.heldId = id;
    return true;
  }
}

/** Control dependencies of a write: a gradient need not depend on the value that the loss was computed from. */
export function before({ reads, lastWrite }: VariableState): GraphNode[] {
  return lastWrite === null ? reads : [...reads, lastWrite];
}

function registered(): tf.Variable[] {
  return Object.values(tf.engine().registeredVariables);
}
