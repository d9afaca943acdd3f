/**
 * Random numbers inside a step: TensorFlow's stateless generators, fresh on every step, the same for the same seed.
 *
 * tfjs draws in JavaScript, which a graph would freeze into constants. Here each draw is a pure function of
 * (seed, step, number of the draw in the step), so a resumed training continues exactly as if it had never stopped.
 */
import { tf, DataType } from './backend';
import { executeOperation } from './operations';

interface Stream {
  /** int32 [2]: seed and step. */
  readonly seed: tf.Tensor1D;
  draws: number;
}

let current: Stream | null = null;

/** Runs `draw` so that {@link randomUniform} and {@link randomGamma} take their numbers from `seed`. */
export function withRandomStream<T>(seed: tf.Tensor1D, draw: () => T): T {
  const outer = current;
  current = { seed, draws: 0 };
  try {
    return draw();
  } finally {
    current = outer;
  }
}

/** @returns true inside {@link withRandomStream}. */
export function hasRandomStream(): boolean {
  return current !== null;
}

/** @returns float32 of `shape`, uniform in [0, 1). Caller disposes. @throws Outside a compiled step. */
export function randomUniform(shape: readonly number[]): tf.Tensor {
  return draw('StatelessRandomUniform', shape);
}

/**
 * @param alpha The distribution's shape, greater than 0; its scale is 1.
 * @returns float32 of `shape`, from Gamma(alpha). Caller disposes. @throws Outside a compiled step.
 */
export function randomGamma(shape: readonly number[], alpha: number): tf.Tensor {
  return draw('StatelessRandomGammaV2', shape, () => [tf.fill([...shape], alpha)]);
}

function draw(
  op: string,
  shape: readonly number[],
  parameters: () => tf.Tensor[] = () => [],
): tf.Tensor {
  if (current === null)
    throw new Error(
      'Expected random numbers to be drawn inside a compiled step but none is running: wrap the function with compile()',
    );
  const stream = current;
  const number = ++stream.draws;
  return tf.tidy(() => {
    // The draw's number goes into the first half of the key: each draw has a stream of its own.
    const seed = stream.seed.add(
      tf.tensor1d(
        [number * 0x3c6ef372, 0].map((x) => x | 0),
        'int32',
      ),
    );
    return executeOperation(op, [tf.tensor1d([...shape], 'int32'), seed, ...parameters()], {
      attributes: {
        dtype: { type: DataType.float32 },
        T: { type: DataType.int32 },
        Tseed: { type: DataType.int32 },
      },
    })[0];
  });
}

/**
 * Inverted dropout: sets a share of the values to zero and scales the others by 1 / (1 - rate)
 * (Srivastava et al. 2014). Differentiable.
 *
 * @param rate In [0, 1).
 * @param noiseShape Shape of the mask, broadcast against `x`; default the shape of `x`.
 * @returns float32, shape of `x`. Caller disposes.
 */
export function dropout(
  x: tf.Tensor,
  rate: number,
  { noiseShape = x.shape }: { readonly noiseShape?: readonly number[] } = {},
): tf.Tensor {
  return tf.tidy(() => {
    const kept = randomUniform(noiseShape).greaterEqual(rate).cast('float32');
    return x.mul(kept.mul(1 / (1 - rate)));
  });
}
