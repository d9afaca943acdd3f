import { batches } from '../data/batches';
import type { ImageDataset } from '../data/dataset';
import type { Classifier } from '../models/classifier';
import { abortSignal, callback, checkOptions, positiveInteger } from '../options';
import { Interrupted, watchInterrupts, yieldToEvents } from '../interrupts';
import { createEnginePredictor, type Engine, engineRule } from './engine';
import { predictionBatch, type Predictor } from './predictor';

/** Options of {@link predictDataset}. */
export interface PredictOptions {
  /** Pictures a run of the graph. Default: as many as have the pixels of 16 of 160 px, 256 views at most. */
  readonly batchSize?: number;
  /** What computes. Default 'auto'. */
  readonly engine?: Engine;
  /** Called after each batch. */
  readonly onProgress?: (progress: { readonly images: number; readonly of: number }) => void;
  /** Stops the prediction within one batch, as SIGINT does. */
  readonly signal?: AbortSignal;
}

/**
 * Predicts every picture of a data set, in its order, with one compiled graph.
 *
 * @returns probabilities float32 [size, numClasses], row by row.
 * @throws Interrupted
 */
export async function predictDataset(
  classifier: Omit<Classifier, 'classNames'>,
  dataset: ImageDataset,
  options: PredictOptions = {},
): Promise<Float32Array> {
  checkOptions<PredictOptions>('predictDataset', options, {
    batchSize: positiveInteger,
    engine: engineRule,
    onProgress: callback,
    signal: abortSignal,
  });
  const { model } = classifier;
  const { batchSize = predictionBatch(classifier), engine = 'auto', ...hooks } = options;
  const { height, width } = dataset;
  const numOutputs = model.outputs[0].shape[1] as number;
  const predictor = createEnginePredictor(classifier, { engine, height, width });
  try {
    return await predictWith(predictor, dataset, { numOutputs, batchSize, ...hooks });
  } finally {
    predictor.dispose();
  }
}

/** The same with what predicts already, which stays the caller's. */
export async function predictWith(
  predictor: Pick<Predictor, 'run'>,
  dataset: ImageDataset,
  options: Omit<PredictOptions, 'engine'> & {
    readonly numOutputs: number;
    readonly batchSize: number;
  },
): Promise<Float32Array> {
  const { numOutputs, batchSize, onProgress, signal } = options;
  const { size } = dataset;
  const probabilities = new Float32Array(size * numOutputs);

  await yieldToEvents(); // watchInterrupts wants an await before it
  const interrupts = watchInterrupts(signal);
  try {
    let images = 0;
    for await (const batch of batches(dataset, { batchSize })) {
      if (interrupts.requested) {
        throw new Interrupted(`Prediction was interrupted after ${images} of ${size} pictures.`);
      }
      probabilities.set(await predictor.run(batch.images, batch.size), images * numOutputs);
      images += batch.size;
      onProgress?.({ images, of: size });
      await yieldToEvents();
    }
    return probabilities;
  } finally {
    interrupts.stop();
  }
}
