import { applyPreprocess } from '../data/applyPreprocess';
import type { Preprocess } from '../data/preprocess';
import { applyLogits } from '../models/logits';
import { tf } from '../tensorflow/backend';
import {
  compile,
  recordSmallBatches,
  setStepNumber,
  type CompileStatistics,
} from '../tensorflow/compile';
import { withFusedLayers } from '../tensorflow/layers';
import { uint8Tensor, uint8ToFloat } from '../tensorflow/operations';
import type { Augmentation, AugmentationInputs } from './augment';
import { createAverages, type AverageWeights } from './averageWeights';
import { readVariables, writeVariables } from './modelState';
import type { NamedVariable, Optimizer } from './optimizer';
import { crossEntropyLoss, denseTargets, smoothLabels, type Loss } from './loss';

export interface TrainingStepOptions {
  readonly optimizer: Optimizer;
  /** Of pictures. Without it the model takes rows of features, float32, as they are. */
  readonly preprocess?: Preprocess;
  /** Seed of dropout and augmentation. */
  readonly seed: number;
  /** Size of the pictures as they come, before preprocessing. Default: the preprocess' own. */
  readonly height?: number;
  readonly width?: number;
  /** The loss to minimise. Default: the softmax cross-entropy. */
  readonly loss?: Loss;
  /** A factor on the loss of each class's pictures; default 1 for all. */
  readonly classWeights?: readonly number[];
  /** Share of the target that is spread evenly over all classes, in [0, 1) (Szegedy et al. 2016). Default 0. */
  readonly labelSmoothing?: number;
  /** Changes pictures and targets inside the graph, before the preprocessing. Default: nothing is changed. */
  readonly augmentation?: Augmentation;
  /** Keeps a moving average of every weight beside the weights. Default: none. */
  readonly averageWeights?: AverageWeights;
  /** Convolutions and matrix products in bfloat16. Default false. */
  readonly bfloat16?: boolean;
}

/** A batch as a step takes it. */
export interface StepBatch {
  /** Pictures, uint8 [size, height, width, 3], or rows of features, float32 [size, width]. */
  readonly inputs: Uint8Array | Float32Array;
  /** int32 [size]. */
  readonly labels: Int32Array;
  /** What the augmentation asked for each picture. */
  readonly augmentation?: AugmentationInputs;
}

/** One step of training as one TensorFlow graph. */
export interface TrainingStep {
  /**
   * Makes the graphs for batches of these sizes, from few examples where that is possible (`batchSize.ts`); the weights and the
   * slots are the same afterwards. Without it, the first step of each size is recorded, which needs several times the memory
   * of the others and may round differently.
   *
   * @param batch of the largest size.
   */
  record(batch: StepBatch, sizes: Iterable<number>): void;
  /**
   * Trains on one batch.
   *
   * @param settings.step Number of the step in the whole training, from 1: dropout and augmentation follow from it and
   *   the seed.
   * @returns The batch's mean loss (in nats, with the layers' penalties) and its logits, float32 [size, numClasses], both
   *   before the update.
   */
  run(
    batch: StepBatch,
    settings: { readonly learningRate: number; readonly step: number },
  ): { readonly loss: number; readonly logits: Float32Array };
  /**
   * All that a checkpoint has to hold, by lasting names: every weight of the model first, in the model's order, then the
   * optimizer's slots and the averaged weights.
   */
  state(): readonly NamedVariable[];
  /** The averaged weights, one for each weight of the model, in its order; none without `averageWeights`. */
  averages(): readonly NamedVariable[];
  readonly statistics: CompileStatistics;
  /** Gives the graph and the optimizer's state back; the model stays. */
  dispose(): void;
}

/**
 * Makes the training step of a classifier: preprocess, forward, loss, gradients, update.
 *
 * A batch norm layer whose `trainable` is false keeps its moving statistics, as in Keras.
 *
 * @param model Ends in a softmax; its trainable weights are updated in place. It stays the caller's.
 * @throws If all weights are frozen; at the first step where the model does not end in a softmax or shapes do not fit.
 */
