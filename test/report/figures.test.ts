import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ablationCostFigure, learningRateFigure } from '../../lib/report/recipeFigures';
import { comparisonFigure, dataEfficiencyFigure } from '../../lib/report/comparisonFigures';
import { classCountsFigure, confusionMatrixFigure } from '../../lib/report/classFigures';
import { figureCsv } from '../../lib/report/csv';
import { type Figure } from '../../lib/report/figure';
import { accuracyAgainstSecondsFigure, historyFigure } from '../../lib/report/historyFigures';
import { imageGridFigure } from '../../lib/report/imageGridFigure';
import { fractionText, modelStyles, withDataset } from '../../lib/report/theme';
import { trainingSvg } from '../../lib/report/trainingSvg';
import {
  cifar10,
  generated,
  labelledSet,
  sampleFigures,
  sampleHistory,
  testedModel,
} from './sampleFigures';

function scatter(figure: Figure, name: string) {
  const trace = figure.data.find((candidate) => candidate.name === name);
  assert.ok(trace?.type === 'scatter', `no curve "${name}"`);
  return trace;
}

test('figures are what they were: look at the change, then UPDATE_SNAPSHOTS=1', () => {
  const file = join(__dirname, 'figures.snapshot');
  // The bytes of a PNG depend on Node's zlib; png.test.ts checks its pixels.
  const withoutPng = (key: string, value: unknown) => (key === 'source' ? 'PNG' : value);
  const current = `${JSON.stringify(sampleFigures, withoutPng, 1)}\n`;
  if (process.env.UPDATE_SNAPSHOTS === '1') writeFileSync(file, current);
  assert.deepEqual(JSON.parse(current), JSON.parse(readFileSync(file, 'utf8')));
});

test('every title names the data set, and generated pictures always say so', () => {
  for (const [kind, { layout }] of Object.entries(sampleFigures)) {
    assert.match(layout.title.text, /– (CIFAR-10|generated sample)$/, kind);
  }
  const renamed = { name: 'shapes', source: 'generated' } as const;
  const { layout } = historyFigure(sampleHistory(), { dataset: renamed });
  assert.equal(layout.title.text, 'Loss and accuracy – shapes (generated sample)');
  assert.match(sampleFigures.history.layout.title.text, /generated sample$/);
});

test('without a data set a title names the model and the kind of figure only', () => {
  const titles = [
    confusionMatrixFigure(testedModel({ confusionMatrix: [[1]] }, ['cat'])),
    classCountsFigure({ test: labelledSet([1, 2]) }),
    classCountsFigure({ test: labelledSet([1, 2]) }, { title: 'A <title>' }),
    historyFigure(sampleHistory()),
  ].map(({ layout }) => layout.title.text);
  assert.deepEqual(titles, [
    'CNN: confusion matrix',
    'Pictures per class',
    'A &lt;title&gt;',
    'Loss and accuracy',
  ]);
});

test('a figure without a data set in its title is given one, once, and else stays as it is', () => {
  const bare = historyFigure(sampleHistory());
  const shapes = { name: 'shapes <3', source: 'generated' } as const;
  const named = withDataset(bare, shapes);
  assert.equal(named.layout.title.text, 'Loss and accuracy – shapes &lt;3 (generated sample)');
  assert.deepEqual(named, historyFigure(sampleHistory(), { dataset: shapes }));
  assert.equal(withDataset(named, shapes), named);
  assert.equal(
    bare.layout.title.text,
    'Loss and accuracy',
    'the figure handed over is not changed',
  );
});

test('training, validation and test have one colour each, in every figure and in the live display', () => {
  const colors: Record<string, Set<string | undefined>> = {};
  const sets = {
    training: labelledSet([1, 1]),
    validation: labelledSet([1, 1]),
    test: labelledSet([1, 1]),
  };
  const scores = { train: { accuracy: 0.6 }, val: { accuracy: 0.5 }, test: { accuracy: 0.5 } };
  const figures = [
    historyFigure(sampleHistory()),
    comparisonFigure([{ name: 'CNN', ...scores }]),
    classCountsFigure(sets),
  ];
  for (const trace of figures.flatMap(({ data }) => data)) {
    if (trace.type !== 'scatter' && trace.type !== 'bar') continue;
    (colors[trace.name ?? ''] ??= new Set()).add(trace.marker?.color);
  }
  assert.deepEqual(
    Object.entries(colors).map(([name, all]) => [name, [...all]]),
    [
      ['training', ['#E69F00']],
      ['validation', ['#56B4E9']],
      ['test', ['#1f2328']],
    ],
  );
  const live = trainingSvg({
    title: 'CNN',
    step: undefined,
    epochs: sampleHistory().epochs,
    stepPoints: [],
  });
  assert.match(
    live,
    /stroke="#E69F00" stroke-width="2" stroke-dasharray="3 3"\/><text[^>]*>training</,
  );
  assert.match(live, /stroke="#56B4E9" stroke-width="2"\/><text[^>]*>validation</);
});

