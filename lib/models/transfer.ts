/** Transfer learning: a pretrained backbone that extracts features, and a small head that classifies them. */
import { MOBILENET_SCALE, type Preprocess } from '../data/preprocess';
import {
  checkOptions,
  fractionBelowOne,
  integerFrom,
  nonNegativeInteger,
  positiveInteger,
  required,
  seedInteger,
} from '../options';
import { tf } from '../tensorflow/backend';
import { layerSeed } from './modelOptions';
import type { ResolveWeightsOptions } from './mobileNetV2Weights';
import { loadMobileNetV2, type PretrainedMobileNetV2 } from './pretrained';

/** A pretrained network without its top: pictures in, features out. */
export interface Backbone extends PretrainedMobileNetV2 {
  /** Input float32 [n, inputSize, inputSize, 3]; output float32 [n, features]. All layers frozen. */
  readonly model: tf.LayersModel;
  /** Brings pictures of any size to what `model` takes, resize included. */
  readonly preprocess: Preprocess;
}

/** Options of {@link loadBackbone}. */
export interface BackboneOptions extends Omit<ResolveWeightsOptions, 'includeTop'> {
  /**
   * Layers whose feature maps, averaged likewise, precede those of the last layer, as Keras calls them, e.g.
   * `block_13_expand_relu`. What is left of a picture in the middle of the network helps where the new pictures are unlike
   * ImageNet's (Evci et al., "Head2Toe", ICML 2022). Default: none.
   */
  readonly featureLayers?: readonly string[];
}

/**
 * Loads MobileNetV2 as a frozen backbone whose last feature map is averaged to one vector a picture
 * (1280 features up to alpha 1). Where the weights come from: see `loadMobileNetV2`.
 *
 * @param options.inputSize what pictures are resized to, 32 or more pixels. Default 224. CIFAR-10's 32 pixels hold no
 *   more detail at 160 than at 96, but ImageNet's filters expect things of a certain size.
 * @returns the caller disposes `model`.
 * @throws Error where a feature layer does not exist.
 */
export async function loadBackbone(options: BackboneOptions = {}): Promise<Backbone> {
  const { featureLayers = [], ...resolve } = options;
  const { inputSize = 224 } = resolve;
  const { model: network, weights } = await loadMobileNetV2({ ...resolve, pooling: 'avg' });
  const model = withFeatureLayers(network, featureLayers);
  freeze(model);
  return {
    model,
    weights,
    preprocess: { height: inputSize, width: inputSize, ...MOBILENET_SCALE },
  };
}

/** The same layers, with further averaged feature maps before those of the output. */
function withFeatureLayers(network: tf.LayersModel, names: readonly string[]): tf.LayersModel {
  if (names.length === 0) return network;
  const further = names.map((layerName) => {
    const { output } = network.layers[layerIndex(network, layerName, '_expand_relu')];
    const name = `${layerName}_pool`;
    return tf.layers.globalAveragePooling2d({ name }).apply(output) as tf.SymbolicTensor;
  });
  const outputs = tf.layers
    .concatenate({ name: 'features' })
    .apply([...further, network.outputs[0]]) as tf.SymbolicTensor;
  return tf.model({ name: network.name, inputs: network.inputs, outputs });
}

/** Options of {@link createHead}. */
export interface HeadOptions {
  /** Features that the backbone gives: `backbone.outputs[0].shape[1]`. */
  readonly features: number;
  readonly numClasses: number;
  /** Units of one hidden relu layer; 0 (the default) makes the head linear. */
  readonly hiddenUnits?: number;
  /** Share of the features, and of the hidden units, dropped in training, in [0, 1). Default 0. */
  readonly dropoutRate?: number;
  /** Seed of the hidden layer's initial weights; the last layer starts at 0. Default 0. */
  readonly seed?: number;
}

/** Brings every feature to mean 0 and variance 1; its numbers come from the training features. */
export const STANDARDIZE_LAYER = 'head_standardize';

/**
 * The head: standardise, drop, (hidden relu layer, drop,) softmax. Input float32 [n, features], output probabilities
 * [n, numClasses].
 *
 * Standardising is a batch normalization that is never trained: {@link trainHead} sets it from
 * the training features, and it is saved with the model.
 */
