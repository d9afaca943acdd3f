import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { measureBackboneWorth } from '../../tools/backbone/backboneWorth';
import { tf } from '../../lib/tensorflow/backend';

const embedded = join(__dirname, '..', '..', 'data', 'embedded', 'mobilenet_v2_0.35_no_top');

test('a head on the embedded backbone beats the CNN from scratch by far with 20 pictures a class', async () => {
  const record = JSON.parse(readFileSync(`${embedded}.json`, 'utf8')) as {
    readonly recipe: { readonly inputSize: number };
  };
  const before = tf.memory().numTensors;
  const { transfer, scratch } = await measureBackboneWorth({
    path: `${embedded}.h5`,
    inputSize: record.recipe.inputSize,
    seed: 11, // not the seed of the record
    testCount: 400,
    choices: 1,
  });
  assert.equal(tf.memory().numTensors, before);
  // 400 answers each: their 95 % interval is ±.05 at most. The record has more of them.
  assert.ok(transfer[0] > scratch[0] + 0.08, `${transfer[0]} against ${scratch[0]}`);
});