test('a model has the same colour and mark in every figure, whatever stands beside it', () => {
  const model = (name: string) => ({ name, history: sampleHistory() });
  const point = { picturesPerClass: 10, accuracies: [0.5] };
  const cnn = [
    scatter(historyFigure([model('MLP'), model('CNN')]), 'CNN, validation'),
    scatter(accuracyAgainstSecondsFigure([model('CNN'), model('CNN, fast recipe')]), 'CNN'),
    scatter(accuracyAgainstSecondsFigure([model('MobileNetV2 frozen'), model('CNN')]), 'CNN'),
    scatter(
      dataEfficiencyFigure([{ name: 'CNN from scratch', points: [point] }]),
      'CNN from scratch',
    ),
  ].map(({ marker }) => `${marker?.color} ${marker?.symbol}`);
  assert.deepEqual([...new Set(cnn)], ['#009E73 cross']);
});

test('the models that the notebooks show in one figure have different colours', () => {
  for (const names of [
    ['MLP', 'CNN'],
    ['CNN', 'CNN, fast recipe'],
    ['CNN', 'CNN, standard recipe'],
    ['CNN', 'CNN, long recipe'],
    ['MLP', 'CNN', 'MobileNetV2 frozen', 'MobileNetV2 fine-tuned'],
  ]) {
    const alone = names.map((name) => modelStyles([name])[0].color);
    assert.deepEqual(
      modelStyles(names).map(({ color }) => color),
      alone,
    );
    assert.equal(new Set(alone).size, names.length);
  }
});

test('models whose names want the same colour get different ones; beyond eight the marks differ', () => {
  const names = Array.from({ length: 20 }, (_, index) => `model ${index}`);
  const looks = modelStyles(names).map(({ color, symbol }) => `${color} ${symbol}`);
  assert.equal(new Set(looks).size, 20);
  assert.equal(new Set(looks.slice(0, 8).map((look) => look.slice(0, 7))).size, 8);
});

test('a comparison shows what chance reaches, where the models say how many classes they tell apart', () => {
  for (const kind of ['comparison', 'seconds', 'dataEfficiency']) {
    const line = scatter(sampleFigures[kind], 'chance: 1 of 10');
    assert.ok(
      (kind === 'comparison' ? line.x : line.y).every((value) => value === 0.1),
      kind,
    );
  }
  const scores = { name: 'A', test: { accuracy: 0.5 } };
  const two = [scores, { ...scores, name: 'B', classNames: ['cat', 'dog'] }];
  assert.doesNotMatch(JSON.stringify(comparisonFigure(two)), /chance/);
});

test('numbers have the digits that the sample supports, and a minus sign', () => {
  assert.equal(fractionText(0.47149), '0.471');
  assert.equal(fractionText(-0.0714), '−0.071');
  assert.equal(fractionText(-0.0001), '0.000');
  // Of 100 pictures, 47 right: ±0.098; of 10,000: ±0.0098.
  assert.equal(fractionText(0.47, { low: 0.375, high: 0.567 }), '0.47');
  assert.equal(fractionText(0.47, { low: 0.46, high: 0.48 }), '0.470');
});

test('hovering over a curve says the epoch', () => {
  const { xaxis, xaxis2 } = sampleFigures.history.layout;
  for (const axis of [xaxis, xaxis2]) assert.equal(axis.unifiedhovertitle?.text, 'epoch %{x}');
});

test('every axis of numbers names its unit', () => {
  for (const [kind, { layout }] of Object.entries(sampleFigures)) {
    for (const axis of [layout.xaxis, layout.yaxis, layout.xaxis2, layout.yaxis2]) {
      const isNamed = axis?.type === 'linear' && axis.ticktext !== undefined;
      if (!axis || axis.visible === false || isNamed) continue;
      assert.match(
        axis.title?.text ?? '',
        /\((fraction|count|seconds|log scale|cross-entropy, nats)\)$|^epoch$/,
        kind,
      );
    }
  }
});

