/** Predictions for picture files, one or a folder of them, by whichever engine: nothing here loads TensorFlow. */
import { realpath } from 'node:fs/promises';
import { kindOf } from '../atomicFile';
import type { SkippedFile } from '../data/dataset';
import { decodeImage, sideBySide } from '../data/image';
import { listFolder, PICTURE_EXTENSIONS, skippedNotice } from '../data/pictureFiles';
import { sourceSizeOf } from '../data/resize';
import type { Classifier } from '../models/classifier';
import { callback, checkOptions, positiveInteger } from '../options';
import type { Predictor } from './predictor';
import { topK } from './ranking';

/** One class and how likely it is. */
export interface NamedProbability {
  readonly className: string;
  /** The class's number. */
  readonly label: number;
  /** 0…1. */
  readonly probability: number;
}

/** A classifier's prediction for one image: the top class and the runners-up. */
export interface Prediction extends NamedProbability {
  /** The likeliest classes, likeliest first; the first one is the prediction. */
  readonly topK: readonly NamedProbability[];
}

/** A picture's path and what a classifier says of it. */
export interface NamedPrediction {
  readonly picture: string;
  readonly prediction: Prediction;
  /** Whether its probability reaches what was asked for; absent where nothing was. */
  readonly sure?: boolean;
}

/** What predicts files: pictures of the size of its training pictures (`sourceSizeOf`) to probabilities. */
export interface FilePredictor extends Pick<Classifier, 'classNames' | 'preprocess'> {
  readonly predictor: Predictor;
}

/** Options of `predictPictures` that do not depend on the engine. */
export interface PredictFilesOptions {
  /** Classes in each prediction's `topK`; default 5, or all of them where there are fewer. */
  readonly k?: number;
  /** Receives each picture that cannot be read; it is left out. Default: the error is thrown. */
  readonly onSkip?: (path: string, error: Error) => void;
}

/** A picture's path and why it cannot be read. */
export interface UnreadablePicture {
  readonly picture: string;
  readonly error: Error;
}

/** Pictures a run of the network. */
export const BATCH_SIZE = 32;
/** Classes in a prediction's `topK`, or all of them where there are fewer. */
export const DEFAULT_RANKS = 5;

/**
 * Predicts picture files in their order, all in memory.
 *
 * @param paths of {@link listPictures}.
 */
export async function predictFiles(
  classifier: FilePredictor,
  paths: readonly string[],
  options: PredictFilesOptions = {},
): Promise<NamedPrediction[]> {
  checkOptions<PredictFilesOptions>('predictPictures', options, {
    k: positiveInteger,
    onSkip: callback,
  });
  const { k, onSkip } = options;
  const predictions: NamedPrediction[] = [];
  for await (const batch of predictBatches(classifier, paths, k)) {
    for (const each of batch) {
      if (!('error' in each)) predictions.push(each);
      else if (onSkip) onSkip(each.picture, each.error);
      else throw each.error;
    }
  }
  return predictions;
}

/**
 * Predicts picture files in their order, {@link BATCH_SIZE} at a time. While a batch is predicted, the next one is decoded: two
 * batches are in memory, in the size of the training pictures, and a few whole pictures.
 *
 * @param k classes in each prediction's `topK`.
 */
export async function* predictBatches(
  { classNames, preprocess, predictor }: FilePredictor,
  paths: readonly string[],
  k?: number,
): AsyncGenerator<(NamedPrediction | UnreadablePicture)[]> {
  const size = sourceSizeOf(preprocess);
  const decodeFrom = (start: number) => decodeFiles(paths.slice(start, start + BATCH_SIZE), size);
  let next = decodeFrom(0);
  for (let start = 0; start < paths.length; start += BATCH_SIZE) {
    const { images, errors } = await next;
    next = decodeFrom(start + BATCH_SIZE);
    const count = errors.length;
    const isAnyReadable = errors.some((error) => error === undefined);
    const probabilities = isAnyReadable ? await predictor.run(images, count) : new Float32Array();
    const numClasses = probabilities.length / count;
    yield errors.map((error, index) => {
      const picture = paths[start + index];
      if (error !== undefined) return { picture, error };
      const row = probabilities.subarray(index * numClasses, (index + 1) * numClasses);
      return { picture, prediction: namePrediction(row, { classNames, k }) };
    });
  }
}

/** The likeliest of the named classes. */
export function namePrediction(
  probabilities: Float32Array,
  {
    classNames,
    k = DEFAULT_RANKS,
  }: { readonly classNames: readonly string[]; readonly k?: number },
): Prediction {
  const ranked = topK(probabilities, Math.min(k, classNames.length)).map(
    ({ label, probability }) => ({ className: classNames[label], label, probability }),
  );
  return { ...ranked[0], topK: ranked };
}

/** Never rejects. The pixels of what cannot be read are 0: a batch of another size would be another graph in TensorFlow. */
async function decodeFiles(
  paths: readonly string[],
  { height, width }: { readonly height: number; readonly width: number },
): Promise<{ images: Uint8Array; errors: (Error | undefined)[] }> {
  const bytes = height * width * 3;
  const images = new Uint8Array(paths.length * bytes);
  const errors: (Error | undefined)[] = paths.map(() => undefined);
  await sideBySide(paths.length, async (index) => {
    try {
      images.set((await decodeImage(paths[index], { height, width })).data, index * bytes);
    } catch (error) {
      errors[index] = error instanceof Error ? error : new Error(String(error));
    }
  });
  return { images, errors };
}

/**
 * The pictures that a path means: the file itself, or every picture in the folder and the folders in it, sorted. Links
 * are followed; each picture comes once, however many lead to it.
 *
 * @param options.onNotice receives what was passed over in a folder: broken links, named pipes, files of other kinds.
 *   Default: console.warn.
 * @throws Error where there is nothing, or no picture in the folder.
 */
export async function listPictures(
  path: string,
  options: { readonly onNotice?: (notice: string) => void } = {},
): Promise<string[]> {
  checkOptions('listPictures', options, { onNotice: callback });
  const { onNotice = console.warn } = options;
  const kind = await kindOf(path);
  if (kind === undefined) {
    throw new Error(
      `Expected a picture or a folder of pictures at ${path} but there is nothing: check the path.`,
    );
  }
  if (kind === 'file') return [path];
  const pictures: string[] = [];
  const skipped: SkippedFile[] = [];
  const seen = new Set<string>();
  const look = async (folder: string, real: string): Promise<void> => {
    seen.add(real);
    for (const entry of await listFolder(folder, real)) {
      const skip = (reason: string) => skipped.push({ path: entry.path, reason });
      if (entry.kind === 'other') skip(entry.reason);
      else if (seen.has(entry.realPath)) skip('it is a link to what is there already');
      else if (entry.kind === 'folder') {
        await look(entry.path, entry.realPath).catch((error: Error) => skip(error.message));
      } else {
        seen.add(entry.realPath);
        pictures.push(entry.path);
      }
    }
  };
  await look(path, await realpath(path));
  if (skipped.length > 0) onNotice(skippedNotice(skipped, path));
  if (pictures.length === 0) {
    throw new Error(
      `Expected pictures (${PICTURE_EXTENSIONS.join(', ')}) in the folder ${path} but found none: choose another folder.`,
    );
  }
  return pictures.sort();
}
