// Runs the tools of set-up: output into a log, the whole family of processes ended with us.
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { killGroup } from '../../../lib/processLock.cjs';
import { root, setupFolder, toolEnvironment } from './project.mjs';

const running = new Set();
let stopsWithUs = false;

/** A tool that ended with an error; `output` is what it printed, `missing` that there is no such program. */
export class CommandFailed extends Error {
  constructor(command, { code, signal, output, missing = false }) {
    super(
      `${command} ${missing ? 'was not found' : `ended with ${signal ?? `exit code ${code}`}`}`,
    );
    this.name = 'CommandFailed';
    this.output = output;
    this.signal = signal;
    this.missing = missing;
  }
}

/**
 * Runs a program to its end.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, log?: string, onSpawn?: (pid: number) => void }} options
 *   `env`: what comes to our own environment; `log`: the name of the file in .setup/logs that keeps the output
 * @returns {Promise<string>} what it printed to stdout
 * @throws {CommandFailed}
 */
export function runCommand(command, args, { cwd = root, env, log, onSpawn } = {}) {
  stopWithUs();
  return new Promise((resolve, reject) => {
    // A group of its own, so that ending it also ends what it started.
    const child = spawn(command, args, {
      cwd,
      env: { ...toolEnvironment(), ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const logStream = log ? openLog(log, command, args) : undefined;
    const chunks = { stdout: [], all: [] };
    child.stdout.on('data', (chunk) => chunks.stdout.push(chunk));
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        chunks.all.push(chunk);
        logStream?.write(chunk);
      });
    }
    if (child.pid) {
      running.add(child.pid);
      onSpawn?.(child.pid);
    }
    child.on('error', (error) => {
      const missing = error.code === 'ENOENT';
      reject(new CommandFailed(command, { output: error.message, missing }));
    });
    child.on('close', (code, signal) => {
      running.delete(child.pid);
      logStream?.end();
      const output = Buffer.concat(chunks.all).toString();
      if (code === 0) resolve(Buffer.concat(chunks.stdout).toString());
      else reject(new CommandFailed(command, { code, signal, output }));
    });
  });
}

function openLog(name, command, args) {
  const folder = join(setupFolder, 'logs');
  mkdirSync(folder, { recursive: true });
  const stream = createWriteStream(join(folder, `${name}.log`), { flags: 'a' });
  stream.on('error', () => {}); // a log is a help, never a reason to fail
  stream.write(`\n$ ${[command, ...args].join(' ')}\n`);
  return stream;
}

/**
 * Waits for a child that shares our terminal, from which Ctrl-C reaches it too: it ends in good order, and we with it.
 *
 * @param {import('node:child_process').ChildProcess} child
 * @param {readonly NodeJS.Signals[]} signals that are passed on to it
 * @returns {Promise<number>} its exit code
 */
export function waitFor(child, signals) {
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(exitCodeOf(code, signal)));
  });
}

/** A process' exit code as a shell gives it: 128 and the signal's number where a signal ended it. */
function exitCodeOf(code, signal) {
  return code ?? 128 + (constants.signals[signal] ?? 1);
}

/** The tools run in groups of their own, so Ctrl-C at the terminal does not reach them: pass the end on. */
function stopWithUs() {
  if (stopsWithUs) return;
  stopsWithUs = true;
  process.on('exit', () => {
    for (const pid of running) killGroup(pid);
  });
}
