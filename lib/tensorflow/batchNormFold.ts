/**
 * A batch norm with moving statistics, folded into the convolution before it.
 *
 * Such a batch norm is y·a + (β − μ·a) with a = γ / √(σ² + ε), and a convolution is linear: conv(x, W)·a = conv(x, W·a).
 * What is left is a convolution with a bias, which TensorFlow runs as one kernel together with the activation behind
 * it. (TensorFlow folds plain convolutions with constant weights itself, but no depthwise ones, and no variables.)
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
import { hasChannelsLast, timesChannelScale } from './channelScale';

const CONVOLUTIONS: ReadonlySet<string> = new Set(['Conv2D', 'DepthwiseConv2dNative']);

/**
 * @param consumers Number of uses of each node when the rule starts: a convolution whose own result is needed elsewhere,
 *   by the gradient of a trained batch norm for example, keeps it.
 * @returns The rule for `FusedBatchNorm` behind a convolution.
 */
export function batchNormFoldRule(consumers: ReadonlyMap<GraphNode, number>): RewriteRule {
  return (node, graph) => {
    if (node.op !== 'FusedBatchNorm' || isTraining(node) || !hasChannelsLast(node)) return null;
    const [{ node: before }, scale, offset, mean, variance] = node.inputs;
    const hasBias = before.op === 'BiasAdd';
    const convolution = hasBias ? before.inputs[0].node : before;
    const isFoldable =
      CONVOLUTIONS.has(convolution.op) &&
      [convolution, before].every((other) => hasChannelsLast(other) && consumers.get(other) === 1);
    if (!isFoldable) return null;

    const arithmetic = channelArithmetic(graph, specOf(scale).shape);
    const inverse = arithmetic('Rsqrt', arithmetic('Add', variance, epsilonOf(node, graph)));
    const factor = arithmetic('Mul', inverse, scale);
    // A bias of the convolution moves the mean.
    const centre = hasBias ? arithmetic('Sub', mean, before.inputs[1]) : mean;
    const bias = arithmetic('Sub', offset, arithmetic('Mul', centre, factor));
    const [x, filter] = convolution.inputs;
    const folded = graph.add(
      convolution.op,
      [x, timesChannelScale(graph, filter, { scale: factor, convolution })],
      {
        attributes: Object.fromEntries(convolution.attributes),
        outputs: convolution.outputs,
      },
    );
    const result = graph.add('BiasAdd', [edge(folded), bias], {
      attributes: {
        T: typeValue(DataType.float32),
        data_format: { kind: 'string', value: 'NHWC' },
      },
      outputs: [node.outputs[0]],
    });
    return [edge(result)];
  };
}

function isTraining(node: GraphNode): boolean {
  const training = node.attributes.get('is_training');
  return training?.kind !== 'bool' || training.value;
}

function epsilonOf(node: GraphNode, graph: Graph): Edge {
  const epsilon = node.attributes.get('epsilon');
  if (epsilon?.kind !== 'float') throw new Error(`Expected an epsilon of ${node.name}`);
  return edge(
    graph.addConstant({ shape: [], dtype: DataType.float32 }, Float32Array.of(epsilon.value)),
  );
}

/** Element-wise operations on float32 [channels]. */
function channelArithmetic(
  graph: Graph,
  shape: readonly number[],
): (op: string, ...inputs: Edge[]) => Edge {
  return (op, ...inputs) =>
    edge(
      graph.add(op, inputs, {
        attributes: { T: typeValue(DataType.float32) },
        outputs: [{ shape, dtype: DataType.float32 }],
      }),
    );
}
