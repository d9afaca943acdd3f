import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { test } from 'node:test';
import { processStart } from '../../lib/processLock.cjs';
import { acquireLock } from '../../tools/launcher/setup/lock.mjs';
import { inProject } from '../../tools/launcher/setup/project.mjs';
import { startZombie } from '../zombie';
import { sharedFolder } from '../temporaryFolder';

const folder = sharedFolder();

/** A process that runs a script with the lock of `place` in reach; `lines` is what it printed so far. */
function startProcess(script: string) {
  const lock = pathToFileURL(inProject('tools', 'launcher', 'setup', 'lock.mjs')).href;
  const prelude = `import { acquireLock } from ${JSON.stringify(lock)};`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', `${prelude}\n${script}`]);
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const closed = new Promise<void>((resolve) => child.on('close', () => resolve()));
  return {
    child,
    closed,
    lines: () => output.trim().split('\n'),
    async until(line: string) {
      while (!output.includes(`${line}\n`)) {
        assert.equal(child.exitCode, null, output);
        await sleep(10);
      }
    },
  };
}

function place(name: string) {
  return join(folder, name);
}

test('a second process waits, says for whom, and gets the lock when the first releases it', async () => {
  const where = place('wait');
  const lock = await acquireLock({ folder: where });
  const second = startProcess(`
    await acquireLock({ folder: ${JSON.stringify(where)}, onWait: (pid) => console.log('waits for ' + pid) });
    console.log('has it');`);
  await second.until(`waits for ${process.pid}`);
  lock.release();
  await second.closed;
  assert.deepEqual(second.lines(), [`waits for ${process.pid}`, 'has it']);
  assert.ok(!existsSync(join(where, 'lock')), 'a process that ends releases its lock');
});

test('the lock of a killed process is taken over, and the tool that it left running is ended', async () => {
  const where = place('killed');
  const first = startProcess(`
    import { spawn } from 'node:child_process';
    const lock = await acquireLock({ folder: ${JSON.stringify(where)} });
    const tool = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
    lock.setChild(tool.pid);
    console.log('tool ' + tool.pid);
    console.log('ready');
    setInterval(() => {}, 1000);`);
  await first.until('ready');
  const tool = Number(/tool (\d+)/.exec(first.lines().join('\n'))?.[1]);
  first.child.kill('SIGKILL');
  await first.closed;
  const lock = await acquireLock({
    folder: where,
    onWait: () => assert.fail('nobody to wait for'),
  });
  await sleep(50);
  assert.ok(!isRunning(tool), 'the tool was ended');
  lock.release();
});

test('a lock with the number of a process that is another one by now is taken over', async () => {
  const where = place('reused');
  const earlier = await acquireLock({ folder: where });
  const content = JSON.parse(readFileSync(join(where, 'lock'), 'utf8'));
  earlier.release();
  if (content.start === undefined) return; // no /proc here: only the number can be compared
  writeFileSync(join(where, 'lock'), JSON.stringify({ pid: process.ppid, start: '1' }));
  const lock = await acquireLock({ folder: where, onWait: () => assert.fail('it waited') });
  lock.release();
});

test('an unreadable lock is taken over', async () => {
  const where = place('broken');
  const earlier = await acquireLock({ folder: where });
  earlier.release();
  writeFileSync(join(where, 'lock'), '{"pid":');
  const lock = await acquireLock({ folder: where });
  lock.release();
});

test('of many processes at a stale lock one holds it at a time', async () => {
  const where = place('many');
  const first = startProcess(`
    await acquireLock({ folder: ${JSON.stringify(where)} });
    console.log('ready');
    setInterval(() => {}, 1000);`);
  await first.until('ready');
  first.child.kill('SIGKILL');
  await first.closed;
  const marker = join(where, 'inside');
  const contenders = Array.from({ length: 5 }, () =>
    startProcess(`
      import { rmSync, writeFileSync } from 'node:fs';
      const lock = await acquireLock({ folder: ${JSON.stringify(where)} });
      writeFileSync(${JSON.stringify(marker)}, '', { flag: 'wx' });
      await new Promise((resolve) => setTimeout(resolve, 30));
      rmSync(${JSON.stringify(marker)});
      lock.release();
      console.log('done');`),
  );
  await Promise.all(contenders.map(({ closed }) => closed));
  assert.deepEqual(
    contenders.map(({ lines }) => lines()),
    contenders.map(() => ['done']),
  );
});

function isRunning(pid: number) {
  try {
    process.kill(pid, 0);
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

test('the lock of a process that ended and was never waited for is taken over', async () => {
  const where = place('zombie');
  await acquireLock({ folder: where }).then((lock) => lock.release());
  const { pid, parent } = await startZombie();
  for (const holder of [{ pid }, { pid, start: processStart(pid) }]) {
    writeFileSync(join(where, 'lock'), JSON.stringify(holder));
    const lock = await acquireLock({ folder: where, onWait: () => assert.fail('it waited') });
    lock.release();
  }
  parent.kill();
});
