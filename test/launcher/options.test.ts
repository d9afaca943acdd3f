import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearMisses } from '../../tools/launcher/nearMiss.mjs';
import {
  helpText,
  parseOptions,
  refuseSwallowedOptions,
  startOptions,
} from '../../tools/launcher/options.mjs';

test('without arguments every switch is off and nothing is chosen', () => {
  assert.deepEqual(parseOptions([]), {
    notebooks: [],
    data: undefined,
    weights: undefined,
    full: false,
    offline: false,
    assignments: [],
    seed: undefined,
    again: undefined,
    resume: undefined,
    out: undefined,
    device: undefined,
    help: false,
  });
});

test('values stand behind their option or behind =, and some options repeat', () => {
  const options = parseOptions(
    '--notebook a --notebook=b --set x=1 --set=y=2 --seed -7 --device=cpu --full'.split(' '),
  );
  assert.deepEqual(options.notebooks, ['a', 'b']);
  assert.deepEqual(options.assignments, ['x=1', 'y=2']);
  assert.equal(options.seed, -7);
  assert.equal(options.device, 'cpu');
  assert.equal(options.full, true);
});

for (const [line, message, remedy] of [
  ['--ful', /Unknown option --ful/, /Did you mean --full\?/],
  ['--sede 3', /Unknown option --sede/, /Did you mean --seed/],
  ['--datas /x', /Unknown option --datas/, /--data\?/],
  ['epochs=3', /Unexpected argument "epochs=3"/, /Did you mean --set epochs=3\?/],
  ['--seed', /--seed needs a value/, /--help/],
  ['--data --full', /--data needs a value/, /--help/],
  ['--seed 1.5', /whole number; received "1.5"/, /--seed 42/],
  ['--seed NaN', /whole number; received "NaN"/, /--seed 42/],
  ['--device tpu', /--device takes cpu or gpu; received "tpu"/, /--device cpu/],
  ['--out a --out b', /--out is given twice/, /Keep one/],
  ['--full=yes', /--full takes no value/, /--full alone/],
] as const) {
  test(`"${line}" is refused, with a way out`, () => {
    assert.throws(() => parseOptions(line.split(' ')), { message, remedy });
  });
}

test('an option that npm took for itself is named, with the -- that was missing', () => {
  assert.throws(() => refuseSwallowedOptions({ npm_config_full: 'true' }), {
    remedy: 'Write -- before the options: npm start -- --full',
  });
  assert.throws(() => refuseSwallowedOptions({ npm_config_data: '/x' }), { remedy: /--data \/x$/ });
  // npm writes hyphens as underscores.
  const options = [{ flag: '--with-pictures', key: 'withPictures', help: '' }];
  assert.throws(() => refuseSwallowedOptions({ npm_config_with_pictures: 'true' }, options), {
    message: /--with-pictures/,
  });
  refuseSwallowedOptions({ npm_config_offline: 'true', npm_config_audit: '' });
});

test('the help lists every option once and keeps to the width', () => {
  const lines = helpText(startOptions, { width: 72 }).split('\n');
  for (const { flag } of startOptions) {
    assert.equal(lines.filter((line) => line.startsWith(`  ${flag} `)).length, 1, flag);
  }
  assert.ok(lines.every((line) => line.length <= 72));
});

test('near misses are slips of the fingers, beginnings, and another case or hyphen', () => {
  const known = ['batchSize', 'epochs', 'learningRate', 'using-cifar'];
  assert.deepEqual(nearMisses('batchsize', known), ['batchSize']);
  assert.deepEqual(nearMisses('epcohs', known), ['epochs']);
  assert.deepEqual(nearMisses('learn', known), ['learningRate']);
  assert.deepEqual(nearMisses('usingcifar', known), ['using-cifar']);
  assert.deepEqual(nearMisses('momentum', known), []);
});
