/** ONNX Runtime: the only file that names onnxruntime-node, which is loaded when the first session is made. */
import type * as ort from 'onnxruntime-node';
import { ONNX_INPUT, ONNX_OUTPUT } from './exportOnnx';

/** A loaded model. */
export interface OnnxSession {
  /**
   * @param images uint8, as the model's `images`.
   * @param shape [n, height, width, 3].
   * @returns the model's `probabilities`, float32 [n, outputs], flat.
   */
  run(images: Uint8Array, shape: readonly number[]): Promise<Float32Array>;
  dispose(): Promise<void>;
}

/** Loads a model that {@link exportOnnx} wrote, from its bytes or its path. */
export async function createOnnxSession(
  model: Uint8Array | string,
  options: { readonly threads?: number } = {},
): Promise<OnnxSession> {
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const settings: ort.InferenceSession.SessionOptions = {
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    ...(options.threads === undefined ? {} : { intraOpNumThreads: options.threads }),
  };
  const session = await (typeof model === 'string'
    ? InferenceSession.create(model, settings)
    : InferenceSession.create(model, settings));
  return {
    run: async (images, shape) => {
      const feeds = { [ONNX_INPUT]: new Tensor('uint8', images, shape) };
      const { [ONNX_OUTPUT]: result } = await session.run(feeds);
      return result.data as Float32Array;
    },
    dispose: () => session.release(),
  };
}
