// Runs one notebook in Jupyter and shows how it goes.
import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { killGroup } from '../../../lib/processLock.cjs';
import { inProject, pythonPath, wrapText } from '../program';
import { createDisplay, type Display } from './display';
import { cellFailed, interrupted, kernelDied } from './failures';
import { type CellEvent, followFile, parseEvent } from './followFile';
import { cellTitles, type NamedNotebook, notebooksFolder } from './notebookFile';
import { injectParameters, type ParameterValues } from './parameters';

/** With it a search stops a run, as an interrupt does. */
export const PRUNE_SIGNAL = 'SIGUSR2';

interface RunNotebookOptions {
  /** The run's folder. */
  readonly directory: string;
  /** Parameters to inject. */
  readonly values: ParameterValues;
  /** What the kernel gets besides our own environment. */
  readonly env: NodeJS.ProcessEnv;
  /** Hears of the kernel's process, which leads a group of its own. */
  readonly onKernel?: (pid: number) => void;
}

/**
 * Executes a notebook.
 *
 * @returns the path of the executed notebook.
 * @throws {Problem} with the failing cell and its text, or the kernel's last words.
 */
export async function runNotebook(
  { name, notebook: original }: NamedNotebook,
  { directory, values, env, onKernel }: RunNotebookOptions,
): Promise<string> {
  const notebook = injectParameters(original, values);
  const titles = cellTitles(notebook);
  const source = join(directory, 'notebook.source.json');
  const executed = join(directory, 'notebook.partial.ipynb');
  const progress = join(directory, 'progress.jsonl');
  const log = join(directory, 'tensorflow.log');
  writeFileSync(source, JSON.stringify(notebook));

  const display = createDisplay(titles);
  const tail = followFile(progress, (event) => display.take(event));
  const args = [
    inProject('tools', 'jupyter', 'run_notebook.py'),
    source,
    executed,
    notebooksFolder,
  ];
  const runner = spawn(pythonPath(), args, {
    // A group of its own: Ctrl-C reaches us alone, and we tell it.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env, RUN_DIR: directory, TENSORFLOW_LOG: log },
  });
  const signals = forwardSignals(runner, display);
  const onCell = (event: CellEvent) => {
    const { index, of, state, seconds } = event;
    const entry = { time: new Date().toISOString(), event: 'cell', index, of, state, seconds };
    try {
      appendFileSync(progress, `${JSON.stringify(entry)}\n`);
    } catch {
      // The log is informational: a full disk must not end the run here. Saving a checkpoint reports it.
    }
    tail.read();
  };
  const end = await listen(runner, { onCell, onKernel });
  signals.stop();
  tail.stop();
  display.close();
  rmSync(source, { force: true });

  if (end.code === 0) return executed;
  if (signals.received || end.interrupted) throw interrupted(directory);
  if (end.failed) throw cellFailed({ name, notebook, titles }, { ...end.failed, directory });
  const kernelOutput = existsSync(log) ? readFileSync(log, 'utf8') : '';
  throw kernelDied({ name, notebook, titles }, { ...end, kernelOutput, directory });
}

interface RunnerEnd {
  readonly code: number | null;
  readonly reason: string;
  /** The last cell that began. */
  readonly cell?: CellEvent;
  /** The cell that failed, with its text. */
  readonly failed?: CellEvent;
  readonly interrupted: boolean;
  readonly runnerOutput: string;
}

/** Follows the runner to its end. */
function listen(
  runner: ChildProcess & { readonly stdout: Readable; readonly stderr: Readable },
  {
    onCell,
    onKernel,
  }: Pick<RunNotebookOptions, 'onKernel'> & { readonly onCell: (event: CellEvent) => void },
): Promise<RunnerEnd> {
  let cell: CellEvent | undefined;
  let failed: CellEvent | undefined;
  let wasInterrupted = false;
  let runnerOutput = '';
  let kernel: number | undefined;
  let reason = 'no reason given';
  runner.stderr.on('data', (chunk: Buffer) => (runnerOutput += chunk.toString()));
  createInterface({ input: runner.stdout }).on('line', (line) => {
    const event = parseEvent(line);
    if (event?.event === 'kernel') {
      kernel = event.pid;
      onKernel?.(kernel);
    }
    if (event?.event === 'dead') reason = event.text;
    if (event?.event === 'interrupted') wasInterrupted = true;
    if (event?.event !== 'cell') return;
    if (event.state === 'start') cell = event;
    if (event.state === 'failed') failed = event;
    onCell(event);
  });
  return new Promise((resolve, reject) => {
    runner.on('error', reject);
    // A runner that was killed, or stopped while the kernel started, leaves its kernel behind, which holds the pipes open.
    runner.on('exit', (code, signal) => {
      if (code === 0) return;
      if (signal) reason = `the runner got ${signal}`;
      if (kernel !== undefined) killGroup(kernel);
    });
    runner.on('close', (code) =>
      resolve({ code, reason, cell, failed, interrupted: wasInterrupted, runnerOutput }),
    );
  });
}

/** The first signal asks the runner to stop in good order, the second ends it. */
function forwardSignals(
  runner: ChildProcess,
  display: Display,
): { readonly received: boolean; stop(): void } {
  let count = 0;
  const handler = () => {
    count += 1;
    if (count > 1) {
      runner.kill('SIGKILL');
      return;
    }
    display.print(
      wrapText('Interrupted: finishing the batch and ending the kernel … (once more: end at once)'),
    );
    runner.kill('SIGINT');
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', PRUNE_SIGNAL] as const;
  for (const signal of signals) process.on(signal, handler);
  return {
    get received() {
      return count > 0;
    },
    stop: () => signals.forEach((signal) => process.off(signal, handler)),
  };
}
