/**
 * The files of a saved classifier: tfjs' own layers format, with our part under `userDefinedMetadata` of `model.json`.
 * Read without TensorFlow, of which only types are named here.
 */
import { join, resolve } from 'node:path';
import { errorCode, readWholeFile } from '../atomicFile';
import { sha256Of } from '../data/checksum';
import { checkPreprocess, type Preprocess } from '../data/preprocess';
import {
  anything,
  flag,
  listOf,
  number,
  object,
  objectOf,
  oneOf,
  optional,
  type Schema,
  SchemaError,
  single,
  text,
} from '../schema';
import type { tf } from '../tensorflow/backend';
import type { Views } from './views';

/** The version of the metadata. Version 1 had `flipAverage: true` where it is `views: 2` now. */
export const CLASSIFIER_SCHEMA_VERSION = 2;

/** What `model.json` says under `userDefinedMetadata`. */
export interface ClassifierMetadata {
  readonly schemaVersion: number;
  readonly classNames: readonly string[];
  readonly preprocess: Preprocess;
  /** As in `Classifier`, both. */
  readonly views?: Views;
  readonly temperature?: number;
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

/** Topology and weights, as `model.save` would hand them to a file. */
export async function modelArtifacts(model: tf.LayersModel): Promise<ModelArtifacts> {
  let artifacts: ModelArtifacts = {};
  await model.save({
    save: (saved) => {
      artifacts = saved;
      return Promise.resolve({
        modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' },
      });
    },
  });
  return artifacts;
}

/** What `saveClassifier` wrote, as it is on the disk. */
export interface SavedModel {
  /** Of `model.json`. */
  readonly path: string;
  readonly json: ModelJson;
  readonly metadata: ClassifierMetadata;
  /** The bytes of the weights' file, which are those that `model.json` means. */
  readonly weights: Buffer;
}

/** @throws Error that names the file and the remedy where something is missing, damaged or foreign. */
export async function readSavedModel(directory: string): Promise<SavedModel> {
  const path = join(directory, 'model.json');
  const json = await readModelJson(path);
  const metadata = parseMetadata(json.userDefinedMetadata, path);
  const weightsPath = join(directory, json.weightsManifest[0].paths[0]);
  const weights = await readWeights(weightsPath);
  if (sha256Of(weights) !== metadata.weightsSha256) {
    throw new Error(
      `Expected the weights in ${weightsPath} to be those of model.json but they are damaged or another ` +
        `model's (${weights.length} bytes): save the classifier again.`,
    );
  }
  return { path, json, metadata, weights };
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

/** A plain name: a model from elsewhere must not read any other file of this machine. */
const fileName: Schema<string> = (value, place) => {
  const name = text(value, place);
  if (/^[\w-]+(\.[\w-]+)*$/.test(name)) return name;
  throw new SchemaError(place, 'the name of a file beside it', name);
};

/** What is read of `model.json`; of tfjs' own parts, tfjs itself says what it cannot build. */
const modelJsonSchema = objectOf<Pick<ModelJson, 'format' | 'modelTopology' | 'weightsManifest'>>({
  format: oneOf('layers-model'),
  modelTopology: object,
  weightsManifest: single(
    objectOf<ModelJson['weightsManifest'][number]>({
      paths: single(fileName),
      weights: listOf(object) as Schema<ModelJson['weightsManifest'][number]['weights']>,
    }),
  ),
});

const temperatureSchema: Schema<number> = (value, place) => {
  const temperature = number(value, place);
  if (temperature > 0) return temperature;
  throw new SchemaError(place, 'a number greater than 0', temperature);
};

const metadataSchema = objectOf<
  Omit<ClassifierMetadata, 'views' | 'temperature'> & {
    views: Views | null;
    temperature: number | null;
    flipAverage: boolean | null;
  }
>({
  schemaVersion: oneOf(1, CLASSIFIER_SCHEMA_VERSION),
  classNames: listOf(text),
  preprocess: anything as Schema<Preprocess>,
  views: optional(oneOf(1, 2, 6)),
  temperature: optional(temperatureSchema),
  flipAverage: optional(flag),
  weightsSha256: text,
});

function parseModelJson(json: string, path: string): ModelJson {
  let document: unknown;
  try {
    document = JSON.parse(json);
    return { ...(document as ModelJson), ...modelJsonSchema(document, '') };
  } catch (error) {
    const reason =
      error instanceof SchemaError
        ? error.message
        : `Expected tfjs' layers format but found ${json.trim() === '' ? 'an empty file' : 'no JSON, or a part of it'}`;
    throw new Error(`${reason} in ${path}: save the classifier again with saveClassifier.`);
  }
}

/** Our part of `model.json`. @throws Error where it is missing, of another version or not valid. */
export function parseMetadata(value: unknown, path: string): ClassifierMetadata {
  const place = `userDefinedMetadata of ${path}`;
  if ((value as Partial<ClassifierMetadata> | undefined)?.schemaVersion === undefined) {
    throw new Error(
      `Expected class names and preprocessing in ${place} but found none: the model was saved by something else. ` +
        'Load it with tf.loadLayersModel and put { model, classNames, preprocess } together yourself.',
    );
  }
  try {
    const { flipAverage, preprocess, views, temperature, ...metadata } = metadataSchema(value, '');
    const looks = views ?? (flipAverage ? 2 : null);
    return {
      ...metadata,
      preprocess: checkPreprocess(preprocess, place),
      ...(looks === null ? {} : { views: looks }),
      ...(temperature === null ? {} : { temperature }),
    };
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    throw new Error(
      `${error.message} in ${place}: load the model with the version of this project that saved it, or save it again.`,
    );
  }
}

async function readWeights(path: string): Promise<Buffer> {
  try {
    return await readWholeFile(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    throw new Error(
      `Expected the weights that model.json names in ${path} but there is no such file: copy the whole folder, or ` +
        'save the classifier again.',
      { cause: error },
    );
  }
}
