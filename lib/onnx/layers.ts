/** Each layer of tfjs in ONNX' operations. A layer, an activation or an option that is not here is refused by its name. */
import { describeValue } from '../options';
import type { OnnxTensor } from './format';
import type { OnnxGraph, Pads, Value } from './graph';

/** Weights of a layer: float32, in TensorFlow's order. */
export interface Weight {
  readonly values: Float32Array;
  readonly shape: readonly number[];
}

/** One layer of `model.json`, where it is used. */
export interface Layer {
  readonly graph: OnnxGraph;
  readonly name: string;
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** @throws Error where the layer has no such weight. */
  weight(part: string): Weight;
}

type Convert = (x: Value, layer: Layer) => Value;

/** Writes a layer's operations behind `inputs`. @throws Error that names what cannot be written. */
export function convertLayer(inputs: readonly Value[], layer: Layer): Value {
  const { graph, className, config, name } = layer;
  if ((config.data_format ?? 'channels_last') !== 'channels_last') {
    refuse(layer, `data_format ${describeValue(config.data_format)}`);
  }
  const merge = MERGES[className];
  if (merge) return merge(inputs, layer);
  const convert = LAYERS[className];
  if (!convert) {
    throw new Error(
      `Expected layers that can be written as ONNX but "${name}" is of class ${className}: ` +
        `build the model of ${[...Object.keys(LAYERS), ...Object.keys(MERGES)].sort().join(', ')}.`,
    );
  }
  if (inputs.length !== 1) refuse(layer, `${inputs.length} inputs`);
  const [x] = inputs;
  return convert(ADDS_PADS.has(className) ? x : graph.padded(x), layer);
}

/** Layers that leave the zeros around their input to a convolution. */
const ADDS_PADS: ReadonlySet<string> = new Set(['Conv2D', 'DepthwiseConv2D', 'ZeroPadding2D']);

const same: Convert = (x) => x;

