// Where things lie in this clone, and fingerprints of what a set-up step depends on.
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The clone's folder, found from this file's own place. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');

/** @returns the absolute path of something in the clone. */
export function inProject(...parts) {
  return join(root, ...parts);
}

/** The CommonJS file through which every program of ours starts. */
export const door = inProject('tools', 'door.cjs');

/** Stamps, logs, the lock and temporary files of set-up. */
export const setupFolder = inProject('.setup');

/** Set-up's own temporary folder: on the clone's disk, so that a finished file moves by rename. */
export const temporaryFolder = join(setupFolder, 'tmp');

/** The notebooks that git knows. */
export const notebooksFolder = inProject('notebooks');

/** Their working copies, which git ignores. Beside lib as well, because the cells import '../lib'. */
export const copiesFolder = inProject('work');

/** @returns the path of a program in the project's own Python environment. */
export function inVenv(...parts) {
  return inProject('.venv', ...parts);
}

/**
 * Variables that make our tools load modules from elsewhere, or install packages outside .venv. Those that say
 * where packages come from (PIP_INDEX_URL, PIP_CERT) stay.
 */
const ASTRAY = [
  /^PYTHON[A-Z]/,
  /^PIP_(ABI|CONSTRAINT|DEST|DRY_RUN|EDITABLE|IGNORE_INSTALLED|IMPLEMENTATION|NO_BINARY|NO_DEPS|PLATFORM|PRE|PREFIX|PYTHON|PYTHON_VERSION|REPORT|REQUIREMENT|REQUIRE_HASHES|REQUIRE_VIRTUALENV|ROOT|SRC|TARGET|USER)$/,
  /^(JUPYTER_PATH|JUPYTER_CONFIG_PATH|JUPYTER_PREFER_ENV_PATH|JUPYTERLAB_DIR)$/,
];

/** The environment that the tools of set-up get. */
export function toolEnvironment(env = process.env) {
  const kept = Object.entries(env).filter(([name]) => !ASTRAY.some((astray) => astray.test(name)));
  return { ...Object.fromEntries(kept), PYTHONNOUSERSITE: '1', PIP_USER: '0' };
}

/** Jupyter and IPython read and write in the project's own environment only, never in the home folder. */
export function jupyterEnvironment(env = process.env) {
  return {
    ...toolEnvironment(env),
    JUPYTER_CONFIG_DIR: inVenv('etc', 'jupyter'),
    JUPYTER_DATA_DIR: inVenv('share', 'jupyter'),
    JUPYTER_RUNTIME_DIR: inVenv('share', 'jupyter', 'runtime'),
    JUPYTERLAB_SETTINGS_DIR: inVenv('etc', 'jupyter', 'lab', 'user-settings'),
    JUPYTERLAB_WORKSPACES_DIR: inVenv('etc', 'jupyter', 'lab', 'workspaces'),
    IPYTHONDIR: inVenv('etc', 'ipython'),
  };
}

/** @returns the SHA-256 of a file's bytes, in hexadecimal. */
export function fileHash(path) {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** @returns a short fingerprint of texts, in hexadecimal. */
export function fingerprint(...texts) {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${String(text).length}:${text}`);
  return hash.digest('hex').slice(0, 16);
}

/**
 * @param {string} folder
 * @param {(name: string) => boolean} accepts which files count, by their name
 * @returns {string} one fingerprint of these files' names and contents
 */
export function folderFingerprint(folder, accepts = () => true) {
  const files = existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
    : [];
  const paths = files
    .filter((entry) => entry.isFile() && accepts(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
  return fingerprint(...paths.flatMap((path) => [relative(folder, path), fileHash(path)]));
}

/** Writes a file so that a reader, or a kill, sees the old content or the new one and nothing between. */
export function writeFileAtomic(path, content) {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, content);
  renameSync(temporary, path);
}

/** @returns the parsed JSON of a file, or `undefined` where it is missing or broken. */
export function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
