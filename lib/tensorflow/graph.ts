/**
 * A TensorFlow graph as plain values: nodes, edges and attributes, before they are encoded for TensorFlow.
 *
 * {@link trace} makes one from a recorded step, the rewrites improve it, and savedModel.ts loads it into a session.
 */
import { DataType } from './backend';

/** Shape and data type of one output of a node. */
export interface OutputSpec {
  readonly shape: readonly number[];
  readonly dtype: number;
}

/** One output of a node, as the input of another. */
export interface Edge {
  readonly node: GraphNode;
  readonly index: number;
}

/** Attribute values of TensorFlow's NodeDef; `tensor` is a constant's value. */
export type AttributeValue =
  | { readonly kind: 'type'; readonly value: number }
  | { readonly kind: 'shape'; readonly value: readonly number[] }
  | { readonly kind: 'int'; readonly value: number }
  | { readonly kind: 'ints'; readonly value: readonly number[] }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  | { readonly kind: 'tensor'; readonly spec: OutputSpec; readonly bytes: Uint8Array };

/** One operation. Nodes are made by {@link Graph.add} only, so that names stay unique. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  inputs: Edge[];
  /** Nodes that must have run before this one, beyond its inputs. */
  readonly controls: GraphNode[];
  readonly attributes: Map<string, AttributeValue>;
  outputs: readonly OutputSpec[];
}

/** A graph under construction. Nodes are in topological order. */
export class Graph {
  private kept: GraphNode[] = [];
  private made = 0;

  get nodes(): readonly GraphNode[] {
    return this.kept;
  }

  /** Adds a node; its name is the operation's with a running number. */
  add(
    op: string,
    inputs: readonly Edge[],
    {
      attributes = {},
      outputs = [],
      controls = [],
    }: {
      readonly attributes?: Readonly<Record<string, AttributeValue>>;
      readonly outputs?: readonly OutputSpec[];
      readonly controls?: readonly GraphNode[];
    } = {},
  ): GraphNode {
    const node: GraphNode = {
      name: `${op.replace(/[^A-Za-z0-9]/g, '')}_${this.made++}`,
      op,
      inputs: [...inputs],
      controls: [...controls],
      attributes: new Map(Object.entries(attributes)),
      outputs,
    };
    this.kept.push(node);
    return node;
  }

  /** Drops every node that is not in `needed`. */
  keepOnly(needed: ReadonlySet<GraphNode>): void {
    this.kept = this.kept.filter((node) => needed.has(node));
  }

  /** Adds a constant. `bytes` are the values as they lie in memory (little-endian) and are copied. */
  addConstant(spec: OutputSpec, bytes: ArrayBufferView): GraphNode {
    const copy = new Uint8Array(bytes.byteLength);
    copy.set(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    return this.add('Const', [], {
      attributes: {
        dtype: typeValue(spec.dtype),
        value: { kind: 'tensor', spec, bytes: copy },
      },
      outputs: [spec],
    });
  }

  /** Adds a placeholder: a value that each run of the session is given. */
  addPlaceholder(spec: OutputSpec): GraphNode {
    return this.add('Placeholder', [], {
      attributes: { dtype: typeValue(spec.dtype), shape: { kind: 'shape', value: spec.shape } },
      outputs: [spec],
    });
  }
}

/** @returns the first (or given) output of a node as an edge. */
export function edge(node: GraphNode, index = 0): Edge {
  return { node, index };
}

/** @returns shape and data type of what flows along an edge. */
export function specOf({ node, index }: Edge): OutputSpec {
  return node.outputs[index];
}

/** @returns a data type as an attribute's value. */
export function typeValue(dtype: number): AttributeValue {
  return { kind: 'type', value: dtype };
}

/** @returns TensorFlow's name of an edge in a session's list of inputs or outputs: `node:index`. */
export function endpoint({ node, index }: Edge): string {
  return `${node.name}:${index}`;
}

/**
 * Looks at one node, whose inputs have been rewritten already.
 *
 * @returns What takes the place of each of its outputs, or null to keep it. May add nodes, or change this one.
 */
export type RewriteRule = (node: GraphNode, graph: Graph) => readonly Edge[] | null;

/** True for lists of the same items: shapes, pads, anything told apart by `===`. */
export function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}

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
