import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { join, resolve } from 'node:path';

/** Where `npm run lab` keeps working copies of the notebooks, in the project's folder; git ignores it. */
export const COPIES_FOLDER = 'work';

/**
 * The project's folder, found from this file's own place and never from the working directory: a notebook runs in
 * `notebooks/`, a test in the root. This file is `lib/project.ts` (tsx) or `dist/lib/project.js` (compiled).
 */
export function projectRoot(): string {
  const above = resolve(__dirname, '..');
  return existsSync(join(above, 'package.json')) ? above : resolve(above, '..');
}

/** `data/` in the project's folder: downloads, caches and runs, ignored by git. It may not exist yet. */
export function dataDirectory(): string {
  return join(projectRoot(), 'data');
}

/** The path that an environment variable names, taken as it is; undefined where it is unset or empty. */
export function environmentPath(
  name: 'DATA_DIR' | 'CIFAR10_DIR' | 'MOBILENETV2_DIR',
): string | undefined {
  const path = process.env[name];
  return path ? resolve(path) : undefined;
}

/** Whether `OFFLINE=1` forbids any try to download. */
export function isOffline(): boolean {
  return ['1', 'true'].includes(process.env.OFFLINE?.trim() ?? '');
}

/** Threads that TensorFlow may use for one operation. */
export function operationThreads(): number {
  return Number(process.env.TF_NUM_INTRAOP_THREADS) || availableParallelism();
}

/** Bytes of memory that the machine, or its container, has. */
export function availableMemory(): number {
  // A container's limit, where there is one: 0, or more than there is, else.
  return Math.min(totalmem(), process.constrainedMemory() || Infinity);
}

/** This project's version: of the package that lib is, or of the clone that it is in. */
export function ownVersion(): string {
  const files = [__dirname, projectRoot()].map((folder) => join(folder, 'package.json'));
  const manifests = files
    .filter(existsSync) // a program in one file lies elsewhere
    .map((file) => JSON.parse(readFileSync(file, 'utf8')) as { readonly version?: string });
  return manifests.find(({ version }) => version !== undefined)?.version ?? '';
}
