import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOCK_FILE, lockFolder } from '../lib/folderLock';
import { startZombie } from './zombie';

let directory: string;
beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'folder-lock-')), 'work');
});
afterEach(() => rm(join(directory, '..'), { recursive: true, force: true }));

/** A process that runs `script` with `lockFolder` in reach, and what it has printed so far. */
function startProcess(script: string) {
  const prelude = `const { lockFolder } = require(${JSON.stringify(join(__dirname, '../lib/folderLock.ts'))});`;
  const whole = `${prelude}(async () => {${script}})();`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=commonjs', '-e', whole]);
  const state = { child, output: '' };
  child.stdout.on('data', (chunk: Buffer) => (state.output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (state.output += chunk.toString()));
  return state;
}

/** A process that holds the lock until it is killed. */
async function startHolder() {
  const holder = startProcess(`
    await lockFolder(${JSON.stringify(directory)}, 'work');
    console.log('has it');
    setInterval(() => {}, 1000);`);
  while (!holder.output.includes('has it')) {
    assert.equal(holder.child.exitCode, null, holder.output);
    await Promise.race([once(holder.child.stdout, 'data'), once(holder.child, 'close')]);
  }
  return holder;
}

test('a folder that another process holds is refused with its number; after a kill it is taken over', async () => {
  const { child } = await startHolder();
  const refusal = new RegExp(
    `^Expected to train here but process ${child.pid} is at work there: wait until it has ended.*delete .*\\.lock`,
  );
  try {
    await assert.rejects(lockFolder(directory, 'train here'), { message: refusal });
  } finally {
    child.kill('SIGKILL');
    await once(child, 'close');
  }
  const lock = await lockFolder(directory, 'train here');
  lock.release();
  assert.deepEqual(await readdir(directory), []);
});

test('of many processes at the lock of a dead one, one works at a time', async () => {
  await mkdir(directory);
  // Above every system's limit (Linux: 4,194,304): no process has that number.
  await writeFile(join(directory, LOCK_FILE), JSON.stringify({ pid: 2 ** 24, start: null }));
  const marker = join(directory, 'inside');
  const contenders = Array.from({ length: 3 }, () =>
    startProcess(`
      const { rmSync, writeFileSync } = require('node:fs');
      for (let done = 0; done < 8; ) {
        const lock = await lockFolder(${JSON.stringify(directory)}, 'work').catch(() => undefined);
        if (lock) {
          writeFileSync(${JSON.stringify(marker)}, '', { flag: 'wx' });
          await new Promise((resolve) => setTimeout(resolve, 1));
          rmSync(${JSON.stringify(marker)});
          lock.release();
          done++;
        }
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      console.log('done');`),
  );
  await Promise.all(contenders.map(({ child: contender }) => once(contender, 'close')));
  assert.deepEqual(
    contenders.map(({ output }) => output),
    contenders.map(() => 'done\n'),
  );
});

test('the lock of a process whose number belongs to another one by now is taken over', async (context) => {
  const earlier = await lockFolder(directory, 'work');
  const { start } = JSON.parse(await readFile(join(directory, LOCK_FILE), 'utf8')) as {
    start: string | null;
  };
  earlier.release();
  if (start === null) return context.skip('this system does not say when a process began');
  const other = { pid: process.ppid, start: `${start}0` };
  await writeFile(join(directory, LOCK_FILE), JSON.stringify(other));
  (await lockFolder(directory, 'work')).release();
});

test('a lock of another machine is left while it is touched, and taken over once it no longer is', async (t) => {
  await mkdir(directory);
  const path = join(directory, LOCK_FILE);
  let now = performance.now();
  t.mock.method(performance, 'now', () => now);
  await writeFile(path, JSON.stringify({ pid: 1, start: null, host: 'elsewhere 1' }));
  const refused = assert.rejects(
    lockFolder(directory, 'train here'),
    /^Error: .* process 1 of elsewhere is at work there/,
  );
  for (const seconds of [1, 2, 3]) {
    await utimes(path, seconds, seconds); // whatever the time is there
    await sleep(300);
    now += 60_000;
  }
  await refused;
  const second = lockFolder(directory, 'train here');
  await sleep(300);
  now += 95_000;
  (await second).release();
  assert.deepEqual(await readdir(directory), []);
});

test('a process waits for a lock as long as it wants to', async () => {
  const first = await lockFolder(directory, 'work');
  let asked = 0;
  const waits = () => (asked += 1) < 3;
  await assert.rejects(lockFolder(directory, 'work', { waits }), /is at work there/);
  assert.equal(asked, 3);
  const second = lockFolder(directory, 'work', { waits: () => true });
  first.release();
  (await second).release();
});

test('the lock of a process that ended and was never waited for is taken over', async () => {
  const { pid, parent } = await startZombie();
  await mkdir(directory);
  await writeFile(join(directory, LOCK_FILE), JSON.stringify({ pid, start: null }));
  (await lockFolder(directory, 'work')).release();
  parent.kill();
});

for (const content of ['', '{"pid":', 'null', '{"pid":-1}', '{"pid":"7"}', '[]']) {
  test(`a lock that holds ${JSON.stringify(content)} is nobody's`, async () => {
    await mkdir(directory);
    await writeFile(join(directory, LOCK_FILE), content);
    (await lockFolder(directory, 'work')).release();
    assert.deepEqual(await readdir(directory), []);
  });
}

test('a folder that vanishes under the lock is released without an error', async () => {
  const lock = await lockFolder(directory, 'work');
  await rm(directory, { recursive: true });
  lock.release();
  lock.release();
});

test('a folder that cannot be made is refused with the reason', async () => {
  await writeFile(directory, '');
  await assert.rejects(
    lockFolder(join(directory, 'below'), 'train here'),
    /^Error: Expected to train here but a part of that path is a file, not a folder/,
  );
});
