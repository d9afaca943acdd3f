// Step: the npm packages, exactly as package-lock.json names them, without their install scripts.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CommandFailed, runCommand } from './command.mjs';
import { Problem, commonProblem, lastLines } from '../problem.cjs';
import { inProject, readJson, root } from './project.mjs';

/** @returns the step that fills node_modules. */
export function packagesStep() {
  return {
    id: 'packages',
    name: 'npm packages',
    downloadMb: 340,
    diskMb: 780,
    isDone: () =>
      isInstalled(
        readJson(inProject('package-lock.json')),
        readJson(inProject('node_modules', '.package-lock.json')),
      ),
    run: async (options) => {
      await installPackages(options);
      removeOtherPlatforms(inProject('node_modules', 'onnxruntime-node', 'bin'));
    },
  };
}

/**
 * npm writes node_modules/.package-lock.json last: where it agrees with package-lock.json, the packages are in.
 * Packages for other platforms are optional, and are not there.
 */
export function isInstalled(wanted, installed) {
  if (!wanted?.packages || !installed?.packages) return false;
  return Object.entries(wanted.packages).every(([path, entry]) => {
    if (!path.startsWith('node_modules/')) return true;
    const found = installed.packages[path];
    if (!found) return entry.optional === true;
    return (
      found.version === entry.version &&
      found.integrity === entry.integrity &&
      found.link === entry.link &&
      // A folder of the project that moved: its link leads nowhere.
      (!entry.link || found.resolved === entry.resolved)
    );
  });
}

/**
 * onnxruntime-node carries its library for every platform, 290 MB: those of the others go.
 *
 * @param {string} folder of folders <interface>/<platform>/<processor>
 * @param {{ platform?: string, arch?: string }} here as Node names this machine
 */
export function removeOtherPlatforms(folder, { platform, arch } = process) {
  const list = (...parts) => (existsSync(join(...parts)) ? readdirSync(join(...parts)) : []);
  for (const version of list(folder)) {
    for (const system of list(folder, version)) {
      for (const processor of list(folder, version, system)) {
        if (system === platform && processor === arch) continue;
        rmSync(join(folder, version, system, processor), { recursive: true });
      }
    }
  }
}

async function installPackages({ offline, onSpawn }) {
  // `npm start` names the npm that runs us; plain node, yarn and pnpm have the one on the path.
  const runner = process.env.npm_execpath ?? '';
  const isNpm = basename(runner) === 'npm-cli.js';
  const npm = isNpm ? [process.execPath, runner] : ['npm'];
  const flags = [
    '--ignore-scripts',
    '--include=dev',
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
  ];
  const network = offline
    ? ['--offline']
    : ['--fetch-retries=3', '--fetch-retry-mintimeout=1000', '--fetch-retry-maxtimeout=5000'];
  const [command, ...first] = npm;
  try {
    await runCommand(command, [...first, 'ci', ...flags, ...network], {
      log: 'npm',
      onSpawn,
      // Yarn passes its own registry on as if the person had named it.
      env: isNpm ? {} : { npm_config_registry: undefined },
    });
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    if (error.missing) {
      throw new Problem('npm was not found.', {
        remedy: 'Install Node.js together with npm (nodejs.org has both).',
      });
    }
    const context = { index: 'the npm registry', offline, folder: root };
    throw (
      commonProblem('the npm packages', error.output, context) ??
      new Problem('npm could not install the packages.', {
        details: lastLines(error.output),
        remedy: 'The whole output is in .setup/logs/npm.log.',
      })
    );
  }
}
