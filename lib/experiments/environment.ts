// Where a run took place: facts that explain a difference between two records.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { projectRoot } from '../project';
import { describeBackend } from '../tensorflow/backend';
import type { GitRecord, MachineRecord, RunRecord } from './runRecord';

/** Versions, device, threads, commit and machine of this process. Takes some 20 ms: it asks git. */
export function describeEnvironment(): Pick<
  RunRecord,
  'versions' | 'device' | 'threads' | 'git' | 'machine'
> {
  const { tensorflow, tfjs, device, threads } = describeBackend();
  return {
    versions: { node: process.versions.node, tensorflow, tfjs, tslab: kernelVersion() },
    device,
    threads,
    git: describeCommit(projectRoot()),
    machine: describeMachine(),
  };
}

/** The machine without its name or its user's. */
export function describeMachine(): MachineRecord {
  const processors = os.cpus();
  return {
    platform: `${process.platform} ${process.arch}`,
    cpu: processors[0]?.model.trim() || 'unknown',
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
  };
}

/** The commit checked out in `directory`; null where git is missing or the folder is no clone's root. */
export function describeCommit(directory: string): GitRecord | null {
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', directory, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 5000,
    }).trim();
  try {
    // An unpacked archive inside somebody else's repository has a prefix: that commit is not ours.
    if (git('rev-parse', '--show-prefix') !== '') return null;
    const commit = git('rev-parse', 'HEAD');
    return { commit, dirty: git('status', '--porcelain', '--untracked-files=no') !== '' };
  } catch {
    return null;
  }
}

/** The version of the tslab kernel this process is; null where it is none. */
function kernelVersion(): string | null {
  const kernelFile = path.join('tslab', 'dist', 'jupyter.js');
  const loaded = Object.keys(require.cache).find((file) => file.endsWith(path.sep + kernelFile));
  if (loaded === undefined) return null;
  const manifest = path.join(path.dirname(loaded), '..', 'package.json');
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
}
