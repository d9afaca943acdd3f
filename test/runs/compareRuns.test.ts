import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comparisonFigures } from '../../lib/runs/compareFigures';
import { compareRuns } from '../../lib/runs/compareRuns';
import {
  comparisonCsv,
  comparisonPage,
  runsTable,
  settingsTable,
} from '../../lib/runs/compareReport';
import { tableRows } from '../../lib/report/tables';
import { sampleModel, sampleRecord } from './sampleRecord';

/** Three settings, two seeds each: batches of 32, 64 and 128. */
function sixRuns() {
  const accuracies = { 32: [0.7, 0.8], 64: [0.5, 0.6], 128: [0.4, 0.4] };
  return Object.entries(accuracies).flatMap(([batchSize, pair]) =>
    pair.map((testAccuracy, index) =>
      sampleRecord({
        id: `run-${batchSize}-${index}`,
        seed: index + 1,
        parameters: { batchSize: Number(batchSize) },
        models: [sampleModel({ testAccuracy, seconds: 10 + index })],
      }),
    ),
  );
}

test('two seeds of three settings become three means with their deviation', () => {
  const { differing, settings } = compareRuns(sixRuns());
  assert.deepEqual(differing, ['batchSize']);
  assert.deepEqual(
    settings.map(({ label, trainings }) => [label, trainings.length]),
    [
      ['CNN, batchSize 32', 2],
      ['CNN, batchSize 64', 2],
      ['CNN, batchSize 128', 2],
    ],
  );
  const [first, , last] = settings;
  assert.ok(Math.abs((first.test.accuracy?.mean ?? 0) - 0.75) < 1e-12);
  // Sample deviation of .7 and .8: sqrt(2 * .05² / 1).
  assert.ok(Math.abs((first.test.accuracy?.std ?? 0) - 0.0707106781) < 1e-9);
  assert.equal(last.test.accuracy?.std, 0);
  assert.equal(first.seconds?.mean, 10.5);
});

test('another commit, or other data, is another setting; another machine is only shown', () => {
  const same = sampleRecord();
  const commit = sampleRecord({ commit: 'b'.repeat(40) });
  const data = sampleRecord({ source: 'generated' });
  const machine = { ...same, threads: 8 };
  const { differing, settings } = compareRuns([same, commit, data, machine]);
  assert.deepEqual(differing, ['data set', 'commit', 'threads']);
  assert.deepEqual(
    settings.map(({ trainings }) => trainings.length),
    [2, 1, 1],
  );
});

test('pictures of the same name and number that are not the same make another setting', () => {
  const withPictures = (source: string, train: string) => {
    const record = sampleRecord();
    assert.ok(record.dataset);
    const sha256 = { source: source.repeat(64), train: train.repeat(64), val: null, test: null };
    return { ...record, dataset: { ...record.dataset, sha256 } };
  };
  // The seed of the second one has split the same pictures in another way.
  const runs = [withPictures('a', 'c'), withPictures('a', 'd'), withPictures('b', 'c')];
  const { differing, settings } = compareRuns(runs);
  assert.deepEqual(differing, ['data checksum']);
  assert.deepEqual(
    settings.map(({ label, trainings }) => [label, trainings.length]),
    [
      ['CNN, data checksum aaaaaaaa', 2],
      ['CNN, data checksum bbbbbbbb', 1],
    ],
  );
});

test('runs on other pretrained weights are another setting', () => {
  const runs = (['official', 'official', 'embedded'] as const).map((source) => ({
    ...sampleRecord(),
    weights: { name: 'mobilenet_v2.h5', source },
  }));
  const { differing, settings } = compareRuns(runs);
  assert.deepEqual(differing, ['pretrained weights']);
  assert.deepEqual(
    settings.map(({ label, trainings }) => [label, trainings.length]),
    [
      ['CNN, pretrained weights mobilenet_v2.h5 (official)', 2],
      ['CNN, pretrained weights mobilenet_v2.h5 (embedded)', 1],
    ],
  );
});

test('a single run is a setting without deviation, called like its model', () => {
  const { settings } = compareRuns([sampleRecord()]);
  assert.equal(settings[0].label, 'CNN');
  assert.equal(settings[0].test.accuracy?.std, null);
});

test('a model that was not tested has no accuracy, and does not count as 0', () => {
  const untested = sampleRecord({ models: [sampleModel({ testAccuracy: null })] });
  const [setting] = compareRuns([untested, sampleRecord({ seed: 2 })]).settings;
  assert.deepEqual(setting.test.accuracy, { mean: 0.5, std: null, count: 1 });
});

