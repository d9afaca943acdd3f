// What a user hears when a cell fails in the kernel.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { execute, writeNotebook } from './kernel';
import { eachFolder } from '../temporaryFolder';

let folder: string;
eachFolder((path) => (folder = path));

test('a cell that throws is named with its text and its error, and what came before is kept', async () => {
  const path = writeNotebook(
    folder,
    'console.log("before");',
    'const limit = 3;\nthrow new Error(`more than ${limit} of them`);',
    'console.log("behind");',
  );
  const { exitCode, printed, cells } = await execute(path, folder);
  assert.equal(exitCode, 1);
  assert.match(printed, /Cell 2 of 3 of example\.ipynb failed/);
  assert.match(printed, /│ throw new Error/);
  assert.match(printed, /more than 3 of them/);
  assert.match(cells[0].printed, /before/);
  assert.equal(cells[2].printed, '');
  assert.ok(!readdirSync(folder).includes('run.json'));
});

test('neither a line nor the error is lost behind thousands of messages', async () => {
  const path = writeNotebook(
    folder,
    "for (let i = 1; i <= 2000; i++) process.stdout.write(`line ${i}\\n`);\nthrow new Error('at last');",
  );
  const { printed, cells } = await execute(path, folder);
  assert.match(printed, /Error: at last/);
  const lines = Array.from({ length: 2000 }, (_, index) => `line ${index + 1}\n`);
  assert.ok(cells[0].printed.startsWith(lines.join('')), cells[0].printed.slice(-200));
});

test('an error in words is shown without the stack below it', async () => {
  const path = writeNotebook(
    folder,
    "import * as ml from '../lib';",
    'ml.parameters({ seed: 0.5 });',
  );
  const { printed, cells } = await execute(path, folder);
  for (const text of [printed, cells[1].printed]) {
    assert.match(text, /Expected seed to be/);
    assert.doesNotMatch(text, /^\s+at /m);
  }
});

test('a type error stops its cell with the compiler’s words', async () => {
  const path = writeNotebook(folder, 'const count: number = "many";');
  const { exitCode, printed } = await execute(path, folder);
  assert.equal(exitCode, 1);
  assert.match(printed, /Cell 1 of 1 of example\.ipynb failed/);
  assert.match(printed, /Type 'string' is not assignable to type 'number'/);
});
