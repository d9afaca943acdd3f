/** Peephole optimizations: exact, cheaper replacements for operation sequences that eager tfjs emits. */
import { DataType } from './backend';
import {
  constantIntegers,
  type Edge,
  edge,
  type Graph,
  type GraphNode,
  type RewriteRule,
  sameItems,
  specOf,
  typeValue,
} from './graph';

const RULES: Readonly<Record<string, RewriteRule>> = {
  Add: addBias,
  AddV2: addBias,
  Sum: sumOverRows,
  BatchMatMulV2: singleMatMul,
  Reshape: plainReshape,
};

/** @returns the rule that tries the replacement for a node's operation. */
export function peepholeRule(): RewriteRule {
  return (node, graph) => RULES[node.op]?.(node, graph) ?? null;
}

/** Sum over all but the last axis is a bias' gradient, which has a kernel several times as fast. */
function sumOverRows(node: GraphNode, graph: Graph): readonly Edge[] | null {
  const [values, axes] = node.inputs;
  const { shape, dtype } = specOf(values);
  const keepsAxes = node.attributes.get('keep_dims');
  if (dtype !== DataType.float32 || shape.length < 2) return null;
  if (keepsAxes?.kind === 'bool' && keepsAxes.value) return null;
  const summed = constantIntegers(axes)?.map((axis) => (axis < 0 ? axis + shape.length : axis));
  const isBiasGradient =
    summed?.length === shape.length - 1 &&
    new Set(summed).size === summed.length &&
    !summed.includes(shape.length - 1);
  if (!isBiasGradient) return null;
  return [
    edge(
      graph.add('BiasAddGrad', [values], {
        attributes: { T: typeValue(dtype), data_format: { kind: 'string', value: 'NHWC' } },
        outputs: node.outputs,
      }),
    ),
  ];
}

/** A sum with one value for each channel has a kernel of its own, which is fused with what comes before and after. */
function addBias(node: GraphNode, graph: Graph): readonly Edge[] | null {
  const [values, bias] = node.inputs;
  const { shape, dtype } = specOf(values);
  const biasShape = specOf(bias).shape;
  const isBias =
    shape.length >= 2 && biasShape.length === 1 && biasShape[0] === shape[shape.length - 1];
  if (!isBias || dtype !== DataType.float32) return null;
  return [
    edge(
      graph.add('BiasAdd', [values, bias], {
        attributes: { T: typeValue(dtype), data_format: { kind: 'string', value: 'NHWC' } },
        outputs: node.outputs,
      }),
    ),
  ];
}

/** tfjs multiplies matrices as batches of one; only the plain product is fused with bias and activation. */
function singleMatMul(node: GraphNode, graph: Graph): readonly Edge[] | null {
  const [a, b] = node.inputs;
  const shapes = [specOf(a).shape, specOf(b).shape];
  if (!shapes.every((shape) => shape.slice(0, -2).every((size) => size === 1))) return null;
  const [spec] = node.outputs;
  const product = graph.add(
    'MatMul',
    [reshape(graph, a, shapes[0].slice(-2)), reshape(graph, b, shapes[1].slice(-2))],
    {
      attributes: {
        T: typeValue(spec.dtype),
        transpose_a: node.attributes.get('adj_x') ?? { kind: 'bool', value: false },
        transpose_b: node.attributes.get('adj_y') ?? { kind: 'bool', value: false },
      },
      outputs: [{ shape: spec.shape.slice(-2), dtype: spec.dtype }],
    },
  );
  return [reshape(graph, edge(product), spec.shape)];
}

/** Merges consecutive reshapes, and removes a reshape to the same shape. */
function plainReshape(node: GraphNode, graph: Graph): readonly Edge[] | null {
  const [value] = node.inputs;
  const [{ shape }] = node.outputs;
  return value.node.op === 'Reshape' || sameItems(specOf(value).shape, shape)
    ? [reshape(graph, value, shape)]
    : null;
}

/** @returns `value` in another shape, without a detour over the shape it had before. */
export function reshape(graph: Graph, value: Edge, shape: readonly number[]): Edge {
  const source = value.node.op === 'Reshape' ? value.node.inputs[0] : value;
  const { dtype, shape: sourceShape } = specOf(source);
  if (sameItems(sourceShape, shape)) return source;
  const sizes = graph.addConstant(
    { shape: [shape.length], dtype: DataType.int32 },
    Int32Array.from(shape),
  );
  const node = graph.add('Reshape', [source, edge(sizes)], {
    attributes: { T: typeValue(dtype), Tshape: typeValue(DataType.int32) },
    outputs: [{ shape, dtype }],
  });
  return edge(node);
}
