import { applyPreprocess, type Preprocess } from '../data/preprocess';
import { applyLogits } from '../models/logits';
import { tf } from '../tensorflow/backend';
import { compile, setStepNumber, type CompileStatistics } from '../tensorflow/compile';
import { softmaxCrossEntropy } from '../tensorflow/fusedKernels';
import { withFusedLayers } from '../tensorflow/layers';
import { uint8Tensor, uint8ToFloat } from '../tensorflow/operations';
import type { Augmentation } from './augment';
import { createAverages, type AverageWeights } from './averageWeights';
import type { NamedVariable, Optimizer } from './optimizer';
import { denseTargets, smoothLabels } from './smoothLabels';

export interface TrainingStepOptions {
  readonly optimizer: Optimizer;
  readonly preprocess: Preprocess;
  /** Seed of dropout and augmentation. */
  readonly seed: number;
  /** Size of the pictures as they come, before preprocessing. Default: the preprocess' own. */
  readonly height?: number;
  readonly width?: number;
  /** Share of the target that is spread evenly over all classes, in [0, 1) (Szegedy et al. 2016). Default 0. */
  readonly labelSmoothing?: number;
  /** Changes pictures and targets inside the graph, before the preprocessing. Default: nothing is changed. */
  readonly augmentation?: Augmentation;
  /** Keeps a moving average of every weight beside the weights. Default: none. */
  readonly averageWeights?: AverageWeights;
  /** Convolutions and matrix products in bfloat16. Default false. */
  readonly bfloat16?: boolean;
}

/** One step of training as one TensorFlow graph. */
export interface TrainingStep {
  /**
   * Trains on one batch.
   *
   * @param images uint8 [size, height, width, 3].
   * @param labels int32 [size].
   * @param settings.step Number of the step in the whole training, from 1: dropout and augmentation follow from it and
   *   the seed.
   * @param settings.flips int32 [size], 1 for a picture that an alternating flip mirrors; needed for that one only.
   * @returns The batch's mean loss (in nats, with the layers' penalties) and how many it had right, both before the update.
   */
  run(
    images: Uint8Array,
    labels: Int32Array,
    settings: {
      readonly learningRate: number;
      readonly step: number;
      readonly flips?: Int32Array;
    },
  ): { readonly loss: number; readonly correct: number };
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
 * Makes the training step of a classifier: preprocess, forward, cross-entropy, gradients, update.
 *
 * A batch norm layer whose `trainable` is false keeps its moving statistics, as in Keras.
 *
 * @param model Ends in a softmax; its trainable weights are updated in place. It stays the caller's.
 * @throws If all weights are frozen; at the first step where the model does not end in a softmax or shapes do not fit.
 */
export function createTrainingStep(
  model: tf.LayersModel,
  {
    optimizer,
    preprocess,
    seed,
    height = preprocess.height,
    width = preprocess.width,
    labelSmoothing = 0,
    augmentation,
    averageWeights,
    bfloat16 = false,
  }: TrainingStepOptions,
): TrainingStep {
  const weights = namedWeights(model);
  const trainable = trainableVariables(model, weights);
  const updates = optimizer.start(trainable);
  const averages = averageWeights && createAverages(weights, averageWeights);
  const numClasses = model.outputs[0].shape[1] as number;

  const compiled = compile(
    function trainingStep(pixels: tf.Tensor4D, labels: tf.Tensor1D, inputs: StepInputs) {
      const toTargets = augmentation?.mixes ? denseTargets : smoothLabels;
      const plain = {
        images: uint8ToFloat(pixels) as tf.Tensor4D,
        targets: toTargets(labels, numClasses, labelSmoothing),
      };
      const { flips, learningRate, newShare } = inputs;
      const fill = preprocess.mean.map((mean) => 255 * mean);
      const batch = augmentation?.apply(plain, { fill, flips }) ?? plain;
      const images = applyPreprocess(batch.images, preprocess);
      let correct: tf.Tensor | undefined;
      const { value: loss, grads } = tf.variableGrads(
        () => {
          const logits = withFusedLayers(() => applyLogits(model, images, { training: true }), {
            freezeBatchNorm: true,
          });
          correct = tf.keep(logits.argMax(1).equal(labels).sum());
          return addPenalties(model, softmaxCrossEntropy(logits, batch.targets).mean());
        },
        trainable.map(({ variable }) => variable),
      );
      updates.apply(
        trainable.map(({ variable }) => grads[variable.name]),
        learningRate,
      );
      if (averages && newShare) averages.update(newShare);
      return { loss, correct: unkept(correct) };
    },
    { name: `training step of ${model.name}`, seed, bfloat16 },
  );

  return {
    run(images, labels, { learningRate, step, flips }) {
      setStepNumber(compiled, step);
      return tf.tidy(() => {
        const inputs: StepInputs = {
          learningRate: tf.scalar(learningRate),
          ...(augmentation?.alternates && flips ? { flips: tf.tensor1d(flips, 'int32') } : {}),
          ...(averages ? { newShare: tf.scalar(averages.newShare(step)) } : {}),
        };
        const { loss, correct } = compiled(
          uint8Tensor(images, [labels.length, height, width, 3]) as tf.Tensor4D,
          tf.tensor1d(labels, 'int32'),
          inputs,
        );
        return { loss: loss.dataSync()[0], correct: correct.dataSync()[0] };
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
}

/** What differs from step to step besides the batch. */
interface StepInputs extends Record<string, tf.Tensor | undefined> {
  readonly learningRate: tf.Scalar;
  readonly flips?: tf.Tensor1D;
  /** How much of the new weights goes into their average. */
  readonly newShare?: tf.Scalar;
}

/** tf.variableGrads disposes what its function makes; the count was kept across it and is the step's result now. */
function unkept(tensor: tf.Tensor | undefined): tf.Tensor {
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
