/** Whole models that Keras 3 saved, `.keras` and `.h5`, as models of tfjs. */
import { basename } from 'node:path';
import { readWholeFile } from '../atomicFile';
import { describeValue } from '../options';
import {
  anything,
  listOf,
  object,
  objectOf,
  optional,
  type Schema,
  SchemaError,
  text,
} from '../schema';
import { tf } from '../tensorflow/backend';
import { readKerasTree, weightName, type KerasTree, type LayerWeights } from './kerasH5';
import { writeKerasWeights } from './kerasWeights';
import { isZip, unzip } from './zip';

/**
 * Loads a whole model that Keras 3 saved with `model.save('name.keras')` or `model.save('name.h5')`: Sequential or
 * functional, made of layers of pictures and features that tfjs has too. All of it can be trained further.
 *
 * Models inside the model are replaced by their layers, so each layer is found by its own name. What was called with
 * `training=False` stays in inference mode: its dropout is left out, its batch norms are frozen. Mixed precision becomes
 * float32, in which Keras keeps such a model's weights. The optimizer's state is not read.
 *
 * @param path relative to the working directory.
 * @returns the caller disposes it.
 * @throws Error that names the layer, option, call or data type that tfjs does not have, or where it means something
 *   else; or that says what the file is instead.
 */
export async function loadKerasModel(path: string): Promise<tf.LayersModel> {
  const name = basename(path);
  const [topology, tree, findWeights] = await readModel(name, await readWholeFile(path));
  const builder = new Builder(name);
  try {
    const model = builder.build(layerSchema(JSON.parse(topology), ''));
    const weights = builder.layers.map(
      (placed) => [placed.layer.name, findWeights(placed, tree)] as const,
    );
    writeKerasWeights(model, { name, layers: new Map(weights) });
    return model;
  } catch (error) {
    tf.dispose(builder.layers.map(({ layer }) => layer.getWeights()));
    if (!(error instanceof SchemaError)) throw error;
    throw new Error(`${error.message} in ${name}: save the model again with Keras 3.`);
  }
}

type FindWeights = (placed: PlacedLayer, tree: KerasTree) => LayerWeights;

async function readModel(
  name: string,
  bytes: Buffer,
): Promise<readonly [topology: string, tree: KerasTree, findWeights: FindWeights]> {
  if (isZip(bytes)) {
    const entries = unzip(name, bytes, ['metadata.json', 'config.json', 'model.weights.h5']);
    const [metadata, topology, weights] = entries;
    checkVersion(name, (JSON.parse(metadata.toString()) as Record<string, unknown>).keras_version);
    const tree = await readKerasTree(`model.weights.h5 of ${name}`, weights);
    return [topology.toString(), tree, weightsByNumber];
  }
  const tree = await readKerasTree(name, bytes);
  const topology = tree.attributes.get('model_config');
  if (topology === undefined) {
    throw new Error(
      `Expected a whole model in ${name} but found weights alone: create the model and call loadKerasWeights, ` +
        'or save it with model.save("name.keras").',
    );
  }
  checkVersion(name, tree.attributes.get('keras_version'));
  return [topology, tree, weightsByName];
}

function checkVersion(name: string, version: unknown): void {
  if (typeof version === 'string' && parseInt(version) >= 3) return;
  throw new Error(
    `Expected a model of Keras 3 in ${name} but found one of Keras ${String(version)}: load it with Keras 3 and save it again.`,
  );
}

/** What is read of a layer's configuration; a model inside a model has the same form. */
interface LayerConfig {
  readonly class_name: string;
  /** Other than null and the class' name: a class of the user's own. */
  readonly registered_name: string | null;
  readonly config: Readonly<Record<string, unknown>>;
  readonly inbound_nodes: readonly unknown[] | null;
}
const layerSchema = objectOf<LayerConfig>({
  class_name: text,
  registered_name: optional(text),
  config: object as Schema<LayerConfig['config']>,
  inbound_nodes: optional(listOf(anything)),
});

/** Where a layer stands, and what the models and calls around it decide. */
interface Place {
  /** In the weights of a .keras file: `layers/functional/layers/conv2d`. */
  readonly path: string;
  /** The layer of the whole model that it belongs to, in an .h5 file the group of its weights. */
  readonly group?: string;
  readonly isTrainable: boolean;
  /** Called with `training=False`. */
  readonly isInference: boolean;
}

interface PlacedLayer {
  readonly layer: tf.layers.Layer;
  /** In the file. */
  readonly name: string;
  readonly place: Place;
}