export function createHead(options: HeadOptions): tf.LayersModel {
  checkOptions<HeadOptions>('createHead', options, {
    features: required(positiveInteger),
    numClasses: required(integerFrom(2, 10)),
    hiddenUnits: nonNegativeInteger,
    dropoutRate: fractionBelowOne,
    seed: seedInteger,
  });
  const { features, numClasses, hiddenUnits = 0, dropoutRate = 0, seed = 0 } = options;
  const dropout = (name: string) =>
    dropoutRate > 0 ? [tf.layers.dropout({ name, rate: dropoutRate })] : [];
  return tf.sequential({
    name: 'head',
    layers: [
      tf.layers.batchNormalization({
        name: STANDARDIZE_LAYER,
        inputShape: [features],
        epsilon: 1e-3, // a feature that is almost always 0 must not be amplified
        trainable: false,
      }),
      ...dropout('head_dropout'),
      ...(hiddenUnits > 0
        ? [hiddenLayer(hiddenUnits, seed), ...dropout('head_hidden_dropout')]
        : []),
      tf.layers.dense({
        name: 'predictions',
        units: numClasses,
        activation: 'softmax',
        kernelInitializer: 'zeros', // all classes start equally likely: no random bias to unlearn from few images
      }),
    ],
  });
}

function hiddenLayer(units: number, seed: number): tf.layers.Layer {
  const name = 'head_hidden';
  const kernelInitializer = tf.initializers.glorotUniform({ seed: layerSeed(seed, name) });
  return tf.layers.dense({ name, units, activation: 'relu', kernelInitializer });
}

/**
 * Puts a head on a backbone: one model from picture to probabilities, flat, with the layers of both by their names.
 *
 * Both are copied: fine-tuning the model leaves the backbone, and the features that were taken from it, as they are.
 * The caller disposes all three.
 *
 * @throws Error where the head takes another number of features than the backbone gives.
 */
export function createTransferModel(
  backbone: tf.LayersModel,
  head: tf.LayersModel,
): tf.LayersModel {
  const given = backbone.outputs[0].shape;
  const taken = head.inputs[0].shape;
  if (given.length !== 2 || given[1] !== taken[1]) {
    throw new Error(
      `Expected the head to take the backbone's features [n, ${given.slice(1).join(', ')}] but it takes ` +
        `[n, ${taken.slice(1).join(', ')}]: load the backbone with pooling, and create the head with its number of features.`,
    );
  }
  const body = copyOf(backbone);
  const headLayers = head.layers.filter((layer) => layer.getClassName() !== 'InputLayer');
  const outputs = headLayers.reduce(
    (x, layer) => copyOf(layer).apply(x) as tf.SymbolicTensor,
    body.outputs[0],
  );
  const model = tf.model({ name: `${backbone.name}_transfer`, inputs: body.inputs, outputs });
  for (const source of [...backbone.layers, ...headLayers]) {
    const copy = model.getLayer(source.name);
    copy.setWeights(source.getWeights());
    copy.trainable = source.trainable;
  }
  return model;
}

/** A new layer, or model, of the same configuration; its weights are fresh. */
function copyOf<L extends tf.layers.Layer>(layer: L): L {
  const constructor = layer.constructor as unknown as {
    fromConfig(constructor: unknown, config: object): L;
  };
  return constructor.fromConfig(constructor, layer.getConfig());
}

/** Freezes every layer: no weight of the model is trained any more. */
export function freeze(model: tf.LayersModel): void {
  for (const layer of model.layers) layer.trainable = false;
}

/**
 * Prepares fine-tuning: `layerName` and every layer behind it is trained, every layer before it is frozen.
 *
 * Batch normalization stays frozen throughout, in inference mode: its averages, taken over a million pictures, are
 * better than those of a few small batches, and training them wrecks what was transferred
 * (https://keras.io/guides/transfer_learning/).
 *
 * @param layerName as Keras calls it, for example `block_13_expand`; `predictions` is the head's last layer.
 * @returns the names of the layers that will be trained.
 * @throws Error where there is no such layer.
 */
export function unfreezeFrom(model: tf.LayersModel, layerName: string): string[] {
  const start = layerIndex(model, layerName, '_expand');
  const trained = model.layers.filter((layer, index) => {
    layer.trainable = index >= start && layer.getClassName() !== 'BatchNormalization';
    return layer.trainable && layer.weights.length > 0;
  });
  return trained.map(({ name }) => name);
}

/** @throws Error that proposes the last layer whose name ends like this. */
function layerIndex(model: tf.LayersModel, layerName: string, suffix: string): number {
  const names = model.layers.map(({ name }) => name);
  const index = names.indexOf(layerName);
  if (index >= 0) return index;
  throw new Error(
    `Expected the name of a layer of ${model.name} but received "${layerName}": ` +
      `pass for example ${names.filter((name) => name.endsWith(suffix)).at(-1) ?? names[0]}.`,
  );
}

/** How many numbers of a model training would change; `model.countParams()` counts them all. */
export function countTrainedParameters(model: tf.LayersModel): number {
  return model.trainableWeights.reduce(
    (sum, { shape }) => sum + shape.reduce<number>((product, side) => product * (side ?? 1), 1),
    0,
  );
}
