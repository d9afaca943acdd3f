/**
 * Batch norms folded into the convolution or matrix product before them.
 *
 * Such a batch norm is y·a + (β − μ·a) with a = γ / √(σ² + ε), and what is before it is linear: its weights times a, and
 * a bias, do the same. A MaxPool between them may stay where it is if no a is negative: a maximum keeps its place.
 */
import type { OnnxNode, OnnxTensor } from './format';
import type { OnnxGraph } from './graph';

/** Folds what can be folded; other batch norms stay. Constants that are no longer used remain in the graph. */
export function foldBatchNorms(graph: OnnxGraph): void {
  const producers = new Map(graph.nodes.map((node) => [node.output, node]));
  const uses = new Map<string, number>();
  for (const input of graph.nodes.flatMap(({ inputs }) => inputs)) {
    uses.set(input, (uses.get(input) ?? 0) + 1);
  }
  const norms = graph.nodes.filter(({ op }) => op === 'BatchNormalization');
  for (const { output } of norms) {
    const node = producers.get(output) as OnnxNode; // as it is by now
    const [source] = node.inputs;
    const { factors, shifts } = channelMap(graph, node);
    const before = uses.get(source) === 1 ? producers.get(source) : undefined;
    const isPool = before?.op === 'MaxPool' && factors.every((factor) => factor >= 0);
    const linearName = isPool ? before.inputs[0] : source;
    const linear = uses.get(linearName) === 1 ? producers.get(linearName) : undefined;
    if (linear === undefined || !(linear.op in OUTPUT_AXIS)) continue;
    const folded: OnnxNode = {
      ...linear,
      inputs: foldedInputs(graph, linear, { factors, shifts }),
    };
    replaceNode(graph, linear, folded);
    producers.set(linear.output, folded);
    // What read the batch norm reads what is before it.
    graph.nodes.splice(graph.nodes.indexOf(node), 1);
    for (const reader of [...graph.nodes]) {
      if (!reader.inputs.includes(node.output)) continue;
      const inputs = reader.inputs.map((input) => (input === node.output ? source : input));
      const changed = { ...reader, inputs };
      replaceNode(graph, reader, changed);
      producers.set(reader.output, changed);
    }
    uses.set(source, uses.get(node.output) ?? 0);
  }
}

/** Which axis of the weights counts the outputs. */
const OUTPUT_AXIS: Readonly<Record<string, 'first' | 'last'>> = { Conv: 'first', Gemm: 'last' };

interface ChannelMap {
  readonly factors: Float64Array;
  readonly shifts: Float64Array;
}

/** y·factors + shifts is what the batch norm does. */
function channelMap(graph: OnnxGraph, { inputs, attributes }: OnnxNode): ChannelMap {
  const [gamma, beta, mean, variance] = inputs.slice(1).map((name) => floatsOf(graph, name));
  const { float: epsilon } = attributes.epsilon as { float: number };
  const factors = Float64Array.from(gamma, (value, i) => value / Math.sqrt(variance[i] + epsilon));
  return { factors, shifts: factors.map((factor, i) => beta[i] - mean[i] * factor) };
}

function foldedInputs(graph: OnnxGraph, node: OnnxNode, { factors, shifts }: ChannelMap): string[] {
  const [source, kernelName, biasName] = node.inputs;
  const { dims } = graph.constants.get(kernelName) as OnnxTensor;
  const kernel = floatsOf(graph, kernelName);
  const perOutput = kernel.length / factors.length;
  const channelOf = (i: number) =>
    OUTPUT_AXIS[node.op] === 'first' ? Math.floor(i / perOutput) : i % factors.length;
  const bias = biasName === undefined ? undefined : floatsOf(graph, biasName);
  return [
    source,
    graph.floats(
      `${kernelName}_folded`,
      kernel.map((value, i) => value * factors[channelOf(i)]),
      [...dims],
    ),
    graph.floats(
      `${node.output}/bias_folded`,
      shifts.map((shift, i) => (bias?.[i] ?? 0) * factors[i] + shift),
    ),
  ];
}

/**
 * A Relu behind a MaxPool goes before it, where ONNX Runtime makes it a part of the convolution: the maximum of what is
 * not negative is the same.
 */
export function activateBeforePooling({ nodes }: OnnxGraph): void {
  const usesOf = (name: string) => nodes.filter(({ inputs }) => inputs.includes(name)).length;
  nodes.forEach((node, index) => {
    const before = nodes.findIndex(({ output }) => output === node.inputs[0]);
    const pool = nodes[before];
    if (node.op !== 'Relu' || pool?.op !== 'MaxPool' || usesOf(pool.output) !== 1) return;
    nodes[before] = { ...node, inputs: pool.inputs, output: pool.output };
    nodes[index] = { ...pool, inputs: [pool.output], output: node.output };
  });
}

function replaceNode(graph: OnnxGraph, node: OnnxNode, replacement: OnnxNode): void {
  graph.nodes[graph.nodes.indexOf(node)] = replacement;
}

function floatsOf(graph: OnnxGraph, name: string): Float32Array {
  const tensor = graph.constants.get(name);
  if (tensor?.data instanceof Float32Array) return tensor.data;
  throw new Error(`Expected a constant of floats "${name}" in the graph.`);
}
