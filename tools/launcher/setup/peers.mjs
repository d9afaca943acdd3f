// What single commands need of Python, each in an environment of its own: the benchmark's peers (Keras, PyTorch, ONNX Runtime),
// TensorBoard and Optuna.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { commonProblem, lastLines, Problem } from '../problem.cjs';
import { CommandFailed, runCommand } from './command.mjs';
import { findPython } from './jupyter.mjs';
import { fileHash, inProject, root, setupFolder } from './project.mjs';

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

/** A step of set-up that one command alone needs: a Python package in `.setup/<id>`. */
function packageStep(id, what, sizes) {
  const folder = join(setupFolder, id);
  const program = join(folder, 'bin', 'python');
  const packages = inProject('tools', 'requirements', `${id}.txt`);
  return {
    id,
    name: `${what} in .setup/${id}`,
    ...sizes,
    inputs: () => [fileHash(packages), root, process.arch],
    outputs: () => [program],
    async run({ onSpawn }) {
      const options = { onSpawn, what, log: id };
      await createVenv(folder, options);
      await run(program, [...install, '-r', packages], options);
    },
  };
}

export const tensorboardStep = packageStep('tensorboard', 'TensorBoard', {
  downloadMb: 40,
  diskMb: 200,
});
export const optunaStep = packageStep('optuna', 'Optuna', { downloadMb: 25, diskMb: 140 });

const install = ['-m', 'pip', 'install', '--no-input', '--disable-pip-version-check'];

async function createVenv(folder, options) {
  const found = await findPython(options.onSpawn);
  rmSync(folder, { recursive: true, force: true });
  await run(found.command, ['-m', 'venv', folder], options);
}

async function installPeers({ onSpawn }) {
  await createVenv(venv, { onSpawn });
  await run(python, [...install, '-r', requirements], {
    onSpawn,
  });
  await run(python, [...install, '--no-deps', '-r', torchRequirements], { onSpawn });
  if (process.platform === 'linux') {
    await run(python, [cudaStubs, process.env.CC ?? 'cc'], { onSpawn });
  }
}

async function run(command, args, { onSpawn, what = 'the peers of the benchmark', log = 'bench' }) {
  try {
    await runCommand(command, args, { log, onSpawn });
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    const index = 'the Python package index';
    throw (
      commonProblem(what, error.output, { index, folder: root }) ??
      new Problem(`Set-up of ${what} failed: ${error.message}.`, {
        details: lastLines(error.output),
        remedy: `The whole output is in .setup/logs/${log}.log.`,
      })
    );
  }
}
