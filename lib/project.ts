import { join, resolve } from 'node:path';

/**
 * The project's folder, found from this file's own place and never from the working directory:
 * a notebook runs in `notebooks/`, a test in the root. `lib/` (tsx) and `dist/` (compiled) both lie
 * directly in it.
 */
export function projectRoot(): string {
  return resolve(__dirname, '..');
}

/** `data/` in the project's folder: downloads, caches and runs, ignored by git. It may not exist yet. */
export function dataDirectory(): string {
  return join(projectRoot(), 'data');
}
