/** Predictions for picture files: one, several, or a folder of them. */
import { readdir } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { fileError, kindOf } from '../atomicFile';
import { isHidden } from '../data/pictureFiles';
import type { Classifier } from '../models/classifier';
import { callback, checkOptions, positiveInteger } from '../options';
import { predictImage, type Prediction } from './predictImage';

/** A picture's path and what a classifier says of it. */
export interface NamedPrediction {
  readonly picture: string;
  readonly prediction: Prediction;
}

const EXTENSIONS = ['.jpg', '.jpeg', '.png', '.webp', '.gif', '.tif', '.tiff'];

/**
 * Predicts picture files, one after the other: only one is in memory.
 *
 * @param paths of {@link listPictures}.
 * @param options.k classes in each prediction's `topK`; default 5.
 * @param options.onSkip receives each picture that cannot be read; it is left out. Default: the error is thrown.
 */
export async function predictPictures(
  classifier: Classifier,
  paths: readonly string[],
  options: { readonly k?: number; readonly onSkip?: (path: string, error: Error) => void } = {},
): Promise<NamedPrediction[]> {
  checkOptions('predictPictures', options, { k: positiveInteger, onSkip: callback });
  const { k, onSkip } = options;
  const predictions: NamedPrediction[] = [];
  for (const picture of paths) {
    try {
      predictions.push({ picture, prediction: await predictImage(classifier, picture, { k }) });
    } catch (error) {
      if (!onSkip || !(error instanceof Error)) throw error;
      onSkip(picture, error);
    }
  }
  return predictions;
}

/**
 * The pictures that a path means: the file itself, or every picture in the folder and the folders in it, sorted.
 *
 * @throws Error where there is nothing, or no picture in the folder.
 */
export async function listPictures(path: string): Promise<string[]> {
  const kind = await kindOf(path);
  if (kind === undefined) {
    throw new Error(
      `Expected a picture or a folder of pictures at ${path} but there is nothing: check the path.`,
    );
  }
  if (kind === 'file') return [path];
  const names = await readdir(path, { recursive: true }).catch((error: unknown) => {
    throw fileError(error, `read the folder ${path}`);
  });
  const pictures = names.filter(
    (name) => EXTENSIONS.includes(extname(name).toLowerCase()) && !name.split(sep).some(isHidden),
  );
  if (pictures.length === 0) {
    throw new Error(
      `Expected pictures (${EXTENSIONS.join(', ')}) in the folder ${path} but found none: choose another folder.`,
    );
  }
  return pictures.sort().map((name) => join(path, name));
}
