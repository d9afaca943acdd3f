// What every committed notebook keeps to, whatever it tells.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import * as prettier from 'prettier';
import { PICTURES_TAG } from '../../tools/commands/cleanNotebook';
import { parseNotebookCells } from '../../tools/notebookCells.mjs';
import { checkValues, readParameters } from '../../tools/commands/run/parameters';
import { experimentNotebooks } from '../../tools/commands/run/notebookFile';

const folder = resolve(__dirname, '../../notebooks');
const MAX_BYTES = 2e6;
/** Cells are short, as are notebooks; only the parameters, one a line, may be more. */
const MAX_LINES = 20;
const MAX_CELLS = 25;
const MAX_CODE_LINES = 170;
const MAX_QUICK_START_LINES = 40;
/** A cell that calls this shows pictures. */
const PICTURES = /\b(imageGridFigure|inspectData)\(/;

for (const experiment of experimentNotebooks(folder)) {
  const name = `${experiment}.ipynb`;
  const path = join(folder, name);
  const text = readFileSync(path, 'utf8');
  const notebook = JSON.parse(text);
  const cells = parseNotebookCells(text, path);
  const codeCells = cells.filter(({ type }) => type === 'code');

  test(`${name} asks its question first: one heading and a quoted line`, () => {
    assert.match(cells[0].source, /^# [^\n]+\n\n> [^\n]+$/);
    const headings = cells.filter(({ type, source }) => type === 'markdown' && /^# /m.test(source));
    assert.equal(headings.length, 1);
  });

  test(`${name} has a sentence before each code cell`, () => {
    cells.forEach(({ type, id }, index) => {
      const isExplained = type !== 'code' || cells[index - 1]?.type === 'markdown';
      assert.ok(isExplained, `the cell "${id}" follows no prose`);
    });
  });

  test(`${name} has short cells`, () => {
    for (const { id, source, tags } of codeCells) {
      const lines = source.split('\n').length;
      assert.ok(lines <= MAX_LINES || tags.includes('parameters'), `"${id}" has ${lines} lines`);
    }
    const allLines = codeCells.flatMap(({ source }) => source.split('\n')).length;
    assert.ok(codeCells.length <= MAX_CELLS, `${codeCells.length} code cells`);
    const limit = experiment === 'quick-start' ? MAX_QUICK_START_LINES : MAX_CODE_LINES;
    assert.ok(allLines <= limit, `${allLines} lines of code`);
  });

  test(`${name} imports the library whole, once, and repeats no name`, () => {
    const code = codeCells.map(({ source }) => source).join('\n');
    assert.deepEqual(code.match(/^import .*/gm), ["import * as ml from '../lib';"]);
    assert.deepEqual(code.match(/\b(\w+): \1\b(?![.(\w])/g) ?? [], []);
  });

  test(`${name} has its code in the form that Prettier gives it`, async () => {
    const options = await prettier.resolveConfig(join(folder, 'cell.ts'));
    for (const { source } of codeCells) {
      const formatted = await prettier.format(source, { ...options, parser: 'typescript' });
      assert.equal(`${source}\n`, formatted);
    }
  });

  test(`${name} declares its parameters in one cell that the launcher can read`, () => {
    assert.equal(cells.filter(({ tags }) => tags.includes('parameters')).length, 1);
    const parameters = readParameters(notebook, name);
    assert.ok(parameters.some((parameter) => parameter.name === 'seed'));
    const code = codeCells.map(({ source }) => source).join('\n');
    assert.ok(code.includes(`ml.startRun('${experiment}', p)`), 'the run records them all');
    for (const { name: parameter } of parameters) {
      const isUsed =
        /seed|epochs|batchSize|learningRate/.test(parameter) || code.includes(`p.${parameter}`);
      assert.ok(isUsed, `${parameter} is not used`);
    }
    const { full } = notebook.metadata.presets;
    assert.deepEqual(checkValues(parameters, full, 'the preset "full"'), full);
    // What is only meant for one run does not belong into the repository.
    assert.ok(!cells.some(({ tags }) => tags.includes('injected-parameters')));
  });

  test(`${name} names no place of anybody's machine`, () => {
    assert.doesNotMatch(text, /(?<![\w.$}])\/(home|root|Users|work|workspace|tmp|var|mnt)\/[\w.]/);
    assert.doesNotMatch(text, /[A-Z]:\\\\/);
  });

  test(`${name} carries no metadata that an editor or a run left`, () => {
    const allowed = new Set(['kernelspec', 'language_info', 'presets']);
    const surplus = Object.keys(notebook.metadata).filter((key) => !allowed.has(key));
    assert.deepEqual(surplus, []);
    assert.deepEqual(notebook.metadata.kernelspec, {
      display_name: 'TypeScript',
      language: 'typescript',
      name: 'tslab',
    });
    for (const { id, metadata } of notebook.cells) {
      assert.deepEqual(
        Object.keys(metadata).filter((key) => key !== 'tags'),
        [],
        `cell "${id}"`,
      );
    }
  });

  test(`${name} has the form that Jupyter gives it, and each cell an id of its own`, () => {
    assert.equal(text, `${JSON.stringify(notebook, null, 1)}\n`);
    assert.equal(new Set(cells.map(({ id }) => id)).size, cells.length);
  });

  test(`${name} shows none of the data set's pictures, and says why`, () => {
    for (const { id, tags } of codeCells.filter(({ source }) => PICTURES.test(source))) {
      assert.ok(tags.includes(PICTURES_TAG), `"${id}" shows pictures and is not tagged`);
    }
    cells.forEach(({ id, tags, outputs }, index) => {
      if (!tags.includes(PICTURES_TAG)) return;
      assert.deepEqual(outputs, [], `"${id}"`);
      assert.match(cells[index - 1].source, /Committed without its output|committed without/);
    });
  });

  test(`${name} is committed either without outputs or with those of one whole run`, () => {
    const counts = notebook.cells
      .filter(({ cell_type }: { cell_type: string }) => cell_type === 'code')
      .map((cell: { execution_count: number | null }) => cell.execution_count);
    const isWhole = counts.every((count: number | null, index: number) => count === index + 1);
    assert.ok(isWhole || counts.every((count: number | null) => count === null));
    const failed = codeCells.filter(({ outputs }) => JSON.stringify(outputs).includes('"stderr"'));
    assert.deepEqual(
      failed.map(({ id }) => id),
      [],
    );
  });

  test(`${name} is smaller than 2 MB`, () => {
    assert.ok(Buffer.byteLength(text) < MAX_BYTES);
  });
}
