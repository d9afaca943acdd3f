/** Trains a model as a graph and an equal one eagerly, step by step, and compares. */
import { tf } from '../../lib/tensorflow/backend';
import type { CompiledStep, CompileOptions } from '../../lib/tensorflow/compile';
import { softmaxCrossEntropy } from '../../lib/tensorflow/fusedKernels';
import type { Optimizer } from '../../lib/training/optimizer';
import { namedWeights } from '../../lib/training/trainingStep';
import type { ModelCase } from './modelCases';
import { compileStrictly, eagerTwin } from './steps';
import { assertClose } from '../assertClose';

type AnyOptimizer = Optimizer | tf.Optimizer;
type TrainingStep = (inputs: tf.Tensor, labels: tf.Tensor, learningRate: tf.Scalar) => tf.Scalar;

export interface Training {
  readonly model: tf.LayersModel;
  readonly step: CompiledStep<TrainingStep>;
  readonly optimizer: AnyOptimizer;
  dispose(): void;
}

/** Loss, gradients and update of one batch with our own optimizers or tfjs'. */
export function createTraining(
  model: tf.LayersModel,
  optimizer: AnyOptimizer,
  prepare: typeof compileStrictly,
  options: CompileOptions = {},
): Training {
  const trainable = new Set(
    (model.trainableWeights as unknown as { val: tf.Variable }[]).map(({ val }) => val),
  );
  const weights = namedWeights(model).filter(({ variable }) => trainable.has(variable));
  const variables = weights.map(({ variable }) => variable);
  const state = 'start' in optimizer ? optimizer.start(weights) : null;
  const penalties = model as unknown as { calculateLosses(): tf.Scalar[] };

  const step = prepare<TrainingStep>(function trainingStep(inputs, labels, learningRate) {
    const lossOf = (): tf.Scalar => {
      const logits = model.apply(inputs, { training: true }) as tf.Tensor2D;
      const loss = softmaxCrossEntropy(logits, labels).mean<tf.Scalar>();
      return penalties.calculateLosses().reduce((sum, penalty) => sum.add(penalty), loss);
    };
    if (state === null) return (optimizer as tf.Optimizer).minimize(lossOf, true, variables)!;
    const { value, grads } = tf.variableGrads(lossOf, variables);
    state.apply(
      variables.map(({ name }) => grads[name]),
      learningRate,
    );
    return value;
  }, options);

  return {
    model,
    step,
    optimizer,
    dispose() {
      step.dispose();
      state?.dispose();
      if (optimizer instanceof tf.Optimizer) optimizer.dispose();
      model.dispose();
    },
  };
}

/** A graph and its eager twin from the same weights. */
export function createTwins(
  { create }: ModelCase,
  createOptimizer: () => AnyOptimizer,
  options: CompileOptions = {},
): { readonly graph: Training; readonly eager: Training } {
  const graph = createTraining(create(), createOptimizer(), compileStrictly, options);
  const eager = createTraining(create(), createOptimizer(), eagerTwin, { seed: options.seed });
  eager.model.setWeights(graph.model.getWeights());
  return { graph, eager };
}

/** Trains on batch number `index`. @returns the loss. */
export function trainOn(
  { inputs }: ModelCase,
  { step }: Training,
  { index, size }: { readonly index: number; readonly size: number },
): number {
  return tf.tidy(() => {
    const labels = Int32Array.from({ length: size }, (_, i) => (i * 5 + index) % 3);
    const loss = step(inputs(size, index % 7), tf.tensor1d(labels, 'int32'), tf.scalar(0.02));
    return loss.dataSync()[0];
  });
}

/** Compares every weight. */
export function assertSameWeights(
  graph: tf.LayersModel,
  eager: tf.LayersModel,
  tolerance: number,
): void {
  const expected = namedWeights(eager);
  namedWeights(graph).forEach(({ name, variable }, i) =>
    assertClose(variable.dataSync(), expected[i].variable.dataSync(), { tolerance, message: name }),
  );
}
