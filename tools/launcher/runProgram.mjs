// Runs a program that needs TensorFlow: set-up first, TensorFlow's chatter filtered.
import { spawn } from 'node:child_process';
import { createNoiseFilter } from './nativeNoise.mjs';
import { exitCodeOf } from './setup/command.mjs';
import { door, inProject, root } from './setup/project.mjs';
import { setUp } from './setup.mjs';

/**
 * @param {string} program a .mjs or .ts file, its path counted from the project
 * @param {readonly string[]} args what it is to read from `process.argv`
 * @returns {Promise<number>} its exit code; its standard output is ours
 */
export async function runProgram(program, args) {
  const { device } = await setUp();
  const loader = program.endsWith('.ts') ? ['--import', 'tsx'] : [];
  const child = spawn(process.execPath, [...loader, door, inProject(program), ...args], {
    cwd: root,
    stdio: ['inherit', 'inherit', 'pipe'],
    env: { ...process.env, DEVICE: device },
  });
  child.stderr.pipe(createNoiseFilter()).pipe(process.stderr);
  // Ctrl-C reaches the worker through the terminal: it ends in good order, and we with it.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(exitCodeOf(code, signal)));
  });
}
