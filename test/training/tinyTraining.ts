/** Trainings that take milliseconds, for the tests of this folder. */
import assert from 'node:assert/strict';
import { createDataset, type ImageDataset } from '../../lib/data/dataset';
import { UNIT_SCALE } from '../../lib/data/preprocess';
import { createRng } from '../../lib/random';
import { tf } from '../../lib/tensorflow/backend';
import type { TrainingOptions } from '../../lib/training/config';
import { trainModel } from '../../lib/training/train';
import { TrainingInterrupted } from '../../lib/training/exclusiveTraining';

const SIDE = 8;

/** 8×8 pictures of noise, with 30 more in the channel of the picture's class. */
export function createTinyDataset(
  size: number,
  seed: number,
): ImageDataset & { readonly images: Uint8Array } {
  const rng = createRng(seed, 'tiny pictures');
  const labels = Int32Array.from({ length: size }, () => rng.nextInt(3));
  const images = Uint8Array.from(
    { length: size * SIDE * SIDE * 3 },
    (_, i) => rng.nextInt(200) + (i % 3 === labels[Math.floor(i / (SIDE * SIDE * 3))] ? 30 : 0),
  );
  const dataset = createDataset({
    name: 'tiny',
    source: 'generated',
    images,
    labels,
    classNames: ['red', 'green', 'blue'],
    height: SIDE,
    width: SIDE,
  });
  return { ...dataset, images };
}

/** Convolution, batch norm, dropout: state of every kind that a model can have. */
export function createTinyModel({ dropoutRate = 0.25 } = {}): tf.LayersModel {
  const initial = (seed: number) => tf.initializers.glorotUniform({ seed });
  return tf.sequential({
    layers: [
      tf.layers.conv2d({
        inputShape: [SIDE, SIDE, 3],
        filters: 4,
        kernelSize: 3,
        activation: 'relu',
        kernelInitializer: initial(1),
      }),
      tf.layers.batchNormalization(),
      tf.layers.flatten(),
      tf.layers.dropout({ rate: dropoutRate }),
      tf.layers.dense({ units: 3, activation: 'softmax', kernelInitializer: initial(2) }),
    ],
  });
}

/** 100 pictures in batches of 16: the seventh and last step of an epoch has 4. */
export function tinyOptions(): TrainingOptions {
  return {
    trainSet: createTinyDataset(100, 1),
    valSet: createTinyDataset(30, 2),
    epochs: 2,
    batchSize: 16,
    seed: 7,
    preprocess: { height: SIDE, width: SIDE, ...UNIT_SCALE },
    learningRate: 0.01,
  };
}

/**
 * A single linear layer that knows nothing yet: every weight is 0, unless `kernel` [height × width × 3][numClasses] is
 * given row by row.
 */
export function createLinearModel(options: {
  readonly side: number;
  readonly numClasses: number;
  readonly kernel?: readonly number[];
}): tf.LayersModel {
  const { side, numClasses, kernel } = options;
  const model = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [side, side, 3] }),
      tf.layers.dense({
        units: numClasses,
        activation: 'softmax',
        kernelInitializer: 'zeros',
      }),
    ],
  });
  if (kernel) {
    const weights = [
      tf.tensor2d([...kernel], [side * side * 3, numClasses]),
      tf.zeros([numClasses]),
    ];
    model.setWeights(weights);
    tf.dispose(weights);
  }
  return model;
}

/** All weights of a model, moving averages included. */
export function weightValues(model: tf.LayersModel): Float32Array[] {
  return model.weights.map((weight) => (weight.read().dataSync() as Float32Array).slice());
}

/** Trains the tiny model until `step` is done, as Jupyter's stop button would end it. */
export async function interruptAfter(
  step: number,
  options: TrainingOptions,
  model = createTinyModel(),
): Promise<tf.LayersModel> {
  const controller = new AbortController();
  const training = trainModel(model, {
    ...options,
    signal: controller.signal,
    onStep: (info) => {
      if (info.step === step) controller.abort();
    },
  });
  await assert.rejects(training, TrainingInterrupted);
  return model;
}
