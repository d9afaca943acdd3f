/** Predictions for picture files: one, several, or a folder of them. */
import { realpath } from 'node:fs/promises';
import { kindOf } from '../atomicFile';
import type { SkippedFile } from '../data/dataset';
import { listFolder, PICTURE_EXTENSIONS, skippedNotice } from '../data/pictureFiles';
import type { Classifier } from '../models/classifier';
import { callback, checkOptions, positiveInteger } from '../options';
import { type Engine, engineRule } from './engine';
import { predictImage, type Prediction } from './predictImage';

/** A picture's path and what a classifier says of it. */
export interface NamedPrediction {
  readonly picture: string;
  readonly prediction: Prediction;
}

/**
 * Predicts picture files, one after the other: only one is in memory.
 *
 * @param paths of {@link listPictures}.
 * @param options.k classes in each prediction's `topK`; default 5.
 * @param options.engine what computes. Default 'auto'.
 * @param options.onSkip receives each picture that cannot be read; it is left out. Default: the error is thrown.
 */
export async function predictPictures(
  classifier: Classifier,
  paths: readonly string[],
  options: {
    readonly k?: number;
    readonly engine?: Engine;
    readonly onSkip?: (path: string, error: Error) => void;
  } = {},
): Promise<NamedPrediction[]> {
  checkOptions('predictPictures', options, {
    k: positiveInteger,
    engine: engineRule,
    onSkip: callback,
  });
  const { k, engine, onSkip } = options;
  const predictions: NamedPrediction[] = [];
  for (const picture of paths) {
    try {
      predictions.push({
        picture,
        prediction: await predictImage(classifier, picture, { k, engine }),
      });
    } catch (error) {
      if (!onSkip || !(error instanceof Error)) throw error;
      onSkip(picture, error);
    }
  }
  return predictions;
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
