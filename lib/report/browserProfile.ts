// The folders that browsers keep their state in: temporary ones, gone with the browser.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from '../processLock.cjs';

const PROFILE_PREFIX = 'figure-browser-';

const profiles = new Set<string>();

/** A profile folder that carries our process number, so that a later process can tell it is left over. */
export function createProfile(): string {
  const profile = mkdtempSync(join(tmpdir(), `${PROFILE_PREFIX}${process.pid}-`));
  profiles.add(profile);
  return profile;
}

let removedAtExit = false;

/** To be called behind a launch: puppeteer's own listener, which kills the browser, then comes first. */
export function removeProfilesAtExit(): void {
  if (!removedAtExit) process.once('exit', () => profiles.forEach(removeProfile));
  removedAtExit = true;
}

export function removeProfile(profile: string): void {
  try {
    rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
    profiles.delete(profile);
  } catch {
    // The dying browser still writes: a later process clears it away.
  }
}

/** Clears what processes that were killed left in the temporary folder. */
export function removeStaleProfiles(): void {
  for (const name of readdirSync(tmpdir())) {
    const owner = name.startsWith(PROFILE_PREFIX)
      ? Number.parseInt(name.slice(PROFILE_PREFIX.length), 10)
      : NaN;
    if (Number.isInteger(owner) && !isAlive({ pid: owner })) removeProfile(join(tmpdir(), name));
  }
}
