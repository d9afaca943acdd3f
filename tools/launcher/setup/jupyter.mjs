// Step: a Python environment in .venv with Jupyter, exactly as tools/requirements/jupyter.txt pins it.
import { existsSync, rmSync } from 'node:fs';
import { delimiter } from 'node:path';
import { CommandFailed, runCommand } from './command.mjs';
import { Problem, commonProblem, lastLines } from '../problem.cjs';
import { fileHash, inProject, inVenv, root } from './project.mjs';

/** The oldest Python that Jupyter's pinned versions support. */
const OLDEST_PYTHON = [3, 10];
const CANDIDATES = ['python3', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python'];

/** @returns the step that makes .venv. A venv holds absolute paths: a clone that was moved gets a new one. */
export function jupyterStep() {
  const requirements = inProject('tools/requirements/jupyter.txt');
  return {
    id: 'jupyter',
    name: 'Jupyter',
    downloadMb: 60,
    diskMb: 260,
    inputs: () => [fileHash(requirements), root, process.arch],
    outputs: () => [inVenv('bin', 'python'), inVenv('bin', 'jupyter-lab')],
    run: async ({ offline, onSpawn }) => {
      const python = await findPython(onSpawn);
      rmSync(inVenv(), { recursive: true, force: true });
      await createVenv(python, onSpawn);
      // Installed files are compiled when first imported: compiling all of them takes longer than the download.
      const flags = [
        '--no-input',
        '--disable-pip-version-check',
        '--only-binary=:all:',
        '--no-compile',
      ];
      await runPip(['install', ...flags, '-r', requirements], {
        what: 'Jupyter and its packages',
        offline,
        onSpawn,
      });
    },
  };
}

/**
 * Runs the environment's named pip.
 *
 * @param {readonly string[]} args
 * @param {{ what: string, offline: boolean, onSpawn?: (pid: number) => void, env?: NodeJS.ProcessEnv }} options
 */
export async function runPip([verb, ...args], { what, offline, onSpawn, env = {} }) {
  const network = offline ? ['--no-index'] : ['--retries', '2'];
  try {
    return await runCommand(inVenv('bin', 'python'), ['-m', 'pip', verb, ...network, ...args], {
      log: 'pip',
      onSpawn,
      env,
    });
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    const context = { index: 'the Python package index', offline, folder: root };
    throw (
      commonProblem(what, error.output, context) ??
      new Problem(`pip could not get ${what}.`, {
        details: lastLines(error.output),
        remedy: 'The whole output is in .setup/logs/pip.log.',
      })
    );
  }
}

async function createVenv(python, onSpawn) {
  if (root.includes(delimiter)) {
    throw new Problem(
      `Python makes no virtual environment below a path with "${delimiter}": ${root}.`,
      { remedy: 'Move or clone the project to a path without it.' },
    );
  }
  try {
    await runCommand(python.command, ['-m', 'venv', inVenv()], { log: 'pip', onSpawn });
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    const context = { index: 'the Python package index', offline: false, folder: root };
    const [major, minor] = python.version;
    throw (
      commonProblem('the Python environment', error.output, context) ??
      new Problem(
        `${python.command} (Python ${major}.${minor}) cannot make a virtual environment.`,
        {
          details: lastLines(error.output, 4),
          remedy: `Install Python's venv (Debian, Ubuntu: sudo apt install python3-venv python${major}.${minor}-venv), then run the same command again.`,
        },
      )
    );
  }
  if (!existsSync(inVenv('bin', 'python'))) {
    throw new Problem(
      `${python.command} made a virtual environment without bin/python in ${inVenv()}.`,
      {
        remedy: 'Use a Python for Linux or macOS (under Windows: the one inside WSL2).',
      },
    );
  }
}

/** @returns the first Python on the path that is new enough, preferring one that has venv. */
export async function findPython(onSpawn) {
  const named = process.env.PYTHON ? [process.env.PYTHON] : [];
  const script =
    'import sys, importlib.util as u; print(sys.version_info[0], sys.version_info[1], int(bool(u.find_spec("venv") and u.find_spec("ensurepip"))))';
  const found = [];
  for (const command of [...named, ...CANDIDATES]) {
    try {
      const [major, minor, hasVenv] = (await runCommand(command, ['-c', script], { onSpawn }))
        .split(' ')
        .map(Number);
      found.push({ command, version: [major, minor], hasVenv: hasVenv === 1 });
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
    }
  }
  const isNewEnough = ({ version: [major, minor] }) =>
    major > OLDEST_PYTHON[0] || (major === OLDEST_PYTHON[0] && minor >= OLDEST_PYTHON[1]);
  const usable = found.filter(isNewEnough);
  const best = usable.find(({ hasVenv }) => hasVenv) ?? usable[0];
  if (best) return best;
  const seen =
    found.map(({ command, version }) => `${command} is ${version.join('.')}`).join(', ') || 'none';
  throw new Problem(
    `Jupyter needs Python ${OLDEST_PYTHON.join('.')} or newer; found on the path: ${seen}.`,
    {
      remedy:
        'Install it (Debian, Ubuntu: sudo apt install python3 python3-venv; macOS: brew install python), or name one: PYTHON=/path/to/python3 npm start.',
    },
  );
}
