// Every command but test and lab: its options are read, set-up is completed, then its program runs.
//   node tools/door.cjs tools/launcher/command.mjs NAME [options]
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { commands } from './commands.mjs';
import { createNoiseFilter } from './nativeNoise.cjs';
import { helpText, parseOptions, refuseSwallowedOptions } from './options.mjs';
import { printProblem, wrapText } from './problem.cjs';
import { giveRuntime } from './setup/addon.mjs';
import { waitFor } from './setup/command.mjs';
import { registerKernel } from './setup/kernel.mjs';
import { optunaStep, peersStep, tensorboardStep } from './setup/peers.mjs';
import { door, inProject, jupyterEnvironment, root } from './setup/project.mjs';
import { setUp } from './setup.mjs';

try {
  const [name, ...args] = process.argv.slice(2);
  process.exitCode = await main(name, args);
} catch (error) {
  process.exitCode = printProblem(error);
}

/** @returns {Promise<number>} the exit code */
async function main(name, args) {
  const command = commands[name];
  refuseSwallowedOptions(command);
  const options = parseOptions(args, command);
  if (options.help) {
    process.stdout.write(helpText(command, { width: process.stdout.columns }));
    return 0;
  }
  const { list, writeOnly, status, dryRun } = options;
  const extraSteps = [
    ...(name === 'bench' && !list ? [peersStep] : []),
    ...(name === 'tensorboard' && !writeOnly ? [tensorboardStep] : []),
    ...(name === 'search' && !status && !dryRun ? [optunaStep] : []),
  ];
  const { device } = await setUp({ ...options, extraSteps });
  if (name === 'setup') {
    if (options.into) giveRuntime(resolve(process.env.INIT_CWD ?? root, options.into));
    process.stderr.write(`Everything is in place (${device}).\n`);
    if (options.registerKernel) {
      const file = await registerKernel(device);
      process.stderr.write(`${wrapText(`The kernel TypeScript is registered: ${file}`)}\n`);
    }
    return 0;
  }
  const line = [command.command, ...(args.length > 0 ? ['--', ...args] : [])].join(' ');
  return runProgram(command.program, { ...options, line }, device);
}

/**
 * The program gets the options as JSON and its standard output is ours; TensorFlow's start-up lines are left out of its
 * errors.
 */
function runProgram(program, options, device) {
  const loader = program.endsWith('.ts') ? ['--import', 'tsx'] : [];
  const args = [...loader, door, inProject(program), JSON.stringify(options)];
  const child = spawn(process.execPath, args, {
    cwd: root,
    stdio: ['inherit', 'inherit', 'pipe'],
    env: { ...jupyterEnvironment(), DEVICE: device },
  });
  child.stderr.pipe(createNoiseFilter()).pipe(process.stderr);
  return waitFor(child, ['SIGTERM', 'SIGHUP']);
}
