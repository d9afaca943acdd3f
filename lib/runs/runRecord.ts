// What a finished run leaves behind in run.json, and the check of such a file.
import type { DatasetSource } from '../data/dataset';
import type { Int8Accuracy } from '../evaluation/exportInt8';
import type { MetricValues } from '../evaluation/runningMetrics';
import { epochSchema, metricsSchema } from '../training/history';
import type { EpochRecord } from '../training/history';
import type { ParameterValue } from './parameters';
import {
  amount,
  count,
  flag,
  fraction,
  integer,
  listOf,
  nullable,
  number,
  objectOf,
  oneOf,
  optional,
  primitive,
  recordOf,
  type Schema,
  text,
  timestamp,
} from '../schema';

/** Quick is the default and ends within minutes; full is the whole recipe. */
export type Preset = 'quick' | 'full';

/** A run's record; `schemaVersion` grows when a field changes its meaning. Times are UTC, ISO 8601. */
export interface RunRecord {
  readonly schemaVersion: 2;
  readonly id: string;
  /** The notebook's file name without its ending, e.g. `using-cifar`. */
  readonly notebook: string;
  readonly preset: Preset;
  /** The notebook's parameters, by name. */
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  readonly seed: number;
  readonly startedAt: string;
  readonly finishedAt: string;
  /** null in a run that looked at no data set. */
  readonly dataset: DatasetRecord | null;
  /** null in a run that started from no pretrained weights. */
  readonly weights: WeightsRecord | null;
  readonly models: readonly ModelRecord[];
  readonly versions: VersionsRecord;
  readonly device: string;
  /** Threads that TensorFlow may use for one operation. */
  readonly threads: number;
  /** null where the project is no git working tree. */
  readonly git: GitRecord | null;
  readonly machine: MachineRecord;
}

export interface DatasetRecord {
  readonly name: string;
  readonly source: DatasetSource;
  readonly classNames: readonly string[];
  /** Images in each part, as they were used. */
  readonly counts: { readonly train: number; readonly val: number; readonly test: number };
  /**
   * Checksums of each part: its pictures' number and size, all bytes, all labels. null where a part was not there or
   * only counted; as a whole null in records from before there were checksums.
   */
  readonly sha256: {
    /** Of the data before limits and random splits; null for the generated sample, and in older records. */
    readonly source: string | null;
    /** Of the names and sizes of all files; null where the data are no folder of pictures, and in older records. */
    readonly files: string | null;
    readonly train: string | null;
    readonly val: string | null;
    readonly test: string | null;
  } | null;
  /** What a person's corrections changed, and the SHA-256 of their file; null where there were none, and in older records. */
  readonly corrections: {
    readonly relabelled: number;
    readonly dropped: number;
    readonly sha256: string;
  } | null;
}

/** The pretrained weights that a run started from. */
export interface WeightsRecord {
  /** The file's name. */
  readonly name: string;
  /** Downloaded from Keras; brought by the user; or trained by this project itself, on generated pictures. */
  readonly source: 'official' | 'file' | 'embedded';
}

/** One trained model. Metrics by their names, `loss` and `accuracy` (0…1) among them; null where nothing was measured. */
export interface ModelRecord {
  readonly name: string;
  readonly parameterCount: number;
  /** Running means of the kept epoch, while the weights still moved. */
  readonly train: MetricValues | null;
  readonly val: MetricValues | null;
  readonly test: MetricValues | null;
  /** The test accuracy without test-time views; null where the model takes one view, or has not been tested. */
  readonly singleViewAccuracy: number | null;
  /** Training time, validation included. */
  readonly seconds: number;
  /** Training throughput. */
  readonly imagesPerSecond: number;
  /** Of the saved model's folder; 0 for a model that was not saved. */
  readonly sizeBytes: number;
  readonly history: readonly EpochRecord[];
  /** What its file in int8 reaches; null where none was exported. */
  readonly int8: Int8Accuracy | null;
  /** How sure it is of the validation pictures; null where it was not calibrated, and in older records. */
  readonly calibration: Calibration | null;
  /** How it was made; null in records from before it was noted. */
  readonly origin: ModelOrigin | null;
}

/** What `run.calibrate` did. */
export interface Calibration {
  /** As in `Classifier`. */
  readonly temperature: number;
  /** How many validation pictures it was fitted on. */
  readonly pictures: number;
  /** Metrics of these pictures, `loss` and `ece` among them, without the temperature and with it. */
  readonly before: MetricValues;
  readonly after: MetricValues;
}

/** What a reader of a model's numbers should know about how they came about. */
export interface ModelOrigin {
  /** How often this run has trained a model of this name; the numbers are the last one's. 0: taken from another run. */
  readonly fits: number;
  /** How often models of this name have met the test set in this run: above 1, it may have guided a choice. */
  readonly testReads: number;
  /** Parameters that were not those of the run when the model was trained, with the values that it was trained with. */
  readonly changedParameters: Readonly<Record<string, ParameterValue>>;
  /** The run that trained it, by its id; null: this one. */
  readonly trainedBy: string | null;
  /**
   * The options that decided about its training, from parameters, recipe and cell together: `epochs`, `optimizer.momentum`,
   * … null in records from before they were noted.
   */
  readonly options: Readonly<Record<string, ParameterValue>> | null;
}

