/**
 * Folds explicit zero padding into the convolution after it.
 *
 * Networks from Keras put a ZeroPadding2D layer before a convolution with stride 2 and padding "valid". Where the zeros are
 * those of padding "same", as they are for an odd kernel and stride 2, the convolution adds them itself. This saves a copy
 * of the activations in the forward pass and another in each gradient.
 */
import { DataType } from './backend';
import { hasChannelsLast } from './channelScale';
import {
  constantIntegers,
  type Edge,
  edge,
  type Graph,
  type GraphNode,
  isConstantZero,
  type RewriteRule,
  sameItems,
  specOf,
} from './graph';

/** By operation: switches a "valid" convolution or gradient to padding "same" if the result is equal. */
const RULES: Readonly<Record<string, RewriteRule>> = {
  Conv2D: (node) => padInside(node, specOf(node.inputs[1]).shape),
  DepthwiseConv2dNative: (node) => padInside(node, specOf(node.inputs[1]).shape),
  Conv2DBackpropFilter: (node) => padInside(node, node.outputs[0].shape),
  DepthwiseConv2dNativeBackpropFilter: (node) => padInside(node, node.outputs[0].shape),
  Slice: cutInside,
};

const INPUT_GRADIENTS: ReadonlySet<string> = new Set([
  'Conv2DBackpropInput',
  'DepthwiseConv2dNativeBackpropInput',
]);

/** @returns the rule for convolutions of padded activations, and for their gradients. */
export function samePaddingRule(): RewriteRule {
  return (node, graph) => RULES[node.op]?.(node, graph) ?? null;
}

/** A convolution of padded activations, or its gradient by the filter. */
function padInside(node: GraphNode, filterShape: readonly number[]): null {
  const [padded] = node.inputs;
  if (padded.node.op !== 'PadV2' || !isConstantZero(padded.node.inputs[2])) return null;
  const pads = constantIntegers(padded.node.inputs[1]);
  const [values] = padded.node.inputs;
  const same = samePads(node, { size: specOf(values).shape, filterShape });
  if (same === null || pads === null || !sameItems(pads, same)) return null;
  node.inputs[0] = values;
  node.attributes.set('padding', { kind: 'string', value: 'SAME' });
  return null;
}

/** The gradient by the activations, of which the padding is cut off again. */
function cutInside(node: GraphNode, graph: Graph): readonly Edge[] | null {
  const { node: gradient } = node.inputs[0];
  if (!INPUT_GRADIENTS.has(gradient.op)) return null;
  const [{ shape, dtype }] = node.outputs;
  const [, filter, incoming] = gradient.inputs;
  const same = samePads(gradient, { size: shape, filterShape: specOf(filter).shape });
  const begin = constantIntegers(node.inputs[1]);
  const full = specOf(node.inputs[0]).shape;
  if (same === null || begin === null) return null;
  const pads = begin.flatMap((start, axis) => [start, full[axis] - start - shape[axis]]);
  if (!sameItems(pads, same)) return null;
  const sizes = graph.addConstant(
    { shape: [shape.length], dtype: DataType.int32 },
    Int32Array.from(shape),
  );
  const result = graph.add(gradient.op, [edge(sizes), filter, incoming], {
    attributes: {
      ...Object.fromEntries(gradient.attributes),
      padding: { kind: 'string', value: 'SAME' },
    },
    outputs: [{ shape, dtype }],
  });
  return [edge(result)];
}

/**
 * What padding "same" adds before and after each of the four axes (tensorflow/core/framework/kernel_shape_util.cc), flat.
 *
 * @param size [batch, height, width, channels] without padding.
 * @param filterShape [height, width, …].
 * @returns null unless `node` is a convolution that does not pad, on channels that come last.
 */
function samePads(
  node: GraphNode,
  {
    size,
    filterShape,
  }: { readonly size: readonly number[]; readonly filterShape: readonly number[] },
): number[] | null {
  const padding = node.attributes.get('padding');
  if (padding?.kind !== 'string' || padding.value !== 'VALID' || !hasChannelsLast(node))
    return null;
  const strides = convolutionIntegers(node, 'strides');
  const dilations = convolutionIntegers(node, 'dilations');
  const spatial = [1, 2].flatMap((axis) => {
    const extent = (filterShape[axis - 1] - 1) * dilations[axis] + 1;
    const results = Math.ceil(size[axis] / strides[axis]);
    const total = Math.max((results - 1) * strides[axis] + extent - size[axis], 0);
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  });
  return [0, 0, ...spatial, 0, 0];
}

/** Strides or dilations of a convolution, one for each axis. */
export function convolutionIntegers(node: GraphNode, name: string): readonly number[] {
  const value = node.attributes.get(name);
  return value?.kind === 'ints' ? value.value : [1, 1, 1, 1];
}
