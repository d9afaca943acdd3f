import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { withBrowser } from '../../lib/report/browser';
import { tableText } from '../../lib/report/tableHtml';
import { tableRows } from '../../lib/report/tables';
import { comparisonFigures } from '../../lib/runs/compareFigures';
import { comparisonPage } from '../../lib/runs/comparePage';
import {
  comparisonCsv,
  runsTable,
  settingsCaption,
  settingsTable,
} from '../../lib/runs/compareReport';
import { bestSettings, compareRuns, type ComparedNotebook } from '../../lib/runs/compareRuns';
import type { ModelRecord, RunRecord } from '../../lib/runs/runRecord';
import { browserMissing } from '../report/browserMissing';
import { temporaryFolder } from '../temporaryFolder';
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

/** The only notebook of these runs. */
function compareOne(runs: readonly RunRecord[]): ComparedNotebook {
  const { notebooks } = compareRuns(runs);
  assert.equal(notebooks.length, 1);
  return notebooks[0];
}

const keysAndRuns = ({ settings }: ComparedNotebook) =>
  settings.map(({ key, trainings }) => [key, trainings.length]);

/** Another training each time: the loss differs. */
let losses = 1;
const freshModel = (model: Parameters<typeof sampleModel>[0] = {}) =>
  sampleModel({ loss: (losses += 0.125), ...model });

/** A model whose record says with which options it was trained. */
function modelWith(
  options: NonNullable<ModelRecord['origin']>['options'],
  model: Parameters<typeof sampleModel>[0] = {},
): ModelRecord {
  const origin = { fits: 1, testReads: 1, changedParameters: {}, trainedBy: null, options };
  return { ...freshModel(model), origin };
}

test('two seeds of three settings become three means with their deviation, the best first', () => {
  const { differing, settings } = compareOne(sixRuns());
  assert.deepEqual(differing, ['batchSize']);
  assert.deepEqual(
    settings.map(({ key, values, trainings }) => [key, values.get('batchSize'), trainings.length]),
    [
      ['CNN #1', 32, 2],
      ['CNN #2', 64, 2],
      ['CNN #3', 128, 2],
    ],
  );
  const [first, , last] = settings;
  assert.ok(Math.abs(first.test.accuracy.mean - 0.75) < 1e-12);
  // Sample deviation of .7 and .8: sqrt(2 * .05² / 1).
  assert.ok(Math.abs((first.test.accuracy.std ?? 0) - 0.0707106781) < 1e-9);
  assert.equal(last.test.accuracy.std, 0);
  assert.equal(first.seconds.mean, 10.5);
});

test('another commit is another setting; another machine is only shown', () => {
  const same = sampleRecord({ models: [freshModel()] });
  const commit = sampleRecord({ commit: 'b'.repeat(40), models: [freshModel()] });
  const machine = { ...same, seed: 2, threads: 8 };
  const compared = compareOne([same, commit, machine]);
  assert.deepEqual(compared.differing, ['commit']);
  assert.deepEqual(keysAndRuns(compared), [
    ['CNN #1', 2],
    ['CNN #2', 1],
  ]);
  const { columns } = runsTable(compareRuns([same, commit, machine]));
  assert.deepEqual(columns.slice(-2), ['commit', 'threads']);
});

test('each notebook and each data set is compared for itself', () => {
  const generated = sampleRecord({ source: 'generated' });
  const other = { ...sampleRecord(), notebook: 'my-own' };
  const { notebooks, common } = compareRuns([sampleRecord(), generated, other]);
  assert.deepEqual(
    notebooks.map(({ notebook, dataset }) => [notebook, dataset.name]),
    [
      ['using-cifar', 'CIFAR-10'],
      ['using-cifar', 'generated sample'],
      ['my-own', 'CIFAR-10'],
    ],
  );
  assert.equal(common.get('commit'), 'aaaaaaaa');
  assert.equal(common.has('data set'), false);
});

test('pictures of the same name and number that are not the same make another setting', () => {
  const withPictures = (source: string, train: string) => {
    const record = sampleRecord({ models: [freshModel()] });
    assert.ok(record.dataset);
    const none = { files: null, val: null, test: null };
    const sha256 = { ...none, source: source.repeat(64), train: train.repeat(64) };
    return { ...record, dataset: { ...record.dataset, sha256 } };
  };
  // The seed of the second one has split the same pictures in another way.
  const runs = [withPictures('a', 'c'), withPictures('a', 'd'), withPictures('b', 'c')];
  const { differing, settings } = compareOne(runs);
  assert.deepEqual(differing, ['data checksum']);
  assert.deepEqual(
    settings.map(({ values, trainings }) => [values.get('data checksum'), trainings.length]),
    [
      ['aaaaaaaa', 2],
      ['bbbbbbbb', 1],
    ],
  );
});

