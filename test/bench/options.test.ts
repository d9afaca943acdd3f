import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Options, withDefaults } from '../../tools/bench/arguments';
import { commands } from '../../tools/launcher/commands.mjs';
import { parseOptions } from '../../tools/launcher/options.mjs';

const NAMES = ['train', 'infer'];

function read(line: string, others?: readonly string[]) {
  const args = line.split(' ').filter(Boolean);
  return withDefaults(parseOptions(args, commands.bench) as Options, NAMES, others);
}

test('every job is measured by default, and fewer rounds when quick', () => {
  const usual = read('');
  assert.deepEqual(usual.jobs, NAMES);
  assert.deepEqual([usual.rounds, usual.seeds, usual.only], [7, 5, undefined]);
  const quick = read('--quick --job infer --rounds 3');
  assert.deepEqual(quick.jobs, ['infer']);
  assert.equal(quick.rounds, 3);
  assert.ok(quick.secondsPerRound < usual.secondsPerRound);
});

test('a job that is not known is named', () => {
  assert.throws(() => read('--job fly'), /one of train, infer but.*"fly"/);
});

test('some jobs only run where they are named', () => {
  const named = read('--job race --seeds 5 --long --only fast', ['race']);
  assert.deepEqual([named.jobs, named.seeds, named.kerasSeeds, named.long], [['race'], 5, 3, true]);
  assert.deepEqual(named.only, ['fast']);
  assert.deepEqual(read('', ['race']).jobs, NAMES);
  assert.deepEqual([read('--quick').seeds, named.epochs], [1, undefined]);
});
