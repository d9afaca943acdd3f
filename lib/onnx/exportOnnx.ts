/**
 * A classifier as one ONNX file, from a picture's bytes to probabilities, that runs wherever ONNX Runtime does.
 *
 * It is made of what `saveClassifier` writes, topology and weights, so that TensorFlow is not needed for it.
 */
import { writeFileAtomic } from '../atomicFile';
import { pixelScale, type Preprocess } from '../data/preprocess';
import { sourceSizeOf, type Size } from '../data/resize';
import type { Classifier } from '../models/classifier';
import { modelArtifacts } from '../models/modelJson';
import { VIEW_WEIGHTS, type Views } from '../models/views';
import { checkOptions, text } from '../options';
import { ownVersion } from '../project';
import { activateBeforePooling, foldBatchNorms } from './batchNormFold';
import { encodeModel, type OnnxModel, usedConstants } from './format';
import { OnnxGraph, type Value } from './graph';
import { convertNetwork, type SavedNetwork } from './network';
import { ONNX_INPUT, ONNX_OUTPUT } from './runtime';

/** A classifier without tfjs: everything that an ONNX file is made of. */
export interface SavedClassifier extends Omit<Classifier, 'model'> {
  readonly network: SavedNetwork;
}

/** Options of {@link exportOnnx}. */
export interface ExportOnnxOptions {
  /** What the model is called. Default: the name of the tfjs model. */
  readonly name?: string;
  /** The run that trained it, for the file's metadata. Default: not said. */
  readonly runId?: string;
}

/**
 * Writes a classifier to an .onnx file.
 *
 * Its input `images` is uint8 [N, height, width, 3], RGB, in the size of the training pictures (`preprocess.sourceSize`,
 * else the preprocess' own); N is free. Its output `probabilities` is float32 [N, classes], the mean over the views of
 * a classifier with several. Between them, in one graph: cast, scale, the resize of the training, the network with
 * batch norms folded. `metadata_props` say the rest: `classNames` and `preprocess` as JSON, how a file becomes
 * pixels, and where the model comes from.
 *
 * @param classifier of any network of {@link convertLayer}'s layers. It stays the caller's.
 * @param file replaced in one step; its folder is made where it is missing.
 * @throws Error that names the layer, activation or option that cannot be written, before anything is.
 */
export async function exportOnnx(
  classifier: Classifier,
  file: string,
  options: ExportOnnxOptions = {},
): Promise<{ readonly sizeBytes: number }> {
  checkOptions<ExportOnnxOptions>('exportOnnx', options, { name: text, runId: text });
  const { name = classifier.model.name, runId } = options;
  const bytes = encodeModel(await classifierOnnx(classifier, { name, runId }));
  await writeFileAtomic(file, bytes);
  return { sizeBytes: bytes.length };
}

/** The graph of a classifier in memory, as {@link createOnnxModel} makes it of one that is saved. */
export async function classifierOnnx(
  classifier: Classifier,
  options?: Parameters<typeof createOnnxModel>[1],
): Promise<OnnxModel> {
  const artifacts = await modelArtifacts(classifier.model);
  const { modelTopology, generatedBy, weightSpecs = [], weightData } = artifacts;
  const parts = [weightData ?? []].flat().map((part) => new Uint8Array(part));
  const { model: _model, ...fields } = classifier;
  const weights = { weightSpecs, weightData: new Uint8Array(Buffer.concat(parts)) };
  const network = { topology: modelTopology as object, generatedBy, ...weights };
  return createOnnxModel({ network, ...fields }, options);
}

/**
 * The graph of a classifier.
 *
 * @param options `sourceSize`: of the pictures that come in; default: as {@link exportOnnx} says.
 */
export function createOnnxModel(
  classifier: SavedClassifier,
  options: ExportOnnxOptions & { readonly sourceSize?: Size } = {},
): OnnxModel {
  const { network, classNames, preprocess, views = 1, temperature = 1 } = classifier;
  const { name = 'classifier', runId, sourceSize = sourceSizeOf(preprocess) } = options;
  const graph = new OnnxGraph();
  const pictures = preprocessed(graph, preprocess, sourceSize);
  const outputs = convertNetwork(graph, allViews(graph, pictures, views), network);
  if (String(outputs.shape) !== String([classNames.length])) {
    throw new Error(
      `Expected a model whose output is ${classNames.length} probabilities, one for each class, but it is ` +
        `[${outputs.shape.join(', ')}]: export a classifier.`,
    );
  }
  const isLast = temperature === 1;
  const mean = weightedMean(graph, outputs, {
    weights: VIEW_WEIGHTS[views],
    name: isLast ? ONNX_OUTPUT : 'views/mean',
  });
  if (!isLast) applyTemperature(graph, mean, temperature);
  foldBatchNorms(graph);
  activateBeforePooling(graph);
  return {
    name,
    nodes: graph.nodes,
    constants: usedConstants(graph),
    input: {
      ...{ name: ONNX_INPUT, dtype: 'uint8' },
      shape: ['N', sourceSize.height, sourceSize.width, 3],
    },
    output: { name: ONNX_OUTPUT, dtype: 'float32', shape: ['N', classNames.length] },
    producer: { name: 'image-classification-notebooks', version: ownVersion() },
    metadata: {
      ...(runId === undefined ? {} : { runId }),
      ...(network.generatedBy == null ? {} : { generatedBy: network.generatedBy }),
      classNames: JSON.stringify(classNames),
      preprocess: JSON.stringify(preprocess),
      views: String(views),
      temperature: String(temperature),
      input: describeInput(sourceSize),
    },
  };
}