test('the tables have a row for each run and for each setting', () => {
  const comparison = compareRuns(sixRuns());
  assert.deepEqual(runsTable(comparison).columns.slice(0, 4), [
    'run',
    'batchSize',
    'seed',
    'model',
  ]);
  assert.deepEqual(tableRows(runsTable(comparison))[3].slice(0, 4), ['run-64-1', 64, 2, 'CNN']);
  const settings = settingsTable(comparison);
  assert.deepEqual(settings.columns.slice(0, 4), ['model', 'batchSize', 'runs', 'seeds']);
  assert.deepEqual(tableRows(settings)[0].slice(0, 4), ['CNN', 32, 2, '1 2']);
});

test('a parameter may be called like a column, and have another type in each run', () => {
  const runs = [
    sampleRecord({ id: 'a', parameters: { seconds: 5, mode: 'fast', only: true } }),
    sampleRecord({ id: 'b', parameters: { seconds: 6, mode: 3 } }),
  ];
  const comparison = compareRuns(runs);
  const table = runsTable(comparison);
  assert.deepEqual(comparison.differing, ['parameter seconds', 'mode', 'only']);
  assert.deepEqual(tableRows(table)[1].slice(1, 4), [6, '3', null]);
});

test('CSV holds one line a run, quoted where a name needs it', () => {
  const runs = [sampleRecord({ models: [sampleModel({ name: 'CNN, "all"' })] })];
  const lines = comparisonCsv(compareRuns(runs)).runs.trim().split('\n');
  assert.equal(lines.length, 2);
  assert.equal(lines[1], '20260131-120000-using-cifar-quick,1,"CNN, ""all""",100,0.4,0.45,0.5,10');
});

test('the figures: accuracies with their deviation, curves over each other, accuracy against seconds', () => {
  const [rows, curves, seconds] = comparisonFigures(compareRuns(sixRuns()));
  assert.match(rows.layout.title.text, /Test accuracy of the settings – CIFAR-10/);
  // Six seeds thin and three means thick, in two panels.
  assert.equal(curves.data.length, 2 * (6 + 3));
  const [point] = seconds.data;
  assert.ok(point.type === 'scatter');
  assert.deepEqual([point.x, point.y, point.error_y?.array], [[10.5], [0.75], [0.070711]]);
});

test('names that only differ at their end stay apart, in rows and in legends', () => {
  const runs = [0.001, 0.0005].map((learningRate) =>
    sampleRecord({
      parameters: { batchSize: 32, learningRate, rotationDegrees: 1 + learningRate },
    }),
  );
  const records = [...runs, sampleRecord({ parameters: { batchSize: 64 } })];
  const comparison = compareRuns(records);
  const figures = comparisonFigures(comparison);
  const rows = figures[0].layout.yaxis.ticktext ?? [];
  assert.equal(rows[0], 'CNN, batchSize 32,<br>learningRate 0.001,<br>rotationDegrees 1.001');
  assert.equal(new Set(rows).size, 3);
  for (const { data } of figures.slice(1)) {
    const shown = data.filter(({ showlegend }) => showlegend !== false).map(({ name }) => name);
    assert.equal(new Set(shown).size, 3);
  }
});

test('a model that was trained with changed values is a setting of its own', () => {
  const asBegun = sampleModel();
  const changedParameters = { epochs: 5 };
  const edited = {
    ...sampleModel(),
    origin: { fits: 1, testReads: 1, changedParameters, trainedBy: null },
  };
  const runs = [asBegun, edited].map((model, seed) => sampleRecord({ seed, models: [model] }));
  const { settings, differing } = compareRuns(runs);
  assert.deepEqual(differing, ['epochs']);
  assert.deepEqual(
    settings.map(({ label, trainings }) => [label, trainings.length]),
    [
      ['CNN, epochs 2', 1],
      ['CNN, epochs 5', 1],
    ],
  );
});

test('figures of generated pictures say so', () => {
  const runs = [sampleRecord(), sampleRecord({ id: 'b', source: 'generated' })];
  for (const { layout } of comparisonFigures(compareRuns(runs))) {
    assert.match(layout.title.text, /CIFAR-10 and generated sample/);
  }
});

test('the page is whole, says what was skipped, and lets no name become markup', async () => {
  const runs = [sampleRecord({ id: '<b>run</b>' })];
  const skipped = [
    { directory: '/home/anna/runs/<i>x', reason: '/home/anna/runs/<i>x holds no run.json' },
  ];
  const page = await comparisonPage(compareRuns(runs), skipped);
  assert.match(page, /&lt;b&gt;run/);
  assert.match(page, /<li>&lt;i&gt;x holds no run\.json<\/li>/);
  const ours = page.slice(0, page.indexOf('<noscript>'));
  assert.doesNotMatch(ours, /<b>run|\/home\/anna/);
  assert.doesNotMatch(ours, /(src|href)="https?:/);
});

test('runs without models make an empty comparison, not an error', async () => {
  const comparison = compareRuns([sampleRecord({ models: [] })]);
  assert.deepEqual(comparisonFigures(comparison), []);
  assert.deepEqual(comparisonCsv(comparison), { runs: '', settings: '' });
  assert.match(await comparisonPage(comparison), /No run has a trained model/);
});
