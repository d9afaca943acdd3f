// The only access to headless Chrome: found, started once, kept running, and ended with this process.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, LaunchOptions } from 'puppeteer-core';
import { isAlive } from '../processLock.cjs';
import {
  type BrowserCandidate,
  installedBrowsers,
  namedBrowser,
  packagedBrowser,
} from './chromium';

/** No browser could be started; the message says what was tried. Figures stay interactive. */
export class BrowserUnavailableError extends Error {
  override readonly name = 'BrowserUnavailableError';
}

const IDLE_MS = 60_000;
const LAUNCH_TIMEOUT_MS = 30_000;

let browser: Promise<Browser> | undefined;
let tasks = 0;
let idleTimer: NodeJS.Timeout | undefined;

/**
 * Runs a task with the browser, starting it where needed (1-4 s). It stays warm for a minute, but
 * never keeps the process alive, and ends with it: it watches the pipe to us, so even after
 * `kill -9`. Safe to call concurrently. Where the browser dies, a new one does the task over.
 *
 * @throws BrowserUnavailableError where no browser runs; it is not tried again in this process.
 */
export async function withBrowser<T>(task: (browser: Browser) => Promise<T>): Promise<T> {
  tasks++;
  clearTimeout(idleTimer);
  try {
    return await attempt(task).catch((error: unknown) => {
      if (error instanceof BrowserLostError) return attempt(task);
      throw error;
    });
  } finally {
    tasks--;
    if (tasks === 0) await rest();
  }
}

class BrowserLostError extends Error {}

async function attempt<T>(task: (browser: Browser) => Promise<T>): Promise<T> {
  browser ??= launchWatched();
  const running = await browser;
  holdProcess(running, true);
  try {
    return await task(running);
  } catch (error) {
    if (running.connected) throw error;
    throw new BrowserLostError('The browser ended during its task.', { cause: error });
  }
}

/** Ends the warm browser, if any. */
export async function closeBrowser(): Promise<void> {
  clearTimeout(idleTimer);
  const ending = browser;
  browser = undefined;
  const running = await ending?.catch(() => undefined);
  if (running === undefined) return;
  holdProcess(running, true);
  await running.close();
}

async function rest(): Promise<void> {
  const running = await browser?.catch(() => undefined);
  if (running === undefined || tasks > 0) return;
  holdProcess(running, false);
  idleTimer = setTimeout(() => void closeBrowser().catch(() => undefined), IDLE_MS).unref();
}

/** Whether the browser keeps our event loop busy: only while there is something to wait for. */
function holdProcess(running: Browser, hold: boolean): void {
  const child = running.process();
  const handles = [child, ...(child?.stdio ?? [])] as ({ ref?(): void; unref?(): void } | null)[];
  for (const handle of handles) {
    if (hold) handle?.ref?.();
    else handle?.unref?.();
  }
}

/** Forgets the browser once it is gone; a failed start is remembered, so that it is not tried again. */
function launchWatched(): Promise<Browser> {
  const launching = launchAny();
  launching.then(
    (running) =>
      running.once('disconnected', () => {
        if (browser === launching) browser = undefined;
      }),
    () => undefined,
  );
  return launching;
}

async function launchAny(): Promise<Browser> {
  const failures: string[] = [];
  for await (const candidate of candidates(failures)) {
    try {
      return await launch(candidate);
    } catch (error) {
      failures.push(`${candidate.path}: ${firstLine(error)}`);
    }
  }
  throw new BrowserUnavailableError(
    `Expected a Chrome or Chromium that starts but received ${failures.join('; ') || 'none'}: ` +
      'install one, or name it in CHROME_PATH.',
  );
}

async function* candidates(failures: string[]): AsyncGenerator<BrowserCandidate> {
  const named = namedBrowser(process.env);
  if (named !== undefined) {
    yield named;
    return; // a browser that is named is not replaced by another
  }
  for (const installed of await installedBrowsers(process.env)) yield installed;
  try {
    yield await packagedBrowser();
  } catch (error) {
    failures.push(`@sparticuz/chromium: ${firstLine(error)}`);
  }
}

async function launch({ path, environment }: BrowserCandidate): Promise<Browser> {
  const { launch } = await import('puppeteer-core');
  removeStaleProfiles();
  const options = (sandbox: boolean, profile: string): LaunchOptions => ({
    executablePath: path,
    headless: true,
    pipe: true,
    timeout: LAUNCH_TIMEOUT_MS,
    userDataDir: profile,
    env: { ...process.env, ...environment },
    // The notebook kernel or the caller handles signals: puppeteer's handlers would end this process.
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
    args: sandbox ? quietArguments : [...quietArguments, '--no-sandbox'],
  });
  const profile = createProfile();
  const isRoot = process.getuid?.() === 0;
  let running: Browser;
  try {
    running = await launch(options(!isRoot, profile)).catch((error: unknown) => {
      // Containers and Ubuntu's AppArmor forbid the sandbox. It shows our own figures only, without network.
      if (isRoot || !/sandbox/i.test(String(error))) throw error;
      return launch(options(false, profile));
    });
  } catch (error) {
    removeProfile(profile);
    throw error;
  }
  removeProfilesAtExit();
  // It writes to its profile up to its last moment.
  running.process()?.once('exit', () => removeProfile(profile));
  return running;
}

/** No network, no noise, text as it is printed. */
const quietArguments = [
  '--host-resolver-rules=MAP * ~NOTFOUND',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-domain-reliability',
  '--disable-extensions',
  '--disable-sync',
  '--no-default-browser-check',
  '--no-first-run',
  '--no-pings',
  '--mute-audio',
  '--hide-scrollbars',
  '--font-render-hinting=none',
  '--disable-dev-shm-usage',
];

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0];
}

const PROFILE_PREFIX = 'figure-browser-';

const profiles = new Set<string>();

/** A profile folder that carries our process number, so that a later process can tell it is left over. */
function createProfile(): string {
  const profile = mkdtempSync(join(tmpdir(), `${PROFILE_PREFIX}${process.pid}-`));
  profiles.add(profile);
  return profile;
}

let removedAtExit = false;

/** To be called behind a launch: puppeteer's own listener, which kills the browser, then comes first. */
function removeProfilesAtExit(): void {
  if (!removedAtExit) process.once('exit', () => profiles.forEach(removeProfile));
  removedAtExit = true;
}

function removeProfile(profile: string): void {
  try {
    rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
    profiles.delete(profile);
  } catch {
    // The dying browser still writes: a later process clears it away.
  }
}

/** Clears what processes that were killed left in the temporary folder. */
function removeStaleProfiles(): void {
  for (const name of readdirSync(tmpdir())) {
    const owner = name.startsWith(PROFILE_PREFIX)
      ? Number.parseInt(name.slice(PROFILE_PREFIX.length), 10)
      : NaN;
    if (Number.isInteger(owner) && !isAlive({ pid: owner })) removeProfile(join(tmpdir(), name));
  }
}
