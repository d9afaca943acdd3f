/**
 * A model in int8: static quantization in the form QuantizeLinear, DequantizeLinear (QDQ), from which ONNX Runtime makes
 * integer convolutions and products.
 *
 * Values are uint8 with one scale and zero point each, from the ranges that pictures cause. Weights are int8, symmetric,
 * with a scale for each output channel; biases int32. An activation that only cuts off is what the range does already.
 */
import {
  encodeModel,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  usedConstants,
} from './format';
import { createOnnxSession } from './runtime';

/** The least and the most of each value that can be quantized, by its name. */
export type Ranges = ReadonlyMap<string, readonly [least: number, most: number]>;

/** Pictures as a model takes them: uint8 [size, height, width, 3]. */
export interface Pictures {
  readonly images: Uint8Array;
  readonly size: number;
  readonly height: number;
  readonly width: number;
}

/** What a network spends its time in. */
const WEIGHTED: ReadonlySet<string> = new Set(['Conv', 'Gemm']);
/** In integers where all that they read is. */
const BETWEEN: ReadonlySet<string> = new Set(['Add', 'MaxPool']);
/** Of a weight. */
const WEIGHT_LIMIT = 127;
/** They cut off at 0 and at a limit, as a range of uint8 from 0 to that limit does. */
const CUTS: ReadonlySet<string> = new Set(['Relu', 'Clip']);

/** Runs a float32 model on pictures and notes between which numbers its values are. */
export async function measureRanges(
  model: OnnxModel,
  { images, size, height, width }: Pictures,
): Promise<Ranges> {
  const values = [...planOf(model, new Set()).values];
  if (values.length === 0) return new Map();
  const session = await createOnnxSession(encodeModel(withExtremes(model, values)));
  const extremes = values.flatMap(() => [Infinity, -Infinity]);
  try {
    for (let from = 0; from < size; from += BATCH) {
      const count = Math.min(BATCH, size - from);
      const [start, end] = [from, from + count].map((index) => index * height * width * 3);
      const found = await session.run(images.subarray(start, end), [count, height, width, 3]);
      found.forEach((value, i) => {
        extremes[i] = (i % 2 === 0 ? Math.min : Math.max)(extremes[i], value);
      });
    }
  } finally {
    await session.dispose();
  }
  return new Map(values.map((name, i) => [name, [extremes[2 * i], extremes[2 * i + 1]]]));
}

const BATCH = 16;

/** The model with the least and the most of each value as its output, one behind the other. */
function withExtremes(model: OnnxModel, values: readonly string[]): OnnxModel {
  const { output } = model;
  const [attributes, axes] = [{ keepdims: 0 }, 'extremes/axes'];
  const nodes = values.flatMap((name) => {
    const row = `${name}/row`;
    return [
      { op: 'Flatten', inputs: [name], output: row, attributes: { axis: 0 } },
      { op: 'ReduceMin', inputs: [row, axes], output: `${name}/least`, attributes },
      { op: 'ReduceMax', inputs: [row, axes], output: `${name}/most`, attributes },
    ];
  });
  const inputs = values.flatMap((name) => [`${name}/least`, `${name}/most`]);
  const all = { op: 'Concat', inputs, output: output.name, attributes: { axis: 0 } };
  const before = model.nodes.filter((node) => node.output !== output.name);
  const second: OnnxTensor = { dtype: 'int64', dims: [1], data: BigInt64Array.of(1n) };
  return {
    ...model,
    nodes: [...before, ...nodes, all],
    constants: new Map([...model.constants, [axes, second]]),
    output: { ...output, shape: [inputs.length] },
  };
}

/** Options of {@link quantizeOnnx}. */
export interface QuantizeOptions {
  /**
   * Nodes to be left in float32, by the names of their outputs. Default: {@link stemOf}. A convolution between integers ONNX
   * Runtime makes one of integers all the same, with one scale for all channels, which is worse.
   */
  readonly float?: ReadonlySet<string>;
}

/** The model in int8. @param ranges of {@link measureRanges}. */
export function quantizeOnnx(
  model: OnnxModel,
  ranges: Ranges,
  { float = stemOf(model) }: QuantizeOptions = {},
): OnnxModel {
  const { results, cut, values } = planOf(model, float);
  const scales = new Map<string, Scale>();
  const constants = new Map(model.constants);
  const nodes: OnnxNode[] = [];
  const addPair = (name: string, { op, inputs: [source] }: OnnxNode) => {
    // The largest of some numbers is one of them.
    const scale = (op === 'MaxPool' && scales.get(source)) || scaleOf(ranges, name);
    scales.set(name, scale);
    const [integers, ...parts] = partsOf(name);
    constants.set(parts[0], { dtype: 'float32', dims: [], data: Float32Array.of(scale.scale) });
    constants.set(parts[1], { dtype: 'uint8', dims: [], data: Uint8Array.of(scale.zeroPoint) });
    const inputs = [name, ...parts];
    nodes.push({ op: 'QuantizeLinear', inputs, output: integers, attributes: {} });
    nodes.push(dequantize(name));
  };
  for (const node of model.nodes) {
    if (cut.has(node)) continue;
    const inputs = node.inputs.map((name) => (values.has(name) ? dequantized(name) : name));
    const output = results.get(node) ?? node.output;
    if (results.has(node) && WEIGHTED.has(node.op)) {
      const { scale } = scales.get(node.inputs[0]) as Scale;
      for (const { name, axis, tensors } of quantizeWeights(model, node, scale)) {
        partsOf(name).forEach((part, i) => constants.set(part, tensors[i]));
        inputs[node.inputs.indexOf(name)] = dequantized(name);
        nodes.push(dequantize(name, { axis }));
      }
    }
    nodes.push({ ...node, inputs, output });
    if (values.has(output)) addPair(output, node);
  }
  return { ...model, nodes, constants: usedConstants({ nodes, constants }) };
}