function describeInput({ height, width }: Size): string {
  return (
    `uint8 [N, ${height}, ${width}, 3], RGB in sRGB, rows from the top. From a file: turn it as EXIF says, composite ` +
    `transparency on white, scale it to cover ${width} × ${height} pixels with Lanczos (three lobes, averaging when it shrinks) ` +
    'and cut the excess at the centre.'
  );
}

/** Bytes to what the network takes: (pixel / 255 - mean) / std, resized as `applyPreprocess` does. */
function preprocessed(graph: OnnxGraph, preprocess: Preprocess, source: Size): Value {
  const { height, width } = preprocess;
  const { scale, offset } = pixelScale(preprocess);
  // Transposed first, while a value is one byte.
  const perm = [0, 3, 1, 2];
  const planes = graph.node('Transpose', [ONNX_INPUT], 'pixels/planes', { perm });
  const floats = graph.node('Cast', [planes], 'pixels', { to: 1 }); // 1: float32
  const scaled = graph.node(
    'Mul',
    [floats, graph.floats('pixels/scale', scale, [3, 1, 1])],
    'pixels/scaled',
  );
  const shifted = graph.node(
    'Add',
    [scaled, graph.floats('pixels/offset', offset, [3, 1, 1])],
    'pixels/shifted',
  );
  const isSameSize = source.height === height && source.width === width;
  const resized = isSameSize
    ? shifted
    : graph.node(
        'Resize',
        [shifted, '', '', graph.integers('pixels/size', [height, width])],
        'pixels/resized',
        { ...BILINEAR, axes: [2, 3] },
      );
  return { name: resized, shape: [height, width, 3], channels: 'first' };
}

/** TensorFlow's `image.resize`: half-pixel centres, no antialiasing. */
const BILINEAR = { mode: 'linear', coordinate_transformation_mode: 'half_pixel' } as const;

/** All views of the pictures as one batch, in the order of `averageViews`. */
function allViews(graph: OnnxGraph, pictures: Value, views: Views): Value {
  if (views === 1) return pictures;
  const { name, shape } = pictures;
  const each = views === 2 ? [name] : [name, ...movedByOne(graph, pictures)];
  const parts = each.flatMap((part) => [part, mirror(graph, part, shape)]);
  return { ...pictures, name: graph.node('Concat', parts, 'views', { axis: 0 }) };
}

/** From right to left. */
function mirror(graph: OnnxGraph, name: string, [, width]: readonly number[]): string {
  const range = [[-1], [-(width + 1)], [3], [-1]]; // from, to, axis, step
  const inputs = range.map((values) => graph.integers('mirror/range', values));
  return graph.node('Slice', [name, ...inputs], 'mirror');
}

/** Down to the right, and up to the left. */
function movedByOne(graph: OnnxGraph, { name, shape: [height, width] }: Value): string[] {
  const pads = graph.integers('moved/pads', [0, 0, 1, 1, 0, 0, 1, 1]);
  const padded = graph.node('Pad', [name, pads], 'moved/padded', { mode: 'reflect' });
  return [0, 2].map((from) => {
    const range = [
      [from, from],
      [from + height, from + width],
      [2, 3],
    ];
    const inputs = range.map((values) => graph.integers('moved/range', values));
    return graph.node('Slice', [padded, ...inputs], 'moved');
  });
}

/** [views · N, classes] → [N, classes], under the given name. */
function weightedMean(
  graph: OnnxGraph,
  { name: outputs, shape }: Value,
  { weights, name }: { readonly weights: readonly number[]; readonly name: string },
): string {
  if (weights.length === 1) return graph.node('Identity', [outputs], name);
  const size = graph.integers('views/shape', [weights.length, -1, ...shape]);
  const byView = graph.node('Reshape', [outputs, size], 'views/outputs');
  const factors = graph.floats('views/weights', weights, [weights.length, 1, 1]);
  const weighted = graph.node('Mul', [byView, factors], 'views/weighted');
  const axes = graph.integers('views/axis', [0]);
  return graph.node('ReduceSum', [weighted, axes], name, { keepdims: 0 });
}

/** As `predictViews` does it. */
function applyTemperature(graph: OnnxGraph, mean: string, temperature: number): void {
  const logits = graph.node('Log', [mean], 'temperature/logits');
  const factor = graph.floats('temperature/factor', [1 / temperature]);
  const scaled = graph.node('Mul', [logits, factor], 'temperature/scaled');
  graph.node('Softmax', [scaled], ONNX_OUTPUT, { axis: -1 });
}
