import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { contestantCommand, startContestant } from '../../tools/bench/contestant';
import { smallModelTask } from '../../tools/bench/task';

const node = (script: string) => [process.execPath, '-e', script];

test('startContestant() passes replies on in order and overlooks other lines', async () => {
  const child = startContestant(
    node(`console.log('a library says hello');
      process.stdin.on('data', (chunk) => String(chunk).trim().split('\\n').forEach((line) =>
        console.log(JSON.stringify({ got: JSON.parse(line).do }))))`),
  );
  const replies = await Promise.all([child.ask({ do: 'one' }), child.ask({ do: 'two' })]);
  assert.deepEqual(replies, [{ got: 'one' }, { got: 'two' }]);
  child.stop();
});

test('startContestant() hears how far a contestant is', async () => {
  const news: string[] = [];
  const child = startContestant(
    node(`console.log('# epoch 1'); process.stdin.on('data', () => console.log('{}'))`),
    (text) => news.push(text),
  );
  await child.ask({ do: 'train' });
  assert.deepEqual(news, ['epoch 1']);
  child.stop();
});

test('startContestant() tells why a contestant failed or ended', async () => {
  const failing = startContestant(
    node(`process.stdin.on('data', () => console.log('{"error":"no such layer"}'))`),
  );
  await assert.rejects(failing.ask({ do: 'prepare' }), /no such layer/);
  failing.stop();
  const ending = startContestant(node(`console.error('out of memory'); process.exit(1)`));
  await assert.rejects(ending.ask({ do: 'prepare' }), /ended at "prepare"[^]*out of memory/);
  await assert.rejects(ending.ask({ do: 'run' }), /ended at "run"/);
  const missing = startContestant(['/no/such/program']);
  await assert.rejects(missing.ask({ do: 'run' }), /ENOENT/);
});

test('our two contestants do the same work from the same files', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bench-test-'));
  const plan = { ...smallModelTask('cnn', { batchSize: 4 }), inputSize: 16, imageCount: 12 };
  const losses: number[][] = [];
  for (const id of ['compiled', 'eager'] as const) {
    const child = startContestant(contestantCommand(id));
    if (losses.length === 0) await child.ask({ do: 'write', plan, folder });
    const task = { ...plan, dropoutRate: 0, folder };
    const prepared = await child.ask<{ parameters: number }>({ do: 'prepare', task });
    // Keras: the CNN of the original notebook on 16x16 pictures, Dense 256 -> 64.
    assert.equal(prepared.parameters, 405_514);
    losses.push((await child.ask<{ losses: number[] }>({ do: 'losses', steps: 4 })).losses);
    const { seconds } = await child.ask<{ seconds: number }>({ do: 'run', steps: 2 });
    assert.ok(seconds > 0);
    const { peakBytes } = await child.ask<{ peakBytes: number }>({ do: 'memory' });
    assert.ok(peakBytes > 5e7 && peakBytes < 5e9);
    child.stop();
  }
  assert.equal(readFileSync(join(folder, 'images.bin')).length, 12 * 16 * 16 * 3);
  const [compiled, eager] = losses;
  assert.equal(new Set(compiled).size, 4); // three batches, then the first again with other weights
  compiled.forEach((loss, i) => assert.ok(Math.abs(loss - eager[i]) < 1e-3, `${loss} ${eager[i]}`));
  rmSync(folder, { recursive: true });
});
