import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { createRunFolder } from '../../lib/runs/runFolder';
import { checkWritable, recordText } from '../../tools/commands/run/runFolder';
import { root } from '../../tools/launcher/setup/project.mjs';
import { sharedFolder } from '../temporaryFolder';

const folder = sharedFolder();

test("a run's folder is named by time, notebook and preset, and never shared", () => {
  const now = new Date('2026-01-31T12:00:07.891Z');
  const names = [1, 2, 3].map(() =>
    basename(createRunFolder(folder, { notebook: 'using-cifar', preset: 'quick', now })),
  );
  assert.deepEqual(names, [
    '20260131-120007-using-cifar-quick',
    '20260131-120007-using-cifar-quick-2',
    '20260131-120007-using-cifar-quick-3',
  ]);
});

test('a place where no folder can be made is refused with its reason', () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  assert.throws(() => checkWritable(join(file, 'runs')), {
    message: /a part of the path is a file/,
    remedy: /--out DIR/,
  });
  assert.throws(() => checkWritable(file), /there is a file of that name/);
});

test('asking whether a folder is writable leaves nothing in it', () => {
  const place = join(folder, 'new', 'runs');
  checkWritable(place);
  assert.deepEqual(readdirSync(place), []);
});

test('the record says in its first cell what it is, and names no path of this machine', () => {
  const directory = join(folder, 'outside', '20260131-120007-using-cifar-full');
  const output = { output_type: 'stream', text: `saved in ${directory}/models\nfrom ${root}/lib` };
  const cells = [{ cell_type: 'code', outputs: [output], source: '1' }];
  const executed = { nbformat: 4, nbformat_minor: 5, metadata: { kernelspec: {} }, cells };
  const text = recordText(JSON.stringify(executed), { notebook: 'using-cifar', directory });
  assert.ok(!text.includes(root) && !text.includes(folder));
  const record = JSON.parse(text);
  assert.equal(record.cells.length, 2);
  assert.equal(record.cells[0].cell_type, 'markdown');
  assert.match(record.cells[0].source, /record.*notebooks\/using-cifar\.ipynb/i);
  assert.deepEqual(record.metadata.record, {
    run: '20260131-120007-using-cifar-full',
    notebook: 'notebooks/using-cifar.ipynb',
  });
  assert.equal(
    record.cells[1].outputs[0].text,
    'saved in runs/20260131-120007-using-cifar-full/models\nfrom lib',
  );
});
