// Turns a notebook's training results into a run's record of a model.
import { readdirSync, statSync } from 'node:fs';
import * as path from 'node:path';
import type { Evaluation } from '../evaluation/evaluate';
import type { tf } from '../tensorflow/backend';
import type { History } from '../training/history';
import type { ModelOrigin, ModelRecord } from './runRecord';

export interface FinishedModel {
  readonly name: string;
  readonly model: Pick<tf.LayersModel, 'countParams'>;
  readonly history: History;
  /** The test set's evaluation; leave it out for a model that was not tested. */
  readonly evaluation?: Pick<Evaluation, 'metrics'>;
  /** The folder the model was saved in; leave it out for one that was not saved. */
  readonly directory?: string;
  readonly origin?: ModelOrigin;
}

/**
 * The record of a trained model: metrics of the epoch whose weights it has (its best, else its last),
 * training time and throughput, and the size of its folder.
 */
export function describeTrainedModel(finished: FinishedModel): ModelRecord {
  const { name, model, history, evaluation, directory, origin = null } = finished;
  const { epochs, seconds, bestEpoch } = history;
  const kept = epochs.find(({ epoch }) => epoch === bestEpoch) ?? epochs.at(-1);
  return {
    name,
    parameterCount: model.countParams(),
    train: kept?.train ?? null,
    val: kept?.val ?? null,
    test: evaluation?.metrics ?? null,
    singleViewAccuracy: null,
    seconds,
    imagesPerSecond: meanThroughput(history),
    sizeBytes: directory === undefined ? 0 : folderBytes(directory),
    history: epochs,
    origin,
  };
}

/** All epochs have the same number of images: images over seconds is the harmonic mean. */
function meanThroughput({ epochs }: History): number {
  const secondsPerImage = epochs.reduce((sum, epoch) => sum + 1 / epoch.imagesPerSecond, 0);
  return epochs.length === 0 ? 0 : epochs.length / secondsPerImage;
}

/** The bytes of a folder's files, folders in it included. */
function folderBytes(directory: string): number {
  const sizes = readdirSync(directory, { withFileTypes: true }).map((entry) => {
    const entryPath = path.join(directory, entry.name);
    return entry.isDirectory() ? folderBytes(entryPath) : statSync(entryPath).size;
  });
  return sizes.reduce((sum, size) => sum + size, 0);
}