export interface VersionsRecord {
  readonly node: string;
  readonly tensorflow: string;
  readonly tfjs: string;
  /** ONNX Runtime, which predicted: features, tests, latencies. null where TensorFlow did, and in older records. */
  readonly onnxruntime: string | null;
  /** null outside a tslab kernel. */
  readonly tslab: string | null;
}

export interface GitRecord {
  readonly commit: string;
  /** Whether the code differed from the commit: files that git knows, of notebooks their code cells. */
  readonly dirty: boolean;
}

/** The machine, without anything that would identify it. */
export interface MachineRecord {
  readonly platform: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
}

const modelFields = {
  name: text,
  parameterCount: count,
  seconds: amount,
  imagesPerSecond: amount,
  sizeBytes: count,
};

/** Also what `run.addModel` holds its argument to, so that a NaN is refused before it becomes null in JSON. */
export const modelSchema: Schema<ModelRecord> = objectOf<ModelRecord>({
  ...modelFields,
  train: nullable(metricsSchema),
  val: nullable(metricsSchema),
  test: nullable(metricsSchema),
  singleViewAccuracy: optional(fraction),
  int8: optional(objectOf<Int8Accuracy>({ int8: fraction, float32: fraction, pictures: count })),
  calibration: optional(
    objectOf<Calibration>({
      temperature: amount,
      pictures: count,
      before: metricsSchema,
      after: metricsSchema,
    }),
  ),
  history: listOf(epochSchema),
  origin: optional(
    objectOf<ModelOrigin>({
      fits: count,
      testReads: count,
      changedParameters: recordOf(primitive),
      trainedBy: nullable(text),
      options: optional(recordOf(primitive)),
    }),
  ),
});

export const datasetSchema: Schema<DatasetRecord> = objectOf<DatasetRecord>({
  name: text,
  source: oneOf('official', 'folder', 'generated'),
  classNames: listOf(text),
  counts: objectOf<DatasetRecord['counts']>({ train: count, val: count, test: count }),
  sha256: optional(
    objectOf<NonNullable<DatasetRecord['sha256']>>({
      source: optional(text),
      files: optional(text),
      train: nullable(text),
      val: nullable(text),
      test: nullable(text),
    }),
  ),
  corrections: optional(
    objectOf<NonNullable<DatasetRecord['corrections']>>({
      relabelled: count,
      dropped: count,
      sha256: text,
    }),
  ),
});

export const presetSchema: Schema<Preset> = oneOf('quick', 'full');

export const gitSchema: Schema<GitRecord | null> = nullable(
  objectOf<GitRecord>({ commit: text, dirty: flag }),
);

const runSchema: Schema<RunRecord> = objectOf<RunRecord>({
  schemaVersion: oneOf(2),
  id: text,
  notebook: text,
  preset: presetSchema,
  parameters: recordOf(primitive),
  seed: integer,
  startedAt: timestamp,
  finishedAt: timestamp,
  dataset: nullable(datasetSchema),
  weights: optional(
    objectOf<WeightsRecord>({ name: text, source: oneOf('official', 'file', 'embedded') }),
  ),
  models: listOf(modelSchema),
  versions: objectOf<VersionsRecord>({
    node: text,
    tensorflow: text,
    tfjs: text,
    onnxruntime: optional(text),
    tslab: nullable(text),
  }),
  device: text,
  threads: count,
  git: gitSchema,
  machine: objectOf<MachineRecord>({
    platform: text,
    cpu: text,
    cores: count,
    memoryBytes: count,
  }),
});

/** A model as records of version 1 had it: fixed metrics, each a field of its own. */
const firstModelSchema = objectOf({
  ...modelFields,
  trainAccuracy: nullable(fraction),
  valAccuracy: nullable(fraction),
  testAccuracy: nullable(fraction),
  history: listOf(
    objectOf({
      epoch: count,
      trainLoss: number,
      trainAccuracy: fraction,
      valLoss: nullable(number),
      valAccuracy: nullable(fraction),
      learningRate: amount,
      seconds: amount,
      imagesPerSecond: amount,
    }),
  ),
});

/** What a record of version 1 says, as version 2 says it; anything else is returned as it is. */
function upgrade(document: unknown): unknown {
  const record = document as { schemaVersion?: unknown; models?: unknown } | null;
  if (record?.schemaVersion !== 1) return document;
  const values = (accuracy: number | null, loss?: number | null): MetricValues | null =>
    accuracy === null ? null : { ...(loss == null ? {} : { loss }), accuracy };
  const models = listOf(firstModelSchema)(record.models, 'models').map(
    ({ trainAccuracy, valAccuracy, testAccuracy, history, ...model }) => ({
      ...model,
      train: values(trainAccuracy),
      val: values(valAccuracy),
      test: values(testAccuracy),
      singleViewAccuracy: null,
      history: history.map(({ trainLoss, valLoss, ...epoch }) => ({
        ...epoch,
        train: values(epoch.trainAccuracy, trainLoss),
        val: values(epoch.valAccuracy, valLoss),
      })),
    }),
  );
  return { ...record, schemaVersion: 2, models };
}

/**
 * Reads the text of a run.json, also of version 1.
 * @param source where the text came from, for the error: usually the file's path.
 * @throws Error that names the first field that is missing or wrong.
 */
export function parseRunRecord(json: string, source = 'run.json'): RunRecord {
  try {
    return runSchema(upgrade(JSON.parse(json)), '');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `${reason} in ${source}: it is no complete run of this version; remove its folder or run the notebook again.`,
    );
  }
}
