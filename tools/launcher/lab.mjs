// npm run lab: set-up, then JupyterLab with the tslab kernel, on working copies of the notebooks.
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { commands } from './commands.mjs';
import { helpText, parseOptions, refuseSwallowedOptions } from './options.mjs';
import { Problem, printProblem, wrapText } from './problem.cjs';
import { waitFor } from './setup/command.mjs';
import { kernelLog } from './setup/kernel.mjs';
import { acquireLock } from './setup/lock.mjs';
import {
  copiesFolder,
  inProject,
  inVenv,
  jupyterEnvironment,
  notebooksFolder,
  root,
  writeFileAtomic,
} from './setup/project.mjs';
import { setUp } from './setup.mjs';
import { prepareCopies, trust } from './workingCopies.mjs';

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = printProblem(error);
}

/** @returns {Promise<number>} the exit code */
async function main(args) {
  refuseSwallowedOptions(commands.lab);
  const { help, data, original, rest } = parseOptions(args, commands.lab);
  if (help) {
    process.stdout.write(helpText(commands.lab, { width: process.stdout.columns }));
    return 0;
  }
  const { device } = await setUp();
  const checks = inProject('dist', 'tools', 'commands', 'run', 'checkData.js');
  const { labEnvironment } = await import(pathToFileURL(checks).href);
  const env = { ...(await labEnvironment(data)), DEVICE: device };
  if (!original) await openCopies();
  await writeStyle();
  // TensorFlow's own lines of earlier sessions.
  rmSync(kernelLog, { force: true });
  mkdirSync(dirname(kernelLog), { recursive: true });
  return openLab(original ? notebooksFolder : copiesFolder, rest, env);
}

/** Plotly's extension knows no themes: in a dark one this gives live figures its paper and ink. */
async function writeStyle() {
  const page = pathToFileURL(inProject('dist', 'lib', 'report', 'pageStyle.js')).href;
  const { darkRules } = await import(page);
  const rules = darkRules('[data-jp-theme-light="false"] .jp-RenderedPlotly ');
  writeFileAtomic(inVenv('etc', 'jupyter', 'custom', 'custom.css'), rules);
}

async function openCopies() {
  // One at a time: two would move the same copy aside.
  const lock = await acquireLock();
  try {
    const { copies, notices } = prepareCopies({ originals: notebooksFolder, copies: copiesFolder });
    for (const notice of notices) process.stderr.write(`${wrapText(notice)}\n`);
    await trust(copies).catch((error) => {
      const notice = `Jupyter will show the copies as "Not Trusted" (${error.message}).`;
      process.stderr.write(`${wrapText(notice)}\n`);
    });
  } catch (error) {
    if (!error.code) throw error;
    throw new Problem(`The working copies could not be written: ${error.message}`, {
      remedy:
        'Make the folder writable, or work on the notebooks themselves: npm run lab -- --original',
    });
  } finally {
    lock.release();
  }
}

/** @returns {Promise<number>} JupyterLab's exit code. */
function openLab(folder, args, env) {
  const name = basename(folder);
  const lab = spawn(
    inVenv('bin', 'jupyter-lab'),
    [
      `--ServerApp.root_dir=${root}`,
      // A workspace of its own, or JupyterLab would reopen the notebooks of the other folder beside these.
      `--LabApp.default_url=/lab/workspaces/${name}/tree/${name}`,
      '--LabApp.custom_css=True',
      ...args,
    ],
    {
      cwd: root,
      stdio: 'inherit',
      env: { ...jupyterEnvironment(), ...env },
    },
  );
  // It asks on Ctrl-C whether to stop, and we wait for its answer.
  return waitFor(lab, ['SIGTERM']);
}
