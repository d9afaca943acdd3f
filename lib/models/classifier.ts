/**
 * A model with all that a prediction needs: what its classes are called, and what happens to pixels before it.
 *
 * On disk it is tfjs' own layers format, `model.json` and `weights.bin`, which `tf.loadLayersModel` reads anywhere;
 * class names and preprocessing stand in `model.json` under `userDefinedMetadata`.
 */
import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { errorCode, fileError, writeFileAtomic } from '../atomicFile';
import { checkPreprocess, type Preprocess } from '../data/preprocess';
import { describeValue } from '../options';
import { tf } from '../tensorflow/backend';

/** A trained model, ready to predict. */
export interface Classifier {
  /** Input float32 [n, preprocess.height, preprocess.width, 3]; output probabilities [n, classNames.length]. */
  readonly model: tf.LayersModel;
  /** In the order of the model's outputs. */
  readonly classNames: readonly string[];
  readonly preprocess: Preprocess;
}

/** What `model.json` says under `userDefinedMetadata`. */
interface ClassifierMetadata {
  readonly schemaVersion: number;
  readonly classNames: readonly string[];
  readonly preprocess: Preprocess;
  /** Of the weights' file. */
  readonly weightsSha256: string;
}

/** Topology and weights in memory; tfjs-node does not export the type's name. */
type ModelArtifacts = Parameters<Parameters<typeof tf.io.withSaveHandler>[0]>[0];

/** `model.json`, as tfjs writes it. */
interface ModelJson {
  readonly format: string;
  readonly generatedBy: string;
  readonly convertedBy: null;
  readonly modelTopology: object;
  readonly weightsManifest: readonly {
    readonly paths: readonly string[];
    readonly weights: NonNullable<ModelArtifacts['weightSpecs']>;
  }[];
  readonly userDefinedMetadata: Readonly<Record<string, unknown>>;
}

const SCHEMA_VERSION = 1;
/** The weights of a model that replaces another take the name that is free. */
const WEIGHTS_FILES = ['weights.bin', 'weights-2.bin'] as const;

/**
 * Saves a classifier, or replaces the one that is there.
 *
 * The weights are written first, under a name that no `model.json` uses; then `model.json`, in one step; then the
 * old weights go. A kill at any instant leaves the old classifier or the new one. Other files of the folder stay.
 *
 * @param directory made where it is missing.
 * @returns the size of the two files.
 * @throws Error where class names or preprocessing do not fit the model, or the files cannot be written.
 */
export async function saveClassifier(
  classifier: Classifier,
  directory: string,
): Promise<{ readonly sizeBytes: number }> {
  const { model, classNames } = checkClassifier(classifier);
  const artifacts = await modelArtifacts(model);
  const weights = new Uint8Array(tf.io.CompositeArrayBuffer.join(artifacts.weightData));
  const oldFile = await usedWeightsFile(directory);
  const weightsFile = WEIGHTS_FILES.find((name) => name !== oldFile) ?? WEIGHTS_FILES[0];

  const metadata: ClassifierMetadata = {
    schemaVersion: SCHEMA_VERSION,
    classNames: [...classNames],
    preprocess: classifier.preprocess,
    weightsSha256: sha256(weights),
  };
  const json: ModelJson = {
    format: 'layers-model',
    generatedBy: `TensorFlow.js tfjs-layers v${tf.version.tfjs}`,
    convertedBy: null,
    modelTopology: artifacts.modelTopology as object,
    weightsManifest: [{ paths: [weightsFile], weights: artifacts.weightSpecs ?? [] }],
    userDefinedMetadata: { ...metadata },
  };
  const text = JSON.stringify(json);
  await writeFileAtomic(join(directory, weightsFile), weights);
  await writeFileAtomic(join(directory, 'model.json'), text);
  for (const name of WEIGHTS_FILES) {
    if (name !== weightsFile) await rm(join(directory, name), { force: true });
  }
  return { sizeBytes: weights.length + Buffer.byteLength(text) };
}

/**
 * Loads what {@link saveClassifier} wrote. The caller disposes `model`.
 *
 * @throws Error that names the file and the remedy where something is missing, damaged or foreign.
 */
