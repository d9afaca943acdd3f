// Every step of the original notebooks has its cell: the table of docs/original.md is true.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { parseNotebookCells } from '../../tools/notebookCells.mjs';

const root = resolve(__dirname, '../..');
const read = (...names: string[]): string => readFileSync(join(root, ...names), 'utf8');

/** What the originals do, in their order, and the call that does it here. */
const steps: Readonly<
  Record<string, readonly (readonly [step: string, cell: string, code: RegExp])[]>
> = {
  'using-cifar': [
    ['GPU check', 'run', /ml\.describeBackend\(\)/],
    ['load CIFAR-10', 'load', /run\.loadData\([^]*labels\.slice\(0, 10\)[^]*classNames/],
    ['first ten training pictures', 'look', /ml\.take\(data\.trainSet, 10\)/],
    ['scale by 1/255', 'mlp', /scale: ml\.UNIT_SCALE/],
    ['MLP', 'mlp', /run\.train\('MLP', p, \{ model: ml\.createMlp/],
    ['CNN', 'cnn', /run\.train\('CNN', p, \{ model: ml\.createCnn/],
    ['curves', 'curves', /ml\.historyFigure\(\[mlp, cnn\]/],
    ['save the model and load', 'reload', /ml\.loadClassifier\(finalCnn\.directory\)/],
    ['predict test picture 20', 'single', /Math\.min\(20,[^]*ml\.predictImage\(reloaded/],
  ],
  'mobilenet-transfer-learning': [
    ['GPU check', 'run', /ml\.describeBackend\(\)/],
    ['ImageNet top', 'imagenet', /ml\.loadImageNetClassifier\(/],
    ['prepare a photograph', 'imagenet', /ml\.showPicture\(/],
    ['five likeliest names', 'imagenet', /ml\.predictPictures\(imageNet/],
    ['summary', 'backbone', /countParams\(\)/],
  ],
};

const rows = [...read('docs', 'original.md').matchAll(/^\| (.+?) +\| (.+?) +\| ([a-z-]+) +\|$/gm)]
  .map(([, step, heading, cell]) => ({ step, heading, cell }))
  .filter(({ cell }) => cell !== 'cell' && !cell.startsWith('--'));

test('the table has a row for every step, in order', () => {
  const expected = Object.values(steps).flat();
  assert.equal(rows.length, expected.length);
  expected.forEach(([step, cell], index) => {
    assert.ok(rows[index].step.includes(step), `${rows[index].step} is not "${step}"`);
    assert.equal(rows[index].cell, cell);
  });
});

for (const [name, own] of Object.entries(steps)) {
  test(`the cells of ${name}.ipynb do what the table says, under its headings, in the original's order`, () => {
    const cells = parseNotebookCells(read('notebooks', `${name}.ipynb`), name);
    const places = own.map(([step, id, code]) => {
      const place = cells.findIndex((cell) => cell.id === id);
      assert.match(cells[place].source, code, step);
      const row = rows.find((each) => each.cell === id && each.step.includes(step));
      const heading = /^#+ (.+)$/m.exec(cells[place - 1].source)?.[1];
      assert.equal(row?.heading, heading, step);
      return place;
    });
    if (name === 'using-cifar')
      assert.deepEqual(
        places,
        [...places].sort((a, b) => a - b),
      );
  });
}
