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

/**
 * Loads a model that {@link exportOnnx} wrote, from its bytes or its path.
 *
 * @throws Error where ONNX Runtime does not load, or what it says of the model.
 */
export async function createOnnxSession(model: Uint8Array | string): Promise<OnnxSession> {
  const { InferenceSession, Tensor } = await loadRuntime();
  const session = await (typeof model === 'string'
    ? InferenceSession.create(model, SETTINGS)
    : InferenceSession.create(model, SETTINGS));
  return {
    run: async (images, shape) => {
      const feeds = { [ONNX_INPUT]: new Tensor('uint8', images, shape) };
      const { [ONNX_OUTPUT]: result } = await session.run(feeds);
      return result.data as Float32Array;
    },
    dispose: () => session.release(),
  };
}

const SETTINGS: ort.InferenceSession.SessionOptions = {
  graphOptimizationLevel: 'all',
  logSeverityLevel: 3, // errors
};

async function loadRuntime(): Promise<typeof ort> {
  try {
    return await import('onnxruntime-node');
  } catch (error) {
    throw new Error(
      `Expected ONNX Runtime but it could not be loaded (${(error as Error).message.split('\n')[0]}): ` +
        "install onnxruntime-node, or predict with engine: 'tensorflow'.",
      { cause: error },
    );
  }
}
