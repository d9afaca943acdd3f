import { createRng, shuffledIndices } from '../random';
import { createDataset, type ImageDataset } from '../data/dataset';
import { drawPicture, type Subject } from './picture';
import { Raster } from './raster';

export interface PictureSetOptions {
  readonly name: string;
  /** The drawing of each class name. */
  readonly subjects: Readonly<Record<string, Subject>>;
  readonly classNames: readonly string[];
  readonly count: number;
  readonly seed: number;
  /** Keeps this set's random streams apart from other sets'. */
  readonly stream: string;
  /** Width and height in pixels. */
  readonly size: number;
  readonly wildness?: number;
}

/**
 * Draws a labelled set. Every picture has a random stream of its own, so it does not depend on how
 * many are asked for; every `classNames.length` pictures hold each class once, in random order, so
 * any first part of the set is balanced too.
 */
export function drawPictureSet(options: PictureSetOptions): ImageDataset {
  const { name, subjects, classNames, count, seed, stream, size, wildness } = options;
  const images = new Uint8Array(count * size * size * 3);
  const bytes = new Uint8ClampedArray(images.buffer);
  const raster = new Raster(size);
  const labels = new Int32Array(count);
  let order: Uint32Array = new Uint32Array(0);
  for (let index = 0; index < count; index++) {
    const place = index % classNames.length;
    if (place === 0) {
      order = shuffledIndices(classNames.length, createRng(seed, stream, 'classes', index));
    }
    labels[index] = order[place];
    const subject = subjects[classNames[order[place]]];
    const rng = createRng(seed, stream, 'picture', index);
    drawPicture(raster, subject, { rng, wildness });
    // A clamped array rounds and limits to 0…255 by itself (ECMAScript's ToUint8Clamp).
    bytes.set(raster.pixels, index * raster.pixels.length);
  }
  return createDataset({
    name,
    source: 'generated',
    images,
    labels,
    classNames,
    height: size,
    width: size,
  });
}
