// What npm run lab does with a copy that is already there: nothing of the person's may be lost.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { prepareCopies } from '../../tools/launcher/workingCopies.mjs';
import { temporaryFolder } from '../temporaryFolder';

/** A notebook as Jupyter writes it. */
function notebook(source: string, output = '', more: readonly string[] = []): string {
  const cells = [source, ...more].map((text, index) => ({
    cell_type: 'code',
    execution_count: null,
    id: `c${index}`,
    metadata: {},
    outputs: output ? [{ output_type: 'stream', name: 'stdout', text: [output] }] : [],
    source: [text],
  }));
  return `${JSON.stringify({ cells, metadata: {}, nbformat: 4, nbformat_minor: 5 }, null, 1)}\n`;
}

/** A repository with one notebook, and what a person and its authors do with it. */
function project(t: TestContext, { withGit = true } = {}) {
  const root = temporaryFolder(t);
  const [originals, copies] = ['notebooks', 'work'].map((name) => join(root, name));
  mkdirSync(originals);
  const git = (...args: readonly string[]) =>
    execFileSync('git', ['-C', root, '-c', 'user.name=x', '-c', 'user.email=x@x', ...args]);
  if (withGit) git('init', '-q');
  return {
    copies,
    edit: (text: string) => writeFileSync(join(originals, 'a.ipynb'), text),
    commit: (text: string) => {
      writeFileSync(join(originals, 'a.ipynb'), text);
      git('add', '.');
      git('commit', '-qm', 'x', '--allow-empty');
    },
    save: (text: string) => writeFileSync(join(copies, 'a.ipynb'), text),
    lab: () => prepareCopies({ originals, copies }),
    copy: () => readFileSync(join(copies, 'a.ipynb'), 'utf8'),
    original: () => readFileSync(join(originals, 'a.ipynb'), 'utf8'),
    files: () => readdirSync(copies).filter((name) => !name.startsWith('.')),
  };
}

test('a missing copy is made, and a saved one is opened again', (t) => {
  const { commit, lab, save, copy, copies, original } = project(t);
  commit(notebook('1 + 1', 'committed'));
  assert.deepEqual(lab(), { copies: [join(copies, 'a.ipynb')], notices: [] });
  assert.equal(copy(), original());
  save(notebook('1 + 1', 'mine'));
  assert.deepEqual(lab(), { copies: [], notices: [] }); // not to be trusted: it is not what was made
  assert.equal(copy(), notebook('1 + 1', 'mine'));
  assert.equal(original(), notebook('1 + 1', 'committed'));
});

test('a copy that was never saved follows the original', (t) => {
  const { commit, lab, copy, files } = project(t);
  commit(notebook('1 + 1', 'first'));
  lab();
  commit(notebook('1 + 1', 'second'));
  assert.deepEqual(lab().notices, []);
  commit(notebook('1 + 2', 'third'));
  assert.deepEqual(lab().notices, []);
  assert.equal(copy(), notebook('1 + 2', 'third'));
  assert.deepEqual(files(), ['a.ipynb']);
});

test('a copy whose cells the person changed is kept, and a newer original is named once there is one', (t) => {
  const { commit, lab, save, copy, files } = project(t);
  commit(notebook('1 + 1'));
  lab();
  save(notebook('1 + 41', 'mine'));
  assert.deepEqual(lab().notices, []);
  commit(notebook('1 + 1', 'only other outputs'));
  assert.deepEqual(lab().notices, []);
  commit(notebook('1 + 2'));
  for (let i = 0; i < 2; i++) {
    const { copies, notices } = lab();
    assert.deepEqual(copies, []);
    assert.equal(notices.length, 1);
    assert.match(
      notices[0],
      /^work\/a\.ipynb is kept as you left it; .* notebooks\/a\.ipynb.* rename or delete it and run npm run lab again\.$/,
    );
  }
  assert.equal(copy(), notebook('1 + 41', 'mine'));
  assert.deepEqual(files(), ['a.ipynb']);
});

