import type { Predictor } from '../../../lib/evaluation/predictor';
import { tf } from '../../../lib/tensorflow/backend';
import { createAdam } from '../../../lib/training/optimizer';
import { createTrainingStep } from '../../../lib/training/trainingStep';
import type { Task } from '../task';
import type { Runner } from './model';

/**
 * Transfer learning as notebooks do it: each picture passes the frozen layers once, then the head learns from that.
 *
 * @param createPredictor of the frozen layers.
 */
export function createFeaturesRunner(
  model: tf.LayersModel,
  { learningRate, numClasses, epochs }: Task,
  createPredictor: (backbone: tf.LayersModel) => Predictor,
): Runner {
  const top = model.layers[model.layers.length - 1];
  const backbone = tf.model({ inputs: model.inputs, outputs: top.input });
  const head = tf.sequential({
    layers: [
      tf.layers.dense({
        inputShape: [backbone.outputs[0].shape[1]],
        units: numClasses,
        activation: 'softmax',
        name: 'top',
      }),
    ],
  });
  let hasWeights = false;
  const predictor = createPredictor(backbone);
  const headStep = createTrainingStep(head, { optimizer: createAdam(), seed: 1 });
  let step = 0;

  const look = async (images: Uint8Array, labels: Int32Array) => {
    if (!hasWeights) head.setWeights(top.getWeights()); // they come after the model
    hasWeights = true;
    return { inputs: await predictor.run(images, labels.length), labels };
  };
  const learn = (batch: Awaited<ReturnType<typeof look>>) =>
    headStep.run(batch, { learningRate, step: ++step }).loss;
  return {
    train: async (images, labels) => learn(await look(images, labels)),
    async trainAll(batches) {
      const looked = [];
      for (const [images, labels] of batches) looked.push(await look(images, labels));
      for (let epoch = 0; epoch < epochs; epoch++) looked.forEach(learn);
    },
    predict: () => {
      throw new Error('Expected a training task: nothing is predicted here.');
    },
    dispose() {
      headStep.dispose();
      predictor.dispose();
      head.dispose();
    },
  };
}
