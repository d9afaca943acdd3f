/**
 * TensorFlow's fused kernels where tfjs composes many small ones, with their gradients. They run the same way eagerly
 * and inside a compiled graph, so both give the same numbers.
 */
import { DataType, tf } from './backend';
import { type Attribute, executeOperation } from './operations';
import { specOfTensor } from './tensorInfo';
import { isTracing } from './trace';

const FLOAT: Attribute = { type: DataType.float32 };

/**
 * Softmax cross-entropy of each example, computed from logits in one stable kernel.
 *
 * @param logits float32 [batch, numClasses].
 * @param labels int32 [batch] class indices, or float32 [batch, numClasses] whose rows sum to 1.
 * @returns Loss in nats, float32 [batch]. Caller disposes. Differentiable by `logits`.
 */
export function softmaxCrossEntropy(logits: tf.Tensor2D, labels: tf.Tensor): tf.Tensor1D {
  const sparse = labels.rank === 1;
  const op = sparse ? 'SparseSoftmaxCrossEntropyWithLogits' : 'SoftmaxCrossEntropyWithLogits';
  const attributes = { T: FLOAT, ...(sparse ? { Tlabels: { type: DataType.int32 } } : {}) };
  const withGradient = tf.customGrad((x, save) => {
    const [loss, backprop] = executeOperation(op, [x as tf.Tensor, labels], {
      attributes,
      numOutputs: 2,
    });
    (save as tf.GradSaveFunc)([backprop]);
    return {
      value: loss,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => saved[0].mul(dy.expandDims(1)),
    };
  });
  return withGradient(logits) as tf.Tensor1D;
}

const BATCH_NORM_TRAINING = 'FusedBatchNormTraining';
const BATCH_NORM_TRAINING_GRADIENT = 'FusedBatchNormTrainingGradient';

/** What a batch norm in training mode gives. */
export interface BatchNormTraining {
  /** float32, shape of the input. */
  readonly normalized: tf.Tensor4D;
  /** float32 [channels], of this batch. */
  readonly mean: tf.Tensor1D;
  /** float32 [channels], of this batch, divided by n (as tfjs and Keras 3 do for their moving averages). */
  readonly variance: tf.Tensor1D;
}

/**
 * Batch norm with the batch's own statistics (Ioffe and Szegedy 2015), one kernel forward and one backward.
 *
 * @param x float32 [batch, height, width, channels].
 * @param gamma,beta float32 [channels].
 * @returns Caller disposes. `normalized` is differentiable by `x`, `gamma` and `beta`.
 */
export function batchNormTraining(
  x: tf.Tensor4D,
  gamma: tf.Tensor1D,
  beta: tf.Tensor1D,
  { epsilon }: { readonly epsilon: number },
): BatchNormTraining {
  registerFusedKernels();
  const outputs = tf
    .engine()
    .runKernel<tf.Tensor[]>(BATCH_NORM_TRAINING, { x, gamma, beta }, { epsilon });
  const [normalized, mean, unbiased] = outputs;
  // TensorFlow's kernel divides by n - 1 here. Divided in the graph, since n grows linearly with the batch (batchSize.ts).
  const n = x.size / x.shape[3];
  return {
    normalized: normalized as tf.Tensor4D,
    mean: mean as tf.Tensor1D,
    variance: unbiased.mul(tf.scalar(n - 1).div(n)),
  };
}

/** Registers the kernels and the cheaper gradients with tfjs. Does nothing the second time. */
export function registerFusedKernels(): void {
  if (tf.getKernel(BATCH_NORM_TRAINING, 'tensorflow') !== undefined) return;
  registerBatchNormTraining();
  registerActivationGradient('Relu', 'ReluGrad');
  registerActivationGradient('Relu6', 'Relu6Grad');
  registerBatchNormInferenceGradient();
  registerTraceableGather();
}

function registerBatchNormTraining(): void {
  const attributes = (epsilon: number): Record<string, Attribute> => ({
    T: FLOAT,
    U: FLOAT,
    epsilon: { float: epsilon },
    is_training: { bool: true },
    data_format: { string: 'NHWC' },
  });
  tf.registerKernel({
    kernelName: BATCH_NORM_TRAINING,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, attrs }) => {
      const { x, gamma, beta } = inputs as unknown as Record<string, tf.Tensor>;
      const none = tf.tensor1d([]);
      const outputs = executeOperation('FusedBatchNormV3', [x, gamma, beta, none, none], {
        attributes: {
          ...attributes(attrs?.epsilon as number),
          exponential_avg_factor: { float: 1 },
        },
        numOutputs: 6,
      });
      none.dispose();
      return outputs;
    },
  });
  // A kernel of its own without a gradient: a second derivative is an error, not silently wrong.
  tf.registerKernel({
    kernelName: BATCH_NORM_TRAINING_GRADIENT,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, attrs }) =>
      executeOperation('FusedBatchNormGradV3', Object.values(inputs) as tf.Tensor[], {
        attributes: attributes(attrs?.epsilon as number),
        numOutputs: 5,
      }),
  });
  tf.registerGradient({
    kernelName: BATCH_NORM_TRAINING,
    inputsToSave: ['x', 'gamma'],
    outputsToSave: [false, false, false, true, true, true],
    gradFunc: (dy, saved, attrs) => {
      const [x, gamma, reserve1, reserve2, reserve3] = saved;
      const inputs = { dy: (dy as tf.Tensor[])[0], x, gamma, reserve1, reserve2, reserve3 };
      const [dx, dgamma, dbeta] = tf
        .engine()
        .runKernel<tf.Tensor[]>(BATCH_NORM_TRAINING_GRADIENT, inputs, attrs);
      return { x: () => dx, gamma: () => dgamma, beta: () => dbeta };
    },
  });
}

