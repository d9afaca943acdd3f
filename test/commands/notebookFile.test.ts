import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { chooseNotebooks, experimentNotebooks } from '../../tools/commands/run/notebookFile';
import { temporaryFolder } from '../temporaryFolder';

/** A notebook as Jupyter writes it; with a parameters cell where `tags` says so. */
function notebook(tags: string[] = []): string {
  const cell = { cell_type: 'code', source: ['1 + 1'], outputs: [], metadata: { tags } };
  return JSON.stringify({ cells: [cell], metadata: {}, nbformat: 4, nbformat_minor: 5 });
}

test('what JupyterLab makes beside the experiments is passed over, and named', (context) => {
  const folder = temporaryFolder(context);
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  write('using-cifar.ipynb', notebook(['parameters']));
  write('another.ipynb', notebook(['parameters']));
  write('Untitled.ipynb', notebook());
  write('Untitled1.ipynb', notebook(['parameters']));
  write('using-cifar-Copy1.ipynb', notebook(['parameters']));
  write('notes.ipynb', notebook());
  write('half.ipynb', '{"cells": [');
  write('.~using-cifar.ipynb', notebook(['parameters']));
  assert.deepEqual(experimentNotebooks(folder), ['another', 'using-cifar']);
  const notices: string[] = [];
  const onNotice = (notice: string) => notices.push(notice);
  assert.deepEqual(chooseNotebooks([], { folder, onNotice }), ['using-cifar', 'another']);
  assert.deepEqual(notices, [
    'Passed over in notebooks/: Untitled, Untitled1, half, notes, using-cifar-Copy1 (no experiment; --notebook NAME runs it).',
  ]);
  assert.deepEqual(chooseNotebooks(['Untitled.ipynb'], { folder, onNotice }), ['Untitled']);
});

test('a working copy is not taken for the notebook of its name', (context) => {
  const parent = temporaryFolder(context);
  const [folder, copies] = ['notebooks', 'work'].map((name) => join(parent, name));
  for (const place of [folder, copies]) {
    mkdirSync(place);
    writeFileSync(join(place, 'a.ipynb'), notebook(['parameters']));
  }
  for (const name of [join(copies, 'a.ipynb'), join(copies, 'a')]) {
    assert.throws(() => chooseNotebooks([name], { folder }), {
      message: /npm start runs the notebooks of notebooks\/; received .*work\/a/,
      remedy: /npm run lab/,
    });
  }
  for (const name of ['a', 'a.ipynb', join(folder, 'a.ipynb')]) {
    assert.deepEqual(chooseNotebooks([name], { folder }), ['a']);
  }
});
