import type { Classifier } from '../models/classifier';
import { yieldToEvents } from '../interrupts';
import { checkOptions, positiveInteger } from '../options';
import { createEnginePredictor, type Engine, engineRule } from './engine';
import type { Predictor } from './predictor';
import { percentile } from './statistics';

/** How long one picture takes, batch 1, from bytes in memory to probabilities. */
export interface Latency {
  /** The median, in milliseconds. */
  readonly p50Milliseconds: number;
  /** The 90th percentile, in milliseconds. */
  readonly p90Milliseconds: number;
  readonly runs: number;
}

/** Options of {@link measureLatency}. */
export interface LatencyOptions {
  /** Size of the picture before preprocessing, which is part of the time. Default: the preprocess' own. */
  readonly height?: number;
  readonly width?: number;
  /** What computes. Default 'auto'. */
  readonly engine?: Engine;
  /** Timed predictions, one after the other. Default 50. */
  readonly runs?: number;
}

/** Predictions before those that are timed: the first ones record the graph and let TensorFlow lay out its memory. */
const WARM_UP_RUNS = 5;

/**
 * Measures how long a classifier takes for one picture. A p90 far above p50 indicates other load on the machine.
 *
 * @param classifier stays the caller's.
 */
export async function measureLatency(
  classifier: Omit<Classifier, 'classNames'>,
  options: LatencyOptions = {},
): Promise<Latency> {
  checkOptions<LatencyOptions>('measureLatency', options, {
    height: positiveInteger,
    width: positiveInteger,
    engine: engineRule,
    runs: positiveInteger,
  });
  const { preprocess } = classifier;
  const { height = preprocess.height, width = preprocess.width, engine = 'auto' } = options;
  const predictor = createEnginePredictor(classifier, { engine, height, width });
  try {
    return await timePredictor(predictor, { ...options, height, width });
  } finally {
    predictor.dispose();
  }
}

/** The same of what predicts already. */
export async function timePredictor(
  predictor: Pick<Predictor, 'run'>,
  options: Omit<LatencyOptions, 'engine'> & Required<Pick<LatencyOptions, 'height' | 'width'>>,
): Promise<Latency> {
  const { height, width, runs = 50 } = options;
  const picture = Uint8Array.from({ length: height * width * 3 }, (_, index) => (index * 31) % 256);
  const milliseconds: number[] = [];
  for (let run = -WARM_UP_RUNS; run < runs; run++) {
    const startedAt = performance.now();
    await predictor.run(picture, 1);
    if (run >= 0) milliseconds.push(performance.now() - startedAt);
    await yieldToEvents();
  }
  return {
    p50Milliseconds: percentile(milliseconds, 50),
    p90Milliseconds: percentile(milliseconds, 90),
    runs,
  };
}
