/** A network of `model.json`, layer by layer: Sequential or functional, models within models included. */
import { describeValue } from '../options';
import type { OnnxGraph, Value } from './graph';
import { convertLayer, type Layer, type Weight } from './layers';

/** A network as tfjs saves it. */
export interface SavedNetwork {
  /** `modelTopology` of model.json. */
  readonly topology: object;
  readonly weightSpecs: readonly WeightSpec[];
  /** The weights one behind the other. */
  readonly weightData: Uint8Array;
  /** The tfjs that saved it. */
  readonly generatedBy?: string | null;
}

interface WeightSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly quantization?: object;
}

interface SavedLayer {
  readonly class_name: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** For each use of the layer, its inputs: [layer, use of it, output of it, arguments]. */
  readonly inbound_nodes?: readonly (readonly InputReference[])[];
}

type InputReference = readonly [layer: string, use: number, output: number, args?: object];

interface SavedModel {
  readonly layers: readonly SavedLayer[];
  readonly input_layers?: readonly InputReference[];
  readonly output_layers?: readonly InputReference[];
}

/**
 * Writes a network into a graph.
 *
 * @param x its input, of the shape that the network takes.
 * @returns its output.
 * @throws Error that names the layer, activation or option that ONNX export does not know.
 */
export function convertNetwork(graph: OnnxGraph, x: Value, network: SavedNetwork): Value {
  const weights = readWeights(network);
  const topology = network.topology as SavedLayer & { readonly model_config?: SavedLayer };
  return convertAny([x], { graph, weights }, topology.model_config ?? topology);
}

const MODELS: ReadonlySet<string> = new Set(['Sequential', 'Model', 'Functional']);

interface Context {
  readonly graph: OnnxGraph;
  readonly weights: ReadonlyMap<string, Weight>;
}

function convertAny(inputs: readonly Value[], context: Context, layer: SavedLayer): Value {
  const { class_name: className, config } = layer;
  if (className === 'Sequential') {
    const layers = (Array.isArray(config) ? config : config.layers) as readonly SavedLayer[];
    return layers.reduce((x, each) => convertAny([x], context, each), only(inputs, layer));
  }
  if (MODELS.has(className)) {
    return convertFunctional(only(inputs, layer), context, layer);
  }
  const name = nameOf(layer);
  const single: Layer = {
    ...{ graph: context.graph, name, className, config },
    weight: (part) => findWeight(context.weights, name, part),
  };
  return convertLayer(inputs, single);
}

function convertFunctional(x: Value, context: Context, model: SavedLayer): Value {
  const { layers, input_layers, output_layers } = model.config as unknown as SavedModel;
  const byName = new Map(layers.map((layer) => [nameOf(layer), layer]));
  const [inputName] = only(input_layers ?? [], model);
  const values = new Map<string, Value>();
  const valueOf = ([name, use, output, args = {}]: InputReference): Value => {
    const known = values.get(`${name} ${use}`);
    if (known) return known;
    const layer = byName.get(name);
    const asked = Object.entries(args).filter(([, value]) => value !== false && value != null);
    if (layer === undefined || output !== 0 || asked.length > 0) {
      throw new Error(
        `Expected a layer of one output that is called without arguments but "${name}" of ` +
          `"${nameOf(model)}" is not: ONNX export cannot write it.`,
      );
    }
    // A model within a model: tfjs, as Keras 2, counts its making as its first use.
    const first = MODELS.has(layer.class_name) ? 1 : 0;
    const inputs = layer.inbound_nodes?.[use - first] ?? [];
    const value = name === inputName ? x : convertAny(inputs.map(valueOf), context, layer);
    values.set(`${name} ${use}`, value);
    return value;
  };
  return valueOf(only(output_layers ?? [], model));
}

function only<T>(items: readonly T[], layer: SavedLayer): T {
  if (items.length === 1) return items[0];
  throw new Error(
    `Expected one input and one output of the model "${nameOf(layer)}" but found ${items.length}: ` +
      'export a model from pictures to probabilities.',
  );
}

function nameOf({ config }: SavedLayer): string {
  return typeof config.name === 'string' ? config.name : 'model';
}

function readWeights({ weightSpecs, weightData }: SavedNetwork): Map<string, Weight> {
  const weights = new Map<string, Weight>();
  let offset = 0;
  for (const { name, shape, dtype, quantization } of weightSpecs) {
    if (dtype !== 'float32' || quantization !== undefined || weights.has(name)) {
      throw new Error(
        `Expected one float32 weight of the name ${name} but found ${
          weights.has(name) ? 'two' : describeValue(quantization ? 'quantized' : dtype)
        }: ONNX export cannot write it.`,
      );
    }
    const count = shape.reduce((total, side) => total * side, 1);
    const sizeBytes = count * Float32Array.BYTES_PER_ELEMENT;
    // Copied out of the buffer itself: the `slice` of a Buffer would be a view.
    const start = weightData.byteOffset + offset;
    const values = new Float32Array(weightData.buffer.slice(start, start + sizeBytes));
    offset += sizeBytes;
    weights.set(name, { shape, values });
  }
  return weights;
}

/** `layer/part`; within a model in a model, tfjs puts the names of those outside before it. */
function findWeight(weights: ReadonlyMap<string, Weight>, layer: string, part: string): Weight {
  const name = `${layer}/${part}`;
  const found = weights.get(name);
  if (found) return found;
  const longer = [...weights.keys()].filter((each) => each.endsWith(`/${name}`));
  if (longer.length === 1) return weights.get(longer[0]) as Weight;
  throw new Error(
    `Expected the weight ${name} once in the model but found it ${longer.length} times: ` +
      'give every layer a name of its own.',
  );
}
