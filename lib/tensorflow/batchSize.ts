/**
 * The graph of a step for any size of the batch, from recordings with few examples.
 *
 * A recorded step runs operation by operation and holds all that its gradients need: with a whole batch that would set the memory
 * of a training. The graphs of 2, 3 and 5 examples differ in shapes and sizes alone, which grow linearly: the first two give
 * the line, and the third has to lie on it. What cannot be seen is a step that takes other operations from a larger size on.
 */
import { DataType } from './backend';
import {
  edge,
  Graph,
  sameItems,
  type AttributeValue,
  type Edge,
  type GraphNode,
  type OutputSpec,
} from './graph';
import type { RecordedStep } from './recorder';

/** Numbers of examples to record. A batch of one is a special case in some operations. */
export const SMALL_BATCHES = [2, 3, 5] as const;

/**
 * @param small the same step recorded with {@link SMALL_BATCHES} examples; not changed.
 * @param shapes of the inputs wanted.
 * @returns null where the graphs differ in more than sizes, these do not lie on a line, or the inputs do not.
 */
export function forShapes(
  small: readonly RecordedStep[],
  shapes: readonly (readonly number[])[],
): RecordedStep | null {
  const size = sizeOf(small, shapes);
  const recorded = size === undefined ? null : forBatchSize(small, size);
  const fits = recorded?.inputs.every(({ outputs }, i) => sameItems(outputs[0].shape, shapes[i]));
  return fits ? recorded : null;
}

/** Of the first dimension that differs between the recordings. */
function sizeOf(
  small: readonly RecordedStep[],
  shapes: readonly (readonly number[])[],
): number | undefined {
  const sizes = shapes.map((shape, input) =>
    shape.find((_, dimension) => {
      const found = small.map(({ inputs }) => inputs[input].outputs[0].shape[dimension]);
      return sameItems(found, SMALL_BATCHES);
    }),
  );
  return sizes.find((size) => size !== undefined);
}

function forBatchSize(small: readonly RecordedStep[], size: number): RecordedStep | null {
  const indices = small.map(({ graph }) => new Map(graph.nodes.map((node, i) => [node, i])));
  const [first] = small;
  if (indices.some((nodes) => nodes.size !== indices[0].size)) return null;
  const graph = new Graph();
  const made: GraphNode[] = [];
  const remade = ({ node, index }: Edge): Edge => edge(remadeNode(node), index);
  const remadeNode = (node: GraphNode): GraphNode => made[indices[0].get(node) as number];
  for (const [place, node] of first.graph.nodes.entries()) {
    const nodes = small.map((each) => each.graph.nodes[place]);
    const described = nodes.map((each, i) => structureOf(each, indices[i]));
    const attributes = [...node.attributes.keys()].map(
      (key) =>
        [
          key,
          attributeAt(
            nodes.map((each) => each.attributes.get(key)),
            size,
          ),
        ] as const,
    );
    const outputs = node.outputs.map((_, i) =>
      specAt(
        nodes.map((each) => each.outputs[i]),
        size,
      ),
    );
    if (
      described.some((each) => !sameItems(each, described[0])) ||
      attributes.some(([, value]) => value === null) ||
      outputs.includes(null)
    )
      return null;
    made.push(
      graph.add(node.op, node.inputs.map(remade), {
        attributes: Object.fromEntries(attributes) as Record<string, AttributeValue>,
        outputs: outputs as OutputSpec[],
        controls: node.controls.map(remadeNode),
      }),
    );
  }
  return {
    ...first,
    graph,
    inputs: first.inputs.map(remadeNode),
    outputs: first.outputs.map(remade),
    variables: first.variables.map(({ variable, spec, handle, read }) => {
      return { variable, spec, handle: remadeNode(handle), read: remadeNode(read) };
    }),
    done: remade(first.done),
  };
}

