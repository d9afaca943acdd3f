/**
 * A model with everything that a prediction needs: class names and preprocessing.
 *
 * On disk it is tfjs' own layers format, `model.json` and `weights.bin`, which `tf.loadLayersModel` reads anywhere;
 * class names and preprocessing are in `model.json` under `userDefinedMetadata`.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../atomicFile';
import { sha256Of } from '../data/checksum';
import { checkPreprocess, type Preprocess } from '../data/preprocess';
import { tf } from '../tensorflow/backend';
import {
  CLASSIFIER_SCHEMA_VERSION,
  modelArtifacts,
  readModelJson,
  readSavedModel,
  type ClassifierMetadata,
  type ModelArtifacts,
  type ModelJson,
} from './modelJson';
import type { Views } from './views';

/** A trained model, ready to predict. */
export interface Classifier {
  /** Input float32 [n, preprocess.height, preprocess.width, 3]; output probabilities [n, classNames.length]. */
  readonly model: tf.LayersModel;
  /** In the order of the model's outputs. */
  readonly classNames: readonly string[];
  readonly preprocess: Preprocess;
  /** Predicts the mean of the probabilities over several views of a picture; as many times the work. Default 1. */
  readonly views?: Views;
  /** Above 1 makes the classifier less sure of what it predicts, below 1 surer (`run.calibrate`). Default 1. */
  readonly temperature?: number;
}

/** The two names alternate: the weights of a replacement take the one that is not in use. */
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
    schemaVersion: CLASSIFIER_SCHEMA_VERSION,
    classNames: [...classNames],
    preprocess: classifier.preprocess,
    ...(classifier.views === undefined ? {} : { views: classifier.views }),
    ...(classifier.temperature === undefined ? {} : { temperature: classifier.temperature }),
    weightsSha256: sha256Of(weights),
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
  const { path, json, metadata, weights } = await readSavedModel(directory);
  const { weightsManifest, modelTopology } = json;
  const { schemaVersion: _version, weightsSha256: _hash, ...fields } = metadata;
  const model = await createModel(path, {
    modelTopology,
    weightSpecs: weightsManifest[0].weights,
    weightData: Uint8Array.from(weights).buffer,
  });
  try {
    return checkClassifier({ model, ...fields }, path);
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/**
 * Returns the classifier if its parts are consistent; throws otherwise.
 *
 * @param place where it comes from, for the message.
 */
function checkClassifier(classifier: Classifier, place = 'the classifier'): Classifier {
  const { model, classNames, preprocess } = classifier;
  checkPreprocess(preprocess, place);
  const [, height, width] = model.inputs[0].shape;
  const outputShape = model.outputs[0].shape;
  const numClasses = outputShape[outputShape.length - 1];
  if (classNames.length !== numClasses) {
    throw new Error(
      `Expected ${numClasses} class names in ${place}, one for each output of the model, but received ` +
        `${classNames.length}: pass the classNames of its training set.`,
    );
  }
  if (
    (height ?? preprocess.height) !== preprocess.height ||
    (width ?? preprocess.width) !== preprocess.width
  ) {
    throw new Error(
      `Expected preprocess in ${place} to make the ${height}×${width} images that the model takes but received ` +
        `${preprocess.height}×${preprocess.width}: pass the preprocess of its training.`,
    );
  }
  return classifier;
}

async function createModel(path: string, artifacts: ModelArtifacts): Promise<tf.LayersModel> {
  try {
    return await tf.loadLayersModel({ load: () => Promise.resolve(artifacts) });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `Expected a model that tfjs can build in ${path} but it says: ${reason} Save the classifier again.`,
      { cause: error },
    );
  }
}

/** The weights' file of the classifier in the folder; undefined where there is none. */
async function usedWeightsFile(directory: string): Promise<string | undefined> {
  try {
    return (await readModelJson(join(directory, 'model.json'))).weightsManifest[0].paths[0];
  } catch {
    return undefined; // None, or none of ours: no name is in use.
  }
}
