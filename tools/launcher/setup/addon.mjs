// Step: the addon through which tfjs calls TensorFlow, compiled from the source inside tfjs' own package.
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { CommandFailed, runCommand } from './command.mjs';
import { Problem, lastLines } from '../problem.cjs';
import {
  fileHash,
  fingerprint,
  folderFingerprint,
  inProject,
  readJson,
  root,
  temporaryFolder,
  writeFileAtomic,
} from './project.mjs';
import { runtimeFolder, runtimeLibraries, tensorflowVersion } from './tensorflow.mjs';

const packageFolder = inProject('node_modules', '@tensorflow', 'tfjs-node-gpu');

/** Where tfjs looks for the addon. */
export const addonPath = join(packageFolder, 'lib', 'napi-v8', 'tfjs_binding.node');

/** Says which runtime is in place and where it came from; `describeBackend()` reads it. */
export const runtimeRecord = inProject('.tensorflow', 'runtime.json');

const COMPILE_FLAGS = [
  '-std=c++17',
  '-O2',
  '-shared',
  '-fPIC',
  '-DNAPI_VERSION=8',
  '-DBUILDING_NODE_EXTENSION',
];

/** @returns the step that compiles the addon for a device and puts it where tfjs looks. */
export function addonStep(device) {
  return {
    id: 'addon',
    name: 'addon for tfjs (compiled)',
    downloadMb: 0,
    diskMb: 1,
    inputs: () => [compileFingerprint(device)],
    outputs: () => [addonPath],
    run: (context) => installAddon(device, context),
  };
}

function compileFingerprint(device) {
  const sources = folderFingerprint(join(packageFolder, 'binding'));
  return fingerprint(
    sources,
    tensorflowVersion(device),
    device,
    process.platform,
    process.arch,
    COMPILE_FLAGS.join(' '),
  );
}

async function installAddon(device, { onSpawn }) {
  const kept = join(runtimeFolder(device), `tfjs_binding-${compileFingerprint(device)}.node`);
  const keptRecord = `${kept}.json`;
  if (!existsSync(kept) || !existsSync(keptRecord))
    await compileAddon(device, kept, keptRecord, onSpawn);

  const next = `${addonPath}.${process.pid}.tmp`;
  mkdirSync(dirname(addonPath), { recursive: true });
  copyFileSync(kept, next);
  writeFileAtomic(runtimeRecord, `${JSON.stringify(readJson(keptRecord), null, 2)}\n`);
  // By rename: a running process that has the old file mapped keeps it, overwriting it would end that process.
  renameSync(next, addonPath);
  const loaded = await loadAddon(onSpawn);
  if (loaded.error) {
    const cpu = /SIGILL/.test(loaded.error)
      ? ' This processor seems to lack AVX, which TensorFlow needs.'
      : '';
    throw new Problem(`The compiled addon does not load.${cpu}`, {
      details: loaded.error,
      remedy: `Delete ${relative(inProject(), runtimeFolder(device))} and run the same command again; if it stays, report the lines above.`,
    });
  }
}

async function compileAddon(device, target, record, onSpawn) {
  const compiler = await findCompiler(onSpawn);
  const tensorflow = join(runtimeFolder(device), 'tensorflow');
  // Relative to where tfjs loads it from, so that a clone that was moved still finds its libraries.
  const origin = process.platform === 'darwin' ? '@loader_path' : '$ORIGIN';
  const runPath = `${origin}/${relative(dirname(addonPath), tensorflow)}`;
  mkdirSync(temporaryFolder, { recursive: true });
  const output = join(temporaryFolder, 'tfjs_binding.node');
  const args = [
    ...COMPILE_FLAGS,
    `-I${inProject('node_modules', 'node-api-headers', 'include')}`,
    `-I${join(tensorflow, 'include')}`,
    `-I${packageFolder}`,
    join(packageFolder, 'binding', 'tfjs_backend.cc'),
    join(packageFolder, 'binding', 'tfjs_binding.cc'),
    ...runtimeLibraries(device),
    `-Wl,-rpath,${runPath}`,
    ...(process.platform === 'darwin' ? ['-undefined', 'dynamic_lookup'] : []),
    '-o',
    output,
  ];
  try {
    await runCommand(compiler.command, args, { log: 'addon', onSpawn });
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    throw new Problem(`${compiler.command} could not compile the addon.`, {
      details: lastLines(error.output),
      remedy:
        'A compiler for C++17 is needed (g++ 9, clang 10 or newer). The whole output is in .setup/logs/addon.log.',
    });
  }
  const { wheel, sha256 } = readJson(join(runtimeFolder(device), 'origin.json')) ?? {};
  const runtime = {
    version: tensorflowVersion(device),
    device,
    wheel,
    sha256,
    compiler: compiler.version,
    addonSha256: fileHash(output),
    origin: `${wheel} (sha256 ${sha256?.slice(0, 12)}…), addon compiled by ${compiler.version}`,
  };
  writeFileAtomic(record, `${JSON.stringify(runtime, null, 2)}\n`);
  renameSync(output, target);
}

