// What the programs behind the commands share: the options that the launcher read, paths, errors in words.
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, dirname, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { COPIES_FOLDER, projectRoot } from '../../lib/project';
import { Problem, printProblem, wrapText, writeProblem } from '../launcher/problem.cjs';

export { Problem, lastLines, wrapText, writeProblem } from '../launcher/problem.cjs';

/** The user's working directory: npm itself changes to the project's folder. */
export const userFolder = process.env.INIT_CWD ?? process.cwd();

/** Resolves a command-line path against the user's working directory. */
export function fromHere(path: string): string {
  return resolve(userFolder, path);
}

/** A path as the person would type it. */
export function shownPath(path: string): string {
  const short = relative(userFolder, path);
  return short.startsWith('..') ? path : short || '.';
}

/** Prints a line about a file that was written. @param more behind its size. */
export function printFile(path: string, sizeBytes: number, more = ''): void {
  process.stdout.write(`  ${shownPath(path)}  ${(sizeBytes / 1e6).toFixed(2)} MB${more}\n`);
}

/** Tells the person at the terminal something besides the result. */
export function tell(notice: string): void {
  process.stderr.write(`${wrapText(notice)}\n`);
}

/** The path of something in the project. */
export function inProject(...parts: readonly string[]): string {
  return resolve(projectRoot(), ...parts);
}

/** The working copy of a committed notebook, as npm run lab opens it; undefined for another file, or where there is none. */
export function workingCopyOf(notebook: string): string | undefined {
  const copy = inProject(COPIES_FOLDER, basename(notebook));
  const isCommitted = dirname(notebook) === inProject('notebooks');
  return isCommitted && existsSync(copy) ? copy : undefined;
}

/** For a notebook that was named without its folder: says which of the two was taken. */
export function tellOfWorkingCopy(notebook: string | undefined): void {
  const copy = notebook === undefined ? undefined : workingCopyOf(notebook);
  if (notebook === undefined || copy === undefined) return;
  tell(
    `This is ${shownPath(notebook)}. Your working copy is another file; name it to get that: ${shownPath(copy)}`,
  );
}

/** JSON in which the project's own folder is a relative path. */
export function withoutProjectPath(json: string): string {
  const root = insideJson(projectRoot());
  return json.replaceAll(`${root}/`, '').replaceAll(root, '.');
}

/** A path as it is written within a text of JSON. */
export function insideJson(path: string): string {
  return JSON.stringify(path).slice(1, -1);
}

/** The Python of set-up, with Jupyter; its environment is that of this process, which the launcher made. */
export function pythonPath(): string {
  return inProject('.venv', 'bin', 'python');
}

/** A plain JavaScript file of the launcher, which TypeScript's require cannot load. */
export function fromLauncher<T>(file: string): Promise<T> {
  return import(pathToFileURL(inProject('tools', 'launcher', file)).href) as Promise<T>;
}

/** setup/command.mjs of the launcher. */
export interface LauncherProcesses {
  /** Waits for a child, to which the signals are passed on. @returns its exit code. */
  readonly waitFor: (child: ChildProcess, signals: readonly NodeJS.Signals[]) => Promise<number>;
}

/** Runs a program on the options that the launcher hands over as JSON. */
export async function runProgram<Options>(
  main: (options: Options) => Promise<number | void>,
): Promise<void> {
  try {
    process.exitCode = (await main(JSON.parse(process.argv[2]) as Options)) ?? 0;
  } catch (error) {
    process.exitCode = printProblem(inWords(error));
  }
}

/** lib's error messages already say what was expected and what to do: a stack trace would only hide it. */
function inWords(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { path } = error as NodeJS.ErrnoException;
  if (/^Expected /.test(error.message)) return new Problem(error.message);
  return writeProblem(`write ${path}`, error) ?? error;
}
