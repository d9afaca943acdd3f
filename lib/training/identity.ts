/**
 * What identifies a training. A checkpoint stores it, so that one of another form, other data or other
 * options is never taken for it, and the first thing that differs can be named.
 *
 * The initial weights are not part of it: an interrupted model no longer has them. Two
 * trainings that differ in nothing else need folders of their own.
 */
import { fingerprintDataset, type ImageDataset } from '../data/dataset';
import { describeValue } from '../options';
import { type tf } from '../tensorflow/backend';

/** Plain JSON. */
export interface TrainingIdentity {
  readonly model: unknown;
  readonly trainSet: unknown;
  readonly valSet: unknown;
  readonly options: unknown;
}

/**
 * The model's configuration (layers, their sizes, rates, initialisers with their seeds, which are trainable) and the
 * shapes of its weights; plain JSON.
 *
 * Layer names become numbers: tfjs counts them through the process, so the same cell run twice gives the same model
 * under other names (`dense_Dense1`, `dense_Dense2`).
 */
export function describeModel(model: tf.LayersModel): unknown {
  const config = JSON.parse(JSON.stringify(model.getConfig())) as unknown;
  const names = new Map<string, string>();
  collectNames(config, names);
  return {
    config: replaceNames(config, names),
    weights: model.weights.map(({ dtype, shape }) => `${dtype} [${shape.join(', ')}]`),
  };
}

/** Everything that decides about a curve; not callbacks, nor where checkpoints go. Plain JSON. */
export function identify(
  model: tf.LayersModel,
  of: Omit<TrainingIdentity, 'model'>,
): TrainingIdentity {
  return JSON.parse(JSON.stringify({ model: describeModel(model), ...of })) as TrainingIdentity;
}

/** Name, size, classes and fingerprint of a data set. */
export function describeDataset(dataset: ImageDataset): unknown {
  const { name, source, size, height, width, classNames } = dataset;
  return { name, source, size, height, width, classNames, sha256: fingerprintDataset(dataset) };
}

/**
 * The first place where two plain JSON values differ, in words that complete "…, but"; undefined where they are equal.
 *
 * @example findDifference({ epochs: 3 }, { epochs: 5 }) // 'epochs was 3 and is 5 now'
 */
export function findDifference(before: unknown, now: unknown, path = ''): string | undefined {
  if (isObject(before) && isObject(now)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(now)])) {
      const place = Array.isArray(now) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
      const difference = findDifference(before[key], now[key], place);
      if (difference !== undefined) return difference;
    }
    return undefined;
  }
  if (Object.is(before, now)) return undefined;
  return `${path} was ${describeJson(before)} and is ${describeJson(now)} now`;
}

function describeJson(value: unknown): string {
  return value === undefined ? 'not set' : describeValue(value);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Every string under a key `name`, in the order of appearance. */
function collectNames(value: unknown, names: Map<string, string>): void {
  if (!isObject(value)) return;
  if (typeof value.name === 'string' && !names.has(value.name)) {
    names.set(value.name, `#${names.size}`);
  }
  for (const child of Object.values(value)) collectNames(child, names);
}

function replaceNames(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return names.get(value) ?? value;
  if (Array.isArray(value)) return value.map((child) => replaceNames(child, names));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [
      key,
      key === 'className' ? child : replaceNames(child, names),
    ]),
  );
}
