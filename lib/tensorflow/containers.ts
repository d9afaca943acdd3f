/** Tensors in arrays and records: what a step takes and returns. */
import { tf } from './backend';
import { specOfTensor } from './tensorInfo';

/** A tensor, or arbitrarily nested arrays and records of tensors. */
export type TensorTree =
  | tf.Tensor
  | readonly TensorTree[]
  | { readonly [name: string]: TensorTree }
  | null
  | undefined
  | void;

/** The tensors of a tree, and its form without them. */
export interface FlatTree {
  readonly tensors: tf.Tensor[];
  /** A new tree of the same form with other tensors in their places. */
  readonly restore: (tensors: readonly tf.Tensor[]) => unknown;
}

/** @returns the tensors that differ from call to call: a variable is state and stays in the form. */
export function flatten(tree: unknown): FlatTree {
  const tensors: tf.Tensor[] = [];
  const form = mapLeaves(tree, (leaf) =>
    isValue(leaf) ? new Place(tensors.push(leaf) - 1) : leaf,
  );
  return {
    tensors,
    restore: (others) =>
      mapLeaves(form, (leaf) => (leaf instanceof Place ? others[leaf.index] : leaf)),
  };
}

/** @returns the same arrays and records with `replace` applied to every value in them. */
export function mapLeaves(tree: unknown, replace: (leaf: unknown) => unknown): unknown {
  if (Array.isArray(tree)) return tree.map((branch) => mapLeaves(branch, replace));
  if (!isRecord(tree)) return replace(tree);
  return Object.fromEntries(
    Object.entries(tree).map(([name, branch]) => [name, mapLeaves(branch, replace)]),
  );
}

/** @returns every value in arrays and records, in order. */
export function leavesOf(tree: unknown): unknown[] {
  const leaves: unknown[] = [];
  mapLeaves(tree, (leaf) => leaves.push(leaf));
  return leaves;
}

/**
 * What two calls must have in common to share a graph: shapes and types of tensors, values of numbers and texts, and
 * the identity of everything else (variables, models, functions).
 *
 * @throws tfjs' error for a disposed tensor.
 */
export function signatureOf(tree: unknown): string {
  // A hole is an undefined, which `map` would pass over.
  if (Array.isArray(tree)) return `[${Array.from(tree, signatureOf).join()}]`;
  if (isRecord(tree)) {
    const entries = Object.entries(tree).map(
      ([name, branch]) => `${JSON.stringify(name)}:${signatureOf(branch)}`,
    );
    return `{${entries.join()}}`;
  }
  if (tree instanceof tf.Tensor) tree.throwIfDisposed();
  if (isValue(tree)) return `tensor${JSON.stringify(specOfTensor(tree))}`;
  if (typeof tree === 'string') return JSON.stringify(tree);
  if (typeof tree === 'function' || (typeof tree === 'object' && tree !== null))
    return identityOf(tree);
  if (typeof tree === 'bigint') return `${tree}n`;
  return Object.is(tree, -0) ? '-0' : String(tree);
}

/**
 * True for an object whose content may change unseen (a typed array, a Map) and for a symbol, which nothing tells from
 * another of its name: no graph can be kept for them.
 */
export function isOpaque(leaf: unknown): boolean {
  if (typeof leaf === 'symbol') return true;
  const isObject = typeof leaf === 'object' && leaf !== null;
  return isObject && !(leaf instanceof tf.Tensor || leaf instanceof tf.serialization.Serializable);
}

class Place {
  constructor(readonly index: number) {}
}

function isValue(leaf: unknown): leaf is tf.Tensor {
  return leaf instanceof tf.Tensor && !(leaf instanceof tf.Variable);
}

const identities = new WeakMap<object, number>();
let counted = 0;

function identityOf(value: object): string {
  const identity = identities.get(value) ?? ++counted;
  identities.set(value, identity);
  return `#${identity}`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
