import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  confusedPairsTable,
  createTable,
  modelTable,
  perClassTable,
  recipeTable,
  tableRows,
} from '../../lib/report/tables';
import { tableHtml, tableText } from '../../lib/report/tableHtml';
import { RECIPES } from '../../lib/training/recipe';
import { tf } from '../../lib/tensorflow/backend';

const perClass = [
  { precision: 0.9, recall: 0.6, f1: 0.72, support: 100 },
  { precision: 0.7, recall: 0.9333, f1: 0.8, support: 300 },
];
const models = [
  {
    name: 'MLP',
    parameterCount: 6_313_994,
    train: { accuracy: 0.52 },
    val: null,
    test: { loss: 2, accuracy: 0.4695 },
    seconds: 1780.34,
    imagesPerSecond: 253.21,
  },
];

test('a table is a danfojs DataFrame: it sorts and takes its head', () => {
  const table = createTable([
    { class: 'cat', recall: 0.5 },
    { class: 'dog', recall: 0.75 },
  ]);
  assert.deepEqual(table.shape, [2, 2]);
  const sorted = table.sortValues('recall', { ascending: false });
  assert.ok(sorted);
  assert.deepEqual(tableRows(sorted.head(1)), [['dog', 0.75]]);
});

test('a table of one column keeps one cell a row', () => {
  assert.deepEqual(tableRows(createTable([{ n: 1 }, { n: 2 }])), [[1], [2]]);
});

const tested = (classNames: readonly string[]) => {
  return { name: 'CNN', classNames, evaluation: { perClass } };
};

test('the table of classes ends with their plain mean', () => {
  const table = perClassTable(tested(['cat', 'dog']));
  assert.deepEqual(table.columns, ['class', 'precision', 'recall', 'F1', 'pictures']);
  const last = tableRows(table).at(-1);
  // (.9 + .7) / 2, (.6 + .9333) / 2, (.72 + .8) / 2, 100 + 300
  assert.equal(last?.[0], 'mean of the classes');
  assert.deepEqual(
    last?.slice(1).map((value) => Number(Number(value).toFixed(5))),
    [0.8, 0.76665, 0.76, 400],
  );
});

test('the most confused pairs come first, with their share of the actual class', () => {
  const confusionMatrix = [
    [6, 4, 0],
    [3, 1, 0],
    [4, 0, 16],
  ];
  const model = { name: 'CNN', classNames: ['cat', 'dog', 'elk'], evaluation: { confusionMatrix } };
  const table = confusedPairsTable(model);
  assert.deepEqual(table.columns, [
    'actual class',
    'predicted as',
    'pictures',
    'share of the class',
  ]);
  assert.deepEqual(tableRows(table), [
    ['cat', 'dog', 4, 0.4],
    ['elk', 'cat', 4, 0.2],
    ['dog', 'cat', 3, 0.75],
  ]);
  assert.equal(tableRows(confusedPairsTable(model, 1)).length, 1);
  const faultless = { ...model, evaluation: { confusionMatrix: [[5]] } };
  assert.match(tableText(confusedPairsTable(faultless)), /^actual class/);
});

test('numbers are written as their column needs it, what is missing as a dash', () => {
  assert.equal(
    tableText(modelTable(models), 'Models'),
    [
      'Models',
      'model  parameters  train accuracy  validation accuracy  test accuracy  seconds  images/s',
      '----------------------------------------------------------------------------------------',
      'MLP     6,313,994           0.520                    –          0.470    1,780     253.2',
    ].join('\n'),
  );
});

test('a table of models has columns for what some model has', () => {
  const [mlp] = models;
  const frozen = {
    ...mlp,
    name: 'frozen',
    interval: { low: 0.4597, high: 0.4793 },
    trainedParameterCount: 12810,
    latency: { p50Milliseconds: 4.5, p90Milliseconds: 5.5, runs: 50 },
    sizeBytes: 1_810_000,
  };
  const table = modelTable([mlp, frozen]);
  const added = ['trained', 'from', 'to', 'ms, p50', 'ms, p90', 'MB'];
  assert.deepEqual(
    table.columns.filter((name) => !modelTable(models).columns.includes(name)),
    added,
  );
  const cells = (row: number) =>
    added.map((name) => tableRows(table)[row][table.columns.indexOf(name)]);
  assert.deepEqual(cells(0), [mlp.parameterCount, null, null, null, null, null]);
  assert.deepEqual(cells(1), [12810, 0.4597, 0.4793, 4.5, 5.5, 1.81]);
});

test('a table of models has no columns for what no model has', () => {
  const plain = modelTable(models).columns;
  const [mlp] = models;
  const whole = { ...mlp, trainedParameterCount: mlp.parameterCount, sizeBytes: 0 };
  assert.deepEqual(modelTable([whole]).columns, plain, 'trained whole, and not saved');
  const latency = { p50Milliseconds: 4.5, p90Milliseconds: 6, runs: 50 };
  assert.deepEqual(modelTable([{ ...whole, latency }]).columns, [...plain, 'ms, p50', 'ms, p90']);
});

test('a recipe is a table of its settings', () => {
  const rows = tableRows(recipeTable(RECIPES.fast));
  assert.deepEqual(rows[0], ['name', 'fast']);
  assert.deepEqual(
    rows.find(([setting]) => setting === 'momentum'),
    ['momentum', '0.85'],
  );
});

test('HTML sets numbers to the right and keeps markup in names as text', () => {
  const html = tableHtml(createTable([{ class: '<b>', recall: 0.5 }]));
  assert.match(html, /<td style="text-align:left;[^"]*">&lt;b&gt;<\/td>/);
  assert.match(html, /<td style="text-align:right;[^"]*">0\.500<\/td>/);
});

test('small values, such as learning rates, keep the digits that tell them apart', () => {
  const text = tableText(createTable([{ rate: 0.001 }, { rate: 0.00025 }, { rate: 1e-17 }]));
  assert.deepEqual(text.split('\n').slice(2), ['0.00100', '0.00025', '0.00000']);
});

test('a negative number has a minus sign, and noise does not take its column further', () => {
  const text = tableText(createTable([{ change: -0.0712 }, { change: 0.00023333 }]));
  assert.deepEqual(text.split('\n').slice(2), ['−0.071', ' 0.000']);
});

test('a table without rows, and names that do not belong, are refused', () => {
  assert.throws(() => createTable([]), /at least one row but received none/);
  assert.throws(() => perClassTable(tested(['cat'])), /2 class names but received 1/);
});

test('tables leave no tensors behind', () => {
  const before = tf.memory().numTensors;
  tableHtml(perClassTable(tested(['cat', 'dog'])));
  assert.equal(tf.memory().numTensors, before);
});