const REGULARIZERS = 'kernel_regularizer bias_regularizer';
const KERNEL = `kernel_size strides padding activation use_bias ${REGULARIZERS}`;
const POOLING = 'pool_size strides padding';
const NORMALIZATION = 'axis epsilon center scale beta_regularizer gamma_regularizer';

/**
 * The options of each layer that mean the same in tfjs 4.22 as in Keras 3. Not here: layers whose randomness tfjs draws
 * itself (GaussianNoise, …), which a recorded step would freeze; constraints, which only tfjs' own training applies;
 * enlargement between pixels, which tfjs aligns otherwise; recurrent layers.
 */
const LAYERS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    'Add Average ELU Flatten GlobalAveragePooling2D GlobalMaxPooling2D Maximum Minimum Multiply Softmax'
      .split(' ')
      .map((name) => [name, '']),
  ),
  Activation: 'activation',
  AveragePooling2D: POOLING,
  BatchNormalization: `${NORMALIZATION} momentum`,
  Concatenate: 'axis',
  Conv2D: `filters dilation_rate ${KERNEL}`,
  Conv2DTranspose: `filters ${KERNEL}`,
  Cropping2D: 'cropping',
  Dense: `units activation use_bias ${REGULARIZERS}`,
  DepthwiseConv2D: `depth_multiplier dilation_rate depthwise_regularizer ${KERNEL}`,
  Dropout: 'rate',
  LayerNormalization: NORMALIZATION,
  LeakyReLU: 'negative_slope',
  MaxPooling2D: POOLING,
  Permute: 'dims',
  PReLU: 'shared_axes alpha_regularizer',
  ReLU: 'max_value',
  RepeatVector: 'n',
  Rescaling: 'scale offset',
  Reshape: 'target_shape',
  SeparableConv2D: `filters depth_multiplier dilation_rate depthwise_regularizer pointwise_regularizer ${KERNEL}`,
  UpSampling2D: 'size',
  ZeroPadding2D: 'padding',
};

/** Values of other options that leave a layer as tfjs has it; null does so everywhere. */
const NEUTRAL: Readonly<Record<string, unknown>> = {
  alpha: 1,
  axis: -1,
  data_format: 'channels_last',
  dilation_rate: [1, 1],
  groups: 1,
  interpolation: 'nearest',
  keepdims: false,
  negative_slope: 0,
  renorm: false,
  rms_scaling: false,
  threshold: 0,
};

/** Read elsewhere, or without effect on a model whose weights are loaded: one device holds it, each step draws afresh. */
const IGNORED = /^(name|trainable|seed|synchronized|renorm_momentum|\w+_initializer)$/;

/** The activations that are the same function in tfjs, and those of them that have another name there. */
const ACTIVATIONS =
  'elu gelu linear log_softmax mish relu relu6 selu sigmoid silu softmax softplus softsign tanh';
const RENAMED = new Map([
  ['log_softmax', 'logSoftmax'],
  ['silu', 'swish'],
]);

const callSchema = objectOf<{ args: unknown[]; kwargs: object }>({
  args: listOf(anything),
  kwargs: object,
});

/** A tensor: the layer, which of its calls, which of its outputs. */
type Reference = readonly [layer: string, node: number, tensor: number];

/** A call of a layer within a model. */
interface Call {
  readonly layer: LayerConfig;
  /** Which of the layer's calls. */
  readonly number: number;
  readonly inputs: readonly Reference[];
  readonly place: Place;
}

type Tensors = tf.SymbolicTensor[];

class Builder {
  /** In the order of the file. */
  readonly layers: PlacedLayer[] = [];
  private readonly made = new Map<unknown, tf.layers.Layer>();
  private readonly names = new Set<string>();

  constructor(private readonly fileName: string) {}

  build(root: LayerConfig): tf.LayersModel {
    const { class_name: className, config } = root;
    if (!isModel(root)) throw this.refusal(`a model of the class ${className}`);
    const place = { path: '', isTrainable: true, isInference: false };
    const inputs = inputsOf(root).map(([name]) => {
      const layer = layersOf(root).find((each) => name === '' || each.config.name === name);
      const shape = layer?.config.batch_shape ?? config.build_input_shape;
      if (!Array.isArray(shape)) throw this.refusal('a model that was never called');
      const own = this.ownName(name || 'input', '');
      return tf.input({ name: own, shape: shape.slice(1) as number[] });
    });
    const outputs = this.apply(root, inputs, place);
    return tf.model({ name: String(config.name), inputs, outputs });
  }

