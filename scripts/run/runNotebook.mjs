// Runs one notebook in Jupyter and shows how it goes.
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  fstatSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { injectParameters } from '../parameters.mjs';
import { createNoiseFilter, isNativeNoise } from '../nativeNoise.mjs';
import { killGroup } from '../setup/lock.mjs';
import { Problem, lastLines } from '../setup/problem.mjs';
import { inProject, inVenv, jupyterEnvironment } from '../setup/project.mjs';
import { createDisplay } from './display.mjs';
import { cellTitles, notebooksFolder } from './notebookFile.mjs';

const POLL_MS = 150;

/** Ctrl-C, or a polite kill: the run's folder stays without run.json. */
export class Interrupted extends Problem {
  constructor(directory) {
    super('Interrupted.', {
      exitCode: 130,
      remedy: `What was made so far is in ${directory}; it does not count as a complete run.`,
    });
  }
}

/**
 * Executes a notebook.
 *
 * @param {{ name: string, notebook: object }} source
 * @param {{ directory: string, values: Record<string, unknown>, env: Record<string, string> }} options `directory`:
 *   the run's folder; `values`: parameters to inject; `env`: what the kernel gets besides our own environment
 * @returns {Promise<string>} the path of the executed notebook
 * @throws {Problem} with the failing cell and its text, or the kernel's last words
 */
export async function runNotebook({ name, notebook }, { directory, values, env }) {
  const source = join(directory, 'notebook.source.json');
  const executed = join(directory, 'notebook.partial.ipynb');
  const progress = join(directory, 'progress.jsonl');
  const log = join(directory, 'tensorflow.log');
  const injected = injectParameters(notebook, values);
  writeFileSync(source, JSON.stringify(injected));

  const titles = cellTitles(injected);
  const display = createDisplay(titles);
  const tail = followFile(progress, (event) => display.take(event));
  const args = [inProject('scripts', 'run_notebook.py'), source, executed, notebooksFolder];
  const runner = spawn(inVenv('bin', 'python'), args, {
    // A group of its own: Ctrl-C reaches us alone, and we tell it.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...jupyterEnvironment(), ...env, RUN_DIR: directory, TENSORFLOW_LOG: log },
  });
  const signals = forwardSignals(runner, display);
  const outcome = { kernel: undefined, failed: undefined, dead: undefined, interrupted: false };
  const words = [];
  runner.stderr.pipe(createNoiseFilter()).on('data', (chunk) => words.push(chunk));
  createInterface({ input: runner.stdout }).on('line', (line) => {
    const event = parseEvent(line);
    if (!event) return;
    tail.read();
    if (event.event === 'kernel') outcome.kernel = event.pid;
    if (event.event === 'dead') outcome.dead = event.text;
    if (event.event === 'interrupted') outcome.interrupted = true;
    if (event.event === 'cell') {
      if (event.state === 'failed') outcome.failed = event;
      const { index, of, state, seconds } = event;
      const entry = { time: new Date().toISOString(), event: 'cell', index, of, state, seconds };
      appendFileSync(progress, `${JSON.stringify(entry)}\n`);
    }
  });

  const { code, signal } = await new Promise((resolve, reject) => {
    runner.on('error', reject);
    // A runner that was killed leaves its kernel behind, which holds the pipes open.
    runner.on('exit', (_code, killedBy) => killedBy && outcome.kernel && killGroup(outcome.kernel));
    runner.on('close', (exitCode, killedBy) => resolve({ code: exitCode, signal: killedBy }));
  });
  signals.stop();
  tail.stop();
  display.close();
  rmSync(source, { force: true });
  if (code === 0) return executed;

  if (signals.received || outcome.interrupted) throw new Interrupted(directory);
  if (outcome.failed) throw cellProblem(name, outcome.failed, titles, injected);
  throw kernelProblem(name, {
    reason: outcome.dead ?? (signal ? `the runner got ${signal}` : 'no reason given'),
    runnerOutput: Buffer.concat(words).toString(),
    kernelOutput: existsSync(log) ? readFileSync(log, 'utf8') : '',
  });
}

function kernelProblem(name, { reason, runnerOutput, kernelOutput }) {
  const native = kernelOutput.split('\n').filter((line) => !isNativeNoise(line));
  const lastWords = [lastLines(runnerOutput, 6), lastLines(native.join('\n'), 12)];
  return new Problem(`The kernel that ran ${name}.ipynb ended unexpectedly: ${reason}.`, {
    details: lastWords.filter(Boolean).join('\n'),
    remedy:
      'Where nothing above says why: too little memory ends a process like this; try fewer images or a smaller batch.',
  });
}

function cellProblem(name, { index, of, text }, titles, notebook) {
  const code = notebook.cells.filter(
    (cell) => cell.cell_type === 'code' && [cell.source].flat().join('').trim() !== '',
  );
  const source = [code[index - 1].source].flat().join('').split('\n').slice(0, 8).join('\n');
  return new Problem(`Cell ${index} of ${of} of ${name}.ipynb failed (${titles[index - 1]}).`, {
    details: `${source.replace(/^/gm, '│ ')}\n\n${withoutKernelFrames(text)}`,
    remedy: `Mend the cell or the value, then run the same command again; npm run lab opens the notebook.`,
  });
}

/** The cell's error without the stack below it, which is the kernel's own. */
function withoutKernelFrames(text) {
  const lines = text.trimEnd().split('\n');
  return lines
    .filter((line) => !/^\s+at .*(\btslab\/dist\/|node:(vm|internal))/.test(line))
    .join('\n');
}

/** Hands on what arrives in a file of JSON lines, while somebody else appends to it. */
function followFile(path, take) {
  let offset = 0;
  let rest = '';
  const read = () => {
    if (!existsSync(path)) return;
    const file = openSync(path, 'r');
    try {
      const size = fstatSync(file).size;
      if (size <= offset) return;
      const buffer = Buffer.alloc(size - offset);
      const count = readSync(file, buffer, 0, buffer.length, offset);
      offset += count;
      const lines = (rest + buffer.toString('utf8', 0, count)).split('\n');
      rest = lines.pop();
      for (const line of lines) {
        const event = parseEvent(line);
        if (event) take(event);
      }
    } finally {
      closeSync(file);
    }
  };
  const timer = setInterval(read, POLL_MS);
  return {
    read,
    stop() {
      clearInterval(timer);
      read();
    },
  };
}

/** The first signal asks the runner to stop in good order, the second ends it. */
function forwardSignals(runner, display) {
  let count = 0;
  const handler = () => {
    count += 1;
    if (count === 1) {
      display.print(
        'Interrupted: finishing the batch and ending the kernel … (once more: end at once)',
      );
      runner.kill('SIGINT');
    } else {
      runner.kill('SIGKILL');
    }
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

function parseEvent(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
