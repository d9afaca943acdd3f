/**
 * Trainings that are killed at random instants. TRAINING_KILLS=300 sets how many kills there are; a few by default,
 * because each costs the start of a process. TRAINING_KILLS_SEED chooses other instants.
 */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createRng, type Rng } from '../../lib/random';

const kills = Number(process.env.TRAINING_KILLS ?? 4);
const seed = Number(process.env.TRAINING_KILLS_SEED ?? 1);
/** A little longer than the steps and checkpoints of the whole training take. */
const TRAINING_MS = 400;

interface Outcome {
  readonly signal: string | null;
  readonly code: number | null;
  readonly result: string;
  readonly errors: string;
}

/** Runs the training process; `interfere` is called when its first step is done. */
function runTraining(directory: string | undefined, interfere?: (child: ChildProcess) => void) {
  return new Promise<Outcome>((resolve) => {
    const script = join(__dirname, 'trainingProcess.ts');
    const args = ['--import', 'tsx', script, ...(directory ? [directory] : [])];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => {
      if (output === '') interfere?.(child);
      output += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    child.on('close', (code, signal) => {
      resolve({ code, signal, errors, result: output.split('\n').find((l) => l[0] === '{') ?? '' });
    });
  });
}

/** Kills the same training again and again, lets it end at last, and counts the kills that came in time. */
async function killedTraining(count: number, rng: Rng): Promise<{ result: string; hits: number }> {
  const directory = await mkdtemp(join(tmpdir(), 'killed-training-'));
  try {
    let hits = 0;
    for (let round = 0; round < count; round++) {
      const delay = (rng.next() * TRAINING_MS) / count;
      const outcome = await runTraining(directory, (child) => {
        setTimeout(() => child.kill('SIGKILL'), delay);
      });
      if (outcome.signal === 'SIGKILL') hits++;
      else assert.equal(outcome.code, 0, outcome.errors);
    }
    const { result, code, errors } = await runTraining(directory);
    assert.equal(code, 0, errors);
    const left = (await readdir(directory)).filter((name) => !/^checkpoint-\d{6}$/.test(name));
    assert.deepEqual(left, []);
    return { result, hits };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const uninterrupted = runTraining(undefined).then(({ result }) => result);

test(`a training killed ${kills} times ends as if it had never been`, async (context) => {
  assert.match(await uninterrupted, /"curve".*"weights"/);
  const rng = createRng(seed, 'kills');
  let hits = 0;
  const worker = async (count: number) => {
    for (let left = count; left > 0; left -= 3) {
      const outcome = await killedTraining(Math.min(3, left), rng);
      assert.equal(outcome.result, await uninterrupted);
      hits += outcome.hits;
    }
  };
  await Promise.all([worker(Math.ceil(kills / 2)), worker(Math.floor(kills / 2))]);
  assert.ok(hits > 0, 'no kill came before the training had ended');
  context.diagnostic(`${hits} of ${kills} kills came before the training had ended`);
});

test('Ctrl-C ends a training within a batch, with words and a checkpoint it goes on from', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'interrupted-training-'));
  try {
    const { code, errors } = await runTraining(directory, (child) => child.kill('SIGINT'));
    assert.equal(code, 1);
    assert.match(
      errors,
      /TrainingInterrupted: Training was interrupted in epoch \d of 8 after step/,
    );
    assert.ok(errors.includes(`Its checkpoint is in ${directory}: run the same training again`));
    assert.equal((await runTraining(directory)).result, await uninterrupted);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