/** relu and relu6: the gradient from the output, in one kernel, where tfjs compares, selects and multiplies. */
function registerActivationGradient(kernelName: string, gradientOp: string): void {
  const run = (dy: tf.Tensor, y: tf.Tensor): tf.Tensor =>
    tf.engine().runKernel(gradientOp, { dy, y });
  tf.registerKernel({
    kernelName: gradientOp,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs }) => {
      const { dy, y } = inputs as unknown as Record<string, tf.Tensor>;
      return executeOperation(gradientOp, [dy, y], { attributes: { T: FLOAT } })[0];
    },
  });
  // Linear in dy, flat in y.
  tf.registerGradient({
    kernelName: gradientOp,
    inputsToSave: ['y'],
    gradFunc: (ddy, [y]) => ({ dy: () => run(ddy as tf.Tensor, y), y: () => tf.zerosLike(y) }),
  });
  tf.unregisterGradient(kernelName);
  tf.registerGradient({
    kernelName,
    outputsToSave: [true],
    gradFunc: (dy, [y]) => ({ x: () => run(dy as tf.Tensor, y) }),
  });
}

/** Batch norm with moving statistics is one multiplication by a channel's factor; tfjs tiles that factor first. */
function registerBatchNormInferenceGradient(): void {
  tf.unregisterGradient('FusedBatchNorm');
  tf.registerGradient({
    kernelName: 'FusedBatchNorm',
    inputsToSave: ['x', 'mean', 'variance', 'scale'],
    gradFunc: (dy, saved, attrs) => {
      const [x, mean, variance, savedScale] = saved;
      const scale = savedScale ?? tf.scalar(1);
      const gradient = dy as tf.Tensor;
      const reciprocal = (): tf.Tensor => variance.add(attrs.varianceEpsilon as number).rsqrt();
      const overRows = x.shape.map((_, axis) => axis).slice(0, -1);
      // If there is one mean per value, it lacks the leading axes that tfjs adds to x.
      const sum = (values: tf.Tensor): tf.Tensor =>
        variance.rank === 1 ? values.sum(overRows) : values.reshape(variance.shape);
      const scaleGradient = (): tf.Tensor => sum(gradient.mul(x.sub(mean))).mul(reciprocal());
      return {
        x: () => gradient.mul(reciprocal().mul(scale)),
        mean: () => sum(gradient).mul(reciprocal().mul(scale)).neg(),
        variance: () => {
          const inverse = reciprocal();
          return sum(gradient.mul(x.sub(mean)))
            .mul(scale)
            .mul(inverse.mul(inverse).mul(inverse))
            .mul(-0.5);
        },
        scale: scaleGradient,
        offset: () => sum(gradient),
      };
    },
  });
}

const KERNEL = { kernelName: 'GatherV2', backendName: 'tensorflow' } as const;

/** Puts the kernel that can be traced in the place of tfjs-node's. */
function registerTraceableGather(): void {
  const plain = tf.getKernel(KERNEL.kernelName, KERNEL.backendName);
  tf.unregisterKernel(KERNEL.kernelName, KERNEL.backendName);
  tf.registerKernel({
    ...KERNEL,
    kernelFunc: (call) => (isTracing() ? gather(call) : plain.kernelFunc(call)),
  });
}

function gather({ inputs, attrs }: Parameters<tf.KernelFunc>[0]): tf.TensorInfo {
  const { x, indices } = inputs as unknown as Readonly<Record<string, tf.Tensor>>;
  const { axis, batchDims } = attrs as Readonly<Record<string, number>>;
  return tf.tidy(
    () =>
      executeOperation('GatherV2', [x, indices, tf.scalar(axis, 'int32')], {
        attributes: {
          batch_dims: { int: batchDims },
          Tparams: { type: specOfTensor(x).dtype as DataType },
          Tindices: { type: specOfTensor(indices).dtype as DataType },
          Taxis: { type: DataType.int32 },
        },
      })[0],
  );
}
