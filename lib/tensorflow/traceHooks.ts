/**
 * Hooks that intercept the operations of a recorded run.
 *
 * Every operation of tfjs-node goes through one function of its addon (`executeOp`), every constant through another
 * (`createTensor`), every read through a third (`tensorDataSync`). While a trace runs, hooks wrap these three, and
 * the few JavaScript functions whose effects a graph could not repeat.
 */
import {
  nodeBackend,
  tf,
  type NativeBinding,
  type OperationAttribute,
  type TensorHandle,
} from './backend';
import { replaceMember } from './replaceMember';

/** One operation as tfjs-node called it. */
export interface Operation {
  readonly name: string;
  readonly attributes: readonly OperationAttribute[];
  readonly inputIds: readonly number[];
  readonly outputs: readonly TensorHandle[];
}

/** Receives each event as it occurs. Tensors are identified by the addon's ids. */
export interface TraceListener {
  onOperation(operation: Operation): void;
  /** Values made in JavaScript. */
  onConstant(id: number, shape: readonly number[], dtype: number, values: ArrayBufferView): void;
  /** A tensor's values are read. */
  onRead(id: number): void;
  /** A tensor is an operation's input. */
  onInput(id: number, tensor: tf.Tensor): void;
  onDelete(id: number): void;
  onNewVariable(): void;
  onSavedModel(): void;
  /** Math.random is called. */
  onRandom(): void;
  /** A tfjs optimizer counts a step. */
  onOptimizer(optimizer: tf.Optimizer): void;
}

/** @returns a function that takes the hooks away again. */
export function hookTrace(listener: TraceListener): () => void {
  const backend = nodeBackend();
  const restore = [
    replaceMember(backend, 'binding', (plain) => hookBinding(plain, listener)),
    hookInputs(listener),
    hookNewVariables(listener),
    replaceMember(Math, 'random', (plain) => () => {
      listener.onRandom();
      return plain();
    }),
    hookOptimizers(listener),
    ...releaseEarly(),
  ];
  return () => {
    for (const undo of restore) undo();
  };
}

/** The addon with its functions wrapped by hooks. */
function hookBinding(plain: NativeBinding, listener: TraceListener): NativeBinding {
  // The addon's own properties are read-only, so they are shadowed by definition, not by assignment.
  return derive(plain, {
    executeOp: (
      name: string,
      attributes: readonly OperationAttribute[],
      inputIds: readonly number[],
      count: number,
    ) => {
      const outputs = plain.executeOp(name, attributes, inputIds, count);
      listener.onOperation({ name, attributes, inputIds, outputs });
      return outputs;
    },
    createTensor: (shape: readonly number[], dtype: number, values: ArrayBufferView) => {
      const id = plain.createTensor(shape, dtype, values);
      if (ArrayBuffer.isView(values)) listener.onConstant(id, [...shape], dtype, values);
      return id;
    },
    tensorDataSync: (id: number) => {
      listener.onRead(id);
      return plain.tensorDataSync(id);
    },
    deleteTensor: (id: number) => {
      listener.onDelete(id);
      plain.deleteTensor(id);
    },
    runSavedModel: (...args: Parameters<NativeBinding['runSavedModel']>) => {
      listener.onSavedModel();
      return plain.runSavedModel(...args);
    },
  });
}

function hookInputs(listener: TraceListener): () => void {
  const backend = nodeBackend();
  return replaceMember(backend, 'getInputTensorIds', (plain) => (tensors) => {
    const ids = plain.call(backend, tensors);
    tensors.forEach((tensor, i) => listener.onInput(ids[i], tensor));
    return ids;
  });
}

function hookNewVariables(listener: TraceListener): () => void {
  const engine = tf.engine();
  return replaceMember(engine, 'makeVariable', (plain) => (...args) => {
    listener.onNewVariable();
    return plain.apply(engine, args);
  });
}

function hookOptimizers(listener: TraceListener): () => void {
  const prototype = Object.getPrototypeOf(tf.SGDOptimizer.prototype) as {
    incrementIterations(this: tf.Optimizer): void;
  };
  return replaceMember(
    prototype,
    'incrementIterations',
    (plain) =>
      function () {
        listener.onOptimizer(this);
        plain.call(this);
      },
  );
}

/** A recorded operation of tfjs' tape; `gradient` returns a function for each input's gradient. */
interface TapeNode {
  readonly outputs: readonly tf.Tensor[];
  /** What the gradient needs of the forward pass. */
  readonly saved: readonly tf.Tensor[];
  gradient?: (
    gradients: readonly (tf.Tensor | null)[],
  ) => Readonly<Record<string, () => tf.Tensor>>;
}

/** The parts of tfjs' engine that go through the tape. */
interface TapeEngine {
  readonly state: { readonly activeTape: TapeNode[] | null; readonly gradientDepth: number };
  gradients(f: unknown, xs: readonly tf.Tensor[], dy?: tf.Tensor, ...rest: unknown[]): unknown;
  addTapeNode(...args: unknown[]): void;
}

/**
 * Gives back what the backward pass needs no more as soon as it has passed an operation: what that one had saved, and the
 * gradients of its outputs. tfjs keeps both to the end, so that the recorded run, the only one that is not a graph, would
 * decide about the memory of a whole training (the standard recipe: 0.3 GB of 1.7).
 */
function releaseEarly(): (() => void)[] {
  const engine = tf.engine() as unknown as TapeEngine;
  let wanted: ReadonlySet<unknown> = new Set();
  let passed: readonly tf.Tensor[] = [];
  const restoreGradients = replaceMember(engine, 'gradients', (plain) => (f, xs, dy, ...rest) => {
    const outer = [wanted, passed] as const;
    // Gradients of intermediate values are results, and so is what the caller hands over.
    [wanted, passed] = [new Set<unknown>([dy, ...xs.map(({ id }) => id)]), []];
    try {
      return plain.call(engine, f, xs, dy, ...rest);
    } finally {
      [wanted, passed] = outer;
    }
  });
  const restoreTape = replaceMember(engine, 'addTapeNode', (plain) => (...args) => {
    plain.apply(engine, args);
    const node = engine.state.activeTape?.at(-1);
    const gradient = node?.gradient;
    if (node === undefined || gradient === undefined) return;
    node.gradient = (gradients) => {
      // A gradient of a gradient still needs the tape.
      if (engine.state.gradientDepth > 0) return gradient(gradients);
      passed.forEach((tensor) => tensor.dispose());
      const handedOn = new Set<tf.Tensor>();
      const ofInputs = Object.entries(gradient(gradients)).map(
        ([input, compute]) =>
          [
            input,
            () => {
              const result = compute();
              handedOn.add(result);
              passed = passed.filter((tensor) => !handedOn.has(tensor));
              return result;
            },
          ] as const,
      );
      const done = gradients.filter(
        (each, i): each is tf.Tensor =>
          each !== null && !wanted.has(each) && !wanted.has(node.outputs[i].id),
      );
      passed = [...node.saved, ...done];
      return Object.fromEntries(ofInputs);
    };
  });
  return [restoreTape, restoreGradients];
}

/** @returns `base` with some members replaced. */
function derive<T extends object>(base: T, members: Partial<T>): T {
  return Object.create(base, Object.getOwnPropertyDescriptors(members)) as T;
}
