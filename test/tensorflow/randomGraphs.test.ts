/** Small programs drawn at random, as graphs and operation by operation: shapes that no rewrite's author thought of. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRng, type Rng } from '../../lib/random';
import { tf } from '../../lib/tensorflow/backend';
import { randomTensor, deviation } from './rewriting';
import { compileStrictly, STRESS } from './steps';

type T = tf.Tensor;
/** One operation: takes the value so far and the program's parameters. */
type Line = { readonly name: string; readonly run: (value: T, parameters: readonly T[]) => T };

/** Draws a program line by line, running it to know the shapes. */
class Program {
  readonly lines: Line[] = [];
  readonly parameters: T[] = [];
  private readonly rng: Rng;
  private value: T;

  constructor(private readonly seed: number) {
    this.rng = createRng(seed, 'program');
    // One channel often: it spreads where others do not.
    const shape = [this.upTo(2), this.upTo(6), this.upTo(6), this.pick([1, 1, 2, 3, 4])];
    this.value = this.parameters[this.parameter(shape)];
    const length = 1 + this.upTo(5);
    while (this.lines.length < length) this.add(this.pick(KINDS));
  }

  run(parameters: readonly T[]): T {
    return this.lines.reduce((value, { run }) => run(value, parameters), parameters[0]);
  }

  get text(): string {
    return `seed ${this.seed}: ${this.lines.map(({ name }) => name).join(' → ')}`;
  }

  get shape(): number[] {
    return this.value.shape;
  }

  /** A line that cannot run on this shape (a filter larger than the picture) is not part of the program. */
  private add(draw: (program: Program) => Line | null): void {
    const line = draw(this);
    if (line === null) return;
    try {
      this.value = line.run(this.value, this.parameters);
    } catch {
      return;
    }
    this.lines.push({ ...line, name: `${line.name} [${this.value.shape.join()}]` });
  }

  /** Number of a new parameter; normal with deviation 0.5, or in 0.5 … 2. */
  parameter(shape: number[], positive = false): number {
    const seed = 1000 * this.seed + this.parameters.length + 1;
    const tensor = positive
      ? tf.randomUniform(shape, 0.5, 2, 'float32', seed)
      : randomTensor(shape, seed).mul(0.5);
    return this.parameters.push(tensor) - 1;
  }

  /** 1 … most. */
  upTo(most: number): number {
    return 1 + this.rng.nextInt(most);
  }

  pick<V>(choices: readonly V[]): V {
    return choices[this.rng.nextInt(choices.length)];
  }

  coin(): boolean {
    return this.rng.nextInt(2) === 1;
  }
}

/** A shape that spreads over `shape`: some sides 1, some at the front left away. */
function spreadable(program: Program, shape: readonly number[]): number[] {
  const sides = shape.map((side) => (program.coin() ? side : 1));
  return program.coin() ? sides.slice(program.upTo(shape.length + 1) - 1) : shape.slice(-1);
}

const binary = (name: 'add' | 'mul' | 'sub') => (program: Program) => {
  const { shape } = program;
  // A value of one channel meets a vector of several: the other side spreads.
  const isSpread = shape.at(-1) === 1;
  const index = program.parameter(isSpread ? [program.upTo(4)] : spreadable(program, shape));
  const isSwapped = program.coin();
  return {
    name: isSwapped ? `swapped ${name}` : name,
    run: (x: T, p: readonly T[]) => (isSwapped ? p[index][name](x) : x[name](p[index])),
  };
};

function picture(draw: (program: Program, shape: number[]) => Line | null) {
  return (program: Program) => (program.shape.length === 4 ? draw(program, program.shape) : null);
}

/** TensorFlow's eager convolution answers a filter larger than the picture with memory that nobody has written. */
function fits(
  sides: readonly number[],
  { size, dilation }: { readonly size: readonly number[]; readonly dilation: number },
): boolean {
  return sides.every((side, axis) => (side - 1) * dilation < size[axis]);
}

/** Strides and dilations, of which TensorFlow takes only one above 1. */
function steps(program: Program): [stride: number, dilation: number] {
  return program.pick([
    [1, 1],
    [2, 1],
    [1, 2],
  ]);
}