test('numbers are rounded to five digits, and what is no number becomes a gap', () => {
  const { epochs } = sampleHistory();
  const diverged = {
    epochs: [{ ...epochs[0], train: { loss: NaN, accuracy: 0.5 } }, epochs[1]],
    seconds: 1,
  };
  const figure = historyFigure(diverged, { dataset: generated });
  const [trainLoss] = figure.data;
  assert.ok(trainLoss.type === 'scatter');
  assert.deepEqual(trainLoss.y, [null, 0.33333]);
});

test('a single training is drawn by split, several by model, and missing validation is left out', () => {
  const names = (figure: Figure) => figure.data.map(({ name }) => name);
  const alone = historyFigure(sampleHistory(), { dataset: cifar10 });
  assert.deepEqual(names(alone), ['training', 'validation', 'training', 'validation']);
  assert.deepEqual(names(sampleFigures.histories), [
    'MLP, training',
    'MLP, training',
    'CNN, training',
    'CNN, validation',
    'CNN, training',
    'CNN, validation',
    'MLP',
    'CNN',
    'training',
    'validation',
  ]);
});

test('the epoch whose weights were kept has a ring at its validation values', () => {
  const rings = sampleFigures.history.data.filter(({ name }) => name === 'epoch kept');
  assert.deepEqual(
    rings.map((ring) => ring.type === 'scatter' && [ring.x, ring.y, ring.yaxis]),
    [
      [[2], [0.38889], 'y'],
      [[2], [0.61111], 'y2'],
    ],
  );
});

test('seconds add up over the epochs, and the test accuracy stands at the end', () => {
  const curve = scatter(sampleFigures.seconds, 'CNN');
  assert.deepEqual(curve.x, [3.3333, 6.6667, 10]);
  const star = scatter(sampleFigures.seconds, 'CNN, test');
  assert.deepEqual([star.x, star.y], [[10], [0.7462]]);
});

test('a model that was not tested has a curve and no star', () => {
  const model = { name: 'CNN', history: sampleHistory() };
  for (const test of [undefined, null]) {
    const { data } = accuracyAgainstSecondsFigure([{ ...model, test }]);
    assert.deepEqual(
      data.map(({ name }) => name),
      ['CNN'],
    );
  }
});

test('the interval of a test accuracy becomes its error bar, upwards and downwards', () => {
  const { error_x: bars, x } = scatter(sampleFigures.comparison, 'test');
  assert.deepEqual(x, [0.4695, 0.7462]);
  assert.deepEqual(bars?.array, [null, 0.0084]);
  assert.deepEqual(bars?.arrayminus, [null, 0.0086]);
});

test('a model without a test accuracy has no mark rather than one at zero', () => {
  const figure = comparisonFigure([{ name: 'A', test: null, val: { accuracy: 0.5 } }], {
    dataset: cifar10,
  });
  assert.deepEqual(
    figure.data.map(({ name }) => name),
    ['validation'],
  );
});

test('seeds become mean and sample standard deviation, a single seed has no bar', () => {
  const curve = scatter(sampleFigures.dataEfficiency, 'frozen');
  // .70, .72, .74: mean .72, squared distances .0004 twice, divided by 2: std .02.
  assert.deepEqual(curve.y, [0.72, 0.8]);
  assert.deepEqual(curve.error_y?.array, [0.02, null]);
  assert.equal(sampleFigures.dataEfficiency.layout.xaxis.type, 'log');
});

test('the piece of the largest cost is on top, with the t-interval of its costs from three seeds on', () => {
  const [bars, seeds] = sampleFigures.ablationCost.data;
  assert.ok(bars.type === 'bar' && seeds.type === 'scatter');
  assert.deepEqual(bars.customdata, ['batch &lt;norm&gt;', 'label smoothing']);
  // .05, .07, .09: mean .07, std .02. .001, -.003: mean -.001, distances .002, std .002 √2.
  assert.deepEqual(bars.x, [0.07, -0.001]);
  assert.deepEqual(bars.error_x?.array, [0.049687, 0]);
  assert.deepEqual(seeds.x, [0.05, 0.07, 0.09, 0.001, -0.003]);
  assert.throws(() => ablationCostFigure([], { dataset: cifar10, titel: 'x' } as never), /"title"/);
});

test('the suggested learning rate is a line across the panel, and what breaks out leaves it', () => {
  const { data, layout } = sampleFigures.learningRate;
  const suggestion = data[2];
  assert.ok(suggestion.type === 'scatter');
  assert.equal(suggestion.name, 'suggestion: 0.033');
  assert.deepEqual(suggestion.x, [0.033333, 0.033333]);
  // From 1.4 to the first loss, 2.3, with .15 of their distance above and below; 9 is outside.
  const [bottom = NaN, top = NaN] = layout.yaxis.range ?? [];
  assert.ok(Math.abs(bottom - 1.265) < 1e-9 && Math.abs(top - 2.435) < 1e-9);
  const empty = { learningRates: [], losses: [], smoothedLosses: [], suggestion: 0.1 };
  assert.throws(() => learningRateFigure(empty, { dataset: cifar10 }), /at least one loss/);
});

