/** What a trace asks about tfjs' tensors and about operations as tfjs-node calls them. */
import { DataType, nodeBackend, tf, type OperationAttribute } from './backend';
import { executeOperation } from './operations';
import { specOf, typeValue, type AttributeValue, type Edge, type OutputSpec } from './graph';

/**
 * The addon's number of a variable, after making sure that no clone and no other variable shares its data: they would
 * be confused in the graph, and differ after the next assignment.
 */
export function idOfOwnData(variable: tf.Variable): number {
  if (nodeBackend().refCount(variable.dataId) > 1) {
    const copy = tf.tensor(variable.dataSync(), variable.shape, variable.dtype);
    variable.assign(copy);
    copy.dispose();
  }
  return idOf(variable);
}

/** The same values under a number of their own; without a copy in memory. Caller disposes. */
export function separateCopy(tensor: tf.Tensor): tf.Tensor {
  const { dtype } = specOfTensor(tensor);
  // The addon frees the texts of a string tensor with each number that it has; a trace refuses it anyway.
  if (!isKnownType(dtype)) return tensor.clone();
  const [copy] = executeOperation('Identity', [tensor], { attributes: { T: { type: dtype } } });
  return copy;
}

/** The addon's number of a tensor; hands delayed values to TensorFlow first. */
export function idOf(tensor: tf.Tensor): number {
  return nodeBackend().getInputTensorIds([tensor])[0];
}

/**
 * Type attributes that tfjs-node leaves out or sets wrongly, since eager TensorFlow infers them, as the number of the
 * input they follow. Complete for the kernels of tfjs-node 4.22, by TensorFlow 2.21's registry of operations.
 */
const INFERRED_TYPES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  ExpandDims: { T: 0, Tdim: 1 },
  MaxPool3DGrad: { TInput: 0 },
  // Of integers: tfjs casts the values but names their old type.
  Mean: { T: 0 },
};

/** Attributes that eager TensorFlow finds by itself and a graph has to name; they go before those of the call. */
export function inferredTypes(op: string, inputs: readonly Edge[]): Record<string, AttributeValue> {
  const types = Object.entries(INFERRED_TYPES[op] ?? {});
  return Object.fromEntries(
    types.map(([name, input]) => [name, typeValue(specOf(inputs[input]).dtype)]),
  );
}

/** True for the data types that graphs carry. */
export function isKnownType(dtype: number): dtype is DataType {
  return KNOWN_TYPES.has(dtype);
}

const KNOWN_TYPES: ReadonlySet<number> = new Set([
  DataType.float32,
  DataType.int32,
  DataType.bool,
  DataType.uint8,
  DataType.int64,
]);

const LABELS: Readonly<Record<string, number>> = {
  float32: DataType.float32,
  int32: DataType.int32,
  bool: DataType.bool,
  string: DataType.string,
  complex64: DataType.complex64,
};

/** Shape and TensorFlow's data type of a tensor. */
export function specOfTensor(tensor: tf.Tensor): OutputSpec {
  const { dtype, shape } = nodeBackend().tensorMap.get(tensor.dataId);
  // Bytes and 64-bit integers are labelled int32; tfjs keeps a number or a name, whichever made the tensor.
  const isOwnType = dtype === DataType.uint8 || dtype === DataType.int64;
  return {
    shape: [...(tensor.shape ?? shape)],
    dtype: isOwnType ? dtype : LABELS[tensor.dtype],
  };
}

/** A copy of the values as they lie in memory. */
export function copyOf(values: ArrayBufferView): Uint8Array {
  const copy = new Uint8Array(values.byteLength);
  copy.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return copy;
}

/** An attribute as the graph holds it, or null for a kind that it does not know. */
export function encodeAttribute({ type, value }: OperationAttribute): AttributeValue | null {
  const { binding } = nodeBackend();
  switch (type) {
    case binding.TF_ATTR_TYPE:
      return typeValue(value as number);
    case binding.TF_ATTR_SHAPE:
      return { kind: 'shape', value: value as number[] };
    case binding.TF_ATTR_INT:
      return Array.isArray(value)
        ? { kind: 'ints', value: value as number[] }
        : { kind: 'int', value: value as number };
    case binding.TF_ATTR_FLOAT:
      return Array.isArray(value) ? null : { kind: 'float', value: value as number };
    case binding.TF_ATTR_BOOL:
      return { kind: 'bool', value: Boolean(value) };
    case binding.TF_ATTR_STRING:
      return Array.isArray(value)
        ? { kind: 'strings', value: value as string[] }
        : { kind: 'string', value: value as string };
    default:
      return null;
  }
}

/**
 * Why a graph would get an operation wrong, or null: it draws from a generator of its own, or its result's shape depends
 * on data, which the JavaScript around it has seen once only.
 */
export function refusalOf(
  op: string,
  outputs: readonly { readonly dtype: number }[],
): string | null {
  if (outputs.length === 0) return `${op} has an effect but no result`;
  const unknown = outputs.find(({ dtype }) => !isKnownType(dtype));
  if (unknown !== undefined)
    return `${op} gives data of a type that graphs here do not carry (${unknown.dtype})`;
  if (/^(Random|Multinomial|TruncatedNormal|ParameterizedTruncatedNormal|Stateful)/.test(op))
    return `${op} draws random numbers of its own: use lib/tensorflow/random`;
  return /^(Where|Unique|NonMaxSuppression|ListDiff|DynamicPartition)/.test(op)
    ? `the shape of the result of ${op} depends on data`
    : null;
}
