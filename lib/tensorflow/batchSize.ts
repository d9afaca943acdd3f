/**
 * The graph of a step for any size of the batch, from recordings with few examples.
 *
 * A recorded step runs operation by operation and holds all that its gradients need: with a whole batch that would set the memory
 * of a training. The graphs of a few examples differ in shapes and sizes alone, which grow linearly: two of them give the line,
 * and the third has to lie on it. The larger the third, the fewer sizes that are rounded or capped pass for a line: of 11 examples
 * not n / 8, of 5 it does. What cannot be seen is a step that goes another way from a larger size on.
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

/** What is to be drawn on: the numbers of examples in the recordings, and that of the graph wanted. */
interface Sizes {
  readonly of: readonly number[];
  readonly wanted: number;
}

/**
 * @param small the same step recorded with three numbers of examples; not changed.
 * @param shapes of the inputs wanted.
 * @returns null where the graphs differ in more than sizes, these do not lie on a line, or the inputs do not.
 */
export function forShapes(
  small: readonly RecordedStep[],
  shapes: readonly (readonly number[])[],
): RecordedStep | null {
  const sizes = sizesOf(small, shapes);
  const recorded = sizes ? forBatchSize(small, sizes) : null;
  const fits = recorded?.inputs.every(({ outputs }, i) => sameItems(outputs[0].shape, shapes[i]));
  return fits ? recorded : null;
}

/** Of the first dimension of an input that differs between the recordings. */
function sizesOf(
  small: readonly RecordedStep[],
  shapes: readonly (readonly number[])[],
): Sizes | undefined {
  const dimensions = shapes.flatMap((shape, input) =>
    shape.map((wanted, dimension) => ({
      of: small.map(({ inputs }) => inputs[input].outputs[0].shape[dimension]),
      wanted,
    })),
  );
  return dimensions.find(({ of }) => new Set(of).size === small.length);
}

function forBatchSize(small: readonly RecordedStep[], sizes: Sizes): RecordedStep | null {
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
    if (described.some((each) => !sameItems(each, described[0]))) return null;
    const attributes = [...node.attributes.keys()].map((key) => {
      const values = nodes.map((each) => each.attributes.get(key));
      return [key, attributeAt(values, sizes)] as const;
    });
    const outputs = node.outputs.map((_, i) => {
      const specs = nodes.map((each) => each.outputs[i]);
      return specAt(specs, sizes);
    });
    if (attributes.some(([, value]) => value === null) || outputs.includes(null)) return null;
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

/** What lies on a line through the recordings' values; null where they do not. */
function valueAt([a, b, c]: readonly number[], { of, wanted }: Sizes): number | null {
  if (a === b && b === c) return a;
  const slope = (b - a) / (of[1] - of[0]);
  // Whole numbers alone: 1 / size would have to be computed, not drawn on.
  const isLine = [a, b, c].every(Number.isSafeInteger) && c === a + slope * (of[2] - of[0]);
  return isLine ? a + slope * (wanted - of[0]) : null;
}

function valuesAt(lists: readonly ArrayLike<number>[], sizes: Sizes): number[] | null {
  if (lists.some(({ length }) => length !== lists[0].length)) return null;
  const values = Array.from(lists[0], (_, i) => {
    const atEach = lists.map((list) => list[i]);
    return valueAt(atEach, sizes);
  });
  return values.includes(null) ? null : (values as number[]);
}

function specAt(specs: readonly OutputSpec[], sizes: Sizes): OutputSpec | null {
  const shapes = specs.map((spec) => spec.shape);
  const shape = valuesAt(shapes, sizes);
  // Below none, an operation would take the rest of what there is.
  return shape?.every((side) => side >= 0) ? { shape, dtype: specs[0].dtype } : null;
}

function attributeAt(
  values: readonly (AttributeValue | undefined)[],
  sizes: Sizes,
): AttributeValue | null {
  const [first] = values;
  if (first === undefined || values.some((value) => value?.kind !== first.kind)) return null;
  if (first.kind === 'tensor') return tensorAt(values as readonly Tensor[], sizes);
  if (first.kind === 'shape' || first.kind === 'ints' || first.kind === 'int') {
    const numbers = valuesAt(values.map(itemsOf) as number[][], sizes);
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
function tensorAt(tensors: readonly Tensor[], sizes: Sizes): Tensor | null {
  const [first] = tensors;
  if (tensors.some(({ spec }) => spec.dtype !== first.spec.dtype)) return null;
  const isSame = ({ spec, bytes }: Tensor): boolean =>
    sameItems(spec.shape, first.spec.shape) && Buffer.compare(bytes, first.bytes) === 0;
  if (tensors.every(isSame)) return first;
  const specs = tensors.map((tensor) => tensor.spec);
  const spec = specAt(specs, sizes);
  const Type: Numbers = first.spec.dtype === DataType.float32 ? Float32Array : Int32Array;
  if (spec === null || (Type === Int32Array && spec.dtype !== DataType.int32)) return null;
  const lists = tensors.map(({ bytes }) => new Type(Uint8Array.from(bytes).buffer));
  const onLines = sameItems(spec.shape, first.spec.shape) ? valuesAt(lists, sizes) : null;
  const values = onLines ? Type.from(onLines) : filled(Type, lists, spec.shape);
  return values && { kind: 'tensor', spec, bytes: new Uint8Array(values.buffer) };
}

type Numbers = typeof Float32Array | typeof Int32Array;

/** One number throughout; null where there are others. */
function filled(
  Type: Numbers,
  lists: readonly (Float32Array | Int32Array)[],
  shape: readonly number[],
): Float32Array | Int32Array | null {
  const [value] = lists[0];
  if (!lists.every((list) => list.every((each) => each === value))) return null;
  return new Type(shape.reduce((a, b) => a * b, 1)).fill(value);
}