test('the confusion matrix colours by share of the actual class and writes counts', () => {
  const [cells] = confusionMatrixFigure(
    testedModel({
      confusionMatrix: [
        [3, 1],
        [0, 0],
      ],
    }),
  ).data;
  assert.ok(cells.type === 'heatmap');
  assert.deepEqual(cells.z, [
    [0.75, 0.25],
    [0, 0],
  ]);
  assert.deepEqual(cells.text, [
    ['3', '1'],
    ['', ''],
  ]);
  assert.deepEqual(cells.meta, ['cat', 'dog']);
});

test('class names that look like markup stay text, long ones are cut on the axis only', () => {
  const classNames = ['<b>bold</b> & more', 'a name that is far too long for the side of a figure'];
  const { data, layout } = confusionMatrixFigure(
    testedModel(
      {
        confusionMatrix: [
          [1, 0],
          [0, 1],
        ],
      },
      classNames,
    ),
    { dataset: cifar10 },
  );
  assert.deepEqual(layout.yaxis.ticktext, [
    '&lt;b&gt;bold&lt;/b&gt; &amp; more',
    'a name that is far too long…',
  ]);
  const [cells] = data;
  assert.ok(cells.type === 'heatmap');
  assert.equal(cells.meta[1], classNames[1]);
});

test('bars lie down where class names do not fit side by side', () => {
  const classNames = Array.from({ length: 20 }, (_, index) => `class number ${index}`);
  const counts = classNames.map((_, index) => index + 1);
  const sets = { training: labelledSet(counts, classNames) };
  const [bars] = classCountsFigure(sets, { dataset: cifar10 }).data;
  assert.ok(bars.type === 'bar');
  assert.deepEqual(bars.x, counts);
  assert.equal(bars.orientation, 'h');
  assert.deepEqual([bars.y[19], bars.customdata?.[19]], [19, 'class number 19']);
});

test('class names that do not belong to the numbers are refused', () => {
  const message = /1 entries, one per class name, but received 2/;
  const matrix = testedModel({ confusionMatrix: [[1], [1]] }, ['cat']);
  assert.throws(() => confusionMatrixFigure(matrix, { dataset: cifar10 }), message);
  const sets = { training: labelledSet([1], ['cat']), test: labelledSet([1, 2]) };
  assert.throws(() => classCountsFigure(sets, { dataset: cifar10 }), message);
});

test('unknown options are refused with the nearest known one', () => {
  const options = { dataset: cifar10, titel: 'x' };
  assert.throws(() => historyFigure(sampleHistory(), options), /did you mean "title"/);
  assert.throws(() => dataEfficiencyFigure([], options), /did you mean "title"/);
});

test('pictures keep their shape; large ones become smaller by the mean of their pixels', () => {
  // Columns of 0 and 200 in turn: two old columns make one new column of their mean, 100.
  const data = Uint8Array.from({ length: 256 * 128 * 3 }, (_, i) => (Math.floor(i / 3) % 2) * 200);
  const { layout, data: traces } = imageGridFigure(
    [{ data, height: 128, width: 256, caption: 'wide' }],
    { dataset: cifar10, side: 128 },
  );
  const [picture] = traces;
  assert.ok(picture.type === 'image');
  assert.equal(picture.dx, 1);
  assert.equal(layout.yaxis.range?.[0], 64 + 18 + 16, 'half as high as wide, a caption, a gap');
  const png = Buffer.from(picture.source.split(',')[1], 'base64');
  assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [128, 64]);
});

test('a caption that would run into the next picture is cut, and whole in what hovering says and in the CSV', () => {
  const caption = 'cat\ntaken for golden retriever';
  const figure = imageGridFigure([{ data: new Uint8Array(3), height: 1, width: 1, caption }]);
  // 128 pixels and a gap of 16: 20 letters of 7.2 pixels.
  assert.match(figure.layout.annotations?.[0].text ?? '', />taken for golden re…</);
  assert.match(JSON.stringify(figure.data), /taken for golden retriever/);
  assert.match(figureCsv(figure), /1,"cat, taken for golden retriever"/);
});

test('an empty list of pictures makes an empty figure', () => {
  assert.deepEqual(imageGridFigure([], { dataset: cifar10 }).data, []);
});
