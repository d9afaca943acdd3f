import { existsSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ImageDataset } from '../lib/data/dataset';
import { bytesOf } from './bytesOf';

/** The same data set with its pictures in a file: the last one first, so that rows are not indices. */
export function inFile(dataset: ImageDataset, path: string): ImageDataset {
  const { size, height, width } = dataset;
  const [images, bytes] = [bytesOf(dataset), height * width * 3];
  const rows = Uint32Array.from({ length: size }, (_, index) => size - 1 - index);
  writeFileSync(
    path,
    Buffer.concat(Array.from(rows, (index) => images.subarray(index * bytes, (index + 1) * bytes))),
  );
  return { ...dataset, images: { path, rows } };
}

/** How many descriptors of the data set's file this process holds open; 0 where the system does not say. */
export function openFiles({ images }: ImageDataset): number {
  const folder = '/proc/self/fd';
  if (images instanceof Uint8Array || !existsSync(folder)) return 0;
  const isOpen = (name: string) => {
    try {
      return readlinkSync(join(folder, name)).startsWith(images.path);
    } catch {
      return false; // the folder's own
    }
  };
  return readdirSync(folder).filter(isOpen).length;
}
