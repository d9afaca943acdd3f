import { basename } from 'node:path';
import { readWholeFile } from '../atomicFile';

/** One weight as stored in a Keras file. */
export interface KerasWeight {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** The weights of one layer, by their names. */
export type LayerWeights = ReadonlyMap<string, KerasWeight>;

/** Number of values in a layer's weights, all together. */
export function countValues(weights: LayerWeights): number {
  return [...weights.values()].reduce((sum, { values }) => sum + values.length, 0);
}

/** The weights of a Keras file: layer name → weight name ("kernel", "gamma", …) → values. */
export interface KerasWeightsFile {
  /** The file's name for messages. */
  readonly name: string;
  readonly layers: ReadonlyMap<string, LayerWeights>;
}

/**
 * Reads the weights that Keras saved as HDF5: `model.save_weights('x.h5')` of Keras 2, `model.save('x.h5')`
 * of Keras 2 and 3, and the files of Keras Applications. The only file that knows the format:
 *
 *     /  (or /model_weights in a whole saved model)
 *        attribute layer_names   ["Conv1", "bn_Conv1", …]
 *        Conv1/                  one group a layer
 *          attribute weight_names  ["Conv1/kernel:0"]; Keras 3 leaves out the ":0"
 *          Conv1/kernel:0          data set
 *
 * @param source Path of the file, or its bytes.
 * @throws Error that names what the file is instead: truncated, an HTML page, a .keras archive, …
 */
export async function readKerasH5(source: string | Uint8Array): Promise<KerasWeightsFile> {
  const name = typeof source === 'string' ? basename(source) : 'the given bytes';
  const bytes = typeof source === 'string' ? await readWholeFile(source) : source;
  return readHdf5(name, bytes, (file) => ({ name, layers: readLayers(name, file) }));
}

/** Everything in an HDF5 file of Keras that a model is made from. */
export interface KerasTree {
  /** Texts among the file's own attributes, such as `model_config` and `keras_version`. */
  readonly attributes: ReadonlyMap<string, string>;
  /** Arrays of float32 but the optimizer's, by their whole path without the first "/", e.g. `layers/dense/vars/0`. */
  readonly arrays: ReadonlyMap<string, KerasWeight>;
}

/** @param name the file's name for messages. @throws Error as {@link readKerasH5}. */
export async function readKerasTree(name: string, bytes: Uint8Array): Promise<KerasTree> {
  return readHdf5(name, bytes, (file) => {
    const arrays = new Map<string, KerasWeight>();
    const collect = (group: HdfGroup, path: string): void => {
      for (const key of group.keys()) {
        if (/^optimizer/.test(path + key)) continue;
        const node = group.get(key);
        if (node && 'keys' in node) collect(node, `${path}${key}/`);
        else if (node?.dtype === '<f')
          arrays.set(path + key, { shape: node.shape, values: node.value as Float32Array });
      }
    };
    collect(file, '');
    const attributes = Object.entries(file.attrs).flatMap(([key, attribute]) =>
      typeof attribute?.value === 'string' ? [[key, attribute.value] as const] : [],
    );
    return { attributes: new Map(attributes), arrays };
  });
}

function readHdf5<Result>(
  name: string,
  bytes: Uint8Array,
  read: (file: HdfFile) => Result,
): Promise<Result> {
  checkWholeHdf5(name, bytes);
  return withHdf5((h5, place) => {
    h5.FS.writeFile(place, bytes);
    const file = new h5.File(place, 'r');
    try {
      return read(file);
    } finally {
      file.close();
    }
  });
}

/** The bytes of a weights file in Keras' layout ("Conv1/kernel:0"); layers without weights are left out. */
export async function encodeKerasH5(layers: KerasWeightsFile['layers']): Promise<Uint8Array> {
  const filled = [...layers].filter(([, weights]) => weights.size > 0);
  return withHdf5((h5, place) => {
    const file = new h5.File(place, 'w');
    try {
      const layerNames = filled.map(([layer]) => layer);
      file.create_attribute('layer_names', layerNames, [layerNames.length]);
      file.create_attribute('backend', 'tensorflow');
      for (const [layer, weights] of filled) {
        const group = file.create_group(layer);
        const names = [...weights.keys()].map((weight) => `${layer}/${weight}:0`);
        group.create_attribute('weight_names', names, [names.length]);
        const inner = group.create_group(layer);
        for (const [weight, { shape, values }] of weights) {
          inner.create_dataset({ name: `${weight}:0`, data: values, shape: [...shape] });
        }
      }
    } finally {
      file.close();
    }
    return h5.FS.readFile(place);
  });
}

/** What is used of h5wasm. */
interface Hdf5 {
  readonly File: new (path: string, mode: 'r' | 'w') => HdfFile;
  /** The library's own file system, in memory. */
  readonly FS: {
    writeFile(path: string, data: Uint8Array): void;
    readFile(path: string): Uint8Array;
    unlink(path: string): void;
  };
}

/** An ES module only, with the whole HDF5 library as WebAssembly: loaded (0.1 s) when it is needed. */
async function withHdf5<Result>(use: (h5: Hdf5, place: string) => Result): Promise<Result> {
  const { File, ready } = await import('h5wasm');
  const h5 = { File, FS: (await ready).FS } as unknown as Hdf5;
  const place = `/${fileCount++}.h5`;
  try {
    return use(h5, place);
  } finally {
    h5.FS.unlink(place);
  }
}

let fileCount = 0;

interface HdfNode {
  readonly attrs: Readonly<Record<string, { readonly value: unknown } | undefined>>;
}
interface HdfGroup extends HdfNode {
  get(path: string): HdfGroup | HdfDataset | null;
  keys(): string[];
  create_group(name: string): HdfGroup;
  create_attribute(name: string, data: string | readonly string[], shape?: readonly number[]): void;
  create_dataset(options: { name: string; data: Float32Array; shape: readonly number[] }): unknown;
}
interface HdfFile extends HdfGroup {
  close(): void;
}
interface HdfDataset extends HdfNode {
  readonly shape: readonly number[];
  /** `<f` for float32. */
  readonly dtype: unknown;
  readonly value: unknown;
}

function readLayers(name: string, file: HdfGroup): KerasWeightsFile['layers'] {
  const root = (
    file.keys().includes('model_weights') ? file.get('model_weights') : file
  ) as HdfGroup;
  const layerNames = textAttribute(root, 'layer_names');
  if (layerNames === undefined) {
    const newFormat = root.keys().includes('layers');
    throw new Error(
      `Expected ${name} to hold a Keras model's weights by layer name but found ` +
        (newFormat
          ? `Keras 3's ".weights.h5" format, which numbers the layers: save it with model.save("name.h5").`
          : `HDF5 without the attribute "layer_names": save it with Keras as model.save("name.h5").`),
    );
  }
  return new Map(layerNames.map((layer) => [layer, readLayer(name, root.get(layer) as HdfGroup)]));
}

function readLayer(name: string, group: HdfGroup): ReadonlyMap<string, KerasWeight> {
  const weightNames = (group && textAttribute(group, 'weight_names')) ?? [];
  return new Map(
    weightNames.map((path) => {
      const dataset = group.get(path) as HdfDataset | null;
      const values = dataset?.value;
      if (!(values instanceof Float32Array || values instanceof Float64Array)) {
        throw new Error(
          `Expected the weight "${path}" in ${name} to be an array of floats but found ` +
            `${dataset ? typeof values : 'nothing'}: the file is damaged, fetch or save it again.`,
        );
      }
      return [weightName(path), { shape: dataset!.shape, values: Float32Array.from(values) }];
    }),
  );
}

/** "Conv1/kernel:0", "Conv1/kernel" and "kernel" all mean the layer's "kernel". */
export function weightName(path: string): string {
  const last = path.slice(path.lastIndexOf('/') + 1).replace(/:\d+$/, '');
  // Keras 3 and tfjs differ in what they call a depthwise convolution's kernel.
  return last === 'depthwise_kernel' ? 'kernel' : last;
}

/** An attribute of texts; Keras 2 splits one of more than 64 kB over `name0`, `name1`, … */
function textAttribute(node: HdfNode, name: string): string[] | undefined {
  const whole = node.attrs[name];
  if (whole) return texts(whole.value);
  const parts: string[] = [];
  for (let i = 0; node.attrs[`${name}${i}`]; i++)
    parts.push(...texts(node.attrs[`${name}${i}`]!.value));
  return parts.length > 0 ? parts : undefined;
}

/** Empty lists are written as floats by Keras: they hold no text. */
function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

const HDF5_SIGNATURE = Buffer.from('\x89HDF\r\n\x1a\n', 'latin1');

/** Throws a descriptive error if it is not a complete HDF5 file, before the library reads it. */
function checkWholeHdf5(name: string, bytes: Uint8Array): void {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!data.subarray(0, 8).equals(HDF5_SIGNATURE)) {
    throw new Error(`Expected ${name} to be an HDF5 file (.h5) but found ${describeBytes(data)}`);
  }
  const endOffset = endOfFileOffset(data[8]);
  const expected =
    data.length >= endOffset + 8 ? Number(data.readBigUInt64LE(endOffset)) : Infinity;
  if (data.length < expected) {
    throw new Error(
      `Expected ${expected === Infinity ? 'more' : expected} bytes in ${name} but found ${data.length}: ` +
        `the file is truncated, delete it and fetch it again.`,
    );
  }
}

/** Where the superblock of the given version keeps the end-of-file address (HDF5 file format, II.A). */
function endOfFileOffset(version: number): number {
  if (version === 0) return 40;
  return version === 1 ? 44 : 28;
}

function describeBytes(data: Buffer): string {
  if (data.length === 0) return 'an empty file: delete it and fetch it again.';
  const start = data.subarray(0, 512).toString('latin1').trimStart().toLowerCase();
  if (start.startsWith('<!doctype') || start.startsWith('<html') || start.startsWith('<?xml')) {
    return 'a web page saved under that name (an error page or a log-in): delete it and fetch the file itself.';
  }
  if (start.startsWith('pk\x03\x04')) {
    return 'a ZIP archive, as Keras 3 saves it (.keras): load the whole model with loadKerasModel, or save it with model.save("name.h5").';
  }
  if (start.startsWith('version https://git-lfs')) {
    return 'a Git LFS pointer in place of the file: fetch it with "git lfs pull".';
  }
  return `something else (its first bytes are ${data.subarray(0, 8).toString('hex')}): choose the .h5 file.`;
}