/** What has to be the same whatever the size. */
function structureOf(
  { op, inputs, controls, attributes, outputs }: GraphNode,
  indices: ReadonlyMap<GraphNode, number>,
): unknown[] {
  return [
    op,
    ...inputs.flatMap(({ node, index }) => [indices.get(node), index]),
    ...controls.map((node) => indices.get(node)),
    ...attributes.keys(),
    ...outputs.flatMap(({ dtype, shape }) => [dtype, shape.length]),
  ];
}

/** What lies on a line through its values at {@link SMALL_BATCHES}, at `size`; null where they do not. */
function valueAt([a, b, c]: readonly number[], size: number): number | null {
  const [atA, atB, atC] = SMALL_BATCHES;
  if (a === b && b === c) return a;
  const slope = (b - a) / (atB - atA);
  // Whole numbers alone: 1 / size would have to be computed, not drawn on.
  const isLine = [a, b, c].every(Number.isSafeInteger) && c === a + slope * (atC - atA);
  return isLine ? a + slope * (size - atA) : null;
}

function valuesAt(lists: readonly ArrayLike<number>[], size: number): number[] | null {
  if (lists.some(({ length }) => length !== lists[0].length)) return null;
  const values = Array.from(lists[0], (_, i) =>
    valueAt(
      lists.map((list) => list[i]),
      size,
    ),
  );
  return values.includes(null) ? null : (values as number[]);
}

function specAt(specs: readonly OutputSpec[], size: number): OutputSpec | null {
  const shape = valuesAt(
    specs.map((spec) => spec.shape),
    size,
  );
  return shape && { shape, dtype: specs[0].dtype };
}

function attributeAt(
  values: readonly (AttributeValue | undefined)[],
  size: number,
): AttributeValue | null {
  const [first] = values;
  if (first === undefined || values.some((value) => value?.kind !== first.kind)) return null;
  if (first.kind === 'tensor') return tensorAt(values as readonly Tensor[], size);
  if (first.kind === 'shape' || first.kind === 'ints' || first.kind === 'int') {
    const numbers = valuesAt(values.map(itemsOf) as number[][], size);
    const value = first.kind === 'int' ? numbers?.[0] : numbers;
    return value == null ? null : ({ kind: first.kind, value } as AttributeValue);
  }
  return values.every((value) => sameItems(itemsOf(value), itemsOf(first))) ? first : null;
}

function itemsOf(value: AttributeValue | undefined): readonly unknown[] {
  const content = value?.kind === 'tensor' ? undefined : value?.value;
  return Array.isArray(content) ? content : [content];
}

type Tensor = Extract<AttributeValue, { readonly kind: 'tensor' }>;

/** A constant: the same for every size, numbers on lines, or one number throughout a shape that grows. */
function tensorAt(values: readonly Tensor[], size: number): Tensor | null {
  const [first] = values;
  if (values.some(({ spec }) => spec.dtype !== first.spec.dtype)) return null;
  const isSame = ({ spec, bytes }: Tensor): boolean =>
    sameItems(spec.shape, first.spec.shape) && Buffer.compare(bytes, first.bytes) === 0;
  if (values.every(isSame)) return first;
  const Type = first.spec.dtype === DataType.float32 ? Float32Array : Int32Array;
  const spec = specAt(
    values.map((value) => value.spec),
    size,
  );
  if (spec === null || (Type === Int32Array && spec.dtype !== DataType.int32)) return null;
  const lists = values.map(({ bytes }) => new Type(Uint8Array.from(bytes).buffer));
  const isFixedShape = sameItems(spec.shape, first.spec.shape);
  const numbers = isFixedShape ? valuesAt(lists, size) : uniform(lists, spec.shape);
  return numbers && { kind: 'tensor', spec, bytes: new Uint8Array(Type.from(numbers).buffer) };
}

function uniform(lists: readonly ArrayLike<number>[], shape: readonly number[]): number[] | null {
  const [value] = Array.from(lists[0]);
  if (!lists.every((list) => Array.from(list).every((each) => each === value))) return null;
  return new Array<number>(shape.reduce((a, b) => a * b, 1)).fill(value);
}
