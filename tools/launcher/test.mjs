// npm test: set-up, then every test of test/ under Node's own runner; the style, lint and type checks are tests too.
// What needs services of the machine, in test/services, runs where it is named: npm run test:services.
//   npm test -- test/data            only the tests below a folder, or one file
import { spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { createNoiseFilter } from './nativeNoise.cjs';
import { Problem, printProblem } from './problem.cjs';
import { inProject, jupyterEnvironment, root } from './setup/project.mjs';
import { setUp } from './setup.mjs';

try {
  const args = process.argv.slice(2);
  if (args.includes('--help')) {
    process.stdout.write(
      'npm test -- [FILE|FOLDER …]\n\nSets up what is missing, then runs these tests; none: all.\n',
    );
    process.exit(0);
  }
  const { device } = await setUp({ offline: process.env.npm_config_offline === 'true' });
  process.exitCode = await runTests(findTests(args), device);
} catch (error) {
  process.exitCode = printProblem(error);
}

/** @returns {string[]} test files, relative to the project, those that take longest first. */
function findTests(args) {
  const places =
    args.length > 0
      ? args.map((path) => resolve(process.env.INIT_CWD ?? root, path))
      : [inProject('test')];
  const files = places.flatMap((place) => {
    if (!statSync(place, { throwIfNoEntry: false })) {
      throw new Problem(`There is no test ${place}.`, { remedy: 'npm test alone runs them all.' });
    }
    if (statSync(place).isFile()) return [place];
    const names = readdirSync(place, { recursive: true }).filter(
      (name) => name.endsWith('.test.ts') && (args.length > 0 || !name.startsWith('services')),
    );
    return names.map((name) => join(place, name));
  });
  if (files.length === 0) throw new Problem(`No file *.test.ts below ${places.join(', ')}.`);
  // The checks of the whole project and the real notebooks take longest: last, the other processor would wait.
  const isLong = (file) => /\b(launcher|notebooks)\b/.test(file);
  return files
    .map((file) => relative(root, file))
    .sort((a, b) => Number(isLong(b)) - Number(isLong(a)) || a.localeCompare(b));
}

/** @returns {Promise<number>} the runner's exit code; its summary is the last that is printed. */
function runTests(files, device) {
  const isTerminal = process.stdout.isTTY;
  const flags = [
    '--import',
    'tsx',
    '--test',
    '--test-reporter=spec',
    `--test-concurrency=${availableParallelism()}`,
  ];
  const named = process.env.no_proxy || process.env.NO_PROXY;
  const direct = [named, '127.0.0.1', 'localhost'].filter(Boolean).join();
  const runner = spawn(process.execPath, [...flags, ...files], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...jupyterEnvironment(),
      // The tests' local servers must not be reached through the machine's proxy.
      NO_PROXY: direct,
      no_proxy: direct,
      DEVICE: device,
      ...(isTerminal ? { FORCE_COLOR: '1' } : {}),
    },
  });
  runner.stdout.pipe(createNoiseFilter()).pipe(process.stdout);
  runner.stderr.pipe(createNoiseFilter()).pipe(process.stderr);
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => runner.kill(signal));
  return new Promise((resolve, reject) => {
    runner.on('error', reject);
    runner.on('close', (code) => resolve(code ?? 1));
  });
}