test('runs on other pretrained weights are another setting', () => {
  const runs = (['official', 'official', 'embedded'] as const).map((source) => ({
    ...sampleRecord({ models: [freshModel()] }),
    weights: { name: 'mobilenet_v2.h5', source },
  }));
  const { settings } = compareOne(runs);
  assert.deepEqual(
    settings.map(({ values, trainings }) => [values.get('pretrained weights'), trainings.length]),
    [
      ['mobilenet_v2.h5 (official)', 2],
      ['mobilenet_v2.h5 (embedded)', 1],
    ],
  );
});

test('a single run is a setting without deviation, called like its model', () => {
  const { settings } = compareOne([sampleRecord()]);
  assert.equal(settings[0].key, 'CNN');
  assert.equal(settings[0].test.accuracy.std, null);
});

test('a model that was not tested has no accuracy, does not count as 0, and stands below', () => {
  const untested = sampleRecord({ models: [sampleModel({ testAccuracy: null })] });
  const [setting] = compareOne([untested, sampleRecord({ seed: 2 })]).settings;
  assert.deepEqual(setting.test.accuracy, { mean: 0.5, std: null, count: 1 });
  const models = [sampleModel({ name: 'untested', testAccuracy: null }), sampleModel()];
  const { settings } = compareOne([sampleRecord({ models })]);
  assert.deepEqual(
    settings.map(({ model }) => model),
    ['CNN', 'untested'],
  );
});

test('only the options of its own training make a setting of a model', () => {
  // The notebook's epochs are not those of the recipe; the ablation's are nobody's here.
  const run = (parameters: RunRecord['parameters'], options: [number, number]) =>
    sampleRecord({
      parameters,
      models: [
        modelWith({ epochs: options[0] }),
        modelWith({ recipe: 'fast', epochs: options[1] }, { name: 'CNN, fast recipe' }),
      ],
    });
  const compared = compareOne([
    run({ epochs: 8, ablationEpochs: 5 }, [8, 2]),
    run({ epochs: 10, ablationEpochs: 1 }, [10, 2]),
  ]);
  assert.deepEqual(compared.differing, ['epochs']);
  assert.deepEqual(
    compared.settings.map(({ key, values }) => [key, values.get('epochs')]),
    [
      ['CNN #1', 8],
      ['CNN #2', 10],
      ['CNN, fast recipe', undefined],
    ],
  );
});

test('what has made no difference, to the last bit, makes no setting, and counts once', () => {
  const model = sampleModel({ testAccuracy: 0.5 });
  const runs = [
    sampleRecord({ parameters: { ablationEpochs: 1 }, models: [model] }),
    sampleRecord({ parameters: { ablationEpochs: 5 }, models: [{ ...model, seconds: 20 }] }),
    sampleRecord({ parameters: { ablationEpochs: 5 }, seed: 2, models: [freshModel()] }),
  ];
  const { settings, differing } = compareOne(runs);
  assert.deepEqual(differing, []);
  assert.equal(settings[0].trainings.length, 3);
  assert.equal(settings[0].test.accuracy.count, 2);
  assert.equal(settings[0].seconds.count, 3);
  // The same numbers of another seed are chance.
  assert.equal(
    compareOne([runs[0], { ...runs[1], seed: 9 }]).settings.length,
    2,
    'another seed proves nothing',
  );
});

test('a table of settings begins with what they reached; blank is what does not tell them apart', () => {
  const other = sampleRecord({ models: [freshModel({ name: 'MLP', testAccuracy: null })] });
  const notebook = compareOne([...sixRuns(), other]);
  const table = settingsTable(notebook);
  assert.deepEqual(table.columns, ['model', 'test', 'validation', 'seconds', 'runs', 'batchSize']);
  assert.deepEqual(tableRows(table)[0], [
    'CNN #1',
    '0.750 ± 0.071',
    '0.450 ± 0.000',
    '10.5 ± 0.7',
    2,
    32,
  ]);
  assert.deepEqual(tableRows(table)[3], ['MLP', '–', '0.450', '10.0', 1, '']);
  assert.match(settingsCaption(notebook), /^using-cifar – CIFAR-10: .*mean ± standard deviation/);
});

