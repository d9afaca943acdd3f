// Runs one notebook in Jupyter and shows how it goes.
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { injectParameters } from '../parameters.mjs';
import { killGroup } from '../setup/lock.mjs';
import { inProject, inVenv, jupyterEnvironment } from '../setup/project.mjs';
import { createDisplay } from './display.mjs';
import { cellFailed, interrupted, kernelDied } from './failures.mjs';
import { followFile, parseEvent } from './followFile.mjs';
import { cellTitles, notebooksFolder } from './notebookFile.mjs';

/**
 * Executes a notebook.
 *
 * @param {{ name: string, notebook: object }} source
 * @param {{ directory: string, values: Record<string, unknown>, env: Record<string, string> }} options `directory`:
 *   the run's folder; `values`: parameters to inject; `env`: what the kernel gets besides our own environment
 * @returns {Promise<string>} the path of the executed notebook
 * @throws {Problem} with the failing cell and its text, or the kernel's last words
 */
export async function runNotebook({ name, notebook: original }, { directory, values, env }) {
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
  const runner = spawn(inVenv('bin', 'python'), args, {
    // A group of its own: Ctrl-C reaches us alone, and we tell it.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...jupyterEnvironment(), ...env, RUN_DIR: directory, TENSORFLOW_LOG: log },
  });
  const signals = forwardSignals(runner, display);
  const end = await listen(runner, (event) => {
    const { index, of, state, seconds } = event;
    const entry = { time: new Date().toISOString(), event: 'cell', index, of, state, seconds };
    try {
      appendFileSync(progress, `${JSON.stringify(entry)}\n`);
    } catch {
      // The log is for whoever watches: a full disk must not end the run here. Its checkpoints say so in words.
    }
    tail.read();
  });
  signals.stop();
  tail.stop();
  display.close();
  rmSync(source, { force: true });

  if (end.code === 0) return executed;
  if (signals.received || end.interrupted) throw interrupted(directory);
  if (end.failed) throw cellFailed({ name, notebook, titles }, { ...end.failed, directory });
  const kernelOutput = existsSync(log) ? readFileSync(log, 'utf8') : '';
  throw kernelDied({ name, titles }, { ...end, kernelOutput, directory });
}

/**
 * Follows the runner to its end.
 *
 * @param {import('node:child_process').ChildProcess} runner
 * @param {(event: object) => void} onCell
 * @returns {Promise<{ code: number | null, reason: string, cell?: object, failed?: object, interrupted: boolean, runnerOutput: string }>}
 *   `cell`: the last that began; `failed`: the one that failed, with its text
 */
function listen(runner, onCell) {
  const end = { cell: undefined, failed: undefined, interrupted: false, runnerOutput: '' };
  let kernel;
  let reason = 'no reason given';
  runner.stderr.on('data', (chunk) => (end.runnerOutput += chunk));
  createInterface({ input: runner.stdout }).on('line', (line) => {
    const event = parseEvent(line);
    if (event?.event === 'kernel') kernel = event.pid;
    if (event?.event === 'dead') reason = event.text;
    if (event?.event === 'interrupted') end.interrupted = true;
    if (event?.event !== 'cell') return;
    if (event.state === 'start') end.cell = event;
    if (event.state === 'failed') end.failed = event;
    onCell(event);
  });
  return new Promise((resolve, reject) => {
    runner.on('error', reject);
    // A runner that was killed leaves its kernel behind, which holds the pipes open.
    runner.on('exit', (_code, signal) => {
      if (!signal) return;
      reason = `the runner got ${signal}`;
      if (kernel) killGroup(kernel);
    });
    runner.on('close', (code) => resolve({ ...end, code, reason }));
  });
}

/** The first signal asks the runner to stop in good order, the second ends it. */
function forwardSignals(runner, display) {
  let count = 0;
  const handler = () => {
    count += 1;
    if (count > 1) return runner.kill('SIGKILL');
    display.print(
      'Interrupted: finishing the batch and ending the kernel … (once more: end at once)',
    );
    runner.kill('SIGINT');
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, handler);
  return {
    get received() {
      return count > 0;
    },
    stop: () => signals.forEach((signal) => process.off(signal, handler)),
  };
}
