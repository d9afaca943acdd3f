/** Trains a head on features: no picture is looked at again, so an epoch over 50,000 of them takes a second or two. */
import { fingerprintArrays } from '../data/checksum';
import { scoreProbabilities } from '../evaluation/score';
import { STANDARDIZE_LAYER } from '../models/transfer';
import { anyValue, checkOptions, nonNegativeNumber, required } from '../options';
import { tf } from '../tensorflow/backend';
import { completeLoopOptions, describeLoop, loopRules, type LoopOptions } from './config';
import { featureBlocks, featureValues, selectFeatures, type Features } from './features';
import type { History } from './history';
import { identify } from './identity';
import { lossAdder } from './loss';
import { runTraining } from './loop';
import { createAdam } from './optimizer';
import { createCosineSchedule } from './schedule';
import { createTrainingStep } from './trainingStep';

/** Options of {@link trainHead}: those of every training, with defaults that suit a head. */
export interface HeadTrainingOptions extends Partial<Omit<LoopOptions, 'seed' | 'optimizer'>> {
  readonly trainFeatures: Features;
  /** Predicted after each epoch. */
  readonly valFeatures?: Features;
  /** Of the order of the features and of dropout. */
  readonly seed: number;
  /** Default 30. */
  readonly epochs?: number;
  /** Default 256. */
  readonly batchSize?: number;
  /** Default: from 1e-3 down to 0 along half a cosine. */
  readonly learningRate?: LoopOptions['learningRate'];
  /** Decoupled weight decay of the kernels a step, times the learning rate (AdamW). Default 0. */
  readonly weightDecay?: number;
}

/**
 * Trains a head in place, from the weights it has. Its standardisation is set from the training features first.
 *
 * The rules are those of `trainModel`: one training at a time in a process, which Ctrl-C, Jupyter's stop button and
 * `signal` end within one batch.
 *
 * @param head of {@link createHead}; stays the caller's.
 * @throws as `trainModel`.
 */
export async function trainHead(
  head: tf.LayersModel,
  options: HeadTrainingOptions,
): Promise<History> {
  const { trainFeatures, valFeatures, weightDecay = 0, ...given } = options;
  const loop: LoopOptions = {
    ...given,
    epochs: given.epochs ?? 30,
    batchSize: given.batchSize ?? 256,
    learningRate: given.learningRate ?? createCosineSchedule({ peak: 1e-3 }),
  };
  const { optimizer: _ours, ...rules } = loopRules; // AdamW, by weightDecay
  checkOptions<HeadTrainingOptions>(
    'trainHead',
    { ...loop, trainFeatures, valFeatures, weightDecay },
    {
      trainFeatures: required(anyValue),
      valFeatures: anyValue,
      weightDecay: nonNegativeNumber,
      ...rules,
    },
  );
  checkFits(head, options);
  const config = completeLoopOptions(
    { ...loop, optimizer: createAdam({ weightDecay }) },
    { ...trainFeatures, hasValidation: valFeatures !== undefined },
  );
  return runTraining({
    what: 'the training of a head',
    model: head,
    config,
    source: {
      size: trainFeatures.size,
      batch(indices) {
        const selected = selectFeatures(trainFeatures, indices);
        return Promise.resolve({ inputs: featureValues(selected), labels: selected.labels });
      },
    },
    orderStream: 'head shuffle',
    createStep() {
      standardize(head, trainFeatures);
      return createTrainingStep(head, config);
    },
    ...(valFeatures && {
      createValidator: () => ({
        run: () => {
          const probabilities = predictFeatures(head, valFeatures);
          const numClasses = head.outputs[0].shape[1] as number;
          const outputs = { probabilities, labels: valFeatures.labels, numClasses };
          const { metrics, loss } = config;
          const score = scoreProbabilities(outputs, { metrics, addLosses: lossAdder(loss) });
          return Promise.resolve(score);
        },
      }),
    }),
    identify: () =>
      identify(head, {
        trainSet: describeFeatures(trainFeatures),
        valSet: valFeatures && describeFeatures(valFeatures),
        options: describeLoop(config),
      }),
  });
}

/** The head's probabilities, float32 [features.size, numClasses], row by row. */
export function predictFeatures(head: tf.LayersModel, features: Features): Float32Array {
  const { size, width } = features;
  const probabilities = new Float32Array(size * (head.outputs[0].shape[1] as number));
  let filled = 0;
  for (const block of featureBlocks(features)) {
    const shape = [block.length / width, width] as const;
    const predicted = tf.tidy(() =>
      (head.predictOnBatch(tf.tensor2d(block, [...shape])) as tf.Tensor).dataSync(),
    );
    probabilities.set(predicted, filled);
    filled += predicted.length;
  }
  return probabilities;
}

function checkFits(
  head: tf.LayersModel,
  { trainFeatures, valFeatures }: HeadTrainingOptions,
): void {
  const taken = head.inputs[0].shape[1];
  for (const [name, features] of Object.entries({ trainFeatures, valFeatures })) {
    if (!features) continue;
    if (features.width !== taken || features.size === 0) {
      throw new RangeError(
        `Expected ${name} to be rows of the ${taken} features that the head takes but received ` +
          `${features.size} rows of ${features.width}: create the head with features: ${features.width}.`,
      );
    }
  }
}

function describeFeatures(features: Features): string {
  const { labels, size, width } = features;
  function* arrays() {
    yield* featureBlocks(features);
    yield labels;
  }
  return fingerprintArrays([size, width], arrays());
}

/** Sets the head's standardisation to mean and variance of each feature, summed in double precision. */
function standardize(head: tf.LayersModel, features: Features): void {
  const { size, width } = features;
  const layer = head.layers.find(({ name }) => name === STANDARDIZE_LAYER);
  if (!layer) return; // a head of the caller's own
  const sums = new Float64Array(width);
  const squares = new Float64Array(width);
  for (const values of featureBlocks(features)) {
    for (let row = 0; row < values.length / width; row++) {
      for (let column = 0; column < width; column++) {
        const value = values[row * width + column];
        sums[column] += value;
        squares[column] += value * value;
      }
    }
  }
  const mean = sums.map((sum) => sum / size);
  const variance = squares.map((square, column) => Math.max(0, square / size - mean[column] ** 2));
  tf.tidy(() => {
    const [gamma, beta] = layer.getWeights();
    layer.setWeights([gamma, beta, tf.tensor1d([...mean]), tf.tensor1d([...variance])]);
  });
}
