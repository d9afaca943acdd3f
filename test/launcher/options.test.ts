import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nearMisses } from '../../lib/nearMiss.cjs';
import { commands } from '../../tools/launcher/commands.mjs';
import { helpText, parseOptions, refuseSwallowedOptions } from '../../tools/launcher/options.mjs';

const { start, share, lab } = commands;

test('without arguments every switch is off and nothing is chosen', () => {
  assert.deepEqual(parseOptions([], start), {
    notebooks: [],
    full: false,
    offline: false,
    assignments: [],
    help: false,
    names: [],
  });
});

test('values stand behind their option or behind =, and some options repeat', () => {
  const options = parseOptions(
    '--notebook a --notebook=b --set x=1 --set=y=2 --seed -7 --device=cpu --full'.split(' '),
    start,
  );
  assert.deepEqual(options.notebooks, ['a', 'b']);
  assert.deepEqual(options.assignments, ['x=1', 'y=2']);
  assert.equal(options.seed, -7);
  assert.equal(options.device, 'cpu');
  assert.equal(options.full, true);
});

for (const [line, message, remedy] of [
  ['--ful', /Unknown option --ful/, /Did you mean --full\?/],
  ['--epoch 3', /Unknown option --epoch/, /Did you mean --set epochs=3\?/],
  ['--batch-size=64', /Unknown option --batch-size/, /Did you mean --set batchSize=64\?/],
  ['--epoch', /Unknown option --epoch/, /Did you mean --set epochs=…\?/],
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
    assert.throws(() => parseOptions(line.split(' '), start), { message, remedy });
  });
}

test('an option that npm took for itself is named, with the -- that was missing', () => {
  assert.throws(() => refuseSwallowedOptions(start, { npm_config_full: 'true' }), {
    remedy: 'Write -- before the options: npm start -- --full',
  });
  assert.throws(() => refuseSwallowedOptions(start, { npm_config_data: '/x' }), {
    remedy: /--data \/x$/,
  });
  // npm writes hyphens as underscores.
  assert.throws(() => refuseSwallowedOptions(share, { npm_config_with_pictures: 'true' }), {
    message: /--with-pictures/,
  });
  refuseSwallowedOptions(start, { npm_config_offline: 'true', npm_config_audit: '' });
});

test('the help lists every option once and keeps to the width', () => {
  for (const command of Object.values(commands)) {
    const lines = helpText(command, { width: 72 }).split('\n');
    for (const { flag } of command.options) {
      assert.equal(lines.filter((line) => line.startsWith(`  ${flag} `)).length, 1, flag);
    }
    assert.ok(lines.every((line) => line.length <= 72));
  }
});

test('npm run lab takes its own options and passes all others on, in their order', () => {
  const line =
    '--no-browser --data photos --port 8889 a.ipynb --original --ip=0.0.0.0 -y -- --data x';
  const { data, original, rest } = parseOptions(line.split(' '), lab);
  assert.deepEqual({ data, original }, { data: 'photos', original: true });
  assert.deepEqual(rest, '--no-browser --port 8889 a.ipynb --ip=0.0.0.0 -y -- --data x'.split(' '));
  assert.deepEqual(parseOptions(['--data=a b'], lab).rest, []);
  assert.throws(() => parseOptions(['--data'], lab), { message: /--data needs a value/ });
  assert.throws(() => parseOptions(['--original=yes'], lab), { remedy: 'Write --original alone.' });
  assert.throws(() => refuseSwallowedOptions(lab, { npm_config_data: '/x' }), {
    remedy: 'Write -- before the options: npm run lab -- --data /x',
  });
});

test('names and options may stand in any order; too few and too many names are refused', () => {
  const names = { names: ['a.png', 'b'], model: 'latest' };
  const parsed = parseOptions(['a.png', '--model', 'latest', 'b'], commands.predict);
  assert.deepEqual({ names: parsed.names, model: parsed.model }, names);
  assert.throws(() => parseOptions([], commands.predict), {
    message: /takes 1 or more pictures; received 0/,
    remedy: /npm run predict -- picture\.jpg/,
  });
  assert.throws(() => parseOptions(['a', 'b'], share), /takes one run or notebook; received 2/);
  assert.deepEqual(parseOptions([], commands.compare).names, []);
});

test('numbers are refused outside their limits', () => {
  const rounds = (text: string) =>
    parseOptions(['--rounds', text], commands.bench).rounds as number;
  assert.equal(rounds('3'), 3);
  assert.throws(() => rounds('x'), /--rounds takes a whole number above 0; received "x"/);
  assert.throws(() => rounds('1.5'), /whole/);
  const scale = (text: string) => parseOptions(['--scale', text, 'run'], commands.export);
  for (const text of ['0', '11', 'NaN', ' ']) assert.throws(() => scale(text), /above 0 up to 10/);
});

test('near misses are slips of the fingers, beginnings, and another case or hyphen', () => {
  const known = ['batchSize', 'epochs', 'learningRate', 'using-cifar'];
  assert.deepEqual(nearMisses('batchsize', known), ['batchSize']);
  assert.deepEqual(nearMisses('epcohs', known), ['epochs']);
  assert.deepEqual(nearMisses('learn', known), ['learningRate']);
  assert.deepEqual(nearMisses('usingcifar', known), ['using-cifar']);
  assert.deepEqual(nearMisses('momentum', known), []);
});