async function findCompiler(onSpawn) {
  for (const command of [process.env.CXX, 'g++', 'c++', 'clang++'].filter(Boolean)) {
    try {
      const version = await runCommand(command, ['--version'], { onSpawn });
      return { command, version: version.split('\n')[0].trim() };
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
    }
  }
  throw new Problem(
    'A C++ compiler is needed once, and none was found (looked for: $CXX, g++, c++, clang++).',
    {
      remedy:
        'Debian, Ubuntu: sudo apt install g++; Fedora: sudo dnf install gcc-c++; macOS: xcode-select --install. Then run the same command again: what is finished is kept.',
    },
  );
}

/** Loads tfjs in a process of its own: `{ version, device }` of the TensorFlow that answers, or `{ error }`. */
export async function loadAddon(onSpawn) {
  // Node 23 removed two functions that tfjs-node 4.22 calls.
  const script = `
    const util = require('node:util');
    util.isNullOrUndefined ??= (value) => value == null;
    util.isArray ??= Array.isArray;
    const { binding } = require('@tensorflow/tfjs-node-gpu').backend();
    console.log(JSON.stringify({ version: binding.TF_Version, device: binding.isUsingGpuDevice() ? 'gpu' : 'cpu' }));`;
  try {
    const printed = await runCommand(process.execPath, ['-e', script], { log: 'addon', onSpawn });
    return JSON.parse(lastLines(printed, 1));
  } catch (error) {
    return { error: `${error.message}\n${lastLines(error.output ?? '', 6)}` };
  }
}

/**
 * An addon that is already there and loads is used as it is: made by the package's own install script, or by hand.
 *
 * @returns {Promise<boolean>} whether it is; `runtimeRecord` then says so
 */
export async function adoptAddon(device, { isDeviceWanted, onSpawn }) {
  if (!existsSync(addonPath)) return false;
  const found = await loadAddon(onSpawn);
  if (found.error || (isDeviceWanted && found.device !== device)) return false;
  const record = readJson(runtimeRecord);
  if (record?.addonSha256 !== fileHash(addonPath)) {
    const adopted = { ...found, origin: 'an addon that was already installed' };
    writeFileAtomic(runtimeRecord, `${JSON.stringify(adopted, null, 2)}\n`);
  }
  return true;
}

/**
 * Lets another project use this clone's TensorFlow: the addon is copied, its libraries are linked.
 *
 * @param {string} project its folder, absolute
 * @throws {Problem} where tfjs-node-gpu is not installed there
 */
export function giveRuntime(project) {
  const target = join(project, relative(inProject(), addonPath));
  if (project === root || !existsSync(join(dirname(target), '..', '..', 'package.json'))) {
    throw new Problem(`There is no other project with @tensorflow/tfjs-node-gpu in ${project}.`, {
      remedy: 'Install the package there first: npm install --ignore-scripts FILE.tgz',
    });
  }
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(addonPath, target);
  const libraries = join(project, '.tensorflow');
  rmSync(libraries, { recursive: true, force: true });
  symlinkSync(inProject('.tensorflow'), libraries);
}
