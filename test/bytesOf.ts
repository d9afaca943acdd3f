import assert from 'node:assert/strict';
import type { ImageDataset } from '../lib/data/dataset';

/** The pictures of a data set that is in memory, as they are there: uint8 [size, height, width, 3]. */
export function bytesOf({ images }: Pick<ImageDataset, 'images'>): Uint8Array {
  assert.ok(images instanceof Uint8Array);
  return images;
}
