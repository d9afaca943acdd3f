// What a checkpoint's state.json has to hold. Its checksum finds what was damaged; this finds what was written by hand,
// or by something else.
import {
  amount,
  anything,
  count,
  flag,
  fraction,
  listOf,
  nullable,
  number,
  object,
  objectOf,
  oneOf,
  recordOf,
  type Schema,
  SchemaError,
  text,
} from '../schema';
import type { MetricValues } from '../evaluation/runningMetrics';
import type { CheckpointState } from './checkpoint';
import type { GroupRecord, StateFile } from './checkpointFiles';
import type { EpochRecord } from './history';
import type { EpochTally, TrainingProgress } from './progress';

/** The values of metrics, by name; `accuracy` is always there. */
export const metricsSchema: Schema<MetricValues> = (value, place) => {
  objectOf({ accuracy: fraction })(value, place);
  return recordOf(number)(value, place);
};

/** `loss` too. */
const epochMetricsSchema: Schema<MetricValues> = (value, place) => {
  objectOf({ loss: number })(value, place);
  return metricsSchema(value, place);
};

export const epochSchema: Schema<EpochRecord> = objectOf<EpochRecord>({
  epoch: count,
  train: epochMetricsSchema,
  val: nullable(epochMetricsSchema),
  learningRate: amount,
  seconds: amount,
  imagesPerSecond: amount,
});

const groupFields: Schema<GroupRecord> = objectOf<GroupRecord>({
  sizeBytes: count,
  sha256: text,
  tensors: listOf(
    objectOf<GroupRecord['tensors'][number]>({
      name: text,
      dtype: oneOf('float32', 'int32'),
      shape: listOf(count),
    }),
  ),
});

/** The tensors, four bytes a number, fill their file. */
const groupSchema: Schema<GroupRecord> = (value, place) => {
  const group = groupFields(value, place);
  const bytes = group.tensors.map(({ shape }) => shape.reduce((size, side) => size * side, 4));
  const expected = bytes.reduce((sum, size) => sum + size, 0);
  if (expected === group.sizeBytes) return group;
  throw new SchemaError(`${place}.sizeBytes`, `${expected}, as its tensors are`, group.sizeBytes);
};

export const stateFileSchema: Schema<StateFile> = objectOf<StateFile>({
  schemaVersion: count,
  savedAt: text,
  files: recordOf(groupSchema),
  state: anything,
});

const progressSchema: Schema<TrainingProgress> = objectOf<TrainingProgress>({
  step: count,
  epochs: listOf(epochSchema),
  current: objectOf<EpochTally>({
    steps: count,
    images: count,
    lossSum: number,
    sums: recordOf(listOf(number)),
    stepSeconds: amount,
    seconds: amount,
    learningRate: amount,
  }),
  seconds: amount,
});

export const checkpointStateSchema: Schema<CheckpointState> = objectOf<CheckpointState>({
  identity: object as Schema<CheckpointState['identity']>,
  runtime: object as Schema<CheckpointState['runtime']>,
  progress: progressSchema,
  complete: flag,
});
