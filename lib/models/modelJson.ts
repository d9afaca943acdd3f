/** `model.json` of a saved classifier: tfjs' own layers format, with our part under `userDefinedMetadata`. */
import { resolve } from 'node:path';
import { errorCode, readWholeFile } from '../atomicFile';
import { checkPreprocess, type Preprocess } from '../data/preprocess';
import { describeValue } from '../options';
import type { tf } from '../tensorflow/backend';

/** The version of the metadata: a reader refuses any other. */
export const CLASSIFIER_SCHEMA_VERSION = 1;

/** What `model.json` says under `userDefinedMetadata`. */
export interface ClassifierMetadata {
  readonly schemaVersion: number;
  readonly classNames: readonly string[];
  readonly preprocess: Preprocess;
  /** As in `Classifier`; absent in what older versions saved. */
  readonly flipAverage?: boolean;
  /** Of the weights' file. */
  readonly weightsSha256: string;
}

/** Topology and weights in memory; tfjs-node does not export the type's name. */
export type ModelArtifacts = Parameters<Parameters<typeof tf.io.withSaveHandler>[0]>[0];

/** `model.json`, as tfjs writes it. */
export interface ModelJson {
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

/** @throws Error where the file is missing, cut, or not in tfjs' layers format. */
export async function readModelJson(path: string): Promise<ModelJson> {
  return parseModelJson(await readText(path), path);
}

async function readText(path: string): Promise<string> {
  try {
    return (await readWholeFile(path)).toString('utf8');
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    throw new Error(
      `Expected a saved classifier in ${resolve(path, '..')} but it has no model.json: check the path, or save ` +
        'the classifier with saveClassifier.',
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
  const paths = groups === 1 ? manifest?.[0]?.paths : undefined;
  if (paths?.length !== 1) return refuse(`${paths?.length ?? groups} weights files`);
  // A plain name: a model from elsewhere must not read any other file of this machine.
  if (!/^[\w-]+(\.[\w-]+)*$/.test(paths[0]))
    return refuse(`the weights file ${describeValue(paths[0])}`);
  if (typeof json.modelTopology !== 'object') return refuse('no modelTopology');
  return json as ModelJson;
}

/** Our part of `model.json`. @throws Error where it is missing, of another version or not valid. */
export function parseMetadata(value: unknown, path: string): ClassifierMetadata {
  const place = `userDefinedMetadata of ${path}`;
  const { schemaVersion, classNames, preprocess, flipAverage, weightsSha256 } = (value ??
    {}) as Partial<ClassifierMetadata>;
  if (schemaVersion === undefined) {
    throw new Error(
      `Expected class names and preprocessing in ${place} but found none: the model was saved by something else. ` +
        'Load it with tf.loadLayersModel and put { model, classNames, preprocess } together yourself.',
    );
  }
  if (schemaVersion !== CLASSIFIER_SCHEMA_VERSION) {
    throw new Error(
      `Expected schemaVersion ${CLASSIFIER_SCHEMA_VERSION} in ${place} but found ${describeValue(schemaVersion)}: ` +
        'load the model with the version of this project that saved it.',
    );
  }
  if (!Array.isArray(classNames) || !classNames.every((name) => typeof name === 'string')) {
    throw new Error(
      `Expected classNames in ${place} to be an array of texts but found ${describeValue(classNames)}: ` +
        'save the classifier again.',
    );
  }
  if (flipAverage !== undefined && typeof flipAverage !== 'boolean') {
    throw new Error(
      `Expected flipAverage in ${place} to be true or false but found ${describeValue(flipAverage)}: ` +
        'save the classifier again.',
    );
  }
  return {
    schemaVersion,
    classNames,
    preprocess: checkPreprocess(preprocess, place),
    ...(flipAverage ? { flipAverage } : {}),
    weightsSha256: String(weightsSha256),
  };
}
