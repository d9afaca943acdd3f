import assert from 'node:assert/strict';
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import ts from 'typescript';
import { cleanNotebook, compactText } from '../../tools/commands/cleanNotebook';

const root = resolve(__dirname, '../..');
const plotly = 'application/vnd.plotly.v1+json';

interface Output {
  output_type: string;
  name?: string;
  text?: string | string[];
  data?: Record<string, unknown>;
  metadata?: object;
  execution_count?: number | null;
}

interface Cell {
  cell_type: string;
  id?: string;
  source: string;
  metadata: Record<string, unknown>;
  execution_count?: number | null;
  outputs: Output[];
}

function code(source: string, outputs: Output[] = [], fields: Partial<Cell> = {}): Cell {
  return { cell_type: 'code', source, outputs, metadata: {}, execution_count: 1, ...fields };
}

function stdout(text: string, name = 'stdout'): Output {
  return { output_type: 'stream', name, text };
}

function clean(cells: Cell[], options: { withPictures?: boolean; metadata?: object } = {}) {
  const { metadata = {}, withPictures } = options;
  const text = JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 5 });
  const git = { commit: '0123456789abcdef', dirty: false };
  const { notebook, notices } = cleanNotebook(text, { path: 'a.ipynb', withPictures, git });
  const { cells: all, metadata: kept } = notebook as unknown as { cells: Cell[]; metadata: object };
  const [origin, ...own] = all;
  return { origin, cells: own, metadata: kept, notices };
}

test('no path of the machine is left, in outputs, in figures or in code', () => {
  const figure = {
    output_type: 'display_data',
    data: { [plotly]: { data: [], layout: { title: { text: '/home/anna/secret/cat.jpg' } } } },
    metadata: {},
  };
  const result = clean([
    code(`read('${homedir()}/private/cat.jpg')`, [
      stdout(`saved ${root}/data/runs/x/figures/a.svg and /tmp/abc-123/b.png\n`),
      stdout('C:\\Users\\anna\\cat.jpg, file:///Users/anna/Desktop/c.png\n'),
      figure,
    ]),
  ]);
  const text = JSON.stringify(result.cells);
  assert.doesNotMatch(text, /anna|abc-123|secret|private/);
  assert.ok(!text.includes(root) && !text.includes(`${homedir()}/`));
  assert.match(text, /saved data\/runs\/x\/figures\/a\.svg and …\/b\.png/);
  assert.match(result.notices.join(), /Paths of this machine stood in the text of cells/);
});

test('addresses, fractions and data in base64 stay as they are', () => {
  const url = 'https://example.org/home/page and 3/4 and data/runs/x';
  const picture = 'ab/tmp/cd/home/ef+/var/x==';
  const [cell] = clean([
    code('1', [
      stdout(url),
      { output_type: 'display_data', data: { 'image/png': picture }, metadata: {} },
    ]),
  ]).cells;
  assert.equal(cell.outputs[0].text, url);
  assert.equal(cell.outputs[1].data?.['image/png'], picture);
});

test('warnings, times and what was overwritten in place are gone', () => {
  const { cells, metadata } = clean(
    [
      code(
        'train()',
        [
          stdout('step 1\rstep 2\rdone\n'),
          stdout('oneDNN is on\n', 'stderr'),
          stdout('\u001b[32mnext\u001b[0m\n'),
        ],
        { metadata: { tags: ['a'], execution: { started: 'now' }, vscode: {} } },
      ),
    ],
    { metadata: { kernelspec: { name: 'tslab' }, papermill: {}, widgets: {} } },
  );
  assert.deepEqual(cells[0].outputs, [stdout('done\nnext\n')]);
  assert.deepEqual(cells[0].metadata, { tags: ['a'] });
  assert.deepEqual(metadata, { kernelspec: { name: 'tslab' } });
});

test('the numbers of a whole run stay; those of cells run here and there go', () => {
  const numbered = (...counts: number[]) =>
    clean(counts.map((count) => code('1', [], { execution_count: count }))).cells.map(
      ({ execution_count }) => execution_count,
    );
  assert.deepEqual(numbered(1, 2, 3), [1, 2, 3]);
  assert.deepEqual(numbered(1, 7, 3), [null, null, null]);
});

test("the data set's pictures are left out, unless they are asked for", () => {
  const picture = {
    output_type: 'display_data',
    data: { 'image/svg+xml': '<svg/>' },
    metadata: {},
  };
  const cells = [code('show()', [picture], { metadata: { tags: ['dataset-pictures'] } })];
  const without = clean(cells);
  assert.match(String(without.cells[0].outputs[0].text), /shows the data set's own pictures/);
  assert.equal(without.cells[0].outputs.length, 1);
  assert.match(without.notices.join(), /--with-pictures/);
  assert.deepEqual(clean(cells, { withPictures: true }).cells[0].outputs, [picture]);
});

test('a figure keeps its picture, which GitHub shows, and its values, which make it live', () => {
  const data = { [plotly]: { data: [], layout: {} }, 'image/svg+xml': '<svg/>', 'text/plain': 'f' };
  const [cell] = clean([code('f', [{ output_type: 'display_data', data, metadata: {} }])]).cells;
  assert.deepEqual(cell.outputs[0].data, data);
});

test('above 2 MB the largest figures keep only their picture, then the largest outputs go', () => {
  const figure = (bytes: number, svg = '<svg/>') => ({
    output_type: 'display_data',
    data: { [plotly]: { data: 'x'.repeat(bytes) }, 'image/svg+xml': svg },
    metadata: {},
  });
  const notebook = { cells: [code('a', [figure(500_000), figure(1_700_000)]), code('b', [])] };
  const { text, notices } = compactText(notebook);
  assert.ok(Buffer.byteLength(text) < 2e6);
  const [first, second] = JSON.parse(text).cells[0].outputs;
  assert.ok(first.data[plotly] && !second.data[plotly] && second.data['image/svg+xml']);
  assert.match(notices.join(), /1 figures are still pictures/);

  const huge = { cells: [code('a', [figure(10, 's'.repeat(3_000_000)), stdout('kept\n')])] };
  const small = compactText(huge);
  assert.ok(Buffer.byteLength(small.text) < 2e6);
  assert.match(small.text, /Left out: an output of 3\.0 MB[^]*kept/);
});

test('the first cell names the project, its commit and two commands, once, and fails elsewhere with these words', () => {
  const { origin, cells } = clean([code('1', [], { metadata: { tags: ['shared'] } }), code('2')]);
  assert.deepEqual(
    cells.map(({ source }) => source),
    ['2'],
  );
  const words =
    /This notebook belongs to the project image-classification-notebooks, commit 0123456789\. .* git checkout 0123456789 && npm run lab/;
  assert.match(origin.source, words);
  const { outputText } = ts.transpileModule(origin.source, {
    compilerOptions: { module: ts.ModuleKind.CommonJS },
  });
  const run = (isThere: boolean) =>
    runInNewContext(outputText, { require: () => ({ existsSync: () => isThere }), exports: {} });
  run(true);
  assert.throws(() => run(false), words);
});

test('what is no notebook is refused by name', () => {
  assert.throws(
    () => cleanNotebook('{', { path: 'a.ipynb', git: null }),
    /Expected a notebook .*a\.ipynb/,
  );
});
