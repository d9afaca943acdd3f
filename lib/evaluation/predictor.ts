import { applyPreprocess } from '../data/applyPreprocess';
import type { Preprocess } from '../data/preprocess';
import { predictViews, type Views } from '../models/views';
import { tf } from '../tensorflow/backend';
import { compile, type CompileStatistics } from '../tensorflow/compile';
import { uint8Tensor, uint8ToFloat } from '../tensorflow/operations';

export interface PredictorOptions {
  readonly preprocess: Preprocess;
  /** Size of the pictures as they come, before preprocessing. Default: the preprocess' own. */
  readonly height?: number;
  readonly width?: number;
  /** The mean of the outputs for several views of each picture: as many times the work. Default 1. */
  readonly views?: Views;
  /** As in `Classifier`. Default 1. */
  readonly temperature?: number;
  /** Convolutions and matrix products in bfloat16: faster, and coarser. Default false. */
  readonly bfloat16?: boolean;
}

/** Pixels at the network's input in a run: of MobileNetV2 one layer's results then take 39 MB. */
const PIXELS_AT_ONCE = 16 * 160 * 160;

/** Pictures of one run: enough to keep the processors busy, few enough for little memory; 256 at most, views included. */
export function predictionBatch({
  preprocess: { height, width },
  views = 1,
}: Pick<PredictorOptions, 'preprocess' | 'views'>): number {
  return Math.max(1, Math.floor(Math.min(PIXELS_AT_ONCE / (height * width), 256) / views));
}

/** Inference by whichever engine. */
export interface Predictor {
  /**
   * @param images uint8 [size, height, width, 3].
   * @returns float32 [size, outputs] in row-major order: the model's output, flat.
   */
  run(images: Uint8Array, size: number): Float32Array | Promise<Float32Array>;
  dispose(): void;
}

/** Inference as one TensorFlow graph with the weights as constants. */
export interface GraphPredictor extends Predictor {
  run(images: Uint8Array, size: number): Float32Array;
  readonly statistics: CompileStatistics;
}

/**
 * Makes the inference of a model: preprocess and forward, batch norm folded into the convolutions.
 * When the model's weights change, the next run makes a new graph by itself.
 *
 * @param model It stays the caller's.
 */
export function createPredictor(
  model: tf.LayersModel,
  {
    preprocess,
    height = preprocess.height,
    width = preprocess.width,
    views,
    temperature,
    bfloat16 = false,
  }: PredictorOptions,
): GraphPredictor {
  const compiled = compile(
    function predict(pixels: tf.Tensor4D) {
      const images = applyPreprocess(uint8ToFloat(pixels) as tf.Tensor4D, preprocess);
      return predictViews(
        images,
        { views, temperature },
        (pictures) => model.apply(pictures, { training: false }) as tf.Tensor2D,
      );
    },
    { name: `prediction of ${model.name}`, frozen: true, bfloat16 },
  );
  return {
    run: (images, size) =>
      tf.tidy(() => {
        const pixels = uint8Tensor(images, [size, height, width, 3]) as tf.Tensor4D;
        return compiled(pixels).dataSync() as Float32Array;
      }),
    statistics: compiled.statistics,
    dispose: () => compiled.dispose(),
  };
}