test('a terminal gets the columns that it has room for, and is told of the others', () => {
  const table = settingsTable(compareOne(sixRuns()));
  const lines = tableText(table, undefined, { width: 40, file: 'settings.csv' }).split('\n');
  // 6 of the model, 13 and 13 of the accuracies, 2 between each.
  assert.deepEqual(lines[0].trim().split(/\s+/), ['model', 'test', 'validation']);
  assert.equal(lines.at(-1), '3 columns more in settings.csv');
  assert.ok(lines.every(({ length }) => length <= 40));
  assert.doesNotMatch(tableText(table), /more/);
});

test('of too many settings each model keeps its best', () => {
  const small = sampleRecord({ models: [freshModel({ name: 'MLP', testAccuracy: 0.1 })] });
  const { settings } = compareOne([...sixRuns(), small]);
  assert.deepEqual(
    bestSettings(settings, 3).map(({ key }) => key),
    ['CNN #1', 'CNN #2', 'MLP'],
  );
  assert.deepEqual(bestSettings(settings, 9), settings);
});

test('a parameter may be called like a column, and have another type in each run', () => {
  const runs = [
    sampleRecord({ parameters: { seconds: 5, mode: 'fast', only: true }, models: [freshModel()] }),
    sampleRecord({ parameters: { seconds: 6, mode: 3 }, models: [freshModel()] }),
  ];
  const compared = compareOne(runs);
  assert.deepEqual(compared.differing, ['parameter seconds', 'mode', 'only']);
  assert.deepEqual(tableRows(settingsTable(compared))[1].slice(-3), [6, 3, '']);
});

test('CSV holds one line a run with every digit, quoted where a name needs it', () => {
  const runs = [
    sampleRecord({ models: [sampleModel({ name: 'CNN, "all"', testAccuracy: 1 / 3 })] }),
  ];
  const csv = comparisonCsv(compareRuns(runs));
  const lines = csv.runs.trim().split('\n');
  assert.equal(lines.length, 2);
  assert.equal(
    lines[1],
    '20260131-120000-using-cifar-quick,using-cifar,CIFAR-10,"CNN, ""all""","CNN, ""all""",1,' +
      '0.4,0.45,0.3333333333333333,10',
  );
  const [head, settings] = csv.settings.trim().split('\n');
  assert.match(
    head,
    /^notebook,data set,setting,model,runs,seeds,test accuracy,test accuracy std,/,
  );
  assert.match(settings, /,1,1,0\.3333333333333333,,0\.45,,10,$/);
});

test('the figures: accuracies with their deviation, accuracy against seconds, curves over each other', () => {
  const [rows, seconds, curves] = comparisonFigures(compareOne(sixRuns()));
  assert.equal(rows.layout.title.text, 'using-cifar: test accuracy – CIFAR-10');
  assert.deepEqual(rows.layout.yaxis.ticktext, ['CNN #1', 'CNN #2', 'CNN #3']);
  const [point] = seconds.data;
  assert.ok(point.type === 'scatter');
  assert.deepEqual([point.x, point.y, point.error_y?.array], [[10.5], [0.75], [0.070711]]);
  // Six runs thin and three means thick, in two panels.
  assert.equal(curves.data.length, 2 * (6 + 3));
});

test('curves that are the same lie within each other, each to be seen', () => {
  // Of each batch the loss and accuracy by epoch are those of the sample.
  const curves = comparisonFigures(compareOne(sixRuns())).at(-1);
  const means = (curves?.data ?? []).filter(({ showlegend }) => showlegend);
  const widths = means.map((trace) => (trace.type === 'scatter' ? trace.line?.width : undefined));
  assert.deepEqual(widths, [12.5, 7.5, 2.5]);
});

test('of more settings than there are colours the figures say that they show a part', () => {
  const runs = Array.from({ length: 12 }, (_, index) =>
    sampleRecord({
      parameters: { batchSize: index + 1 },
      models: [freshModel({ testAccuracy: 1 - index / 20 })],
    }),
  );
  const figures = comparisonFigures(compareOne(runs));
  const titles = figures.map(({ layout }) => layout.title.text);
  assert.match(titles[1], /accuracy against training time of 8 settings of 12/);
  const shown = figures[2].data.filter(({ showlegend }) => showlegend);
  const colors = shown.map((trace) => (trace.type === 'scatter' ? trace.line?.color : undefined));
  assert.equal(new Set(colors).size, 8, 'no colour twice');
});

