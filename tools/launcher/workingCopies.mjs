// npm run lab opens copies of the notebooks, because what Jupyter saves must not touch the committed files. A copy is
// the person's own: it is replaced only where nothing of theirs is in it, and else kept or moved aside.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { runCommand } from './setup/command.mjs';
import {
  fingerprint,
  inVenv,
  jupyterEnvironment,
  readJson,
  writeFileAtomic,
} from './setup/project.mjs';

/** Beside the copies: what each was made from. */
const RECORD = '.originals.json';

/**
 * @typedef {object} Origin
 * @property {string} [file] fingerprint of the notebook that was copied; missing once the outputs are the person's
 * @property {string} cells fingerprint of its cells
 * @property {boolean | null} committed whether it was as git has it; null without git
 */

/**
 * Makes the copies that are missing, and renews those that are out of date.
 *
 * @param {{ originals: string, copies: string }} folders
 * @returns {{ copies: string[], notices: string[] }} `copies`: paths of those that are still, byte for byte, notebooks of
 *   the repository that this function copied; `notices`: what the person should know
 */
export function prepareCopies({ originals, copies }) {
  mkdirSync(copies, { recursive: true });
  const recordFile = join(copies, RECORD);
  /** @type {Record<string, Origin>} */
  const record = readJson(recordFile) ?? {};
  const notices = [];
  const untouched = [];
  for (const { file, committed } of listOriginals(originals)) {
    const [original, copy] = [originals, copies].map((folder) => readText(join(folder, file)));
    if (original === undefined) continue; // deleted, and git still knows it
    const ours = `${basename(copies)}/${file}`;
    const theirs = `${basename(originals)}/${file}`;
    const action = chooseAction({ original, copy, origin: record[file] });
    if (action === 'replace') {
      const aside = asideName(copies, file);
      renameSync(join(copies, file), join(copies, aside));
      notices.push(
        `${ours} is new, because the cells of ${theirs} have changed. Your earlier copy, with its outputs: ${basename(copies)}/${aside}`,
      );
    }
    if (action === 'tell') {
      notices.push(
        `${ours} is kept as you left it; its cells differ from those of ${theirs}. To get these, rename or delete it and run npm run lab again.`,
      );
    }
    const isMade = action === 'make' || action === 'replace';
    if (isMade) writeFileAtomic(join(copies, file), original);
    const origin = { cells: fingerprint(cellsOf(original)), committed };
    if (isMade || action === 'same') record[file] = { file: fingerprint(original), ...origin };
    // Their outputs belong to these cells now, whichever the copy was made from.
    if (action === 'outputs') record[file] = origin;
    if ((isMade || action === 'same') && committed !== false) untouched.push(join(copies, file));
  }
  writeFileAtomic(recordFile, `${JSON.stringify(record, null, 2)}\n`);
  return { copies: untouched, notices };
}

/**
 * What to do with a copy.
 *
 * - `make`: there is none, or it is as it was made and git has what it was made from.
 * - `same`: it is the original. - `outputs`: its outputs are the person's, its cells the original's: kept.
 * - `keep`: its cells are the person's. - `tell`: so they are, and the original has other ones than it was made from.
 * - `replace`: its cells are those that it was made from, and the original's have changed.
 *
 * @param {{ original: string, copy?: string, origin?: Origin }} texts
 */
export function chooseAction({ original, copy, origin }) {
  if (copy === undefined) return 'make';
  if (copy === original) return 'same';
  if (origin?.committed && origin.file === fingerprint(copy)) return 'make';
  const [wanted, own] = [original, copy].map(cellsOf);
  if (own === wanted) return 'outputs';
  if (origin?.cells === fingerprint(own)) return 'replace';
  return origin?.cells === fingerprint(wanted) ? 'keep' : 'tell';
}

/** What a person writes in a notebook: cells and their kinds, not outputs, and no empty cell as running the last one adds. */
function cellsOf(text) {
  try {
    const { cells } = JSON.parse(text);
    const written = cells.map(({ cell_type, source, attachments }) => {
      return [cell_type, [source].flat().join(''), attachments ?? {}];
    });
    return JSON.stringify(written.filter(([, source]) => source.trim() !== ''));
  } catch {
    return text; // no notebook: then every character counts
  }
}

/** The notebooks that git knows in a folder, and whether each is as it was committed; without git all of the folder. */
function listOriginals(folder) {
  const git = (...args) =>
    execFileSync('git', ['-C', folder, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
      .split('\0')
      .filter(Boolean);
  try {
    const tracked = git('ls-files', '-z', '--', '*.ipynb').filter((file) => !file.includes('/'));
    const changed = git('diff', '--name-only', '--relative', '-z', 'HEAD', '--', '.');
    // None: an archive that was unpacked inside another repository.
    if (tracked.length > 0) {
      return tracked.map((file) => ({ file, committed: !changed.includes(file) }));
    }
  } catch {
    // No git, or no repository.
  }
  return readdirSync(folder)
    .filter((file) => file.endsWith('.ipynb') && !file.startsWith('.'))
    .map((file) => ({ file, committed: null }));
}

/** A free name beside a copy, with the day on which it was saved. */
function asideName(folder, file) {
  const day = statSync(join(folder, file)).mtime.toISOString().slice(0, 10);
  const base = `${basename(file, '.ipynb')}-${day}`;
  let name = `${base}.ipynb`;
  for (let count = 2; existsSync(join(folder, name)); count++) name = `${base}-${count}.ipynb`;
  return name;
}

function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Has Jupyter trust notebooks, so that it shows their figures at once. It signs the content: a file that someone else
 * put in the place is not trusted by this.
 *
 * @param {readonly string[]} paths notebooks that {@link prepareCopies} made
 */
export async function trust(paths) {
  const database = inVenv('share', 'jupyter', 'nbsignatures.db');
  const stamp = inVenv('share', 'jupyter', 'trusted.json');
  // Python needs a second to start: only for what is new, and again with a new .venv.
  const trusted = existsSync(database) ? (readJson(stamp) ?? []) : [];
  const hashes = paths.map((path) => fingerprint(readText(path)));
  const open = paths.filter((_, index) => !trusted.includes(hashes[index]));
  if (open.length === 0) return;
  await runCommand(inVenv('bin', 'jupyter-trust'), open, { env: jupyterEnvironment() });
  writeFileAtomic(stamp, JSON.stringify(hashes));
}
