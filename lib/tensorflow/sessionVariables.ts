/**
 * Keeps tfjs' variables and a session's variables in sync.
 *
 * A compiled step leaves new values of weights and optimizer slots inside its session. Reading them back after every
 * step would cost a copy of the whole model, so the tfjs variable gets a *pending* data id instead: the moment
 * anything — an eager op, `dataSync`, saving, another compiled function — asks for that data, it is fetched.
 * The other way round, a variable that was assigned outside (setWeights, loading, another session) no longer has
 * the data id that the session knows, and is copied in before the next step. Callers need not do anything.
 */
import { tf, nodeBackend } from './backend';
import { edge, typeValue, type Graph, type GraphNode, type OutputSpec } from './graph';
import { replaceMember } from './replaceMember';
import { endpoints, type Session } from './savedModel';

/** The nodes of one variable inside a graph. */
export interface GraphVariable {
  readonly variable: tf.Variable;
  readonly spec: OutputSpec;
  readonly handle: GraphNode;
  /** Reads the value as it stands before the step. */
  readonly read: GraphNode;
}

/** Adds a variable's handle and first read to a graph. */
export function addGraphVariable(
  graph: Graph,
  variable: tf.Variable,
  spec: OutputSpec,
): GraphVariable {
  const handle = graph.add('VarHandleOp', [], {
    attributes: {
      dtype: typeValue(spec.dtype),
      shape: { kind: 'shape', value: spec.shape },
      shared_name: { kind: 'string', value: `variable_${variable.id}` },
      container: { kind: 'string', value: '' },
    },
    outputs: [{ shape: [], dtype: 20 }],
  });
  return { variable, spec, handle, read: addRead(graph, handle, spec) };
}

/** Adds a read of a variable, after `controls` have run. */
export function addRead(
  graph: Graph,
  handle: GraphNode,
  spec: OutputSpec,
  controls: readonly GraphNode[] = [],
): GraphNode {
  return graph.add('ReadVariableOp', [edge(handle)], {
    attributes: { dtype: typeValue(spec.dtype) },
    outputs: [spec],
    controls,
  });
}

interface Slot extends GraphVariable {
  /** Session endpoints to hand a value in, made before the session is. */
  readonly pushInput: string;
  readonly pushOutput: string;
  readonly readOutput: string;
  readonly written: boolean;
  /** The data id whose content equals the session's value, while it does. */
  known: object | null;
  /** The data id whose content is only in the session. */
  pending: object | null;
}

/** Data ids whose content is in a session, and how to fetch it. */
const pendingFetches = new WeakMap<object, () => void>();

/** The variables of one session. */
export class SessionVariables {
  private readonly slots: Slot[];
  private session: Session | null = null;

  /**
   * Adds to `graph` what handing values in and out needs.
   *
   * @param written Those whose value a run changes.
   */
  constructor(
    graph: Graph,
    variables: readonly GraphVariable[],
    written: ReadonlySet<tf.Variable>,
  ) {
    const one = graph.addConstant({ shape: [], dtype: 3 }, Int32Array.of(1));
    this.slots = variables.map((entry) => {
      const input = graph.addPlaceholder(entry.spec);
      const assign = graph.add('AssignVariableOp', [edge(entry.handle), edge(input)], {
        attributes: { dtype: typeValue(entry.spec.dtype) },
      });
      const done = graph.add('Identity', [edge(one)], {
        attributes: { T: typeValue(3) },
        outputs: [{ shape: [], dtype: 3 }],
        controls: [assign],
      });
      return {
        ...entry,
        pushInput: endpoints([edge(input)]),
        pushOutput: endpoints([edge(done)]),
        readOutput: endpoints([edge(entry.read)]),
        written: written.has(entry.variable),
        known: null,
        pending: null,
      };
    });
  }

  /** Tells which session holds the variables; once, before the first run. */
  attach(session: Session): void {
    watchReads();
    this.session = session;
  }

  /** Makes the session's values those of the tfjs variables. Call before each run. */
  push(): void {
    const outdated = this.slots.filter((slot) => this.isOutdated(slot));
    if (outdated.length === 0) return;
    const ids = nodeBackend().getInputTensorIds(outdated.map(({ variable }) => variable));
    const handles = this.live().run(
      ids,
      outdated.map(({ pushInput }) => pushInput).join(','),
      outdated.map(({ pushOutput }) => pushOutput).join(','),
    );
    for (const { id } of handles) nodeBackend().binding.deleteTensor(id);
    for (const slot of outdated) slot.known = slot.variable.dataId;
  }

  private isOutdated(slot: Slot): boolean {
    const { variable } = slot;
    if (variable.isDisposed)
      throw new Error(
        `Expected variable "${variable.name}" of a compiled function to be alive but it was disposed: ` +
          `dispose the compiled function together with its model`,
      );
    if (slot.pending !== null) {
      const isOwn = slot.pending === variable.dataId;
      // A clone still refers to the pending value: fetch its content before it changes.
      if (!isOwn || (slot.written && nodeBackend().refCount(slot.pending) > 1)) this.pull();
      if (isOwn) return false;
    }
    return slot.known !== variable.dataId;
  }

  /** Marks what a run has written: from now on its content is only in the session. */
  markWritten(): void {
    for (const slot of this.slots)
      if (slot.written && slot.pending === null) this.makePending(slot);
  }

  private makePending(slot: Slot): void {
    const { variable, spec } = slot;
    const dataId = {};
    nodeBackend().tensorMap.set(dataId, {
      shape: spec.shape,
      dtype: spec.dtype,
      id: -1,
      values: null,
      refCount: 1,
    });
    const value = tf.engine().makeTensorFromTensorInfo({
      dataId,
      shape: [...spec.shape],
      dtype: variable.dtype,
    });
    variable.assign(value);
    value.dispose();
    slot.known = null;
    slot.pending = dataId;
    pendingFetches.set(dataId, () => this.pull());
  }

  /** Fetches all pending values out of the session. */
  pull(): void {
    const { tensorMap, binding } = nodeBackend();
    const pending = this.slots.filter((slot) => slot.pending !== null);
    if (pending.length === 0) return;
    const handles = this.live().run([], '', pending.map(({ readOutput }) => readOutput).join(','));
    pending.forEach((slot, i) => {
      const dataId = slot.pending as object;
      pendingFetches.delete(dataId);
      if (tensorMap.has(dataId)) tensorMap.get(dataId).id = handles[i].id;
      else binding.deleteTensor(handles[i].id);
      slot.known = dataId;
      slot.pending = null;
    });
  }

  private live(): Session {
    if (this.session === null) throw new Error('Expected an attached session but found none.');
    return this.session;
  }
}

let watching = false;

/** Makes the backend fetch a pending value on first access. Done once per process. */
function watchReads(): void {
  if (watching) return;
  watching = true;
  const backend = nodeBackend();
  replaceMember(backend, 'getInputTensorIds', (plain) => (tensors) => {
    for (const { dataId } of tensors) if (dataId !== undefined) pendingFetches.get(dataId)?.();
    return plain.call(backend, tensors);
  });
  replaceMember(backend, 'readSync', (plain) => (dataId) => {
    pendingFetches.get(dataId)?.();
    return plain.call(backend, dataId);
  });
}
