import assert from 'node:assert/strict';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { classCountsFigure } from '../../lib/report/classFigures';
import { findFigures } from '../../lib/share/findFigures';
import { sampleRecord, writeRun } from '../runs/sampleRecord';
import { temporaryFolder } from '../temporaryFolder';

function figure(title: string) {
  const training = { labels: Int32Array.of(0, 0, 0, 1, 1, 1, 1), classNames: ['cat', 'dog'] };
  const dataset = { name: 'CIFAR-10', source: 'official' } as const;
  return classCountsFigure({ training }, { dataset, title });
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

test('a figure of another program is skipped and named; odd cells hold none', async (t) => {
  const folder = temporaryFolder(t);
  const plotly = (bundle: unknown) => ({ data: { 'application/vnd.plotly.v1+json': bundle } });
  const outputs = [plotly({ data: [], layout: {} }), plotly(figure('Ours')), plotly('text')];
  const cells = [null, 3, {}, { outputs: 'none' }, { outputs: [null, { data: null }, ...outputs] }];
  writeFileSync(join(folder, 'a.ipynb'), JSON.stringify({ cells }));
  const { figures, skipped } = await findFigures('a.ipynb', { from: folder });
  assert.deepEqual(
    figures.map(({ name }) => name),
    ['ours-cifar-10'],
  );
  assert.deepEqual(
    skipped.map(({ name }) => name),
    ['figure 1 of a.ipynb', 'figure 3 of a.ipynb'],
  );
  for (const odd of ['null', '3', '{"cells":{}}']) {
    writeFileSync(join(folder, 'odd.ipynb'), odd);
    assert.deepEqual((await findFigures('odd.ipynb', { from: folder })).figures, []);
  }
});

test('what is neither a run nor a notebook is told', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'b.ipynb'), 'no JSON');
  await assert.rejects(
    findFigures('nothing', { runsDirectory: folder, from: folder }),
    /no complete runs in/,
  );
  await assert.rejects(findFigures('b.ipynb', { from: folder }), /Expected a notebook .*b\.ipynb/);
});
