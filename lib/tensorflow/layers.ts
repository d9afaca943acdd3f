/**
 * During a step, tfjs' own Dropout and BatchNormalization layers run on TensorFlow's stateless random numbers and
 * fused kernels. The models stay plain tfjs models: nothing of this is saved with them.
 */
import { tf } from './backend';
import { batchNormTraining, registerFusedKernels } from './fusedKernels';
import { dropout, hasRandomStream } from './random';
import { replaceMember } from './replaceMember';

type CallArguments = { readonly training?: boolean };
type Call = (
  this: tf.layers.Layer,
  inputs: tf.Tensor | tf.Tensor[],
  args: CallArguments,
) => tf.Tensor | tf.Tensor[];

interface LayerPrototype {
  call: Call;
}

interface LayerVariable {
  read(): tf.Tensor;
  write(value: tf.Tensor): void;
}

interface DropoutLayer extends tf.layers.Layer {
  readonly rate: number;
  readonly seed?: number;
  getNoiseShape(input: tf.Tensor): readonly number[] | null | undefined;
}

interface ReluLayer extends tf.layers.Layer {
  readonly maxValue?: number;
}

interface BatchNormalizationLayer extends tf.layers.Layer {
  readonly axis: number;
  readonly momentum: number;
  readonly epsilon: number;
  /** Absent with `scale: false`, as `beta` with `center: false`. */
  readonly gamma?: LayerVariable | null;
  readonly beta?: LayerVariable | null;
  readonly movingMean: LayerVariable;
  readonly movingVariance: LayerVariable;
}

let depth = 0;
let frozenStatistics = false;

/**
 * Runs `step` with the layers on fused kernels.
 *
 * @param freezeBatchNorm A batch norm whose `trainable` is false keeps and uses its moving statistics even in
 *   training, as in Keras; tfjs itself has no such rule. Default false.
 */
export function withFusedLayers<T>(
  step: () => T,
  { freezeBatchNorm = frozenStatistics }: { readonly freezeBatchNorm?: boolean } = {},
): T {
  registerFusedKernels();
  const outerFrozen = frozenStatistics;
  frozenStatistics = freezeBatchNorm;
  const restore = depth++ === 0 ? replaceCalls() : () => undefined;
  try {
    return step();
  } finally {
    restore();
    depth--;
    frozenStatistics = outerFrozen;
  }
}

function replaceCalls(): () => void {
  const restore = [
    replaceMember(prototypeOf(tf.layers.dropout({ rate: 0.5 })), 'call', seededDropout),
    replaceMember(prototypeOf(tf.layers.batchNormalization()), 'call', fusedBatchNorm),
    replaceMember(prototypeOf(tf.layers.reLU()), 'call', fusedRelu),
    replaceMember(relu6Activation(), 'apply', () => (x) => tf.relu6(x)),
  ];
  return () => {
    for (const undo of restore) undo();
  };
}

function seededDropout(plain: Call): Call {
  return function (inputs, args) {
    const layer = this as DropoutLayer;
    const applies = args.training === true && layer.rate > 0 && layer.rate < 1;
    // A layer with a seed of its own has the same mask on every call in tfjs; it keeps it.
    if (!applies || layer.seed != null || !hasRandomStream()) return plain.call(this, inputs, args);
    const input = onlyTensor(inputs);
    return dropout(input, layer.rate, { noiseShape: layer.getNoiseShape(input) ?? input.shape });
  };
}

function fusedBatchNorm(plain: Call): Call {
  return function (inputs, args) {
    const layer = this as BatchNormalizationLayer;
    const input = onlyTensor(inputs);
    const training = args.training === true && !(frozenStatistics && !isTrainable(layer));
    const isLastAxis = layer.axis === -1 || layer.axis === input.rank - 1;
    // tfjs itself cannot train a layer without gamma or beta.
    const isComplete = layer.gamma != null && layer.beta != null;
    if (!isLastAxis || input.rank < 2 || (isComplete && !training))
      return plain.call(this, inputs, { ...args, training });
    return tf.tidy(() =>
      training ? normalizeBatch(layer, input) : normalizeByAverages(layer, input),
    );
  };
}

/** `model.trainable = false` sets the flag of a layer's weights but not of the layer itself: check both. */
function isTrainable(layer: BatchNormalizationLayer): boolean {
  const onlyAverages = layer.gamma == null && layer.beta == null; // no weight to ask
  return onlyAverages ? layer.trainable : layer.trainableWeights.length > 0;
}

/** tfjs clips relu's result in a second operation, which TensorFlow can neither fuse nor differentiate cheaply. */
function fusedRelu(plain: Call): Call {
  return function (inputs, args) {
    const isRelu6 = (this as ReluLayer).maxValue === 6;
    return isRelu6 ? tf.relu6(onlyTensor(inputs)) : plain.call(this, inputs, args);
  };
}

function normalizeBatch(layer: BatchNormalizationLayer, input: tf.Tensor): tf.Tensor {
  const channels = input.shape[input.rank - 1];
  const images = input.rank === 4 ? input : input.reshape([-1, 1, 1, channels]);
  const { normalized, mean, variance } = batchNormTraining(
    images as tf.Tensor4D,
    gammaOf(layer, channels),
    betaOf(layer, channels),
    { epsilon: layer.epsilon },
  );
  average(layer.movingMean, mean, layer.momentum);
  average(layer.movingVariance, variance, layer.momentum);
  return input.rank === 4 ? normalized : normalized.reshape(input.shape);
}

function normalizeByAverages(layer: BatchNormalizationLayer, input: tf.Tensor): tf.Tensor {
  const channels = input.shape[input.rank - 1];
  return tf.batchNorm(
    input,
    layer.movingMean.read(),
    layer.movingVariance.read(),
    betaOf(layer, channels),
    gammaOf(layer, channels),
    layer.epsilon,
  );
}

function gammaOf({ gamma }: BatchNormalizationLayer, channels: number): tf.Tensor1D {
  return (gamma?.read() ?? tf.ones([channels])) as tf.Tensor1D;
}

function betaOf({ beta }: BatchNormalizationLayer, channels: number): tf.Tensor1D {
  return (beta?.read() ?? tf.zeros([channels])) as tf.Tensor1D;
}

/** moving ← moving − (moving − value) · (1 − momentum), in tfjs' own order of operations. */
function average(moving: LayerVariable, value: tf.Tensor, momentum: number): void {
  const before = moving.read();
  moving.write(before.sub(before.sub(value).mul(1 - momentum)));
}

function onlyTensor(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
  return Array.isArray(inputs) ? inputs[0] : inputs;
}

interface Activation {
  apply(x: tf.Tensor): tf.Tensor;
}

/** The class behind `activation: 'relu6'`, which tfjs composes like the ReLU layer. */
function relu6Activation(): Activation {
  const layer = tf.layers.activation({ activation: 'relu6' }) as unknown as { activation: object };
  return Object.getPrototypeOf(layer.activation) as Activation;
}

const prototypes = new Map<string, LayerPrototype>();

/** tfjs does not export its layer classes: take them from an instance. */
function prototypeOf(layer: tf.layers.Layer): LayerPrototype {
  const name = layer.getClassName();
  const known = prototypes.get(name) ?? (Object.getPrototypeOf(layer) as LayerPrototype);
  prototypes.set(name, known);
  return known;
}
