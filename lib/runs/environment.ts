// Where a run took place: facts that explain a difference between two records.
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import type { EngineDescription } from '../evaluation/engine';
import { COPIES_FOLDER, projectRoot } from '../project';
import { describeBackend } from '../tensorflow/backend';
import { describeCommit, describeMachine } from './machine';
import type { RunRecord } from './runRecord';

/**
 * Versions, device, threads, commit and machine of this process. Takes some 20 ms: it asks git.
 *
 * @param options.notebook which runs, without its ending.
 * @param options.engine what predicts.
 */
export function describeEnvironment({
  notebook,
  engine = null,
}: {
  readonly notebook?: string;
  readonly engine?: EngineDescription | null;
} = {}): Pick<RunRecord, 'versions' | 'device' | 'threads' | 'git' | 'machine'> {
  const { tensorflow, tfjs, device, threads } = describeBackend();
  const isWorkingCopy = process.cwd() === path.join(projectRoot(), COPIES_FOLDER);
  return {
    versions: {
      ...{ node: process.versions.node, tensorflow, tfjs, tslab: kernelVersion() },
      onnxruntime: engine?.name === 'onnx' ? engine.version : null,
    },
    device,
    threads,
    git: describeCommit(projectRoot(), isWorkingCopy ? notebook : undefined),
    machine: describeMachine(),
  };
}

/** The version of the tslab kernel this process is; null where it is none. */
function kernelVersion(): string | null {
  const kernelFile = path.join('tslab', 'dist', 'jupyter.js');
  const loaded = Object.keys(require.cache).find((file) => file.endsWith(path.sep + kernelFile));
  if (loaded === undefined) return null;
  const manifest = path.join(path.dirname(loaded), '..', 'package.json');
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}
