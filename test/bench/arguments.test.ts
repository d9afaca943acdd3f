import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArguments } from '../../tools/bench/arguments';

const NAMES = ['train', 'infer'];

test('parseArguments() measures every job by default, and fewer rounds when quick', () => {
  const usual = parseArguments([], NAMES);
  assert.deepEqual(usual.jobs, NAMES);
  const quick = parseArguments(['--quick', '--job', 'infer', '--rounds', '3'], NAMES);
  assert.deepEqual(quick.jobs, ['infer']);
  assert.equal(quick.rounds, 3);
  assert.ok(quick.secondsPerRound < usual.secondsPerRound);
});

test('parseArguments() names what it does not know', () => {
  assert.throws(() => parseArguments(['--job', 'fly'], NAMES), /one of train, infer but.*"fly"/);
  assert.throws(() => parseArguments(['--rounds', 'x'], NAMES), /--rounds.*greater than 0.*"x"/);
  assert.throws(() => parseArguments(['--rounds', '1.5'], NAMES), /whole/);
  assert.throws(() => parseArguments(['--seconds', '-1'], NAMES), /--seconds|ambiguous/);
  assert.throws(() => parseArguments(['--fast'], NAMES), /--fast/);
});

test('parseArguments() knows jobs that only run where they are named, and their options', () => {
  const named = parseArguments(['--job', 'race', '--seeds', '5', '--long'], NAMES, ['race']);
  assert.deepEqual([named.jobs, named.seeds, named.kerasSeeds, named.long], [['race'], 5, 1, true]);
  assert.deepEqual(parseArguments([], NAMES, ['race']).jobs, NAMES);
  assert.deepEqual([parseArguments(['--quick'], NAMES).seeds, named.epochs], [1, undefined]);
  assert.throws(() => parseArguments(['--epochs', '0.5'], NAMES), /--epochs to be whole/);
});
