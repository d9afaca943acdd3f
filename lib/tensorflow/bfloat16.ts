/**
 * Mixed precision: convolutions and matrix products in bfloat16, activations kept in it, weights, statistics, loss and
 * optimizer in float32.
 *
 * bfloat16 has float32's exponent and 8 bits of its mantissa, so no loss scaling is needed (Kalamkar et al. 2019).
 * As in TensorFlow's own pass for Python, some operations are always lowered, others only when their inputs are
 * already bfloat16; casts are inserted at the boundaries, and a cast followed by its inverse is removed.
 */
import { DataType } from './backend';
import {
  edge,
  specOf,
  typeValue,
  type Edge,
  type Graph,
  type GraphNode,
  type RewriteRule,
} from './graph';

/** Operations that are always run in bfloat16, with the inputs that are cast down. */
const LOWERED: Readonly<Record<string, readonly number[]>> = {
  Conv2D: [0, 1],
  Conv2DBackpropInput: [1, 2],
  Conv2DBackpropFilter: [0, 2],
  DepthwiseConv2dNative: [0, 1],
  MatMul: [0, 1],
};

/** Operations run in bfloat16 if one of these inputs already is bfloat16 (sums: all of them). */
const FOLLOWING: Readonly<Record<string, readonly number[]>> = {
  Add: [0, 1],
  AddV2: [0, 1],
  AddN: [0, 1],
  BiasAdd: [0],
  BiasAddGrad: [0],
  MaxPool: [0],
  MaxPoolGrad: [0, 1, 2],
  Relu: [0],
  ReluGrad: [0, 1],
  Relu6: [0],
  Relu6Grad: [0, 1],
  Reshape: [0],
  FusedBatchNormV3: [0],
  FusedBatchNormGradV3: [0, 1],
};

/** Outputs that stay float32 although the operation runs in bfloat16 (statistics). */
const FLOAT_OUTPUTS: Readonly<Record<string, readonly number[]>> = {
  FusedBatchNormV3: [1, 2, 3, 4, 5],
  FusedBatchNormGradV3: [1, 2, 3, 4],
};

/** @returns the rule that lowers a node; casts are shared between all nodes that one rule has seen. */
export function bfloat16Rule(): RewriteRule {
  const lowered = new Map<GraphNode, Map<number, Edge>>();

  const lower = (graph: Graph, value: Edge): Edge => {
    if (isRaised(value)) return value.node.inputs[0];
    const known = lowered.get(value.node) ?? new Map<number, Edge>();
    lowered.set(value.node, known);
    const result = known.get(value.index) ?? cast(graph, value, DataType.bfloat16);
    known.set(value.index, result);
    return result;
  };

  return (node, graph) => {
    const inputs = LOWERED[node.op] ?? followed(node);
    if (inputs === null || !isFloat(node) || isSmallProduct(node)) return null;
    const isLowered = (i: number): boolean =>
      inputs.includes(i) || (node.op === 'BiasAdd' && i === 1);
    node.inputs = node.inputs.map((value, i) => (isLowered(i) ? lower(graph, value) : value));
    node.attributes.set('T', typeValue(DataType.bfloat16));
    const keepsFloat = FLOAT_OUTPUTS[node.op] ?? [];
    node.outputs = node.outputs.map((spec, i) =>
      keepsFloat.includes(i) ? spec : { ...spec, dtype: DataType.bfloat16 },
    );
    return node.outputs.map((_, i) =>
      keepsFloat.includes(i) ? edge(node, i) : cast(graph, edge(node, i), DataType.float32),
    );
  };
}

/** For narrower matrices, casting the weights costs more time than it saves (measured with the MLP at batch 32). */
const MIN_PRODUCT_SIZE = 64;

function isSmallProduct(node: GraphNode): boolean {
  if (node.op !== 'MatMul') return false;
  const sizes = node.inputs.flatMap((value) => specOf(value).shape);
  return Math.min(...sizes) < MIN_PRODUCT_SIZE;
}

/** The inputs to cast down if the node's inputs already are bfloat16, else null. */
function followed(node: GraphNode): readonly number[] | null {
  const inputs = FOLLOWING[node.op];
  if (
    inputs === undefined ||
    !node.inputs.some((value, i) => inputs.includes(i) && isRaised(value))
  )
    return null;
  if (!node.op.startsWith('Add')) return inputs;
  // A sum is lowered only if both operands were bfloat16 before: then neither loses precision.
  return node.inputs.every(isRaised) ? node.inputs.map((_, i) => i) : null;
}

/** True for a value that was bfloat16 before its cast. */
function isRaised({ node }: Edge): boolean {
  return node.op === 'Cast' && specOf(node.inputs[0]).dtype === DataType.bfloat16;
}

function isFloat(node: GraphNode): boolean {
  const type = node.attributes.get('T');
  return type?.kind === 'type' && type.value === DataType.float32;
}

function cast(graph: Graph, value: Edge, dtype: DataType): Edge {
  const { shape, dtype: source } = specOf(value);
  const node = graph.add('Cast', [value], {
    attributes: {
      SrcT: typeValue(source),
      DstT: typeValue(dtype),
      Truncate: { kind: 'bool', value: false },
    },
    outputs: [{ shape, dtype }],
  });
  return edge(node);
}
