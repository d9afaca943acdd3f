// Turns a notebook's training results into a run's record of a model.
import { readdirSync, statSync } from 'node:fs';
import * as path from 'node:path';
import type { Evaluation } from '../evaluation/evaluate';
import type { tf } from '../tensorflow/backend';
import type { Schedule } from '../training/schedule';
import type { History } from '../training/history';
import type { ParameterValue } from './parameters';
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
    int8: null,
    calibration: null,
    seconds,
    imagesPerSecond: meanThroughput(history),
    sizeBytes: directory === undefined ? 0 : folderBytes(directory),
    history: epochs,
    origin,
  };
}

/**
 * Options of a training as a record holds them, flat: `{ optimizer: { name: 'sgd', hyperparameters: { momentum: 0.9 } } }` is
 * `{ optimizer: 'sgd', 'optimizer.momentum': 0.9 }`. A list of plain values becomes a text; functions, such as callbacks, are
 * left out, but for a learning rate that is a schedule, which is written from start over peak to end: `0.12 → 0.6 → 0.042`.
 */
export function describeOptions(options: object): Record<string, ParameterValue> {
  return Object.fromEntries(Object.entries(options).flatMap(([name, value]) => flat(value, name)));
}

function flat(value: unknown, place: string): [string, ParameterValue][] {
  if (place === 'learningRate' && typeof value === 'function')
    return [[place, describeSchedule(value as Schedule)]];
  if (isPlain(value)) return [[place, value]];
  if (Array.isArray(value) && value.every(isPlain)) return [[place, value.join(' ')]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, part]) =>
    flat(part, OWN_NAMES.has(name) ? place : `${place}.${name}`),
  );
}

/** Of an optimizer, a loss, an augmentation: what they hold belongs to the option itself. */
const OWN_NAMES = new Set(['name', 'options', 'hyperparameters']);

function isPlain(value: unknown): value is ParameterValue {
  return ['string', 'boolean'].includes(typeof value) || Number.isFinite(value);
}

/** Sampled: a schedule is a function of the progress from 0 up to, not including, 1. */
function describeSchedule(schedule: Schedule): string {
  const rates = Array.from({ length: 1001 }, (_, index) =>
    schedule(Math.min(index / 1000, 0.9999)),
  );
  const peak = Math.max(...rates);
  const points = [rates[0], peak, rates[rates.length - 1]];
  const shown = points.map((rate) =>
    Number(((Math.round((rate / peak) * 100) / 100) * peak).toPrecision(3)),
  );
  return shown.filter((rate, index) => rate !== shown[index - 1]).join(' → ');
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
