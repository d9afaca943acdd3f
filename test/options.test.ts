import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkOptions,
  describeValue,
  flag,
  fractionBelowOne,
  oneOf,
  positiveInteger,
  required,
  seedInteger,
  text,
} from '../lib/options';

interface Options {
  readonly epochs: number;
  readonly seed?: number;
  readonly dropoutRate?: number;
  readonly device?: string;
  readonly shuffle?: boolean;
}

function check(options: unknown): void {
  checkOptions('trainModel', options as Options, {
    epochs: required(positiveInteger),
    seed: seedInteger,
    dropoutRate: fractionBelowOne,
    device: oneOf('cpu', 'gpu'),
    shuffle: flag,
  });
}

test('possible values pass, left out ones too', () => {
  check({ epochs: 1 });
  check({ epochs: 3, seed: -7, dropoutRate: 0, device: 'gpu', shuffle: false });
  check({ epochs: 3, seed: undefined });
});

test('an impossible value is told with what was expected, received, and what would do', () => {
  assert.throws(() => check({ epochs: -1 }), {
    name: 'RangeError',
    message:
      'Expected epochs to be an integer greater than 0 but received -1: ' +
      'pass trainModel for example epochs: 10.',
  });
  for (const epochs of [0, NaN, 1.5, Infinity, '3', null, 3n]) {
    assert.throws(() => check({ epochs }), /Expected epochs to be an integer greater than 0/);
  }
  for (const dropoutRate of [1, -0.1, NaN]) {
    assert.throws(() => check({ epochs: 1, dropoutRate }), /from 0 to below 1/);
  }
  assert.throws(() => check({ epochs: 1, device: 'tpu' }), /one of "cpu", "gpu" .* received "tpu"/);
  assert.throws(() => check({ epochs: 1, shuffle: 0 }), /true or false but received 0/);
});

test('a missing required option is told', () => {
  assert.throws(() => check({}), /Expected epochs .* received undefined/);
});

test('an unknown option is told, with the nearest known one', () => {
  assert.throws(() => check({ epochs: 1, epoch: 2 }), {
    name: 'TypeError',
    message:
      'Expected the options of trainModel to be among epochs, seed, dropoutRate, device, shuffle ' +
      'but received "epoch": did you mean "epochs"?',
  });
  assert.throws(() => check({ epochs: 1, SEED: 2 }), /did you mean "seed"/);
  assert.throws(() => check({ epochs: 1, momentum: 2 }), /"momentum": remove it/);
  assert.throws(() => check({ epochs: 1, constructor: 2 }), /"constructor": remove it/);
});

test('options that are no object are refused', () => {
  for (const options of [null, 3, 'quick', [1]]) assert.throws(() => check(options), TypeError);
});

test('a text must hold something', () => {
  const named = (name: unknown): void =>
    checkOptions('startRun', { name } as { name: string }, { name: text });
  named('CNN');
  assert.throws(() => named('  '), /a text that is not empty but received " {2}"/);
});

test('values are described in a few words', () => {
  const cases: readonly [unknown, string][] = [
    ['a', '"a"'],
    [NaN, 'NaN'],
    [3n, '3n'],
    [null, 'null'],
    [['f2', 1], '["f2",1]'],
    [[1, 2, 3, 4, 5], 'an array of 5'],
    [[{}], 'an array of 1'],
    [{}, 'an object'],
    [new Uint8Array(2), 'a Uint8Array'],
    [new Int32Array(2), 'an Int32Array'],
    [Object.create(null), 'an object'],
    [() => 1, 'a function'],
  ];
  for (const [value, description] of cases) assert.equal(describeValue(value), description);
});
