// The peers of the benchmark: Keras, PyTorch and ONNX Runtime in a Python environment of their own.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { commonProblem, lastLines, Problem } from '../problem.cjs';
import { CommandFailed, runCommand } from './command.mjs';
import { findPython } from './jupyter.mjs';
import { fileHash, inProject, root } from './project.mjs';

const venv = inProject('tools', 'bench', '.venv');
const python = join(venv, 'bin', 'python');
const requirements = inProject('tools', 'requirements', 'bench.txt');
const torchRequirements = inProject('tools', 'requirements', 'bench-torch.txt');
const cudaStubs = inProject('tools', 'bench', 'peers', 'cuda_stubs.py');

/** A step of set-up that the benchmark alone needs. */
export const peersStep = {
  id: 'bench-peers',
  name: 'peers of the benchmark (TensorFlow, Keras, PyTorch, ONNX Runtime) in tools/bench/.venv',
  downloadMb: 900,
  diskMb: 3000,
  inputs: () => [
    fileHash(requirements),
    fileHash(torchRequirements),
    fileHash(cudaStubs),
    root,
    process.arch,
  ],
  outputs: () => [python],
  run: installPeers,
};

async function installPeers({ onSpawn }) {
  const found = await findPython(onSpawn);
  rmSync(venv, { recursive: true, force: true });
  await run(found.command, ['-m', 'venv', venv], { onSpawn });
  const install = ['-m', 'pip', 'install', '--no-input', '--disable-pip-version-check'];
  await run(python, [...install, '-r', requirements], {
    onSpawn,
  });
  await run(python, [...install, '--no-deps', '-r', torchRequirements], { onSpawn });
  if (process.platform === 'linux') {
    await run(python, [cudaStubs, process.env.CC ?? 'cc'], { onSpawn });
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
