import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NotebookCell } from '../../lib/notebook';
import {
  injectParameters,
  parseAssignments,
  parseParameters,
  readParameters,
} from '../../tools/commands/run/parameters';

const source = `// The quick values.
const p = ml.parameters({
  epochs: 3, // passes over the training images
  dropoutRate: 3e-1,
  trainCount: 5_000,

  augment: false,
  title: 'it\\'s quick',
  optimizer: 'adam' as 'adam' | 'sgd',
  limit: 'all' as number | 'all', // or a number
});`;

const parameters = parseParameters(source);

function notebook(...cells: NotebookCell[]) {
  return { nbformat: 4, nbformat_minor: 5, metadata: {}, cells };
}

function codeCell(text: string | string[], ...tags: string[]) {
  return { cell_type: 'code', metadata: { tags }, outputs: [], source: text };
}

test('each constant becomes a name, a type and a value; comments and empty lines are skipped', () => {
  assert.deepEqual(parameters, [
    { name: 'epochs', type: 'number', value: 3 },
    { name: 'dropoutRate', type: 'number', value: 0.3 },
    { name: 'trainCount', type: 'number', value: 5000 },
    { name: 'augment', type: 'boolean', value: false },
    { name: 'title', type: 'string', value: "it's quick" },
    { name: 'optimizer', type: "'adam' | 'sgd'", value: 'adam' },
    { name: 'limit', type: "number | 'all'", value: 'all' },
  ]);
});

for (const line of [
  'epochs,',
  'epochs: 2 + 1,',
  "epochs: 'three' as number,",
  "optimizer: 'adamw' as 'adam' | 'sgd',",
  'epochs: NaN,',
  'epochs: [1],',
  '...others,',
  'console.log(1);',
]) {
  test(`a parameters cell with "${line}" is refused with its line`, () => {
    const cell = `const p = ml.parameters({\n  ${line}\n});`;
    assert.throws(() => parseParameters(cell, 'a.ipynb'), /Line 2 .* a\.ipynb/);
  });
}

for (const [cell, line] of [
  ['', 1],
  ['// none\nconst epochs = 3;', 2],
  ['const p = ml.parameters({\n  epochs: 3,', 2],
  ['const p = ml.parameters({\n  epochs: 3,\n});\nconsole.log(p);', 4],
] as const) {
  test(`a cell that is not one call of parameters is refused: ${JSON.stringify(cell)}`, () => {
    assert.throws(() => parseParameters(cell), new RegExp(`Line ${line} of the parameters cell`));
  });
}

test('values from the command line get the type that the notebook declares', () => {
  const given = ['epochs=10', 'dropoutRate=.5', 'augment=true', 'title=7 days', 'optimizer=sgd'];
  assert.deepEqual(parseAssignments(parameters, given), {
    epochs: 10,
    dropoutRate: 0.5,
    augment: true,
    title: '7 days',
    optimizer: 'sgd',
  });
  assert.deepEqual(parseAssignments(parameters, ['title=a=b', 'limit=200']), {
    title: 'a=b',
    limit: 200,
  });
  assert.deepEqual(parseAssignments(parameters, ['epochs=-1']), { epochs: -1 });
  // A text is taken as it is: it may be a path.
  assert.deepEqual(
    parseAssignments(parameters, ['title= photo .jpg ', 'epochs= 2 ', 'optimizer= sgd']),
    {
      title: ' photo .jpg ',
      epochs: 2,
      optimizer: 'sgd',
    },
  );
});

for (const [assignment, expected] of [
  ['epochs=NaN', /epochs takes a finite number; received NaN/],
  ['epochs=Infinity', /finite number/],
  ['epochs=1e999', /finite number/],
  ['epochs=ten', /finite number; received ten/],
  ['epochs=', /received nothing/],
  ['augment=yes', /augment takes true or false; received yes/],
  ['optimizer=adamw', /optimizer takes 'adam' \| 'sgd'; received adamw/],
  ['epochs', /Expected NAME=VALUE behind --set but received "epochs"/],
  ['=3', /Expected NAME=VALUE/],
] as const) {
  test(`--set ${assignment} is refused`, () => {
    assert.throws(() => parseAssignments(parameters, [assignment]), expected);
  });
}

test('an unknown name comes with the names it is close to', () => {
  assert.throws(() => parseAssignments(parameters, ['epoch=3']), {
    message: 'There is no parameter epoch.',
    remedy: 'Did you mean epochs?',
  });
  assert.throws(() => parseAssignments(parameters, ['zzz=3']), { remedy: /Known: epochs, / });
});

test('a name that is set twice is refused', () => {
  assert.throws(() => parseAssignments(parameters, ['epochs=1', 'epochs=2']), /set twice/);
});

test('the new values stand in a cell right behind the parameters, with the declared types', () => {
  const original = notebook(
    codeCell('import {} from "../lib";'),
    codeCell(source.split(/(?<=\n)/), 'parameters'),
    codeCell('run(epochs);'),
  );
  const before = structuredClone(original);
  const injected = injectParameters(original, { epochs: 10, title: 'a "b"\n', optimizer: 'sgd' });
  assert.deepEqual(original, before, 'the given notebook is not changed');
  assert.equal(injected.cells.length, 4);
  const cell = injected.cells[2] as { metadata: object; source: string };
  assert.deepEqual(cell.metadata, { tags: ['injected-parameters'] });
  assert.deepEqual(cell.source.split('\n').slice(1), [
    'const p = ml.parameters({',
    '  epochs: 10, // changed',
    '  dropoutRate: 0.3,',
    '  trainCount: 5000,',
    '  augment: false,',
    '  title: "a \\"b\\"\\n", // changed',
    `  optimizer: "sgd" as 'adam' | 'sgd', // changed`,
    `  limit: "all" as number | 'all',`,
    '});',
  ]);
  assert.deepEqual(
    parseParameters(cell.source).map(({ value }) => value),
    [10, 0.3, 5000, false, 'a "b"\n', 'sgd', 'all'],
  );
});

test('injecting again replaces the cell, and injecting nothing removes it', () => {
  const original = notebook(codeCell(source, 'parameters'));
  const once = injectParameters(original, { epochs: 1 });
  const twice = injectParameters(once, { epochs: 2 });
  assert.equal(twice.cells.length, 2);
  assert.match((twice.cells[1] as { source: string }).source, /epochs: 2, \/\/ changed/);
  assert.deepEqual(injectParameters(once, {}).cells, original.cells);
});

test('a notebook without a parameters cell has none', () => {
  assert.deepEqual(readParameters(notebook(codeCell('1'))), []);
});

test('a parameters cell with the line ends of Windows is read', () => {
  const source =
    '// one\r\nconst p = ml.parameters({\r\n  seed: 3, // its comment\r\n\r\n  name: "a, as // b",\r\n});\r\n';
  assert.deepEqual(
    parseParameters(source).map(({ name, value }) => [name, value]),
    [
      ['seed', 3],
      ['name', 'a, as // b'],
    ],
  );
});
