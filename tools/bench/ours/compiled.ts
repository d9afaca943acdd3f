import { createPredictor, type GraphPredictor } from '../../../lib/evaluation/predictor';
import { createAdam, createSgd } from '../../../lib/training/optimizer';
import { createTrainingStep, type TrainingStep } from '../../../lib/training/trainingStep';
import { preprocessOf, type RunnerFactory } from './model';

/** The project's own engine, through the functions that notebooks use too. */
export const createCompiledRunner: RunnerFactory = (model, task) => {
  const { learningRate, momentum } = task;
  const preprocess = preprocessOf(task);
  let trainingStep: TrainingStep | undefined;
  let predictor: GraphPredictor | undefined;
  let step = 0;
  return {
    train(images, labels) {
      const batch = { inputs: images, labels };
      if (!trainingStep) {
        trainingStep = createTrainingStep(model, {
          optimizer: task.optimizer === 'adam' ? createAdam() : createSgd({ momentum }),
          preprocess,
          seed: 1,
          bfloat16: task.precision === 'bfloat16',
        });
        trainingStep.record(batch, []); // its graph is made by the first run
      }
      return trainingStep.run(batch, { learningRate, step: ++step }).loss;
    },
    predict(images, size) {
      predictor ??= createPredictor(model, { preprocess });
      return predictor.run(images, size);
    },
    dispose() {
      trainingStep?.dispose();
      predictor?.dispose();
    },
  };
};