export function createTrainingStep(
  model: tf.LayersModel,
  options: TrainingStepOptions,
): TrainingStep {
  const { optimizer, preprocess, seed, labelSmoothing = 0, averageWeights } = options;
  const { loss: lossOf = crossEntropyLoss, classWeights, augmentation, bfloat16 } = options;
  const weights = namedWeights(model);
  const trainable = trainableVariables(model, weights);
  const updates = optimizer.start(trainable);
  const averages = averageWeights && createAverages(weights, averageWeights);
  const numClasses = model.outputs[0].shape[1] as number;

  /** The model's inputs, and the targets where an augmentation has changed them. */
  const prepare = (
    values: tf.Tensor,
    labels: tf.Tensor1D,
    inputs: StepInputs,
  ): { inputs: tf.Tensor; targets?: tf.Tensor2D } => {
    if (!preprocess) return { inputs: values };
    const batch = {
      images: uint8ToFloat(values) as tf.Tensor4D,
      targets: () => denseTargets(labels, numClasses, labelSmoothing),
    };
    const fill = preprocess.mean.map((mean) => 255 * mean);
    const changed = augmentation?.apply(batch, { fill, inputs: inputs.augmentation }) ?? {
      images: batch.images,
    };
    return { ...changed, inputs: applyPreprocess(changed.images, preprocess) };
  };

  const compiled = compile(
    function trainingStep(values: tf.Tensor, labels: tf.Tensor1D, inputs: StepInputs) {
      const { learningRate, newShare } = inputs;
      const prepared = prepare(values, labels, inputs);
      const targets =
        prepared.targets ??
        smoothLabels(labels, numClasses, {
          smoothing: labelSmoothing,
          loss: lossOf,
        });
      let logits: tf.Tensor | undefined;
      const { value: loss, grads } = tf.variableGrads(
        () => {
          logits = tf.keep(
            withFusedLayers(() => applyLogits(model, prepared.inputs, { training: true }), {
              freezeBatchNorm: true,
            }),
          );
          const losses = lossOf.apply(logits as tf.Tensor2D, targets);
          const weighted = classWeights
            ? losses.mul<tf.Tensor1D>(tf.gather(tf.tensor1d([...classWeights]), labels))
            : losses;
          return addPenalties(model, weighted.mean());
        },
        trainable.map(({ variable }) => variable),
      );
      updates.apply(
        trainable.map(({ variable }) => grads[variable.name]),
        learningRate,
      );
      if (averages && newShare) averages.update(newShare);
      return { loss, logits: releaseKept(logits) };
    },
    { name: `training step of ${model.name}`, seed, bfloat16 },
  );

  const step: TrainingStep = {
    record(batch, sizes) {
      const runOn = (size: number) =>
        step.run(firstExamples(batch, size), { learningRate: 0, step: 1 });
      const before = readVariables(step.state());
      try {
        const small = smallBatches(preprocess);
        if (batch.labels.length > Math.max(...small))
          recordSmallBatches(compiled, () => small.forEach(runOn));
        for (const size of sizes) runOn(size);
      } finally {
        writeVariables(step.state(), before);
      }
    },
    run({ inputs, labels, augmentation: pictureInputs = {} }, { learningRate, step }) {
      setStepNumber(compiled, step);
      return tf.tidy(() => {
        const tensors = Object.entries(pictureInputs).map(
          ([name, values]) => [name, tf.tensor1d(values, 'int32')] as const,
        );
        const { loss, logits } = compiled(
          inputTensor(inputs, labels.length, options),
          tf.tensor1d(labels, 'int32'),
          {
            learningRate: tf.scalar(learningRate),
            augmentation: Object.fromEntries(tensors),
            ...(averages ? { newShare: tf.scalar(averages.newShare(step)) } : {}),
          },
        );
        return { loss: loss.dataSync()[0], logits: logits.dataSync() as Float32Array };
      });
    },
    state: () => [...weights, ...updates.slots, ...(averages?.variables ?? [])],
    averages: () => averages?.variables ?? [],
    statistics: compiled.statistics,
    dispose() {
      compiled.dispose();
      updates.dispose();
      averages?.dispose();
    },
  };
  return step;
}

/**
 * Numbers of examples to record; not one, which is a special case in some operations. Five pictures of 160 px take less memory than
 * a training step with 32 as a graph.
 */
function smallBatches(
  { height, width }: { height: number; width: number } = { height: 1, width: 1 },
) {
  return [2, 3, Math.max(5, Math.min(11, Math.floor((5 * 160 * 160) / (height * width))))];
}

function firstExamples({ inputs, labels, augmentation = {} }: StepBatch, size: number): StepBatch {
  const of = Object.entries(augmentation).map(
    ([name, values]) => [name, values.slice(0, size)] as const,
  );
  return {
    inputs: inputs.subarray(0, (inputs.length / labels.length) * size),
    labels: labels.subarray(0, size),
    augmentation: Object.fromEntries(of),
  };
}

function inputTensor(
  values: StepBatch['inputs'],
  size: number,
  { preprocess, height = preprocess?.height, width = preprocess?.width }: TrainingStepOptions,
): tf.Tensor {
  if (values instanceof Float32Array) return tf.tensor2d(values, [size, values.length / size]);
  return uint8Tensor(values, [size, height as number, width as number, 3]);
}

/** What differs from step to step besides the batch. */
type StepInputs = {
  readonly learningRate: tf.Scalar;
  readonly augmentation: Readonly<Record<string, tf.Tensor1D>>;
  /** How much of the new weights goes into their average. */
  readonly newShare?: tf.Scalar;
};

/** tf.variableGrads disposes what its function makes; the logits were kept across it and are the step's result now. */
function releaseKept(tensor: tf.Tensor | undefined): tf.Tensor {
  const result = (tensor as tf.Tensor).clone();
  tensor?.dispose();
  return result;
}

/** Adds the penalties that layers bring (kernelRegularizer and the like). */
function addPenalties(model: tf.LayersModel, loss: tf.Scalar): tf.Scalar {
  const penalties = (model as unknown as { calculateLosses(): tf.Scalar[] }).calculateLosses();
  return penalties.reduce((sum, penalty) => sum.add(penalty), loss);
}

interface LayerVariable {
  readonly originalName: string;
  readonly val: tf.Variable;
}

/** Every weight of a model, moving averages included, by names that are the same in another process. */
export function namedWeights(model: tf.LayersModel): NamedVariable[] {
  const seen = new Map<string, number>();
  return (model.weights as unknown as LayerVariable[]).map(({ originalName, val }) => {
    const count = (seen.get(originalName) ?? 0) + 1;
    seen.set(originalName, count);
    return { name: count === 1 ? originalName : `${originalName}#${count}`, variable: val };
  });
}

function trainableVariables(
  model: tf.LayersModel,
  weights: readonly NamedVariable[],
): NamedVariable[] {
  const trainable = new Set(
    (model.trainableWeights as unknown as LayerVariable[]).map(({ val }) => val),
  );
  const found = weights.filter(({ variable }) => trainable.has(variable));
  if (found.length === 0)
    throw new Error(
      `Expected ${model.name} to have trainable weights but all are frozen: set a layer's trainable to true`,
    );
  return found;
}
