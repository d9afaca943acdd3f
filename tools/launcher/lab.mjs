// npm run lab: set-up, then JupyterLab with the tslab kernel; what stands behind -- goes to JupyterLab.
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { waitFor } from './setup/command.mjs';
import { kernelLog } from './setup/kernel.mjs';
import { printProblem } from './problem.cjs';
import { inVenv, jupyterEnvironment, root } from './setup/project.mjs';
import { setUp } from './setup.mjs';

try {
  const { device } = await setUp();
  // TensorFlow's own lines of earlier sessions.
  rmSync(kernelLog, { force: true });
  mkdirSync(dirname(kernelLog), { recursive: true });
  process.exitCode = await openLab(process.argv.slice(2), device);
} catch (error) {
  process.exitCode = printProblem(error);
}

/** @returns {Promise<number>} JupyterLab's exit code. */
function openLab(args, device) {
  const lab = spawn(
    inVenv('bin', 'jupyter-lab'),
    [`--ServerApp.root_dir=${root}`, '--LabApp.default_url=/lab/tree/notebooks', ...args],
    {
      cwd: root,
      stdio: 'inherit',
      env: { ...jupyterEnvironment(), DEVICE: device },
    },
  );
  // It asks on Ctrl-C whether to stop, and we wait for its answer.
  return waitFor(lab, ['SIGTERM']);
}
