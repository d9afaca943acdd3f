/** TensorFlow operations by their own names, for what tfjs does not offer or composes from many small ones. */
import { tf, nodeBackend, DataType, type OperationAttribute } from './backend';

/** An attribute's value: the TypeScript type says which kind of attribute it is. */
export type Attribute =
  | { readonly type: DataType }
  | { readonly shape: readonly number[] }
  | { readonly int: number | readonly number[] }
  | { readonly float: number }
  | { readonly bool: boolean }
  | { readonly string: string };

/**
 * Executes one TensorFlow operation.
 *
 * @param name TensorFlow's name, for example `FusedBatchNormV3`.
 * @param inputs In the operation's own order.
 * @returns One tensor for each output. Caller disposes (or a surrounding `tf.tidy` does).
 * @throws TensorFlow's error when shapes, types or attributes do not fit.
 */
export function executeOperation(
  name: string,
  inputs: readonly tf.Tensor[],
  {
    attributes = {},
    numOutputs = 1,
  }: {
    readonly attributes?: Readonly<Record<string, Attribute>>;
    readonly numOutputs?: number;
  } = {},
): tf.Tensor[] {
  const backend = nodeBackend();
  const encoded = Object.entries(attributes).map(([key, value]) => encodeAttribute(key, value));
  return backend.binding
    .executeOp(name, encoded, backend.getInputTensorIds(inputs), numOutputs)
    .map((handle) => backend.createOutputTensor(handle));
}

function encodeAttribute(name: string, attribute: Attribute): OperationAttribute {
  const { binding } = nodeBackend();
  if ('type' in attribute) return { name, type: binding.TF_ATTR_TYPE, value: attribute.type };
  if ('shape' in attribute) return { name, type: binding.TF_ATTR_SHAPE, value: attribute.shape };
  if ('int' in attribute) return { name, type: binding.TF_ATTR_INT, value: attribute.int };
  if ('float' in attribute) return { name, type: binding.TF_ATTR_FLOAT, value: attribute.float };
  if ('bool' in attribute) return { name, type: binding.TF_ATTR_BOOL, value: attribute.bool };
  return { name, type: binding.TF_ATTR_STRING, value: attribute.string };
}

/**
 * Makes a tensor of bytes, which tfjs has no data type for: its handle is uint8, its label says int32.
 *
 * @param values uint8, 0…255, in row-major order.
 * @returns For {@link uint8ToFloat} and compiled functions only. Caller disposes.
 * @throws Error when there are more or fewer values than the shape has.
 */
export function uint8Tensor(values: Uint8Array, shape: readonly number[]): tf.Tensor {
  const size = shape.reduce((product, length) => product * length, 1);
  if (values.length !== size)
    throw new Error(
      `Expected ${size} bytes for the shape [${shape.join(', ')}] but received ${values.length}: ` +
        'pass the pixels of the whole batch, and nothing else',
    );
  const backend = nodeBackend();
  const id = backend.binding.createTensor(shape, DataType.uint8, values);
  return backend.createOutputTensor({ id, shape: [...shape], dtype: DataType.uint8 });
}

/** @returns float32 of the same shape, 0…255, from a tensor of {@link uint8Tensor}. Caller disposes. */
export function uint8ToFloat(pixels: tf.Tensor): tf.Tensor {
  return executeOperation('Cast', [pixels], {
    attributes: { SrcT: { type: DataType.uint8 }, DstT: { type: DataType.float32 } },
  })[0];
}

/**
 * Writes a picture under a name into an event file, at step 0; tfjs' own writer has scalars and histograms alone.
 *
 * @param picture.data uint8, height · width · 3 values, RGB.
 */
export function writeImage(
  writer: ReturnType<typeof tf.node.summaryFileWriter>,
  name: string,
  picture: { readonly data: Uint8Array; readonly height: number; readonly width: number },
): void {
  const { data, height, width } = picture;
  const { resourceHandle } = writer as unknown as { readonly resourceHandle: tf.Tensor };
  const backend = nodeBackend();
  const { binding } = backend;
  tf.tidy(() => {
    const pixels = uint8Tensor(data, [1, height, width, 3]);
    const unused = uint8Tensor(Uint8Array.of(0, 0, 0), [3]); // the colour of values that are no numbers
    const step = binding.createTensor([], DataType.int64, Int32Array.of(0, 0)); // the addon takes int64 as two int32
    const [file, tag, ...rest] = backend.getInputTensorIds([
      resourceHandle,
      tf.scalar(name, 'string'),
      pixels,
      unused,
    ]);
    const attributes = [
      encodeAttribute('T', { type: DataType.uint8 }),
      encodeAttribute('max_images', { int: 1 }),
    ];
    binding.executeOp('WriteImageSummary', attributes, [file, step, tag, ...rest], 0);
    binding.deleteTensor(step);
  });
}
