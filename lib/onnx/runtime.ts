/** ONNX Runtime: the only file that names onnxruntime-node, which is loaded when the first session is made. */
import type * as ort from 'onnxruntime-node';

/** The names of what goes in and what comes out. */
export const ONNX_INPUT = 'images';
export const ONNX_OUTPUT = 'probabilities';

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
 * Loads a model that `exportOnnx` wrote, from its bytes or its path.
 *
 * @throws Error where ONNX Runtime does not load, the model cannot be read, or is none from pictures to probabilities.
 */
export async function createOnnxSession(model: Uint8Array | string): Promise<OnnxSession> {
  const { InferenceSession, Tensor } = await loadRuntime();
  const place = typeof model === 'string' ? model : 'memory';
  const session = await (
    typeof model === 'string'
      ? InferenceSession.create(model, SETTINGS)
      : InferenceSession.create(model, SETTINGS)
  ).catch((error: Error) => {
    throw new Error(
      `Expected a whole ONNX model in ${place} but ONNX Runtime says: ${error.message.trim()}. ${REMEDY}`,
      { cause: error },
    );
  });
  const { inputNames, outputNames } = session;
  if (String(inputNames) !== ONNX_INPUT || !outputNames.includes(ONNX_OUTPUT)) {
    await session.release();
    throw new Error(
      `Expected a model from "${ONNX_INPUT}" to "${ONNX_OUTPUT}" in ${place} but it goes from ` +
        `"${inputNames.join('", "')}" to "${outputNames.join('", "')}": it is another program's. ${REMEDY}`,
    );
  }
  return {
    run: async (images, shape) => {
      const feeds = { [ONNX_INPUT]: new Tensor('uint8', images, shape) };
      const { [ONNX_OUTPUT]: result } = await session.run(feeds);
      return result.data as Float32Array;
    },
    dispose: () => session.release(),
  };
}

/** A session that is called with how many pictures of one size there are, as every engine's predictor is. */
export function onnxPredictor(
  session: OnnxSession,
  { height, width }: { readonly height: number; readonly width: number },
): { run(images: Uint8Array, size: number): Promise<Float32Array>; dispose(): void } {
  return {
    run: (images, size) => session.run(images, [size, height, width, 3]),
    dispose: () => void session.dispose(),
  };
}

/** What to do where an .onnx file is of no use. */
export const REMEDY = 'Export the classifier again: npm run export -- RUN --format onnx.';

const SETTINGS: ort.InferenceSession.SessionOptions = {
  graphOptimizationLevel: 'all',
  logSeverityLevel: 4, // fatal: an error is thrown
  // Runs side by side share the processors; else ONNX Runtime counts them itself.
  intraOpNumThreads: Number(process.env.TF_NUM_INTRAOP_THREADS) || 0,
};

/** ONNX Runtime's own version, e.g. `1.30.0`. @throws Error where it does not load. */
export async function onnxRuntimeVersion(): Promise<string> {
  return (await loadRuntime()).env.versions.node as string;
}

let runtime: Promise<typeof ort> | undefined;

/** Tried once in a process: no two predictions of a run differ in whether it loads. */
function loadRuntime(): Promise<typeof ort> {
  runtime ??= import('onnxruntime-node').catch((error: Error) => {
    throw new Error(
      `Expected ONNX Runtime but it could not be loaded (${error.message.split('\n')[0]}): ` +
        "install onnxruntime-node, or predict with engine: 'tensorflow'.",
      { cause: error },
    );
  });
  return runtime;
}
