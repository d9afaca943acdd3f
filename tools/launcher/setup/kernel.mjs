// Step: tell Jupyter how to start the tslab kernel. Absolute paths: "tslab" is not on the PATH.
import { inProject, inVenv, setupFolder, writeFileAtomic } from './project.mjs';
import { join } from 'node:path';

const kernelFile = inVenv('share', 'jupyter', 'kernels', 'tslab', 'kernel.json');

/** Where TensorFlow's own lines go in JupyterLab; a headless run names a file of its own (TENSORFLOW_LOG). */
export const kernelLog = join(setupFolder, 'logs', 'kernel.log');

/** @returns the step that writes the kernelspec into .venv. */
export function kernelStep() {
  return {
    id: 'kernel',
    name: 'tslab kernel',
    downloadMb: 0,
    diskMb: 0,
    inputs: () => [JSON.stringify(kernelspec())],
    outputs: () => [kernelFile],
    run: () => writeFileAtomic(kernelFile, `${JSON.stringify(kernelspec(), null, 2)}\n`),
  };
}

/**
 * TensorFlow writes lines about oneDNN and the processor straight to file descriptor 2, past Node: the shell points
 * it at a log. `exec` makes Node the process that Jupyter started, so that an interrupt reaches it.
 */
function kernelspec() {
  const shell = 'exec "$0" "$@" 2>>"${TENSORFLOW_LOG:-$KERNEL_LOG}"';
  const tslab = inProject('node_modules', 'tslab', 'bin', 'tslab');
  return {
    argv: [
      '/bin/sh',
      '-c',
      shell,
      process.execPath,
      tslab,
      'kernel',
      '--config-path',
      '{connection_file}',
    ],
    display_name: 'TypeScript',
    language: 'typescript',
    interrupt_mode: 'signal',
    env: { KERNEL_LOG: kernelLog },
  };
}
