import { renameSync, writeFileSync } from 'node:fs';

/** Writes a file in one step: what is there stays until the new one is whole. */
export function writeAtomic(path: string, text: string): void {
  writeFileSync(`${path}.tmp`, text);
  renameSync(`${path}.tmp`, path);
}
