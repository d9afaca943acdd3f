// Step: tell Jupyter how to start the tslab kernel. Absolute paths: "tslab" is not on the PATH.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Problem } from '../problem.cjs';
import { runCommand } from './command.mjs';
import { inProject, inVenv, readJson, setupFolder, writeFileAtomic } from './project.mjs';

/** Below a folder of Jupyter's data. The notebooks ask for the kernel by this name. */
const KERNEL_FILE = join('kernels', 'tslab', 'kernel.json');
const kernelFile = inVenv('share', 'jupyter', KERNEL_FILE);

/** Where TensorFlow's own lines go in JupyterLab; a headless run names a file of its own (TENSORFLOW_LOG). */
export const kernelLog = join(setupFolder, 'logs', 'kernel.log');

/** @returns the step that writes the kernelspec into .venv; the kernel computes on `device` where nothing else is asked. */
export function kernelStep(device) {
  return {
    id: 'kernel',
    name: 'tslab kernel',
    downloadMb: 0,
    diskMb: 0,
    inputs: () => [JSON.stringify(kernelspec(device))],
    outputs: () => [kernelFile],
    run: () => writeFileAtomic(kernelFile, `${JSON.stringify(kernelspec(device), null, 2)}\n`),
  };
}

/**
 * Makes this clone's kernel one of the user's own, which every Jupyter and editor of theirs lists.
 *
 * @param {'cpu' | 'gpu'} device
 * @returns {Promise<string>} the file that says so
 * @throws {Problem} where a kernel of that name is there that no clone of this project has registered: it stays
 */
export async function registerKernel(device) {
  const script = 'from jupyter_core.paths import jupyter_data_dir; print(jupyter_data_dir())';
  const folder = (await runCommand(inVenv('bin', 'python'), ['-c', script])).trim();
  const file = join(folder, KERNEL_FILE);
  if (existsSync(file) && readJson(file)?.env?.KERNEL_LOG === undefined) {
    throw new Problem(`There is another kernel called tslab already: ${file}.`, {
      remedy: 'Rename its folder, or remove it, and run the same command again.',
    });
  }
  writeFileAtomic(file, `${JSON.stringify(kernelspec(device), null, 2)}\n`);
  return file;
}

/**
 * TensorFlow writes lines about oneDNN and the processor straight to file descriptor 2, past Node: the shell points
 * it at a log. `exec` makes Node the process that Jupyter started, so that an interrupt reaches it. An editor starts it without the
 * launcher, which would say on which device to compute.
 */
function kernelspec(device) {
  const shell =
    'export DEVICE="${DEVICE:-$KERNEL_DEVICE}"; exec "$0" "$@" 2>>"${TENSORFLOW_LOG:-$KERNEL_LOG}"';
  const tslab = inProject('node_modules', 'tslab', 'bin', 'tslab');
  return {
    argv: [
      '/bin/sh',
      '-c',
      shell,
      process.execPath,
      '--require',
      inProject('tools', 'jupyter', 'kernelPreload.cjs'),
      tslab,
      'kernel',
      '--config-path',
      '{connection_file}',
    ],
    display_name: 'TypeScript',
    language: 'typescript',
    interrupt_mode: 'signal',
    env: { KERNEL_LOG: kernelLog, KERNEL_DEVICE: device },
  };
}
