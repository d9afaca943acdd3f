import { applyLogits } from '../models/logits';
import { STANDARDIZE_LAYER } from '../models/transfer';
import { tf } from '../tensorflow/backend';
import { compile, setStepNumber } from '../tensorflow/compile';
import { softmaxCrossEntropy } from '../tensorflow/fusedKernels';
import { withFusedLayers } from '../tensorflow/layers';
import type { Features } from './features';
import { createAdam } from './optimizer';
import { smoothLabels } from './smoothLabels';
import { namedWeights } from './trainingStep';

/** One step of training a head. */
export interface HeadStep {
  /**
   * @param batch its features and labels.
   * @param settings.step number of the step in the whole training, from 1: dropout follows from it and the seed.
   * @returns the batch's mean loss in nats and how many it had right, both before the update.
   */
  run(
    batch: Features,
    settings: { readonly learningRate: number; readonly step: number },
  ): { readonly loss: number; readonly correct: number };
  dispose(): void;
}

/** Makes the training step of a head: forward, cross-entropy, gradients, AdamW, as one graph. */
export function createHeadStep(
  head: tf.LayersModel,
  options: { readonly weightDecay: number; readonly labelSmoothing: number; readonly seed: number },
): HeadStep {
  const { weightDecay, labelSmoothing, seed } = options;
  const variables = new Set(head.trainableWeights.map((weight) => weight.read()));
  const weights = namedWeights(head).filter(({ variable }) => variables.has(variable));
  const updates = createAdam({ weightDecay }).start(weights);
  const numClasses = head.outputs[0].shape[1] as number;
  const compiled = compile(
    function headStep(features: tf.Tensor2D, labels: tf.Tensor1D, learningRate: tf.Scalar) {
      const targets = smoothLabels(labels, numClasses, labelSmoothing);
      const logitsOf = () =>
        withFusedLayers(() => applyLogits(head, features, { training: true }), {
          freezeBatchNorm: true,
        });
      let correct: tf.Tensor | undefined;
      const { value: loss, grads } = tf.variableGrads(
        () => {
          const logits = logitsOf();
          correct = tf.keep(logits.argMax(1).equal(labels).sum());
          return softmaxCrossEntropy(logits, targets).mean<tf.Scalar>();
        },
        weights.map(({ variable }) => variable),
      );
      const result = (correct as tf.Tensor).clone();
      correct?.dispose();
      updates.apply(
        weights.map(({ variable }) => grads[variable.name]),
        learningRate,
      );
      return { loss, correct: result };
    },
    { name: 'training step of the head', seed },
  );
  return {
    run({ values, labels, size, width }, { learningRate, step }) {
      setStepNumber(compiled, step);
      return tf.tidy(() => {
        const { loss, correct } = compiled(
          tf.tensor2d(values, [size, width]),
          tf.tensor1d(labels, 'int32'),
          tf.scalar(learningRate),
        );
        return { loss: loss.dataSync()[0], correct: correct.dataSync()[0] };
      });
    },
    dispose() {
      compiled.dispose();
      updates.dispose();
    },
  };
}

/** Sets the head's standardisation to mean and variance of each feature, summed in double precision. */
export function standardize(head: tf.LayersModel, { values, size, width }: Features): void {
  const layer = head.layers.find(({ name }) => name === STANDARDIZE_LAYER);
  if (!layer) return; // a head of the caller's own
  const sums = new Float64Array(width);
  const squares = new Float64Array(width);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < width; column++) {
      const value = values[row * width + column];
      sums[column] += value;
      squares[column] += value * value;
    }
  }
  const mean = sums.map((sum) => sum / size);
  const variance = squares.map((square, column) => Math.max(0, square / size - mean[column] ** 2));
  tf.tidy(() => {
    const [gamma, beta] = layer.getWeights();
    layer.setWeights([gamma, beta, tf.tensor1d([...mean]), tf.tensor1d([...variance])]);
  });
}