  /** Puts a layer, or all layers of a model, behind `inputs`. */
  private apply(layer: LayerConfig, inputs: Tensors, place: Place): Tensors {
    if (isModel(layer)) return this.applyModel(layer, inputs, place);
    if (place.isInference && layer.class_name === 'Dropout') return inputs;
    const made = this.made.get(layer.config) ?? this.createLayer(layer, place);
    this.made.set(layer.config, made);
    return [made.apply(inputs.length === 1 ? inputs[0] : inputs)].flat() as Tensors;
  }

  private applyModel(model: LayerConfig, inputs: Tensors, place: Place): Tensors {
    const isTrainable = place.isTrainable && model.config.trainable !== false;
    const tensors = new Map(inputsOf(model).map((input, index) => [input.join(), inputs[index]]));
    let calls = this.callsOf(model, { ...place, isTrainable });
    // A layer that is called twice stands once in the file: its second call may need layers behind it.
    while (calls.length > 0) {
      const waiting = calls.filter((call) => {
        const given = call.inputs.map((input) => tensors.get(input.join()));
        if (given.includes(undefined)) return true;
        const { layer, number } = call;
        this.apply(layer, given as Tensors, call.place).forEach((result, index) =>
          tensors.set([layer.config.name, number, index].join(), result),
        );
        return false;
      });
      if (waiting.length === calls.length)
        throw this.refusal(`no inputs of ${describeLayer(waiting[0].layer)}`);
      calls = waiting;
    }
    return outputsOf(model).map((output) => tensors.get(output.join())!);
  }

  private callsOf(model: LayerConfig, place: Place): Call[] {
    const layers = layersOf(model);
    const places = placesIn(place, layers);
    let [previous] = inputsOf(model);
    return layers.flatMap((layer, index): Call[] => {
      if (layer.class_name === 'InputLayer') return [];
      if (model.class_name === 'Functional') {
        return (layer.inbound_nodes ?? []).map((node, number) => {
          const { inputs, isInference } = this.parseCall(layer, node);
          const isWithin = isInference || place.isInference;
          return { layer, number, inputs, place: { ...places[index], isInference: isWithin } };
        });
      }
      const inputs = [previous];
      previous = [String(layer.config.name), 0, 0];
      return [{ layer, number: 0, inputs, place: places[index] }];
    });
  }

  private parseCall(
    layer: LayerConfig,
    node: unknown,
  ): { readonly inputs: readonly Reference[]; readonly isInference: boolean } {
    const { args, kwargs } = callSchema(node, `a call of ${describeLayer(layer)}`);
    const inputs = args.flat().map((value) => {
      const { config } = (value ?? {}) as { config?: { keras_history?: Reference } };
      if (config?.keras_history) return config.keras_history;
      throw this.refusal(`${describeValue(value)} as an argument of ${describeLayer(layer)}`);
    });
    const isInference = (kwargs as { training?: unknown }).training === false;
    for (const [key, value] of Object.entries(kwargs)) {
      if (value === null || (key === 'training' && isInference)) continue;
      throw this.refusal(`${key}: ${JSON.stringify(value)} in a call of ${describeLayer(layer)}`);
    }
    return { inputs, isInference };
  }

  private createLayer(layer: LayerConfig, place: Place): tf.layers.Layer {
    const { class_name: className, registered_name: registered, config } = layer;
    if (!Object.hasOwn(LAYERS, className) || (registered !== null && registered !== className))
      throw this.refusal(`the layer ${describeLayer(layer)}`);
    const isFrozen = place.isInference && className === 'BatchNormalization';
    const options: Record<string, unknown> = {
      name: this.ownName(String(config.name), place.group ?? ''),
      trainable: place.isTrainable && config.trainable !== false && !isFrozen,
    };
    for (const [key, value] of Object.entries(config)) {
      if (value === null || IGNORED.test(key)) continue;
      const translated = translateOption(className, key, value);
      if (translated === undefined)
        throw this.refusal(`${key}: ${JSON.stringify(value)} of ${describeLayer(layer)}`);
      Object.assign(options, translated);
    }
    const classes = tf.serialization.SerializationMap.getMap().classNameMap;
    const [constructor, create] = className === 'Softmax' ? classes.Activation : classes[className];
    if (className === 'Softmax') options.activation = 'softmax'; // our step looks for one in the last layer
    const made = create(constructor, options as never) as tf.layers.Layer;
    this.layers.push({ layer: made, name: String(config.name), place });
    return made;
  }

