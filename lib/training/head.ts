/** Trains a head on features: no picture is looked at again, so an epoch over 50,000 of them takes a second or two. */
import { addToScore, createScore, type MeanScore } from '../evaluation/score';
import { yieldToEvents, type Interrupts } from '../interrupts';
import {
  abortSignal,
  anyValue,
  callback,
  checkOptions,
  fractionBelowOne,
  nonNegativeNumber,
  positiveInteger,
  required,
  seedInteger,
} from '../options';
import { createRng, shuffledIndices } from '../random';
import { tf } from '../tensorflow/backend';
import { learningRateRule } from './config';
import { selectFeatures, type Features } from './features';
import { createHeadStep, standardize } from './headStep';
import type { EpochRecord, History, StepInfo } from './history';
import { createCosineSchedule, type Schedule } from './schedule';
import { trainAlone } from './trainAlone';

/** What {@link trainHead} can be told. */
export interface HeadTrainingOptions {
  readonly trainFeatures: Features;
  /** Predicted after each epoch. */
  readonly valFeatures?: Features;
  /** Default 30. */
  readonly epochs?: number;
  /** Default 256. */
  readonly batchSize?: number;
  /** Default: from 1e-3 down to 0 along half a cosine. */
  readonly learningRate?: number | Schedule;
  /** Decoupled weight decay of the kernels a step, times the learning rate (AdamW). Default 0. */
  readonly weightDecay?: number;
  /** Share of the target that is spread evenly over all classes, in [0, 1). Default 0. */
  readonly labelSmoothing?: number;
  /** Of the order of the features and of dropout. */
  readonly seed: number;
  readonly onStep?: (step: StepInfo) => void | Promise<void>;
  readonly onEpoch?: (epoch: EpochRecord) => void | Promise<void>;
  readonly signal?: AbortSignal;
}

type Config = HeadTrainingOptions &
  Required<Pick<HeadTrainingOptions, 'epochs' | 'batchSize' | 'weightDecay' | 'labelSmoothing'>> & {
    readonly schedule: Schedule;
  };

/**
 * Trains a head in place, from the weights it has. Its standardisation is set from the training features first.
 *
 * One training at a time runs in a process; Ctrl-C, Jupyter's stop button and `signal` end it within one batch.
 *
 * @param head of {@link createHead}; stays the caller's.
 * @throws Error when it is interrupted, or where the loss is no longer finite.
 */
export async function trainHead(
  head: tf.LayersModel,
  options: HeadTrainingOptions,
): Promise<History> {
  checkOptions<HeadTrainingOptions>('trainHead', options, {
    trainFeatures: required(anyValue),
    valFeatures: anyValue,
    epochs: positiveInteger,
    batchSize: positiveInteger,
    learningRate: learningRateRule,
    weightDecay: nonNegativeNumber,
    labelSmoothing: fractionBelowOne,
    seed: required(seedInteger),
    onStep: callback,
    onEpoch: callback,
    signal: abortSignal,
  });
  const { learningRate = createCosineSchedule({ peak: 1e-3 }) } = options;
  const config: Config = {
    ...options,
    epochs: options.epochs ?? 30,
    batchSize: options.batchSize ?? 256,
    weightDecay: options.weightDecay ?? 0,
    labelSmoothing: options.labelSmoothing ?? 0,
    schedule: typeof learningRate === 'number' ? () => learningRate : learningRate,
  };
  checkFits(head, config);
  return trainAlone(
    { signal: options.signal, describe: () => 'the training of a head' },
    (signals) => runEpochs(head, config, signals),
  );
}

/** The head's probabilities, float32 [features.size, numClasses], row by row. */
export function predictFeatures(head: tf.LayersModel, features: Features): Float32Array {
  return tf.tidy(() => {
    const { values, size, width } = features;
    const output = head.predict(tf.tensor2d(values, [size, width]), { batchSize: 4096 });
    return Float32Array.from((output as tf.Tensor).dataSync());
  });
}

async function runEpochs(
  head: tf.LayersModel,
  config: Config,
  interrupts: Interrupts,
): Promise<History> {
  const { trainFeatures, valFeatures, epochs, batchSize, seed } = config;
  const startedAt = performance.now();
  standardize(head, trainFeatures);
  const step = createHeadStep(head, config);
  const stepsPerEpoch = Math.ceil(trainFeatures.size / batchSize);
  const totalSteps = epochs * stepsPerEpoch;
  const records: EpochRecord[] = [];
  try {
    for (let epoch = 1; epoch <= epochs; epoch++) {
      const epochStartedAt = performance.now();
      const order = shuffledIndices(trainFeatures.size, createRng(seed, 'head shuffle', epoch));
      const sums = { images: 0, loss: 0, correct: 0, seconds: 0 };
      let learningRate = 0;
      for (let stepInEpoch = 1; stepInEpoch <= stepsPerEpoch; stepInEpoch++) {
        if (interrupts.requested) {
          throw new Error(
            `The training of the head was interrupted in epoch ${epoch} of ${epochs}.`,
          );
        }
        const stepStartedAt = performance.now();
        const number = (epoch - 1) * stepsPerEpoch + stepInEpoch;
        learningRate = config.schedule((number - 1) / totalSteps);
        const rows = order.subarray((stepInEpoch - 1) * batchSize, stepInEpoch * batchSize);
        const batch = selectFeatures(trainFeatures, rows);
        const { loss, correct } = step.run(batch, { learningRate, step: number });
        if (!Number.isFinite(loss)) throw spoilt(loss, epoch, learningRate);
        sums.images += batch.size;
        sums.loss += loss * batch.size;
        sums.correct += correct;
        sums.seconds += (performance.now() - stepStartedAt) / 1000;
        const secondsPerStep = (performance.now() - startedAt) / 1000 / number;
        await config.onStep?.({
          epoch,
          epochs,
          step: number,
          stepInEpoch,
          stepsPerEpoch,
          loss: sums.loss / sums.images,
          accuracy: sums.correct / sums.images,
          imagesPerSecond: sums.images / sums.seconds,
          secondsLeft: secondsPerStep * (totalSteps - number),
        });
        await yieldToEvents();
      }
      const validation = valFeatures && scoreFeatures(head, valFeatures);
      const record: EpochRecord = {
        epoch,
        trainLoss: sums.loss / sums.images,
        trainAccuracy: sums.correct / sums.images,
        valLoss: validation?.loss ?? null,
        valAccuracy: validation?.accuracy ?? null,
        learningRate,
        seconds: (performance.now() - epochStartedAt) / 1000,
        imagesPerSecond: sums.images / sums.seconds,
      };
      records.push(record);
      await config.onEpoch?.(record);
    }
    return { epochs: records, seconds: (performance.now() - startedAt) / 1000 };
  } finally {
    step.dispose();
  }
}

function scoreFeatures(head: tf.LayersModel, features: Features): MeanScore {
  const score = createScore();
  const probabilities = predictFeatures(head, features);
  addToScore(score, {
    probabilities,
    labels: features.labels,
    numClasses: head.outputs[0].shape[1] as number,
  });
  return { loss: score.lossSum / score.images, accuracy: score.correct / score.images };
}

function checkFits(head: tf.LayersModel, { trainFeatures, valFeatures }: Config): void {
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

function spoilt(loss: number, epoch: number, learningRate: number): Error {
  return new Error(
    `Training stopped: the loss of the head is ${loss} in epoch ${epoch}, at the learning rate ${learningRate}: ` +
      'make the head anew and train it with a lower learningRate.',
  );
}
