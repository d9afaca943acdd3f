import { createPredictor } from '../../../lib/evaluation/predictor';
import { tf } from '../../../lib/tensorflow/backend';
import { createAdam } from '../../../lib/training/optimizer';
import { createTrainingStep } from '../../../lib/training/trainingStep';
import type { Runner, RunnerFactory } from './model';

/** Transfer learning as notebooks do it: each picture passes the frozen layers once, then the head learns from that. */
export const createFeaturesRunner: RunnerFactory = (model, task) => {
  const { inputSize, mean, std, learningRate, numClasses, epochs } = task;
  const preprocess = { height: inputSize, width: inputSize, mean, std };
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
  const predictor = createPredictor(backbone, { preprocess });
  const headStep = createTrainingStep(head, { optimizer: createAdam(), seed: 1 });
  let step = 0;

  const look = (images: Uint8Array, labels: Int32Array) => {
    if (!hasWeights) head.setWeights(top.getWeights()); // they come after the model
    hasWeights = true;
    const values = predictor.run(images, labels.length);
    return { inputs: values, labels };
  };
  const learn = (batch: ReturnType<typeof look>) =>
    headStep.run(batch, { learningRate, step: ++step }).loss;
  const runner: Runner = {
    train: (images, labels) => learn(look(images, labels)),
    trainAll(batches) {
      const looked = batches.map(([images, labels]) => look(images, labels));
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
  return runner;
};
