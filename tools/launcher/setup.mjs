// Set-up: everything between a fresh clone and a running notebook. Plain Node, because it runs before anything is
// installed. Each step is finished, or will be done again: killing it at any point costs nothing but time.
import { existsSync, mkdirSync, rmSync, statfsSync } from 'node:fs';
import { oneOf } from './options.mjs';
import { Problem, wrapText } from './problem.cjs';
import { addonPath, addonStep, adoptAddon } from './setup/addon.mjs';
import { buildStep } from './setup/build.mjs';
import { jupyterStep } from './setup/jupyter.mjs';
import { kernelStep } from './setup/kernel.mjs';
import { acquireLock } from './setup/lock.mjs';
import { packagesStep } from './setup/packages.mjs';
import { root, setupFolder, temporaryFolder } from './setup/project.mjs';
import { announce, startStepLine, sum } from './setup/report.mjs';
import { isStamped, readStamp, writeStamp } from './setup/stamps.mjs';
import { checkPlatform, detectDevice, tensorflowStep } from './setup/tensorflow.mjs';

/**
 * Brings the clone into working order; returns at once where it already is.
 *
 * @param {{ offline?: boolean, device?: 'cpu' | 'gpu', extraSteps?: readonly object[] }} options `offline`: touch no
 *   network; `device`: without it, gpu where an NVIDIA card is seen; `extraSteps`: what one command needs besides
 * @returns {Promise<{ device: 'cpu' | 'gpu' }>}
 * @throws {Problem} what is missing, and the remedy
 */
export async function setUp({ offline = false, device, extraSteps = [] } = {}) {
  const named = process.env.DEVICE || undefined;
  const wanted = device ?? (named && oneOf('cpu', 'gpu')(named, 'DEVICE'));
  const chosen = wanted ?? detectDevice();
  checkPlatform(chosen);
  const steps = [
    packagesStep(),
    jupyterStep(),
    tensorflowStep(chosen),
    addonStep(chosen),
    kernelStep(chosen),
    buildStep(),
    ...extraSteps,
  ];
  if (steps.every(isDone)) return { device: chosen };

  const write = (text) => process.stderr.write(wrapText(text));
  const stopListening = exitOnSignals();
  const lock = await lockProject(write);
  try {
    // Clears what an earlier call left unfinished, and adopts what the previous holder of the lock has done.
    rmSync(temporaryFolder, { recursive: true, force: true });
    await adopt(steps, { device: chosen, isDeviceWanted: wanted !== undefined, lock });
    await runSteps(steps, { offline, lock, write });
  } finally {
    lock.release();
    stopListening();
  }
  return { device: chosen };
}

async function runSteps(steps, { offline, lock, write }, round = 1) {
  const open = steps.filter((step) => !isDone(step));
  if (open.length === 0) return;
  if (round > 2) {
    const names = open.map(({ name }) => name).join(', ');
    throw new Problem(`Set-up ran, and these steps are still not finished: ${names}.`, {
      remedy: 'Delete the folder .setup and run the same command again; if it stays, report it.',
    });
  }
  const freeMb = freeDiskMb();
  announce(open, { freeMb, write });
  // The wheels lie beside what is unpacked from them for a moment.
  const neededMb = sum(open, 'diskMb') + Math.max(...open.map((step) => step.downloadMb));
  if (freeMb < neededMb) {
    throw new Problem(
      `Set-up needs about ${neededMb} MB in ${root}, and ${Math.round(freeMb)} MB are free.`,
      {
        remedy: 'Free some disk space, or move the clone to a larger disk.',
      },
    );
  }
  let index = 0;
  for (const step of open) {
    index += 1;
    const line = startStepLine(step.name, { index, of: open.length, downloadMb: step.downloadMb });
    try {
      const onSpawn = (pid) => lock.setChild(pid);
      await step.run({ offline, onSpawn, onDownload: line.watch });
    } catch (error) {
      line.failed();
      throw error;
    }
    writeStamp(step, { seconds: line.done() });
  }
  rmSync(temporaryFolder, { recursive: true, force: true });
  // A new node_modules lost its addon, a new .venv its kernel: what one step undid of another is redone here.
  await runSteps(steps, { offline, lock, write }, round + 1);
}

function isDone(step) {
  return step.isDone ? step.isDone() : isStamped(step);
}

/** Where a working addon is already installed, neither TensorFlow nor a compiler is needed. */
async function adopt(steps, { device, isDeviceWanted, lock }) {
  const tensorflow = steps.find(({ id }) => id.startsWith('tensorflow'));
  const addon = steps.find(({ id }) => id === 'addon');
  const earlier = readStamp(addon);
  if (isDone(addon) || (earlier && !earlier.adopted) || !existsSync(addonPath)) return;
  if (!isDone(steps[0])) return;
  if (!(await adoptAddon(device, { isDeviceWanted, onSpawn: (pid) => lock.setChild(pid) }))) return;
  const adopted = { outputs: [addonPath], adopted: true };
  if (!isDone(tensorflow)) writeStamp(tensorflow, adopted);
  writeStamp(addon, adopted);
}

async function lockProject(write) {
  try {
    return await acquireLock({
      onWait: (pid) =>
        write(`Another set-up of this clone is running (process ${pid}): waiting for it.\n`),
    });
  } catch (error) {
    if (!['EACCES', 'EROFS', 'EPERM', 'ENOSPC'].includes(error.code)) throw error;
    throw new Problem(`Cannot write in ${setupFolder}: ${error.message}`, {
      remedy:
        error.code === 'ENOSPC'
          ? 'Free some disk space.'
          : 'Clone the project into a folder that you may write in.',
    });
  }
}

/** Ctrl-C and a polite kill leave through `exit`, where the running tool is ended and the lock is freed. */
function exitOnSignals() {
  const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };
  const handlers = Object.entries(codes).map(([signal, code]) => {
    const handler = () => {
      const text = '\nSet-up was interrupted: the next call continues where it stopped.\n';
      process.stderr.write(wrapText(text));
      process.exit(code);
    };
    process.on(signal, handler);
    return () => process.off(signal, handler);
  });
  return () => handlers.forEach((stop) => stop());
}

function freeDiskMb() {
  mkdirSync(setupFolder, { recursive: true });
  const { bavail, bsize } = statfsSync(setupFolder);
  return (bavail * bsize) / 1e6;
}