/** The first convolution and the depthwise ones directly behind it: they cost little time and much accuracy (docs/runs.md). */
export function stemOf({ nodes }: OnnxModel): ReadonlySet<string> {
  const [first, ...others] = nodes.filter(({ op }) => WEIGHTED.has(op));
  if (first?.op !== 'Conv') return new Set();
  const end = others.findIndex(({ attributes: { group = 1 } }) => group === 1);
  return new Set([first, ...others.slice(0, Math.max(0, end))].map(({ output }) => output));
}

interface Plan {
  /** The nodes in integers, each with the name of its result: behind the activation that its range replaces. */
  readonly results: ReadonlyMap<OnnxNode, string>;
  /** Activations that are replaced. */
  readonly cut: ReadonlySet<OnnxNode>;
  /** Values that become uint8. */
  readonly values: ReadonlySet<string>;
}

function planOf({ nodes, constants }: OnnxModel, float: ReadonlySet<string>): Plan {
  const results = new Map<OnnxNode, string>();
  const cut = new Set<OnnxNode>();
  const isBetween = ({ op, inputs }: OnnxNode) =>
    BETWEEN.has(op) && inputs.every((name) => [...results.values()].includes(name));
  for (const node of nodes) {
    if (float.has(node.output) || !(WEIGHTED.has(node.op) || isBetween(node))) continue;
    const [reader, ...others] = nodes.filter(({ inputs }) => inputs.includes(node.output));
    const isCut = node.op !== 'MaxPool' && others.length === 0 && CUTS.has(reader?.op);
    if (isCut) cut.add(reader);
    results.set(node, isCut ? reader.output : node.output);
  }
  const values = new Set([...results.keys()].flatMap(({ inputs }) => inputs));
  for (const name of constants.keys()) values.delete(name);
  for (const [node, result] of results) {
    // A product can leave its result in float32, where nothing wants it in integers.
    if (node.op !== 'Gemm' || values.has(result)) values.add(result);
    else results.set(node, node.output);
  }
  return { results, values, cut: new Set([...cut].filter(({ output }) => values.has(output))) };
}

/** The three inputs of DequantizeLinear. */
function partsOf(name: string): string[] {
  return ['integers', 'scale', 'zero_point'].map((part) => `${name}/${part}`);
}

function dequantize(name: string, attributes: OnnxNode['attributes'] = {}): OnnxNode {
  return { op: 'DequantizeLinear', inputs: partsOf(name), output: dequantized(name), attributes };
}

function dequantized(name: string): string {
  return `${name}/dequantized`;
}

interface Scale {
  readonly scale: number;
  readonly zeroPoint: number;
}

/** So that 0…255 are the range, and 0, which pads, is a number of its own. */
function scaleOf(ranges: Ranges, name: string): Scale {
  const [least, most] = ranges.get(name) as readonly [number, number];
  const low = Math.min(0, least);
  const scale = (Math.max(0, most) - low) / 255 || 1;
  return { scale: Math.fround(scale), zeroPoint: Math.round(-low / scale) };
}

interface QuantizedConstant {
  readonly name: string;
  /** The one that counts the outputs. */
  readonly axis: number;
  /** As {@link partsOf}. */
  readonly tensors: readonly OnnxTensor[];
}

/** The kernel of a node and, where it has one, the bias. */
function quantizeWeights(
  { constants }: OnnxModel,
  { op, inputs: [, ...names] }: OnnxNode,
  inputScale: number,
): QuantizedConstant[] {
  const [kernel, bias] = names.map((name) => constants.get(name) as OnnxTensor);
  const axis = op === 'Conv' ? 0 : kernel.dims.length - 1;
  const channels = kernel.dims[axis];
  const weights = kernel.data as Float32Array;
  const channelOf = (i: number) =>
    axis === 0 ? Math.floor(i / (weights.length / channels)) : i % channels;
  const most = new Float64Array(channels);
  weights.forEach((weight, i) => {
    most[channelOf(i)] = Math.max(most[channelOf(i)], Math.abs(weight));
  });
  // So large that the bias fits into 32 bits, too: a channel that is almost 0 may have a large one.
  const scales = Float32Array.from(most, (value, channel) => {
    const shift = Math.abs(Number(bias?.data[channel] ?? 0));
    return Math.max(value / WEIGHT_LIMIT, shift / (inputScale * 2 ** 30)) || 1;
  });
  const integers = Int8Array.from(weights, (weight, i) =>
    Math.round(weight / scales[channelOf(i)]),
  );
  const constant = (index: number, integer: OnnxTensor, scale: Float32Array) => {
    const zeros = integer.dtype === 'int8' ? new Int8Array(channels) : new Int32Array(channels);
    const perChannel: OnnxTensor[] = [
      { dtype: 'float32', dims: [channels], data: scale },
      { dtype: integer.dtype, dims: [channels], data: zeros },
    ];
    return { name: names[index], axis: index === 0 ? axis : 0, tensors: [integer, ...perChannel] };
  };
  const quantized = constant(0, { dtype: 'int8', dims: kernel.dims, data: integers }, scales);
  if (bias === undefined) return [quantized];
  const biasScales = scales.map((scale) => scale * inputScale);
  const shifts = Int32Array.from(bias.data as Float32Array, (value, channel) =>
    Math.round(value / biasScales[channel]),
  );
  return [quantized, constant(1, { dtype: 'int32', dims: bias.dims, data: shifts }, biasScales)];
}
