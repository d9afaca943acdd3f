// A stamp says that a step is finished, and for which inputs. It is written last: a kill leaves none.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint, readJson, setupFolder, writeFileAtomic } from './project.mjs';

/** @returns whether the step's inputs are those of its last run and what it made is still there. */
export function isStamped(step) {
  const stamp = readStamp(step);
  if (stamp?.key !== stampKey(step)) return false;
  // A copied clone has the stamps of the original, which name files there.
  const outputs = new Set([...stamp.outputs, ...(step.outputs?.() ?? [])]);
  return [...outputs].every((path) => existsSync(path));
}

/** @returns the step's stamp, or `undefined`. */
export function readStamp({ id }) {
  return readJson(stampPath(id));
}

/** Records that a step is finished; `outputs` are the files that must stay for it to count as finished. */
export function writeStamp(step, { outputs = step.outputs?.() ?? [], ...details } = {}) {
  const stamp = { key: stampKey(step), outputs, finishedAt: new Date().toISOString(), ...details };
  writeFileAtomic(stampPath(step.id), `${JSON.stringify(stamp, null, 2)}\n`);
}

function stampKey(step) {
  return fingerprint(step.id, ...(step.inputs?.() ?? []));
}

function stampPath(id) {
  return join(setupFolder, `${id}.json`);
}
