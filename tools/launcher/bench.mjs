// npm run bench: puts this clone in order, then the peers' Python environment in tools/bench/.venv, then measures.
import { spawn } from 'node:child_process';
import { existsSync, rmSync, statfsSync } from 'node:fs';
import { CommandFailed, exitCodeOf, runCommand } from './setup/command.mjs';
import { findPython } from './setup/jupyter.mjs';
import { acquireLock } from './setup/lock.mjs';
import { Problem, commonProblem, lastLines, printProblem } from './setup/problem.mjs';
import { door, fileHash, inProject, root } from './setup/project.mjs';
import { announce, startStepLine } from './setup/report.mjs';
import { isStamped, writeStamp } from './setup/stamps.mjs';
import { exitOnSignals, setUp } from './setup.mjs';

const bench = (...parts) => inProject('tools', 'bench', ...parts);
const python = bench('.venv', 'bin', 'python');

/** The peers' environment as a step of set-up: done where its stamp, written last, is that of these inputs. */
const peersStep = {
  id: 'bench-peers',
  name: 'peers of the benchmark (TensorFlow, Keras, PyTorch, ONNX Runtime) in tools/bench/.venv',
  downloadMb: 900,
  diskMb: 3000,
  inputs: () => [
    fileHash(inProject('tools', 'requirements', 'bench.txt')),
    fileHash(inProject('tools', 'requirements', 'bench-torch.txt')),
    fileHash(bench('peers', 'cuda_stubs.py')),
    root,
    process.arch,
  ],
  outputs: () => [python],
  run: installPeers,
};

async function installPeers({ onSpawn }) {
  const found = await findPython(onSpawn);
  rmSync(bench('.venv'), { recursive: true, force: true });
  await run(found.command, ['-m', 'venv', bench('.venv')], { onSpawn });
  const install = ['-m', 'pip', 'install', '--no-input', '--disable-pip-version-check'];
  await run(python, [...install, '-r', inProject('tools', 'requirements', 'bench.txt')], {
    onSpawn,
  });
  await run(
    python,
    [...install, '--no-deps', '-r', inProject('tools', 'requirements', 'bench-torch.txt')],
    { onSpawn },
  );
  if (process.platform === 'linux') {
    await run(python, [bench('peers', 'cuda_stubs.py'), process.env.CC ?? 'cc'], { onSpawn });
  }
}

async function run(command, args, { onSpawn }) {
  try {
    await runCommand(command, args, { log: 'bench', onSpawn });
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    const index = 'the Python package index';
    throw (
      commonProblem('the peers of the benchmark', error.output, { index, folder: root }) ??
      new Problem(`The peers of the benchmark could not be set up: ${error.message}.`, {
        details: lastLines(error.output),
        remedy: 'The whole output is in .setup/logs/bench.log.',
      })
    );
  }
}

async function setUpPeers() {
  if (isStamped(peersStep)) return;
  const write = (text) => process.stderr.write(text);
  const stopListening = exitOnSignals();
  const lock = await acquireLock({
    onWait: (pid) => write(`Another set-up is running (process ${pid}): waiting for it.\n`),
  });
  try {
    if (isStamped(peersStep)) return;
    const { bavail, bsize } = statfsSync(bench());
    announce([peersStep], { freeMb: (bavail * bsize) / 1e6, write });
    const line = startStepLine(peersStep.name, { index: 1, of: 1 });
    try {
      await peersStep.run({ onSpawn: (pid) => lock.setChild(pid) });
    } catch (error) {
      line.failed();
      throw error;
    }
    writeStamp(peersStep, { seconds: line.done() });
  } finally {
    lock.release();
    stopListening();
  }
}

/** Ctrl-C reaches the benchmark too; this process stays to pass its exit code on. */
function measure(args) {
  const child = spawn(process.execPath, ['--import', 'tsx', door, bench('main.ts'), ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('close', (code, signal) => {
    process.exitCode = exitCodeOf(code, signal);
  });
}

try {
  const args = process.argv.slice(2);
  const onlyAsks = args.includes('--help') || args.includes('--list');
  if (!onlyAsks || !existsSync(inProject('node_modules'))) await setUp();
  if (!onlyAsks) await setUpPeers();
  measure(args);
} catch (error) {
  process.exitCode = printProblem(error);
}