const LAYERS: Readonly<Record<string, Convert>> = {
  InputLayer: same,
  Dropout: same,
  GaussianDropout: same,
  GaussianNoise: same,
  AlphaDropout: same,
  Activation: (x, layer) => activate(x, layer, layer.config.activation),
  ReLU: (x, layer) => {
    const limit = layer.config.max_value;
    return limit == null ? unary('Relu', x, layer) : clip(x, layer, number(layer, 'max_value'));
  },
  LeakyReLU: (x, layer) => unary('LeakyRelu', x, layer, { float: number(layer, 'alpha') }),
  ELU: (x, layer) => activate(x, layer, 'elu'), // tfjs takes no other alpha than 1
  Softmax: (x, layer) => {
    const { axis } = layer.config;
    if (axis !== -1 && axis !== x.shape.length) refuse(layer, `axis ${String(axis)}`);
    return activate(x, layer, 'softmax');
  },
  Rescaling: (x, layer) => {
    const scaled = withScalar('Mul', x, layer, number(layer, 'scale'));
    return layer.config.offset === 0
      ? scaled
      : withScalar('Add', scaled, layer, number(layer, 'offset'));
  },
  Conv2D: (x, layer) => {
    const { values, shape } = layer.weight('kernel');
    const [height, width, inChannels, filters] = shape;
    // [height, width, in, out] → [out, in, height, width]
    const kernel = reorder(values, [filters, inChannels, height * width], (o, i, place) => {
      return (place * inChannels + i) * filters + o;
    });
    const dims = [filters, inChannels, height, width];
    return convolve(x, layer, { dtype: 'float32', dims, data: kernel }, 1);
  },
  DepthwiseConv2D: (x, layer) => {
    const { values, shape } = layer.weight('depthwise_kernel');
    const [height, width, channels, multiplier] = shape;
    const filters = channels * multiplier;
    // [height, width, channels · multiplier] → [channels · multiplier, 1, height, width]
    const kernel = reorder(values, [filters, 1, height * width], (o, _, place) => {
      return place * filters + o;
    });
    const dims = [filters, 1, height, width];
    return convolve(x, layer, { dtype: 'float32', dims, data: kernel }, channels);
  },
  ZeroPadding2D: (x, layer) => {
    const sides = layer.config.padding as readonly [readonly number[], readonly number[]];
    const [[top, bottom], [left, right]] = sides;
    return { ...x, pads: addPads(x.pads, [top, left, bottom, right]) };
  },
  MaxPooling2D: (x, layer) => pool('MaxPool', x, layer),
  AveragePooling2D: (x, layer) => pool('AveragePool', x, layer),
  GlobalMaxPooling2D: (x, layer) => poolAll('GlobalMaxPool', x, layer),
  GlobalAveragePooling2D: (x, layer) => poolAll('GlobalAveragePool', x, layer),
  Flatten: (x, layer) => {
    const { graph, name } = layer;
    if (x.shape.length === 1) return x;
    // TensorFlow's order is height, width, channels.
    const flat = graph.node('Flatten', [graph.channelsLast(x).name], name, { axis: 1 });
    return { name: flat, shape: [product(x.shape)], channels: 'last' };
  },
  Reshape: (x, layer) => {
    const { graph, name, config } = layer;
    const target = config.target_shape as readonly number[];
    const rest = product(x.shape) / -product(target);
    const shape = target.map((side) => (side === -1 ? rest : side));
    const dims = graph.integers(`${name}/shape`, [0, ...shape]); // 0: the batch as it is
    const { name: source } = graph.channelsLast(x);
    return { name: graph.node('Reshape', [source, dims], name), shape, channels: 'last' };
  },
  Dense: (x, layer) => {
    const { graph, name, config } = layer;
    const { values, shape } = layer.weight('kernel');
    const source = graph.channelsLast(x);
    const kernel = graph.floats(`${name}/kernel`, values, [...shape]);
    const bias = config.use_bias === false ? [] : [floats(layer, 'bias')];
    const flat = source.shape.length === 1;
    const matched = graph.node(
      flat ? 'Gemm' : 'MatMul',
      [source.name, kernel, ...(flat ? bias : [])],
      name,
    );
    const result =
      flat || bias.length === 0 ? matched : graph.node('Add', [matched, ...bias], name);
    const y = { ...source, name: result, shape: [...source.shape.slice(0, -1), shape[1]] };
    return activate(y, layer, config.activation);
  },
  BatchNormalization: (x, layer) => {
    const { graph, name, config } = layer;
    const rank = x.shape.length;
    const axis = config.axis as number;
    if ((axis !== -1 && axis !== rank) || rank === 2) refuse(layer, `axis ${axis}`);
    const source = graph.channelsFirst(x);
    const channels = x.shape[rank - 1];
    const filled = (part: string, value: number) =>
      graph.floats(`${name}/${part}`, new Float32Array(channels).fill(value));
    const inputs = [
      source.name,
      config.scale === false ? filled('gamma', 1) : floats(layer, 'gamma'),
      config.center === false ? filled('beta', 0) : floats(layer, 'beta'),
      floats(layer, 'moving_mean'),
      floats(layer, 'moving_variance'),
    ];
    const epsilon = { float: number(layer, 'epsilon') };
    return { ...source, name: graph.node('BatchNormalization', inputs, name, { epsilon }) };
  },
};

/** Layers of several inputs. */
const MERGES: Readonly<Record<string, (inputs: readonly Value[], layer: Layer) => Value>> = {
  Add: (inputs, layer) => combine('Add', inputs, layer),
  Multiply: (inputs, layer) => combine('Mul', inputs, layer),
  Concatenate: (inputs, layer) => {
    const { graph, name, config } = layer;
    const rank = inputs[0].shape.length;
    const axis = ((config.axis as number) + rank + 1) % (rank + 1);
    if (axis === 0) refuse(layer, 'axis 0, the batch');
    const values = alike(graph, inputs);
    const [{ shape, channels }] = values;
    const lengths = values.map((each) => each.shape[axis - 1]);
    const place = channels === 'first' ? [0, 2, 3, 1][axis] : axis;
    return {
      name: graph.node('Concat', namesOf(values), name, { axis: place }),
      shape: shape.map((side, i) => (i === axis - 1 ? lengths.reduce((a, b) => a + b) : side)),
      channels,
    };
  },
};