  /** In a flat model no name may occur twice. */
  private ownName(name: string, group: string): string {
    let own = name;
    while (this.names.has(own)) own = `${group}_${own}`;
    this.names.add(own);
    return own;
  }

  private refusal(found: string): Error {
    return new Error(
      `Expected what tfjs has too in ${this.fileName} but found ${found}: change it in Keras and save the model again.`,
    );
  }
}

/** An option as tfjs has it: {} where it changes nothing, undefined where tfjs has no such thing. */
function translateOption(className: string, key: string, value: unknown): object | undefined {
  const { class_name: kind = '', config = {} } = value as Partial<LayerConfig>;
  if (key === 'dtype') {
    // The weights are float32 in all of them.
    const policy = String(typeof value === 'string' ? value : config.name);
    return ['float32', 'mixed_float16', 'mixed_bfloat16'].includes(policy) ? {} : undefined;
  }
  if (!LAYERS[className].split(' ').includes(key))
    return JSON.stringify(value) === JSON.stringify(NEUTRAL[key]) ? {} : undefined;
  if (key === 'activation') {
    const isKnown = ACTIVATIONS.split(' ').includes(value as string);
    return isKnown ? { activation: RENAMED.get(value as string) ?? value } : undefined;
  }
  const name = key === 'negative_slope' ? 'alpha' : camelCase(key);
  if (!key.endsWith('_regularizer')) return { [name]: value };
  if (!['L1', 'L2', 'L1L2'].includes(kind)) return undefined;
  return { [name]: { className: 'L1L2', config: { l1: 0, l2: 0, ...config } } };
}

function isModel({ class_name: name, registered_name: registered }: LayerConfig): boolean {
  return ['Functional', 'Sequential'].includes(name) && [null, name].includes(registered);
}

/** Where the layers of a model stand that stands at `place`; Keras numbers those of a class. */
function placesIn(place: Place, layers: readonly LayerConfig[]): Place[] {
  const counts = new Map<string, number>();
  return layers.map(({ class_name: className, config }) => {
    const name = snakeCase(className);
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    const folder = `${place.path}${place.path && '/'}layers/${name}${count > 0 ? `_${count}` : ''}`;
    return { ...place, path: folder, group: place.group ?? String(config.name) };
  });
}

/** In a .keras file a layer's weights are numbered: `layers/dense/vars/0`. */
function weightsByNumber({ layer, place }: PlacedLayer, { arrays }: KerasTree): LayerWeights {
  const values = [...arrays].filter(([path]) => path.startsWith(`${place.path}/vars/`));
  return new Map(
    values.map(([path, weight]) => {
      const number = Number(path.slice(path.lastIndexOf('/') + 1));
      return [weightName(layer.weights[number]?.originalName ?? path), weight];
    }),
  );
}

/** In an .h5 file they have names: `model_weights/base/…/conv2d/kernel`, where `base` is a layer of the whole model. */
function weightsByName({ name, place }: PlacedLayer, { arrays }: KerasTree): LayerWeights {
  const start = `model_weights/${place.group}/`;
  const found = [...arrays].filter(
    ([path]) => path.startsWith(start) && path.split('/').at(-2) === name,
  );
  const weights = new Map(found.map(([path, weight]) => [weightName(path), weight]));
  if (weights.size === found.length) return weights;
  throw new Error(
    `Expected one layer "${name}" in "${place.group}" but found several, which an .h5 file does not tell apart: ` +
      'save the model with model.save("name.keras").',
  );
}

function layersOf({ config }: LayerConfig): LayerConfig[] {
  return listOf(layerSchema)(config.layers, `the layers of "${String(config.name)}"`);
}

function inputsOf({ class_name: className, config }: LayerConfig): Reference[] {
  return className === 'Sequential' ? [['', 0, 0]] : references(config.input_layers);
}

function outputsOf(model: LayerConfig): Reference[] {
  if (model.class_name === 'Functional') return references(model.config.output_layers);
  return [[String(layersOf(model).at(-1)?.config.name), 0, 0]];
}

/** `["name", 0, 0]` for one tensor, else a list of such. */
function references(value: unknown): Reference[] {
  const list: unknown = Array.isArray(value) && typeof value[0] === 'string' ? [value] : value;
  return listOf(listOf(anything))(list, 'inputs or outputs') as unknown[] as Reference[];
}

/** `"conv1" (Conv2D)` */
function describeLayer({ class_name: className, config }: LayerConfig): string {
  return `"${String(config.name)}" (${className})`;
}

function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** As Keras does it (keras/src/utils/naming.py). */
function snakeCase(name: string): string {
  return name
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
