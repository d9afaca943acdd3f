/** What a rewrite may know about the value that an edge carries: only of constants. */
import { DataType } from './backend';
import type { Edge } from './graph';

/** The values of an int32 constant, or null where the edge carries something else. */
export function constantIntegers(source: Edge): number[] | null {
  const bytes = constantBytes(source, DataType.int32);
  return bytes && [...new Int32Array(bytes)];
}

/** True for a float32 constant whose values are all zero. */
export function isConstantZero(source: Edge): boolean {
  const bytes = constantBytes(source, DataType.float32);
  return bytes !== null && new Float32Array(bytes).every((value) => value === 0);
}

function constantBytes({ node }: Edge, dtype: DataType): ArrayBuffer | null {
  const value = node.attributes.get('value');
  if (node.op !== 'Const' || value?.kind !== 'tensor' || value.spec.dtype !== dtype) return null;
  return Uint8Array.from(value.bytes).buffer;
}
