// The machine and the commit: facts of a run that need no TensorFlow.
import { execFileSync } from 'node:child_process';
import * as os from 'node:os';
import type { GitRecord, MachineRecord } from './runRecord';

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
    // An archive unpacked inside an unrelated repository has a prefix: that commit is not this project's.
    if (git('rev-parse', '--show-prefix') !== '') return null;
    const commit = git('rev-parse', 'HEAD');
    return { commit, dirty: git('status', '--porcelain', '--untracked-files=no') !== '' };
  } catch {
    return null;
  }
}