test('long names are cut so that their numbers stay', () => {
  const name = 'A network whose name is longer than any figure can show';
  const runs = [16, 32].map((batchSize) =>
    sampleRecord({ parameters: { batchSize }, models: [freshModel({ name })] }),
  );
  assert.deepEqual(
    compareOne(runs).settings.map(({ key }) => key),
    ['A network whose name is … #1', 'A network whose name is … #2'],
  );
});

test('a model that was trained with changed values is a setting of its own', () => {
  const asBegun = freshModel();
  const changedParameters = { epochs: 5 };
  const edited = {
    ...freshModel(),
    origin: { fits: 1, testReads: 1, changedParameters, trainedBy: null, options: null },
  };
  const runs = [asBegun, edited].map((model, seed) => sampleRecord({ seed, models: [model] }));
  const { settings, differing } = compareOne(runs);
  assert.deepEqual(differing, ['epochs']);
  assert.deepEqual(
    settings.map(({ values }) => values.get('epochs')),
    [2, 5],
  );
});

test('figures of generated pictures say so', () => {
  const figures = comparisonFigures(compareOne([sampleRecord({ source: 'generated' })]));
  assert.ok(figures.length > 0);
  for (const { layout } of figures) assert.match(layout.title.text, /– generated sample/);
});

test('the page is whole, says what was skipped, and lets no name become markup', async () => {
  const runs = [sampleRecord({ id: '<b>run</b>', models: [sampleModel({ name: '<b>net</b>' })] })];
  const skipped = [
    { directory: '/home/anna/runs/<i>x', reason: '/home/anna/runs/<i>x holds no run.json' },
  ];
  const links = new Map([['<b>run</b>', '../runs/%3Cb%3E"/notebook.html']]);
  const page = await comparisonPage(compareRuns(runs), { skipped, links });
  assert.match(page, /&lt;b&gt;run/);
  assert.match(page, /href="\.\.\/runs\/%3Cb%3E&quot;\/notebook\.html"/);
  assert.match(page, /<li>&lt;i&gt;x holds no run\.json<\/li>/);
  const ours = page.slice(0, page.indexOf('<noscript>'));
  assert.doesNotMatch(ours, /<b>run|<b>net|\/home\/anna/);
  assert.doesNotMatch(ours, /(src|href)="https?:/);
});

test('a click on a column of the page sorts its rows, the empty ones below; its CSV is all there', async (t) => {
  const missing = await browserMissing();
  if (missing) return t.skip(missing);
  const untested = sampleRecord({
    models: [freshModel({ name: 'MLP', testAccuracy: null, seconds: 9 })],
  });
  const comparison = compareRuns([...sixRuns(), untested]);
  const file = join(temporaryFolder(t), 'comparison.html');
  await writeFile(file, await comparisonPage(comparison));
  await withBrowser(async (browser) => {
    const page = await browser.newPage();
    await page.goto(pathToFileURL(file).href);
    const column = async (click: string, shown: number) => {
      await page.evaluate(
        `[...document.querySelectorAll('thead button')].find((each) => each.innerText === '${click}').click()`,
      );
      return page.evaluate(
        `[...document.querySelector('tbody').rows].map((row) => row.cells[${shown}].innerText)`,
      );
    };
    assert.deepEqual(await column('batchSize', 5), ['128', '64', '32', '']);
    assert.deepEqual(await column('batchSize', 5), ['32', '64', '128', '']);
    assert.deepEqual(await column('seconds', 3), ['10.5 ± 0.7', '10.5 ± 0.7', '10.5 ± 0.7', '9.0']);
    assert.equal(((await column('model', 0)) as string[])[3], 'MLP');
    const csv = await page.evaluate(
      `decodeURIComponent(document.querySelector('a[download="runs.csv"]').href.split(',').slice(1).join(','))`,
    );
    assert.equal(csv, comparisonCsv(comparison).runs);
    await page.close();
  });
});

test('runs without models make an empty comparison, not an error', async () => {
  const comparison = compareRuns([sampleRecord({ models: [] })]);
  assert.deepEqual(comparison.notebooks, []);
  assert.deepEqual(comparisonCsv(comparison), { runs: '', settings: '' });
  assert.match(await comparisonPage(comparison), /No run has a trained model/);
});
