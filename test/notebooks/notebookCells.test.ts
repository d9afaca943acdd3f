import assert from 'node:assert/strict';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { ESLint } from 'eslint';
import ts from 'typescript';
import { checkNotebook, notebookModule, parseNotebookCells } from '../../tools/notebookCells.mjs';

const root = resolve(__dirname, '../..');
/** A notebook that exists, so that its name is known; the tests bring their own text. */
const path = join(root, 'notebooks/using-cifar.ipynb');
const libIndex = join(root, 'lib/index.ts');

/** The JSON of a notebook as Jupyter writes it: one space, one line of source a line. */
function notebook(...codeCells: string[]): string {
  const isExperiment = { tags: ['parameters'] };
  const cells = codeCells.flatMap((source, index) => [
    { cell_type: 'markdown', id: `m${index}`, metadata: isExperiment, source: ['What follows.'] },
    {
      cell_type: 'code',
      execution_count: null,
      id: `c${index}`,
      metadata: {},
      outputs: [],
      source: source.split(/(?<=\n)/),
    },
  ]);
  return JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }, null, 1);
}

function typeErrors(...codeCells: string[]): string[] {
  return checkNotebook(ts, { path, text: notebook(...codeCells) }, libIndex);
}

async function lint(...codeCells: string[]): Promise<{ line: number; rule: string | null }[]> {
  const eslint = new ESLint({ cwd: root });
  const [result] = await eslint.lintText(notebook(...codeCells), { filePath: path });
  return result.messages.map(({ line, ruleId }) => ({ line, rule: ruleId }));
}

test('a module is the code cells in order, each line with its place', () => {
  const text = notebook('const a = 1;\nconst b = 2;', 'const c = 3;');
  const { source, cellLines, fileLines } = notebookModule(text, path);
  assert.equal(source, 'const a = 1;\nconst b = 2;\nconst c = 3;\n');
  assert.deepEqual(cellLines, [
    { cell: 1, line: 1 },
    { cell: 1, line: 2 },
    { cell: 2, line: 1 },
  ]);
  const fileText = text.split('\n');
  assert.match(fileText[fileLines[1] - 1], /const b = 2;/);
  assert.match(fileText[fileLines[2] - 1], /const c = 3;/);
});

test('the kinds and tags of cells are read', () => {
  const text = JSON.stringify({
    cells: [{ cell_type: 'code', metadata: { tags: ['parameters'] }, source: 'const a = 1;' }],
  });
  const [cell] = parseNotebookCells(text, 'a.ipynb');
  assert.deepEqual([cell.type, cell.source, cell.tags], ['code', 'const a = 1;', ['parameters']]);
});

test('a file that is no notebook is named', () => {
  assert.throws(() => parseNotebookCells('{', 'a.ipynb'), /Expected a notebook .* a\.ipynb/);
  assert.throws(() => parseNotebookCells('{}', 'a.ipynb'), /with "cells" .* in a\.ipynb/);
});

test('a type error is reported with its cell and line', () => {
  assert.deepEqual(typeErrors('const a = 1;', 'const b = 2;\nconst c: string = a;'), [
    "using-cifar.ipynb, code cell 2, line 2: Type 'number' is not assignable to type 'string'.",
  ]);
});

test('cells are strict: a parameter without a type and a value that may be missing are errors', () => {
  const [untyped, missing] = typeErrors(
    'const f = (a) => a;',
    'const first: string = ["a"].find(Boolean);',
  );
  assert.match(untyped, /code cell 1, line 1: Parameter 'a' implicitly has an 'any' type/);
  assert.match(missing, /code cell 2, line 1: Type 'string \| undefined' is not assignable/);
});

test("a cell's import is typed by lib, and a name that lib does not have is an error", () => {
  const [unknown, wrong] = typeErrors(
    'import { meanAndStd, meanAndSdt } from "../lib";',
    'const text: string = meanAndStd([1]).mean;',
  );
  assert.match(unknown, /code cell 1, line 1: .*'meanAndSdt'/);
  assert.match(wrong, /code cell 2, line 1: Type 'number' is not assignable to type 'string'/);
});

test('a promise that nobody awaits is found, at its line of the .ipynb', async () => {
  const cells = ['const ready = Promise.resolve(1);', 'await ready;\nPromise.resolve(2);'] as const;
  const line =
    1 +
    notebook(...cells)
      .split('\n')
      .findIndex((text) => text.includes('(2)'));
  assert.deepEqual(await lint(...cells), [
    { line, rule: '@typescript-eslint/no-floating-promises' },
  ]);
});

test('a cell defines no function, and imports nothing but lib', async () => {
  const found = await lint(
    'import { readFileSync } from "node:fs";',
    'function twice(a: number): number { return 2 * a; }\ntwice(readFileSync.length);',
  );
  assert.deepEqual(
    found.map(({ rule }) => rule),
    ['no-restricted-imports', 'no-restricted-syntax'],
  );
});