const KINDS: readonly ((program: Program) => Line | null)[] = [
  binary('add'),
  binary('mul'),
  binary('mul'),
  binary('sub'),
  () => ({ name: 'relu', run: (x) => tf.relu(x) }),
  (program) => {
    const axes = program.shape.map((_, axis) => axis).filter(() => program.coin());
    const keepsAxes = program.coin();
    return { name: `sum ${axes.join()}`, run: (x) => x.sum(axes, keepsAxes) };
  },
  (program) => {
    const axis = program.upTo(Math.max(1, program.shape.length)) - 1;
    return { name: `one of axis ${axis}`, run: (x) => x.gather([0], axis) };
  },
  (program) => {
    const { shape } = program;
    const to = program.pick([[-1], [1, -1], [...shape, 1], [1, ...shape], [shape[0], -1]]);
    return { name: `reshape ${to.join()}`, run: (x) => x.reshape(to) };
  },
  (program) => {
    const { shape } = program;
    if (shape.length < 2) return null;
    const [inner, outer] = [shape.at(-1) as number, program.upTo(3)];
    const transposed = program.coin();
    const sides = transposed ? [outer, inner] : [inner, outer];
    const index = program.parameter(program.coin() ? sides : [1, ...sides]);
    return { name: 'matMul', run: (x, p) => tf.matMul(x, p[index], false, transposed) };
  },
  picture((program, [, ...size]) => {
    const channels = size[2];
    const [stride, dilation] = steps(program);
    const sides = [program.upTo(3), program.upTo(3)];
    const padding = program.pick(['same', 'valid'] as const);
    if (padding === 'valid' && !fits(sides, { size, dilation })) return null;
    const filter = program.parameter([...sides, channels, program.upTo(3)]);
    return {
      name: `conv2d ${padding} ${stride} ${dilation}`,
      run: (x, p) =>
        tf.conv2d(x as tf.Tensor4D, p[filter] as tf.Tensor4D, stride, padding, 'NHWC', dilation),
    };
  }),
  picture((program, [, ...size]) => {
    const channels = size[2];
    const [stride, dilation] = steps(program);
    const side = program.upTo(3);
    const padding = program.pick(['same', 'valid'] as const);
    if (padding === 'valid' && !fits([side, side], { size, dilation })) return null;
    const filter = program.parameter([side, side, channels, program.upTo(2)]);
    return {
      name: `depthwise ${padding} ${stride} ${dilation}`,
      run: (x, p) =>
        tf.depthwiseConv2d(
          x as tf.Tensor4D,
          p[filter] as tf.Tensor4D,
          stride,
          padding,
          'NHWC',
          dilation,
        ),
    };
  }),
  picture((program, [batch, height, width, channels]) => {
    const stride = program.upTo(2);
    const outer = program.upTo(3);
    const filter = program.parameter([3, 3, outer, channels]);
    const shape: [number, number, number, number] = [batch, height * stride, width * stride, outer];
    return {
      name: `conv2dTranspose ${stride}`,
      run: (x, p) =>
        tf.conv2dTranspose(x as tf.Tensor4D, p[filter] as tf.Tensor4D, shape, stride, 'same'),
    };
  }),
  picture((program, [, , , channels]) => {
    const [mean, offset] = [program.parameter([channels]), program.parameter([channels])];
    const [variance, scale] = [1, 2].map(() => program.parameter([channels], true));
    return {
      name: 'batchNorm',
      run: (x, p) => {
        const [m, v, o, s] = [mean, variance, offset, scale].map((i) => p[i] as tf.Tensor1D);
        return tf.batchNorm(x as tf.Tensor4D, m, v, o, s);
      },
    };
  }),
  picture((program) => {
    const sides = [0, 0, 0, 0].map(() => program.upTo(3) - 1);
    const value = program.pick([0, 0, 0.5]);
    const [top, bottom, left, right] = sides;
    return {
      name: `pad ${sides.join()} with ${value}`,
      run: (x) =>
        tf.pad(
          x,
          [
            [0, 0],
            [top, bottom],
            [left, right],
            [0, 0],
          ],
          value,
        ),
    };
  }),
  picture((program, shape) => {
    const begin = shape.map((side) => program.upTo(Math.min(2, side)) - 1);
    const size = shape.map((side, axis) => program.upTo(side - begin[axis]));
    return { name: `slice ${begin.join()}`, run: (x) => tf.slice(x, begin, size) };
  }),
];

/** The result, and the gradients of its sum of squares by every parameter where tfjs has them. */
function step(program: Program): (parameters: T[]) => T[] {
  const loss = (...parameters: T[]): tf.Scalar => program.run(parameters).square().sum();
  const gradients = (parameters: T[]): T[] => tf.grads(loss)(parameters);
  const result = (parameters: T[]): T[] => [program.run(parameters)];
  try {
    tf.tidy(() => void gradients(program.parameters));
  } catch {
    return result; // e.g. of a matrix that is multiplied by several
  }
  return (parameters) => [...result(parameters), ...gradients(parameters)];
}

test('programs drawn at random give the same as graphs as operation by operation', () => {
  const count = STRESS ? 2000 : 150;
  for (let seed = 1; seed <= count; seed++) {
    tf.tidy(() => {
      const program = new Program(seed);
      const run = step(program);
      const compiled = compileStrictly(run, { name: program.text });
      compiled(program.parameters);
      // Other values than those that were traced.
      const others = program.parameters.map((tensor) => tensor.mul(0.9));
      const graph = compiled(others);
      const eager = run(others);
      assert.equal(compiled.statistics.graphRuns, 1, program.text);
      compiled.dispose();
      eager.forEach((value, i) => {
        assert.deepEqual(graph[i].shape, value.shape, program.text);
        const difference = deviation(graph[i], value);
        assert.ok(difference < 1e-4, `${program.text}: result ${i} deviates by ${difference}`);
      });
    });
  }
});