test('a copy with outputs of its own makes room for newer cells and stays beside them', (t) => {
  const { commit, lab, save, copy, copies, files } = project(t);
  const saved = new Date('2024-02-29T12:00:00Z');
  commit(notebook('1 + 1'));
  lab();
  // Running the last cell adds an empty one.
  save(notebook('1 + 1', 'mine', ['']));
  utimesSync(join(copies, 'a.ipynb'), saved, saved);
  commit(notebook('1 + 2'));
  writeFileSync(join(copies, 'a-2024-02-29.ipynb'), 'something else');
  const { notices } = lab();
  assert.match(notices[0], /^work\/a\.ipynb is new, .*: work\/a-2024-02-29-2\.ipynb$/);
  assert.equal(copy(), notebook('1 + 2'));
  const aside = readFileSync(join(copies, 'a-2024-02-29-2.ipynb'), 'utf8');
  assert.equal(aside, notebook('1 + 1', 'mine', ['']));
  assert.equal(readFileSync(join(copies, 'a-2024-02-29.ipynb'), 'utf8'), 'something else');
  assert.equal(files().length, 3);
  assert.deepEqual(lab().notices, []);
});

test('outputs behind cells that the person brought up to date are moved aside at the next change too', (t) => {
  const { commit, lab, save, copy, files } = project(t);
  commit(notebook('1'));
  lab();
  commit(notebook('2'));
  save(notebook('2', 'mine'));
  assert.deepEqual(lab().notices, []);
  assert.equal(copy(), notebook('2', 'mine'));
  commit(notebook('3'));
  assert.match(lab().notices[0], /is new/);
  assert.equal(files().length, 2);
});

test('changes in notebooks/ that were never committed survive their removal there', (t) => {
  const { commit, edit, lab, copy, files, copies } = project(t);
  commit(notebook('1 + 1'));
  edit(notebook('1 + 41', 'mine'));
  assert.deepEqual(lab().copies, []); // not what git has: not trusted
  assert.equal(copy(), notebook('1 + 41', 'mine'));
  edit(notebook('1 + 1'));
  assert.match(lab().notices[0], /is new/);
  const texts = files().map((name) => readFileSync(join(copies, name), 'utf8'));
  assert.ok(texts.includes(notebook('1 + 41', 'mine')));
  // The same where outputs alone were their own.
  edit(notebook('1 + 1', 'also mine'));
  lab();
  edit(notebook('1 + 1'));
  lab();
  const outputs = files().map((name) => readFileSync(join(copies, name), 'utf8'));
  assert.ok(outputs.includes(notebook('1 + 1', 'also mine')));
});

test('a file that was in the place before, or is damaged, is kept', (t) => {
  const { commit, lab, save, copy, copies } = project(t);
  commit(notebook('1 + 1'));
  mkdirSync(copies);
  for (const text of [notebook('my own'), '{"cells": [', '']) {
    save(text);
    const { copies: trusted, notices } = lab();
    assert.deepEqual([trusted, notices.length], [[], 1]);
    assert.equal(copy(), text);
  }
  // Its record is lost: then nothing tells what is the person's.
  save(notebook('1 + 1'));
  lab();
  writeFileSync(join(copies, '.originals.json'), '{');
  commit(notebook('1 + 2'));
  assert.match(lab().notices[0], /is kept/);
  assert.equal(copy(), notebook('1 + 1'));
});

test('only what git knows is copied; without git everything is, and nothing overwritten', (t) => {
  const tracked = project(t);
  tracked.commit(notebook('1'));
  writeFileSync(join(tracked.copies, '..', 'notebooks', 'notes.ipynb'), notebook('2'));
  tracked.lab();
  assert.deepEqual(tracked.files(), ['a.ipynb']);

  const unpacked = project(t, { withGit: false });
  unpacked.edit(notebook('1'));
  assert.equal(unpacked.lab().copies.length, 1);
  unpacked.edit(notebook('2'));
  assert.match(unpacked.lab().notices[0], /is new/);
  assert.equal(unpacked.files().length, 2);
  assert.ok(!existsSync(join(unpacked.copies, 'notes.ipynb')));
});
