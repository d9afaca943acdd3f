/** A graph under construction: nodes and constants under names of their own, and where a value's channels are. */
import type { OnnxAttribute, OnnxNode, OnnxTensor } from './format';

/** A value that flows through the graph. */
export interface Value {
  readonly name: string;
  /** Without the batch, channels last, as in TensorFlow: [height, width, channels] or [features]. */
  readonly shape: readonly number[];
  /** ONNX' convolutions want [n, channels, height, width]; only a value of three dimensions can be 'first'. */
  readonly channels: 'first' | 'last';
  /** Zeros around it that the next convolution adds by itself: [top, left, bottom, right]. */
  readonly pads?: Pads;
}

/** [top, left, bottom, right], in pixels. */
export type Pads = readonly [number, number, number, number];

export class OnnxGraph {
  readonly nodes: OnnxNode[] = [];
  readonly constants = new Map<string, OnnxTensor>();
  private readonly used = new Map<string, number>();
  private readonly converted = new Map<string, Value>();

  /** A name that no other value has: `name`, `name_2`, … */
  private unique(name: string): string {
    const count = (this.used.get(name) ?? 0) + 1;
    this.used.set(name, count);
    return count === 1 ? name : this.unique(`${name}_${count}`);
  }

  /** @returns the name of a new constant. */
  constant(name: string, tensor: OnnxTensor): string {
    const own = this.unique(name);
    this.constants.set(own, tensor);
    return own;
  }

  floats(name: string, values: ArrayLike<number>, dims = [values.length]): string {
    return this.constant(name, { dtype: 'float32', dims, data: Float32Array.from(values) });
  }

  integers(name: string, values: readonly number[]): string {
    const data = BigInt64Array.from(values, BigInt);
    return this.constant(name, { dtype: 'int64', dims: [values.length], data });
  }

  /** @returns the name of the result. */
  node(
    op: string,
    inputs: readonly string[],
    name: string,
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
  ): string {
    const output = this.unique(name);
    this.nodes.push({ op, inputs, output, attributes });
    return output;
  }

  /** The value as [n, channels, height, width], its pads still to be added. */
  channelsFirst(x: Value): Value {
    return this.transposed(x, 'first');
  }

  /** The value as TensorFlow has it: channels last, pads added. */
  channelsLast(x: Value): Value {
    return this.transposed(this.padded(x), 'last');
  }

  /** The value with its pads in it. */
  padded(x: Value): Value {
    if (x.pads === undefined) return x;
    const { name, shape, channels } = this.channelsFirst(x);
    const [top, left, bottom, right] = x.pads;
    // One channel more, which is cut off again: a Pad directly before a MaxPool becomes a part of it in ONNX Runtime (1.17
    // to 1.30 at least), and then adds -∞ instead of 0.
    const pads = this.integers(`${name}_pads`, [0, 0, top, left, 0, 1, bottom, right]);
    const padded = this.node('Pad', [name, pads], `${name}_padded`);
    const cut = [[0], [shape[2]], [1]].map((values) => this.integers(`${name}_cut`, values));
    return {
      name: this.node('Slice', [padded, ...cut], `${name}_cut`),
      shape: [shape[0] + top + bottom, shape[1] + left + right, shape[2]],
      channels,
    };
  }

  private transposed(x: Value, channels: Value['channels']): Value {
    if (x.channels === channels || x.shape.length !== 3) return x;
    const known = this.converted.get(x.name);
    if (known) return { ...x, ...known };
    const perm = channels === 'first' ? [0, 3, 1, 2] : [0, 2, 3, 1];
    const name = this.node('Transpose', [x.name], `${x.name}_channels_${channels}`, { perm });
    this.converted.set(x.name, { name, shape: x.shape, channels });
    return { ...x, name, channels };
  }
}
