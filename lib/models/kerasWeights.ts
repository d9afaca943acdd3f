import { writeFileAtomic } from '../atomicFile';
import { tf } from '../tensorflow/backend';
import {
  countValues,
  encodeKerasH5,
  readKerasH5,
  weightName,
  type KerasWeight,
  type KerasWeightsFile,
  type LayerWeights,
} from './kerasH5';

/** What {@link loadKerasWeights} did. */
export interface LoadedKerasWeights {
  /** Layers of the file that hold weights but are not in the model, for example a top it does not have. */
  readonly unusedLayers: readonly string[];
}

/**
 * Loads the weights of a Keras .h5 file into a model, layer by layer: by name, or where names differ by position, as
 * Keras does. (Keras Applications has renamed layers without rewriting its files.) Every weight of the model must be in
 * the file, in the same shape; all is checked before the first weight changes.
 *
 * @param model Its layers are named as in Keras, as those of {@link createMobileNetV2} are.
 * @param source Path of the file, or its bytes.
 * @throws Error that names the first weight that is missing or of another shape, or says what the file is
 *   if it is no HDF5 file (a web page, a truncated download, …).
 */
export async function loadKerasWeights(
  model: tf.LayersModel,
  source: string | Uint8Array,
): Promise<LoadedKerasWeights> {
  return writeKerasWeights(model, await readKerasH5(source));
}

/** The same, of a file that has been read. */
export function writeKerasWeights(
  model: tf.LayersModel,
  weightsFile: KerasWeightsFile,
): LoadedKerasWeights {
  const file = alignLayers(weightsFile, model);
  const pairs = model.layers.flatMap((layer) =>
    layer.weights.map((variable) => ({
      variable,
      weight: findWeight(file, model, layer, variable),
    })),
  );
  for (const { variable, weight } of pairs) {
    const values = tf.tensor(weight.values, [...weight.shape]);
    variable.write(values);
    values.dispose();
  }
  const modelLayers = new Set(model.layers.map((layer) => layer.name));
  const unusedLayers = [...file.layers]
    .filter(([name, weights]) => weights.size > 0 && !modelLayers.has(name))
    .map(([name]) => name);
  return { unusedLayers };
}

/**
 * Saves a model's weights as an .h5 file that {@link loadKerasWeights} and Keras (`model.load_weights(path)` of
 * a model with the same layer names) read. The file is either the old one or the new one, never half of it.
 */
export async function saveKerasWeights(model: tf.LayersModel, path: string): Promise<void> {
  const layers = model.layers.map((layer) => {
    const weights = layer.weights.map((variable) => {
      const { shape } = variable;
      const values = variable.read().dataSync() as Float32Array;
      const name = weightName(variable.originalName);
      return [name, { shape: shape as number[], values }] as const;
    });
    return [layer.name, new Map(weights)] as const;
  });
  await writeFileAtomic(path, await encodeKerasH5(new Map(layers)));
}

/**
 * Renames the file's layers to the model's names if their weights match in order; else leaves the file as it is. Extra
 * layers of the file, such as a top, come last.
 */
function alignLayers(file: KerasWeightsFile, model: tf.LayersModel): KerasWeightsFile {
  const wanted = model.layers.filter((layer) => layer.weights.length > 0);
  if (wanted.every((layer) => file.layers.has(layer.name))) return file;
  const filled = [...file.layers].filter(([, weights]) => weights.size > 0);
  const isAlike = wanted.every((layer, index) => hasWeightsOf(filled[index]?.[1], layer));
  if (!isAlike) return file;
  return {
    ...file,
    layers: new Map(filled.map(([name, weights], index) => [wanted[index]?.name ?? name, weights])),
  };
}

function hasWeightsOf(weights: LayerWeights | undefined, layer: tf.layers.Layer): boolean {
  return (
    weights?.size === layer.weights.length &&
    layer.weights.every(({ originalName, shape }) => {
      const weight = weights.get(weightName(originalName));
      return weight?.shape.join() === (shape as number[]).join();
    })
  );
}

type LayerVariable = tf.layers.Layer['weights'][number];

function findWeight(
  file: KerasWeightsFile,
  model: tf.LayersModel,
  layer: tf.layers.Layer,
  variable: LayerVariable,
): KerasWeight {
  const name = weightName(variable.originalName);
  const weights = file.layers.get(layer.name);
  if (!weights || weights.size === 0) {
    throw mismatch(file, model, `the layer "${layer.name}"`, 'no weights of that name');
  }
  const weight = weights.get(name);
  if (!weight) {
    throw mismatch(
      file,
      model,
      `"${name}" of "${layer.name}"`,
      `only ${[...weights.keys()].join(', ')}`,
    );
  }
  const expected = variable.shape as number[];
  if (weight.shape.join() !== expected.join()) {
    const shape = `"${layer.name}/${name}" of shape [${expected.join(', ')}]`;
    throw mismatch(file, model, shape, `[${weight.shape.join(', ')}]`);
  }
  return weight;
}

function mismatch(
  file: KerasWeightsFile,
  model: tf.LayersModel,
  expected: string,
  found: string,
): Error {
  return new Error(
    `Expected ${expected} in ${file.name} but found ${found}: ` +
      `the file holds ${count(countKerasParameters(file))} parameters, the model "${model.name}" ` +
      `${count(model.countParams())}; create the model with the width, input and top of the file, ` +
      `or choose the file that belongs to it.`,
  );
}

/** Number of weights in a file, all layers together. */
function countKerasParameters(file: KerasWeightsFile): number {
  return [...file.layers.values()].reduce((sum, weights) => sum + countValues(weights), 0);
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
