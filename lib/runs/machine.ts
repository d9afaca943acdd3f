// The machine and the commit: facts of a run that need no TensorFlow.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import * as os from 'node:os';
import { join } from 'node:path';
import { COPIES_FOLDER } from '../project';
import { cellSource, hasTag, parseNotebook } from '../notebook';
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

/** Files that cannot change what a run computes. */
const NO_CODE = /\.md$|^(docs|test)\//;

/**
 * The commit checked out in `directory`, and whether the code differs from it: a notebook whose outputs alone changed, as
 * Jupyter saves them, or its parameters, which the record holds, does not count. null where git is missing or the folder is
 * no clone's root.
 *
 * @param workingCopy a notebook, without its ending, whose copy in `work/` is what runs; git does not see that folder.
 */
export function describeCommit(directory: string, workingCopy?: string): GitRecord | null {
  const git = (...args: string[]): string =>
    execFileSync('git', ['-C', directory, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 5000,
      maxBuffer: 256e6, // a notebook with all its figures
    }).trim();
  const isChanged = (notebook: string, file = notebook): boolean => {
    const [committed, present] = [
      () => git('show', `HEAD:${notebook}`),
      () => readFileSync(join(directory, file), 'utf8'),
    ].map(codeOf);
    return committed !== present;
  };
  try {
    // An archive unpacked inside an unrelated repository has a prefix: that commit is not this project's.
    if (git('rev-parse', '--show-prefix') !== '') return null;
    const commit = git('rev-parse', 'HEAD');
    const changed = git('diff', '--name-only', '-z', 'HEAD').split('\0').filter(Boolean);
    const isCode = (name: string) =>
      name.endsWith('.ipynb') ? isChanged(name) : !NO_CODE.test(name);
    const ownCopy = workingCopy && `${workingCopy}.ipynb`;
    const isCopyChanged =
      ownCopy && isChanged(`notebooks/${ownCopy}`, `${COPIES_FOLDER}/${ownCopy}`);
    return { commit, dirty: Boolean(isCopyChanged) || changed.some((name) => isCode(name)) };
  } catch {
    return null;
  }
}

/** The sources of a notebook's code cells, without its parameters; undefined where it is missing or no notebook. */
function codeOf(read: () => string): string | undefined {
  try {
    const code = parseNotebook(read()).cells.filter(
      (cell) => cell.cell_type === 'code' && !hasTag(cell, 'parameters'),
    );
    return JSON.stringify(code.map(cellSource));
  } catch {
    return undefined;
  }
}
