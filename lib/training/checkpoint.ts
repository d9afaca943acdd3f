/** What a checkpoint of a training contains, and how training resumes from it. */
import { resolve } from 'node:path';
import { errorCode } from '../atomicFile';
import { lockFolder } from '../folderLock';
import {
  amount,
  count,
  flag,
  listOf,
  number,
  object,
  objectOf,
  recordOf,
  type Schema,
} from '../schema';
import { describeBackend, type BackendDescription } from '../tensorflow/backend';
import {
  prepareCheckpointFolder,
  readNewestCheckpoint,
  writeCheckpoint,
  type TensorGroups,
} from './checkpointFiles';
import type { CheckpointOptions } from './config';
import { findDifference, type TrainingIdentity } from './identity';
import type { TensorValue } from './modelState';
import { epochSchema } from './history';
import type { EpochTally, TrainingProgress } from './progress';

/** Everything that a training needs to continue as if nothing had happened. */
export interface TrainingSnapshot {
  readonly progress: TrainingProgress;
  /** Weights, moving averages, optimizer slots. */
  readonly variables: readonly TensorValue[];
  /** With `keepBest`: the best epoch's weights, once there is one. */
  readonly bestWeights?: readonly TensorValue[];
  /** True once the training has ended: all epochs done, or stopped early. */
  readonly complete: boolean;
}

/** A snapshot from a checkpoint. */
export interface LoadedSnapshot extends TrainingSnapshot {
  /** What is different about TensorFlow since then, in words; undefined where nothing is. */
  readonly runtimeDifference?: string;
}

/** The state of a checkpoint: plain JSON. */
export interface CheckpointState {
  readonly identity: TrainingIdentity;
  /** What the last bits of a result depend on. */
  readonly runtime: Omit<BackendDescription, 'origin'>;
  readonly progress: TrainingProgress;
  readonly complete: boolean;
}

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

/** The checksum detects damage; this detects files written by hand or by another program. */
export const checkpointStateSchema: Schema<CheckpointState> = objectOf<CheckpointState>({
  identity: object as Schema<CheckpointState['identity']>,
  runtime: object as Schema<CheckpointState['runtime']>,
  progress: progressSchema,
  complete: flag,
});

/** Saves and finds one training's checkpoints. */
export interface Checkpoints {
  /** Absolute. */
  readonly directory: string;
  /** @throws Error that says why nothing could be written; earlier checkpoints are as they were. */
  save(snapshot: TrainingSnapshot): Promise<void>;
  /**
   * The training to continue, or undefined to start from the beginning.
   *
   * @throws Error where the newest checkpoint is damaged or belongs to another training.
   */
  load(): Promise<LoadedSnapshot | undefined>;
  /** Lets the next training have the folder; never throws. */
  close(): void;
}

/** @throws Error where the folder cannot be made, or another process trains with it. */
export async function openCheckpoints(
  identity: TrainingIdentity,
  options: CheckpointOptions,
): Promise<Checkpoints> {
  const directory = resolve(options.directory);
  const { resume = 'unfinished' } = options;
  const { tensorflow, tfjs, device, threads } = describeBackend();
  const runtime = { tensorflow, tfjs, device, threads };
  const lock = await lockFolder(directory, `train with checkpoints in ${directory}`);
  try {
    await prepareCheckpointFolder(directory);
  } catch (error) {
    lock.release();
    throw error;
  }

  return {
    directory,
    close: () => lock.release(),
    async save({ progress, variables, bestWeights, complete }) {
      const state: CheckpointState = { identity, runtime, progress, complete };
      const tensors: TensorGroups = bestWeights ? { variables, best: bestWeights } : { variables };
      try {
        await writeCheckpoint(directory, { state, tensors });
      } catch (error) {
        throw saveError(error, { directory, step: progress.step });
      }
    },
    async load() {
      if (resume === 'never') return undefined;
      const found = await readNewestCheckpoint(directory, (state) =>
        checkpointStateSchema(state, 'state'),
      );
      if (found === undefined) return undefined;
      const { progress, complete } = found.state;
      if (complete && resume === 'unfinished') return undefined;
      const isExtended = complete && resume === 'extend';
      const difference = findDifference(
        isExtended ? withoutEpochs(found.state.identity) : found.state.identity,
        isExtended ? withoutEpochs(identity) : identity,
      );
      if (difference !== undefined) {
        if (!options.onOther) throw otherTraining(difference, directory);
        options.onOther(difference);
        return undefined;
      }
      return {
        progress,
        complete: complete && !isExtended,
        variables: found.tensors.variables ?? [],
        bestWeights: found.tensors.best,
        runtimeDifference: findDifference(found.state.runtime, runtime),
      };
    },
  };
}

/** An extended training has more epochs; all else is the same. */
function withoutEpochs(identity: TrainingIdentity): TrainingIdentity {
  return { ...identity, options: { ...(identity.options as object), epochs: undefined } };
}

function otherTraining(difference: string, directory: string): Error {
  return new Error(
    `Expected the checkpoint in ${directory} to belong to this training but ${difference}. ` +
      'Pass the same again to resume it, choose another checkpoint.directory, or start over with ' +
      "checkpoint: { resume: 'never' }. The checkpoint has not been touched.",
  );
}

function saveError(
  error: unknown,
  { directory, step }: { readonly directory: string; readonly step: number },
): Error {
  const reason = error instanceof Error ? error.message : String(error);
  const failure = new Error(
    `Training stopped after step ${step}: its checkpoint could not be written. ${reason} ` +
      `Earlier checkpoints in ${directory} are as they were; the model keeps its current weights.`,
    { cause: error },
  );
  return Object.assign(failure, { code: errorCode(error) });
}