function combine(op: string, inputs: readonly Value[], layer: Layer): Value {
  const values = alike(layer.graph, inputs);
  const [first, ...others] = values;
  if (others.some(({ shape }) => String(shape) !== String(first.shape))) {
    refuse(layer, `inputs of different shapes`);
  }
  return others.reduce(
    (sum, each) => ({ ...sum, name: layer.graph.node(op, [sum.name, each.name], layer.name) }),
    first,
  );
}

/** The values in the first one's order of dimensions. */
function alike(graph: OnnxGraph, inputs: readonly Value[]): Value[] {
  const values = inputs.map((each) => graph.padded(each));
  const isFirst = values[0].channels === 'first';
  return values.map((each) => (isFirst ? graph.channelsFirst(each) : graph.channelsLast(each)));
}

function convolve(x: Value, layer: Layer, kernel: OnnxTensor, group: number): Value {
  const { graph, name, config } = layer;
  const source = graph.channelsFirst(x);
  const [filters, , ...kernelSize] = kernel.dims;
  const [strides, dilations] = [pair(layer, 'strides'), pair(layer, 'dilation_rate')];
  const window = { kernelSize, strides, dilations };
  const outer = x.pads ?? [0, 0, 0, 0];
  const size = [x.shape[0] + outer[0] + outer[2], x.shape[1] + outer[1] + outer[3]];
  const pads = addPads(x.pads, padsOf(layer, size, window));
  const inputs = [
    source.name,
    graph.constant(`${name}/kernel`, kernel),
    ...(config.use_bias === false ? [] : [floats(layer, 'bias')]),
  ];
  const y: Value = {
    name: graph.node('Conv', inputs, name, {
      ...{ kernel_shape: kernelSize, strides, dilations, pads, group },
    }),
    shape: [...sizeAfter([x.shape[0], x.shape[1]], pads, window), filters],
    channels: 'first',
  };
  return activate(y, layer, config.activation);
}

function pool(op: string, x: Value, layer: Layer): Value {
  const { graph, name } = layer;
  const source = graph.channelsFirst(x);
  const kernelSize = pair(layer, 'pool_size');
  const strides = layer.config.strides == null ? kernelSize : pair(layer, 'strides');
  const window = { kernelSize, strides, dilations: [1, 1] };
  const pads = padsOf(layer, x.shape, window);
  return {
    name: graph.node(op, [source.name], name, { kernel_shape: kernelSize, strides, pads }),
    shape: [...sizeAfter(x.shape, pads, window), x.shape[2]],
    channels: 'first',
  };
}

function poolAll(op: string, x: Value, { graph, name }: Layer): Value {
  const pooled = graph.node(op, [graph.channelsFirst(x).name], name);
  const flat = graph.node('Flatten', [pooled], `${name}/flat`, { axis: 1 });
  return { name: flat, shape: [x.shape[2]], channels: 'last' };
}

interface Window {
  readonly kernelSize: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
}

/** Pixels that a window covers along an axis. */
function extent({ kernelSize, dilations }: Window, axis: number): number {
  return (kernelSize[axis] - 1) * dilations[axis] + 1;
}

/** TensorFlow's padding "same" or "valid" (tensorflow/core/framework/kernel_shape_util.cc). */
function padsOf(layer: Layer, size: readonly number[], window: Window): Pads {
  const { padding } = layer.config;
  if (padding === 'valid') return [0, 0, 0, 0];
  if (padding !== 'same') refuse(layer, `padding ${describeValue(padding)}`);
  const [height, width] = [0, 1].map((axis) => {
    const results = Math.ceil(size[axis] / window.strides[axis]);
    return Math.max((results - 1) * window.strides[axis] + extent(window, axis) - size[axis], 0);
  });
  const [top, left] = [Math.floor(height / 2), Math.floor(width / 2)];
  return [top, left, height - top, width - left];
}

