// Error messages for notebooks that end before their last cell.
import { basename, dirname } from 'node:path';
import { isNativeNoise } from '../../launcher/nativeNoise.cjs';
import { inProject, lastLines, Problem, shownPath } from '../program';
import type { CellEvent } from './followFile';
import { cellSource } from '../../../lib/notebook';
import type { NamedNotebook } from './notebookFile';

/** What runs, with a title for each code cell. */
type RunningNotebook = NamedNotebook & { readonly titles: readonly string[] };

/** For Ctrl-C or a polite kill: the run's folder stays, without run.json, and can be resumed. */
export function interrupted(directory: string): Problem {
  return new Problem(`What was made so far is kept in ${shownPath(directory)}.`, {
    exitCode: 130,
    remedy: `To continue where it stopped: ${resumeCommand(directory)}`,
  });
}

/** How a run that ended before its time is finished; its id is enough in the usual folder of runs. */
export function resumeCommand(directory: string): string {
  const isUsual = dirname(directory) === inProject('data', 'runs');
  return `npm start -- --resume ${isUsual ? basename(directory) : directory}`;
}

/** With the cell's code and the text of its error. */
export function cellFailed(
  { name, notebook, titles }: RunningNotebook,
  { index, of, text = '', directory }: CellEvent & { readonly directory: string },
): Problem {
  const sources = notebook.cells.filter(({ cell_type: type }) => type === 'code').map(cellSource);
  const code = sources.filter((source) => source.trim() !== '')[index - 1].split('\n');
  const shown = code.length > 8 ? [...code.slice(0, 8), '…'] : code;
  return new Problem(`Cell ${index} of ${of} of ${name}.ipynb failed (${titles[index - 1]}).`, {
    details: `${shown.map((line) => `│ ${line}`).join('\n')}\n\n${withoutKernelFrames(text)}`,
    remedy:
      'Fix the cell or the value, then run the same command again; npm run lab opens the notebook. ' +
      `To keep the trainings that are done: ${resumeCommand(directory)}, with --set NAME=VALUE where a value was wrong.`,
  });
}

/** With the last words of the runner and of the kernel. */
export function kernelDied(
  { name, titles }: RunningNotebook,
  {
    cell,
    reason,
    runnerOutput,
    kernelOutput,
    directory,
  }: {
    readonly cell?: CellEvent;
    readonly reason: string;
    readonly runnerOutput: string;
    readonly kernelOutput: string;
    readonly directory: string;
  },
): Problem {
  const place = cell
    ? `in cell ${cell.index} of ${cell.of} (${titles[cell.index - 1]})`
    : 'before the first cell';
  const native = kernelOutput.split('\n').filter((line) => !isNativeNoise(line));
  const lastWords = [lastLines(runnerOutput, 6), lastLines(native.join('\n'), 12)];
  return new Problem(`The kernel that ran ${name}.ipynb ended unexpectedly ${place}: ${reason}.`, {
    details: lastWords.filter(Boolean).join('\n'),
    remedy:
      'If nothing above says why, the process may have run out of memory; try fewer images or a smaller batch. ' +
      `To continue where it ended: ${resumeCommand(directory)}`,
  });
}

/** The cell's error without the stack below it that is the kernel's own; without any where it is one of lib's, in words. */
function withoutKernelFrames(text: string): string {
  const lines = text.trimEnd().split('\n');
  const isInWords = lines.some((line) => /^\w*Error: Expected /.test(line));
  const frame = isInWords ? /^\s+at / : /^\s+at .*(\btslab\/dist\/|node:(vm|internal))/;
  return lines.filter((line) => !frame.test(line)).join('\n');
}
