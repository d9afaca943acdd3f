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

/** @returns `base` with some members replaced. */
function derive<T extends object>(base: T, members: Partial<T>): T {
  return Object.create(base, Object.getOwnPropertyDescriptors(members)) as T;
}
