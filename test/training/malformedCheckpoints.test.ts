// Checkpoints that somebody or something has spoilt: refused with words, and the earlier one is as it was.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { createRng } from '../../lib/random';
import { readNewestCheckpoint } from '../../lib/training/checkpointFiles';
import { checkpointStateSchema } from '../../lib/training/checkpoint';
import { trainModel } from '../../lib/training/train';
import { createTinyModel, interruptAfter, tinyOptions } from './tinyTraining';
import { sharedFolder } from '../temporaryFolder';

const directory = sharedFolder();

const options = { ...tinyOptions(), keepBest: 'loss', checkpoint: { directory } } as const;
const newest = join(directory, 'checkpoint-000002');
const earlier = join(directory, 'checkpoint-000001');
/** The newest checkpoint's files as they should be. */
const original = new Map<string, Buffer>();
let earlierSum: string;

before(async () => {
  await interruptAfter(9, options); // one checkpoint at the end of the first epoch, one here
  for (const name of readdirSync(newest)) original.set(name, readFileSync(join(newest, name)));
  earlierSum = sumOf(earlier);
});

function sumOf(folder: string): string {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder).sort())
    hash.update(name).update(readFileSync(join(folder, name)));
  return hash.digest('hex');
}

function restore(): void {
  for (const [name, bytes] of original) writeFileSync(join(newest, name), bytes);
}

const read = () =>
  readNewestCheckpoint(directory, (state) => checkpointStateSchema(state, 'state'));

test('120 times damaged bytes, or too few of them, are noticed in each file', async () => {
  const rng = createRng(3, 'damaged checkpoints');
  assert.deepEqual([...original.keys()], ['best.bin', 'state.json', 'variables.bin']);
  for (let count = 0; count < 120; count++) {
    const name = [...original.keys()][count % 3];
    const bytes = Buffer.from(original.get(name) ?? []);
    const place = rng.nextInt(bytes.length);
    const isCut = count % 2 === 0;
    if (!isCut) bytes[place] ^= 1 + rng.nextInt(255);
    writeFileSync(join(newest, name), isCut ? bytes.subarray(0, place) : bytes);
    await assert.rejects(read(), (error: Error) => {
      assert.match(
        error.message,
        /the checkpoint is damaged; delete the folder .*checkpoint-000002 to resume from the earlier checkpoint-000001/,
      );
      return true;
    });
    restore();
  }
  assert.equal((await read())?.state.progress.step, 9);
  assert.equal(sumOf(earlier), earlierSum);
});

const wrongValues = [undefined, null, true, -1.5, 'x', [7], {}];

/** The content of state.json with each of its values, also the inner ones, replaced by each of the wrong ones. */
function* replacedValues(value: object, rebuild = (inner: unknown) => inner): Generator<unknown> {
  // Of a list two elements stand for all.
  for (const [name, inner] of Object.entries(value).slice(
    0,
    Array.isArray(value) ? 2 : undefined,
  )) {
    const put = (replacement: unknown) =>
      rebuild(
        Array.isArray(value)
          ? Object.assign([...(value as unknown[])], { [name]: replacement })
          : { ...value, [name]: replacement },
      );
    for (const wrong of wrongValues) yield put(wrong);
    // What is compared as a whole needs no look inside.
    if (typeof inner === 'object' && inner !== null && name !== 'identity') {
      yield* replacedValues(inner as object, put);
    }
  }
}

function writeSealed(content: unknown): void {
  const text = JSON.stringify(content) ?? 'null';
  const sha256 = createHash('sha256').update(text).digest('hex');
  writeFileSync(join(newest, 'state.json'), `{"sha256":"${sha256}","content":${text}}\n`);
}

test('hundreds of states with a right checksum and wrong content: each is read, or refused by its field', async (context) => {
  const { content } = JSON.parse(original.get('state.json')?.toString() ?? '') as {
    content: object;
  };
  let variants = 0;
  const accepted: unknown[] = [];
  for (const variant of [...replacedValues(content), [], null, 7, 'state']) {
    variants++;
    writeSealed(variant);
    try {
      await read();
      accepted.push(variant);
    } catch (error) {
      const { name, message } = error as Error;
      assert.equal(name, 'Error', (error as Error).stack);
      assert.match(
        message,
        /the checkpoint is damaged; delete|found version .* resume it with the version/,
      );
    }
  }
  context.diagnostic(`${variants - accepted.length} of ${variants} refused by the reader`);
  assert.ok(variants - accepted.length > 300);

  // What the reader lets pass, the training looks at: it resumes, or says what is different.
  for (let index = 0; index < accepted.length; index += Math.ceil(accepted.length / 6)) {
    writeSealed(accepted[index]);
    const training = interruptAfter(11, options).catch((error: unknown) => error);
    const outcome = await training;
    if (outcome instanceof Error)
      assert.doesNotMatch(outcome.name, /TypeError|RangeError/, outcome.stack);
    for (const name of readdirSync(directory)) {
      if (!['checkpoint-000001', 'checkpoint-000002'].includes(name))
        rmSync(join(directory, name), { recursive: true });
    }
  }
  restore();
});

test('after all that the training goes on as if nothing had been', async () => {
  let resumedAt = 0;
  const { epochs } = await trainModel(createTinyModel(), {
    ...options,
    onResume: ({ step }) => void (resumedAt = step),
  });
  assert.deepEqual([resumedAt, epochs.length], [9, 2]);
});
