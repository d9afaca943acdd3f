/**
 * tfjs-node's gather (the Embedding layer is one) reads all indices back to check them in JavaScript. TensorFlow checks
 * them itself, so a trace, which must not read, goes without.
 */
import { tf, DataType } from './backend';
import { executeOperation } from './operations';
import { specOfTensor } from './tensorInfo';
import { isTracing } from './trace';

const KERNEL = { kernelName: 'GatherV2', backendName: 'tensorflow' } as const;

/** Puts the kernel that can be traced in the place of tfjs-node's. */
export function registerTraceableGather(): void {
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
