import assert from 'node:assert/strict';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { classCountsFigure } from '../../lib/report/figures';
import { findFigures } from '../../lib/share/findFigures';
import { sampleRecord, writeRun } from '../experiments/sampleRecord';
import { temporaryFolder } from '../temporaryFolder';

function figure(title: string) {
  const counts = [{ name: 'training', counts: [3, 4] }];
  const dataset = { name: 'CIFAR-10', source: 'official' } as const;
  return classCountsFigure(counts, { classNames: ['cat', 'dog'], dataset, title });
}

test("a run's figures come in the order they were shown; what is none is named", async (t) => {
  const folder = temporaryFolder(t);
  const figures = join(writeRun(folder, 'a-run', sampleRecord({ id: 'a-run' })), 'figures');
  mkdirSync(figures);
  for (const [seconds, name] of ['later', 'first'].entries()) {
    const file = join(figures, `${name}.json`);
    writeFileSync(file, JSON.stringify(figure(name)));
    utimesSync(file, 1000 - seconds, 1000 - seconds);
  }
  writeFileSync(join(figures, 'broken.json'), '{"data": [');
  writeFileSync(join(figures, 'foreign.json'), '{"data": 3}');
  const found = await findFigures('a-run', {
    runsDirectory: folder,
    notebooksDirectory: folder,
    from: folder,
  });
  assert.deepEqual(
    found.figures.map(({ name }) => name),
    ['first', 'later'],
  );
  assert.equal(found.directory, figures);
  assert.deepEqual(found.skipped.map(({ name }) => name).sort(), ['broken.json', 'foreign.json']);
});

test("a notebook's figures are called as they were shown, none twice", async (t) => {
  const folder = temporaryFolder(t);
  const output = (title: string, filename?: string) => ({
    output_type: 'display_data',
    data: {
      'application/vnd.plotly.v1+json': {
        ...figure(title),
        config: { toImageButtonOptions: { filename } },
      },
    },
  });
  const cells = [
    { cell_type: 'markdown', source: '# A' },
    { cell_type: 'code', outputs: [output('Größe', 'sizes'), { output_type: 'stream' }] },
    { cell_type: 'code', outputs: [output('One'), output('One')] },
  ];
  writeFileSync(join(folder, 'a.ipynb'), JSON.stringify({ cells }));
  const found = await findFigures('a', { notebooksDirectory: folder });
  assert.deepEqual(
    found.figures.map(({ name }) => name),
    ['sizes', 'one-cifar-10', 'one-cifar-10-2'],
  );
  assert.equal(found.directory, undefined);
});

test('what is neither a run nor a notebook is told', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'b.ipynb'), 'no JSON');
  await assert.rejects(
    findFigures('nothing', { runsDirectory: folder, from: folder }),
    /no runs in/,
  );
  await assert.rejects(findFigures('b.ipynb', { from: folder }), /Expected a notebook .*b\.ipynb/);
});