function sizeAfter(size: readonly number[], pads: Pads, window: Window): number[] {
  return [0, 1].map((axis) => {
    const padded = size[axis] + pads[axis] + pads[axis + 2];
    return Math.floor((padded - extent(window, axis)) / window.strides[axis]) + 1;
  });
}

function addPads(a: Pads | undefined, b: Pads): Pads {
  return a ? [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]] : b;
}

/** Activations that are one operation of ONNX with the very same constants. */
const ACTIVATIONS: Readonly<Record<string, string>> = {
  elu: 'Elu',
  hardSigmoid: 'HardSigmoid',
  hard_sigmoid: 'HardSigmoid',
  relu: 'Relu',
  selu: 'Selu',
  sigmoid: 'Sigmoid',
  softplus: 'Softplus',
  softsign: 'Softsign',
  tanh: 'Tanh',
};

function activate(x: Value, layer: Layer, name: unknown): Value {
  if (name === undefined || name === null || name === 'linear') return x;
  if (name === 'relu6') return clip(x, layer, 6);
  if (name === 'softmax') {
    const source = layer.graph.channelsLast(x);
    const output = layer.graph.node('Softmax', [source.name], `${layer.name}/softmax`);
    return { ...source, name: output };
  }
  if (name === 'swish') {
    const { name: gate } = unary('Sigmoid', x, layer);
    return { ...x, name: layer.graph.node('Mul', [x.name, gate], `${layer.name}/swish`) };
  }
  const op = typeof name === 'string' ? ACTIVATIONS[name] : undefined;
  return op === undefined
    ? refuse(layer, `activation ${describeValue(name)}`)
    : unary(op, x, layer);
}

function unary(op: string, x: Value, { graph, name }: Layer, alpha?: { float: number }): Value {
  const output = graph.node(op, [x.name], `${name}/${op}`, alpha ? { alpha } : {});
  return { ...x, name: output };
}

function clip(x: Value, { graph, name }: Layer, limit: number): Value {
  const [least, most] = [0, limit].map((value) => graph.floats(`limit_${value}`, [value], []));
  return { ...x, name: graph.node('Clip', [x.name, least, most], `${name}/Clip`) };
}

function withScalar(op: string, x: Value, { graph, name }: Layer, value: number): Value {
  const scalar = graph.floats(`${name}/${op}_value`, [value], []);
  return { ...x, name: graph.node(op, [x.name, scalar], `${name}/${op}`) };
}

function floats(layer: Layer, part: string): string {
  const { values, shape } = layer.weight(part);
  return layer.graph.floats(`${layer.name}/${part}`, values, [...shape]);
}

/** Values in another order: `from` gives the old place of [i, j, k]. */
function reorder(
  values: Float32Array,
  [rows, columns, depth]: readonly [number, number, number],
  from: (i: number, j: number, k: number) => number,
): Float32Array {
  const result = new Float32Array(values.length);
  for (let i = 0, place = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      for (let k = 0; k < depth; k++) result[place++] = values[from(i, j, k)];
    }
  }
  return result;
}

function number(layer: Layer, option: string): number {
  const value = layer.config[option];
  return typeof value === 'number' ? value : refuse(layer, `${option} ${describeValue(value)}`);
}

function pair(layer: Layer, option: string): number[] {
  const value = layer.config[option] ?? 1;
  return Array.isArray(value) ? (value as number[]) : [value as number, value as number];
}

function namesOf(values: readonly Value[]): string[] {
  return values.map(({ name }) => name);
}

function product(sides: readonly number[]): number {
  return sides.reduce((total, side) => total * side, 1);
}

function refuse({ name, className }: Layer, what: string): never {
  throw new Error(
    `Expected what can be written as ONNX in the layer "${name}" (${className}) but found ${what}: ` +
      'build the model without it.',
  );
}
