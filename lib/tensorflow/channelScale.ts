/**
 * A factor for each channel, moved from the activations to the weights.
 *
 * Batch norm with moving statistics multiplies every activation by its channel's factor, and so does its gradient. A
 * convolution is linear, so the factor may go into the filter instead: conv(x, W)·a = conv(x, W·a). The filter is
 * hundreds of times smaller. (TensorFlow does the same for the forward pass of a plain convolution, not for gradients.)
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
  sameItems,
} from './graph';
import { reshape } from './peephole';

/** The input indices of the gradient with respect to the convolution's output, and of the filter. */
const FILTER_INPUT: Readonly<Record<string, number>> = {
  Conv2DBackpropInput: 1,
  DepthwiseConv2dNativeBackpropInput: 1,
};
const FILTER_GRADIENTS: ReadonlySet<string> = new Set([
  'Conv2DBackpropFilter',
  'DepthwiseConv2dNativeBackpropFilter',
]);
const GRADIENT_INPUT = 2;

/** @returns the rule for gradients of convolutions whose incoming gradient was scaled channel by channel. */
export function channelScaleRule(): RewriteRule {
  return (node, graph) => {
    const isFilterGradient = FILTER_GRADIENTS.has(node.op);
    const filterInput = FILTER_INPUT[node.op];
    if (!isFilterGradient && filterInput === undefined) return null;
    if (!hasChannelsLast(node)) return null;
    const scaled = channelScale(node.inputs[GRADIENT_INPUT]);
    if (scaled === null) return null;
    node.inputs[GRADIENT_INPUT] = scaled.values;
    const factor = { scale: scaled.scale, convolution: node };
    if (isFilterGradient) return [timesChannelScale(graph, edge(node), factor)];
    node.inputs[filterInput] = timesChannelScale(graph, node.inputs[filterInput], factor);
    return null;
  };
}

/** True for a convolution, a batch norm or a gradient of either on [batch, height, width, channels]. */
export function hasChannelsLast(node: GraphNode): boolean {
  const format = node.attributes.get('data_format');
  return format === undefined || (format.kind === 'string' && format.value === 'NHWC');
}

/** The two sides of `values · scale`, with scale [channels]; null for anything else. */
function channelScale({ node }: Edge): { values: Edge; scale: Edge } | null {
  if (node.op !== 'Mul') return null;
  const { shape } = specOf(edge(node));
  const [a, b] = node.inputs;
  const isScale = (side: Edge, other: Edge): boolean =>
    specOf(side).shape.length === 1 &&
    specOf(side).shape[0] === shape.at(-1) &&
    // Not values of one channel that the product spreads over all.
    sameItems(specOf(other).shape, shape);
  if (isScale(b, a)) return { values: a, scale: b };
  return isScale(a, b) ? { values: b, scale: a } : null;
}

/**
 * A filter (or its gradient) times a factor for each of the convolution's output channels.
 *
 * @param filter float32 [height, width, inChannels, outChannels]; depthwise [height, width, channels, multiplier].
 * @param convolution The convolution or gradient that it belongs to.
 */
export function timesChannelScale(
  graph: Graph,
  filter: Edge,
  { scale, convolution }: { readonly scale: Edge; readonly convolution: GraphNode },
): Edge {
  const spec = specOf(filter);
  const isDepthwise = convolution.op.startsWith('Depthwise');
  const factor = isDepthwise ? reshape(graph, scale, spec.shape.slice(2)) : scale;
  const product = graph.add('Mul', [filter, factor], {
    attributes: { T: typeValue(DataType.float32) },
    outputs: [spec],
  });
  return edge(product);
}
