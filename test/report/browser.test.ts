import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { closeBrowser, withBrowser } from '../../lib/report/browser';
import { installedBrowsers, namedBrowser } from '../../lib/report/chromium';
import { browserMissing } from './browserMissing';

after(closeBrowser);

const worker = join(__dirname, 'browserWorker.ts');
const nodeArguments = ['--import', 'tsx', worker];

test('concurrent tasks share one browser', async (context) => {
  const missing = await browserMissing();
  if (missing) return context.skip(missing);
  const processIds = await Promise.all(
    [1, 2, 3].map(() => withBrowser((browser) => Promise.resolve(browser.process()?.pid))),
  );
  assert.equal(new Set(processIds).size, 1);
  assert.ok(processIds[0]);
});

test('a browser that was killed is replaced, also in the middle of a task', async (context) => {
  const missing = await browserMissing();
  if (missing) return context.skip(missing);
  await withBrowser((browser) => Promise.resolve(browser.process()?.kill('SIGKILL')));
  let attempts = 0;
  const result = await withBrowser(async (browser) => {
    attempts++;
    if (attempts === 1) browser.process()?.kill('SIGKILL');
    const page = await browser.newPage();
    await page.close();
    return 'done';
  });
  assert.deepEqual([attempts, result], [2, 'done']);
});

test('a warm browser does not keep its process alive, and leaves nothing behind', async (context) => {
  const missing = await browserMissing();
  if (missing) return context.skip(missing);
  const { stdout } = await promisify(execFile)(process.execPath, [...nodeArguments, 'end'], {
    timeout: 30_000,
  });
  const { browserId, processId } = JSON.parse(stdout) as WorkerReport;
  await untilGone(browserId);
  assert.deepEqual(profilesOf(processId), []);
});

test('a browser dies with a process that is killed outright', async (context) => {
  const missing = await browserMissing();
  if (missing) return context.skip(missing);
  const child = spawn(process.execPath, [...nodeArguments, 'stay'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output] = (await once(child.stdout, 'data')) as [Buffer];
  const { browserId, processId } = JSON.parse(output.toString()) as WorkerReport;
  assert.ok(isAlive(browserId));
  child.kill('SIGKILL');
  await once(child, 'exit');
  await untilGone(browserId);
  // Its profile stays until somebody needs a browser again.
  await closeBrowser();
  await withBrowser(() => Promise.resolve());
  assert.deepEqual(profilesOf(processId), []);
});

test('without a browser a figure is shown all the same, with one notice', async () => {
  const env = { ...process.env, CHROME_PATH: '/nowhere/chrome', PUPPETEER_EXECUTABLE_PATH: '' };
  const { stdout } = await promisify(execFile)(process.execPath, [...nodeArguments, 'show'], {
    env,
  });
  const lines = stdout.trimEnd().split('\n');
  assert.equal(lines.length, 3, stdout);
  assert.match(lines[0], /^Figures without static pictures\..*\/nowhere\/chrome.*CHROME_PATH/);
  assert.match(lines[1], /^\[figure\] /);
  assert.match(lines[2], /^\[figure\] /);
});

test('a browser that is named is the only one that is tried; others are found on PATH', async () => {
  assert.equal(namedBrowser({ CHROME_PATH: '/a' })?.path, '/a');
  assert.equal(namedBrowser({ CHROME_PATH: '/a', PUPPETEER_EXECUTABLE_PATH: '/b' })?.path, '/b');
  assert.equal(namedBrowser({ CHROME_PATH: '' }), undefined);
  const found = await installedBrowsers({ PATH: '/nowhere' });
  assert.deepEqual(
    found.filter(({ path }) => path.startsWith('/nowhere')),
    [],
  );
});

/** What browserWorker.ts writes. */
interface WorkerReport {
  readonly browserId: number;
  readonly processId: number;
}

async function untilGone(processId: number): Promise<void> {
  for (let waited = 0; isAlive(processId); waited += 50) {
    assert.ok(waited < 8000, `the browser ${processId} still runs`);
    await sleep(50);
  }
}

function isAlive(processId: number): boolean {
  try {
    return process.kill(processId, 0);
  } catch {
    return false;
  }
}

function profilesOf(processId: number): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith(`figure-browser-${processId}-`));
}
