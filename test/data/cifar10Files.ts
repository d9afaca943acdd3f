import { mkdirSync, openSync, closeSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** The archive's six files. */
export const FILE_NAMES = [
  'data_batch_1.bin',
  'data_batch_2.bin',
  'data_batch_3.bin',
  'data_batch_4.bin',
  'data_batch_5.bin',
  'test_batch.bin',
];

/**
 * Six files of the right size whose pictures are all black airplanes, without holding any disk space:
 * they are holes.
 */
export function writeBlackCifar10(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of FILE_NAMES) {
    closeSync(openSync(join(folder, name), 'w'));
    truncateSync(join(folder, name), 30_730_000);
  }
}

/** Overwrites bytes within a file. */
export function patchFile(path: string, offset: number, bytes: readonly number[]): void {
  const file = openSync(path, 'r+');
  writeSync(file, Uint8Array.from(bytes), 0, bytes.length, offset);
  closeSync(file);
}
