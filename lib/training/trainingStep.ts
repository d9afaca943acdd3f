import { applyPreprocess, type Preprocess } from '../data/preprocess';
import { applyLogits } from '../models/logits';
import { tf } from '../tensorflow/backend';
import { compile, setStepNumber, type CompileStatistics } from '../tensorflow/compile';
import { softmaxCrossEntropy } from '../tensorflow/fusedKernels';
import { withFusedLayers } from '../tensorflow/layers';
import { uint8Tensor, uint8ToFloat } from '../tensorflow/operations';
import type { NamedVariable, Optimizer } from './optimizer';
import { smoothLabels } from './smoothLabels';

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
  /** Changes training pictures inside the graph: float32 [batch, height, width, 3] as the model wants them. */
  readonly augment?: (images: tf.Tensor4D) => tf.Tensor4D;
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
   * @param step Number of the step in the whole training, from 1: dropout and augmentation follow from it and the seed.
   * @returns The batch's mean loss (in nats, with the layers' penalties) and how many it had right, both before the update.
   */
  run(
    images: Uint8Array,
    labels: Int32Array,
    settings: { readonly learningRate: number; readonly step: number },
  ): { readonly loss: number; readonly correct: number };
  /** All that a checkpoint has to hold: every weight of the model and the optimizer's slots, by lasting names. */
  state(): readonly NamedVariable[];
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
 * @throws If the model does not end in a softmax, or at the first step when shapes do not fit.
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
    augment = (images) => images,
    bfloat16 = false,
  }: TrainingStepOptions,
): TrainingStep {
  const weights = namedWeights(model);
  const trainable = trainableVariables(model, weights);
  const updates = optimizer.start(trainable);
  const numClasses = model.outputs[0].shape[1] as number;

  const compiled = compile(
    function trainingStep(pixels: tf.Tensor4D, labels: tf.Tensor1D, learningRate: tf.Scalar) {
      const images = augment(applyPreprocess(uint8ToFloat(pixels) as tf.Tensor4D, preprocess));
      const targets = smoothLabels(labels, numClasses, labelSmoothing);
      let correct: tf.Tensor | undefined;
      const { value: loss, grads } = tf.variableGrads(
        () => {
          const logits = withFusedLayers(() => applyLogits(model, images, { training: true }), {
            freezeBatchNorm: true,
          });
          correct = tf.keep(logits.argMax(1).equal(labels).sum());
          return addPenalties(model, softmaxCrossEntropy(logits, targets).mean());
        },
        trainable.map(({ variable }) => variable),
      );
      updates.apply(
        trainable.map(({ variable }) => grads[variable.name]),
        learningRate,
      );
      return { loss, correct: unkept(correct) };
    },
    { name: `training step of ${model.name}`, seed, bfloat16 },
  );

  return {
    run(images, labels, { learningRate, step }) {
      setStepNumber(compiled, step);
      return tf.tidy(() => {
        const { loss, correct } = compiled(
          uint8Tensor(images, [labels.length, height, width, 3]) as tf.Tensor4D,
          tf.tensor1d(labels, 'int32'),
          tf.scalar(learningRate),
        );
        return { loss: loss.dataSync()[0], correct: correct.dataSync()[0] };
      });
    },
    state: () => [...weights, ...updates.slots],
    statistics: compiled.statistics,
    dispose() {
      compiled.dispose();
      updates.dispose();
    },
  };
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