export async function loadClassifier(directory: string): Promise<Classifier> {
  const path = join(directory, 'model.json');
  const json = parseModelJson(await readModelJson(path), path);
  const { weightsManifest, modelTopology } = json;
  const { classNames, preprocess, weightsSha256 } = parseMetadata(json.userDefinedMetadata, path);
  const weightsPath = join(directory, weightsManifest[0].paths[0]);
  const weights = await readWeights(weightsPath);
  if (sha256(weights) !== weightsSha256) {
    throw new Error(
      `Expected the weights in ${weightsPath} to be those of model.json but they are damaged or another ` +
        `model's (${weights.length} bytes): save the classifier again.`,
    );
  }
  const model = await tf.loadLayersModel({
    load: () =>
      Promise.resolve({
        modelTopology,
        weightSpecs: weightsManifest[0].weights,
        weightData: Uint8Array.from(weights).buffer,
      }),
  });
  try {
    return checkClassifier({ model, classNames, preprocess });
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** The classifier itself, if its parts fit each other. */
export function checkClassifier(classifier: Classifier): Classifier {
  const { model, classNames, preprocess } = classifier;
  checkPreprocess(preprocess, 'the classifier');
  const [, height, width] = model.inputs[0].shape;
  const outputShape = model.outputs[0].shape;
  const numClasses = outputShape[outputShape.length - 1];
  if (classNames.length !== numClasses) {
    throw new Error(
      `Expected ${numClasses} class names, one for each output of the model, but received ` +
        `${classNames.length}: pass the classNames of its training set.`,
    );
  }
  if (
    (height ?? preprocess.height) !== preprocess.height ||
    (width ?? preprocess.width) !== preprocess.width
  ) {
    throw new Error(
      `Expected preprocess to make the ${height}×${width} images that the model takes but received ` +
        `${preprocess.height}×${preprocess.width}: pass the preprocess of its training.`,
    );
  }
  return classifier;
}

/** Topology and weights, as `model.save` would hand them to a file. */
async function modelArtifacts(model: tf.LayersModel): Promise<ModelArtifacts> {
  let artifacts: ModelArtifacts = {};
  await model.save(
    tf.io.withSaveHandler((saved) => {
      artifacts = saved;
      return Promise.resolve({
        modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' },
      });
    }),
  );
  return artifacts;
}

/** The weights' file of the classifier that lies in the folder; undefined where there is none. */
async function usedWeightsFile(directory: string): Promise<string | undefined> {
  try {
    const path = join(directory, 'model.json');
    return parseModelJson(await readFile(path, 'utf8'), path).weightsManifest[0].paths[0];
  } catch {
    return undefined; // None, or none of ours: no name is in use.
  }
}

async function readModelJson(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw fileError(error, `read ${path}`);
    throw new Error(
      `Expected a saved classifier in ${resolve(path, '..')} but it has no model.json: check the path, or save ` +
        'the classifier with saveClassifier.',
      { cause: error },
    );
  }
}

async function readWeights(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw fileError(error, `read ${path}`);
    throw new Error(
      `Expected the weights that model.json names in ${path} but there is no such file: copy the whole folder, or ` +
        'save the classifier again.',
      { cause: error },
    );
  }
}

function parseModelJson(text: string, path: string): ModelJson {
  const refuse = (found: string): never => {
    throw new Error(
      `Expected tfjs' layers format with one weights file in ${path} but found ${found}: ` +
        'save the classifier again with saveClassifier.',
    );
  };
  let json: Partial<ModelJson>;
  try {
    json = JSON.parse(text) as Partial<ModelJson>;
  } catch {
    return refuse(text.trim() === '' ? 'an empty file' : 'no JSON, or a part of it');
  }
  if (typeof json !== 'object' || json === null) return refuse(describeValue(json));
  if (json.format !== 'layers-model') return refuse(`the format ${describeValue(json.format)}`);
  const manifest = json.weightsManifest;
  const groups = Array.isArray(manifest) ? manifest.length : 0;
  const paths = groups === 1 ? manifest?.[0].paths : undefined;
  if (paths?.length !== 1) return refuse(`${paths?.length ?? groups} weights files`);
  // A plain name: a model from elsewhere must not read any other file of this machine.
  if (!/^[\w-]+(\.[\w-]+)*$/.test(paths[0]))
    return refuse(`the weights file ${describeValue(paths[0])}`);
  if (typeof json.modelTopology !== 'object') return refuse('no modelTopology');
  return json as ModelJson;
}

function parseMetadata(value: unknown, path: string): ClassifierMetadata {
  const place = `userDefinedMetadata of ${path}`;
  const { schemaVersion, classNames, preprocess, weightsSha256 } = (value ??
    {}) as Partial<ClassifierMetadata>;
  if (schemaVersion === undefined) {
    throw new Error(
      `Expected class names and preprocessing in ${place} but found none: the model was saved by something else. ` +
        'Load it with tf.loadLayersModel and put { model, classNames, preprocess } together yourself.',
    );
  }
  if (schemaVersion !== SCHEMA_VERSION) {
    throw new Error(
      `Expected schemaVersion ${SCHEMA_VERSION} in ${place} but found ${describeValue(schemaVersion)}: ` +
        'load the model with the version of this project that saved it.',
    );
  }
  if (!Array.isArray(classNames) || !classNames.every((name) => typeof name === 'string')) {
    throw new Error(
      `Expected classNames in ${place} to be an array of texts but found ${describeValue(classNames)}: ` +
        'save the classifier again.',
    );
  }
  return {
    schemaVersion,
    classNames,
    preprocess: checkPreprocess(preprocess, place),
    weightsSha256: String(weightsSha256),
  };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
