// The notebook itself, on a folder of one's own pictures: from the folder to the page that is shared.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { before, test } from 'node:test';
import { writePictures } from '../data/pictures';
import { sharedFolder } from '../temporaryFolder';
import { execute, executeOnce, writeNotebook } from './kernel';

const folder = sharedFolder();
before(() => writePictures(join(folder, 'pets'), { cat: 30, dog: 30 }));

const notebook = executeOnce(
  'quick-start',
  { dataSource: join(folder, 'pets'), inputSize: 32, epochs: 2 },
  { OFFLINE: '1', MOBILENETV2_DIR: '' },
);

test('a path as dataSource is the folder of pictures that is used', () => {
  assert.deepEqual(notebook.record.dataset?.classNames, ['cat', 'dog']);
  assert.equal(notebook.record.dataset?.name, 'pets');
  const {
    train,
    val,
    test: tested,
  } = notebook.record.dataset?.counts ?? { train: 0, val: 0, test: 0 };
  assert.equal(train + val + tested, 60);
});

test('the classifier is trained, tested and names a picture', () => {
  const [model] = notebook.record.models;
  assert.equal(model.name, 'Classifier');
  assert.ok(model.test !== null);
  assert.match(notebook.cell('predict').printed, /balloon\.png: (cat|dog), \d+\.\d %/);
  assert.equal(model.calibration?.pictures, notebook.record.dataset?.counts.val);
  assert.match(JSON.stringify(notebook.cell('why').displayed), /What speaks for the class/);
});

test('the shared page carries the classes and no address to load from', () => {
  const page = readFileSync(join(notebook.folder, 'classifier.html'), 'utf8');
  assert.ok(page.includes('["cat","dog"]'));
  assert.doesNotMatch(page, /<(script|link|img)[^>]+(src|href)="https?:/);
});

test("README's first cell does what it says, on pictures of one's own", async () => {
  const readme = readFileSync(resolve(__dirname, '../../README.md'), 'utf8');
  const cell = /^```ts\n([^]*?)^```$/m.exec(readme)?.[1] ?? '';
  const directory = join(folder, 'readme');
  const env = { DATA_DIR: join(folder, 'pets') };
  const { exitCode, printed, cells } = await execute(
    writeNotebook(folder, cell),
    directory,
    {},
    env,
  );
  assert.equal(exitCode, 0, printed);
  assert.match(cells[0].printed, /CNN: test accuracy \d\.\d{2,3}, 95 % interval/);
  assert.match(
    JSON.stringify(cells[0].displayed),
    /CNN – pets · done: 3 epochs.*CNN: confusion matrix – pets/,
  );
});
