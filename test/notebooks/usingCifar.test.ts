// The notebook itself, executed by its kernel on a few hundred generated pictures; then once more with another seed.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { meanAndStd } from '../../lib/evaluation/statistics';
import { compareRuns } from '../../lib/runs/compareRuns';
import { executeOnce } from './kernel';

const values = {
  dataSource: 'sample',
  trainLimit: 300,
  epochs: 2,
  fullRefit: true,
  recipeEpochs: 2,
  ablationLimit: 60,
  ablationEpochs: 1,
};
const notebook = executeOnce('using-cifar', { ...values, seed: 7 });
const { folder, cell, shown } = notebook;
// Without a browser: its figures are not looked at.
const browserless = { CHROME_PATH: '/nowhere/chrome', PUPPETEER_EXECUTABLE_PATH: '' };
const other = executeOnce('using-cifar', { ...values, seed: 8 }, browserless);

test('the runtime, the data and its source are said in words', () => {
  assert.match(cell('run').printed, /^TensorFlow 2\.\d+\.\d+, cpu, \d+ threads$/m);
  assert.match(cell('load').printed, /generated sample \(generated\)/);
  assert.match(
    cell('load').printed,
    /uint8 \[270, 32, 32, 3\] to train, 30 to validate, 1000 to test/,
  );
});

test('the networks have the parameters of the original ones', () => {
  const table = (id: string) => [cell(id).displayed[1]['text/plain']].flat().join('');
  assert.match(table('mlp'), /^all\b.* 6,313,994$/m);
  assert.match(table('cnn'), /^all\b.* 454,666$/m);
});

test('each figure is interactive and a picture, and its title names the data', () => {
  const plain = ['look', 'counts', 'curves', 'compare', 'confusion', 'mistakes', 'some'];
  for (const id of [...plain, 'recipe', 'recipe-train', 'ablation']) {
    const bundle = cell(id).displayed.find((each) => each['application/vnd.plotly.v1+json']);
    assert.ok(bundle, id);
    assert.match(String(bundle['text/plain']), /generated sample$/, id);
    // Without a browser on the machine there is no picture, and a notice says so.
    const notice = notebook.cells.some(({ printed }) => printed.includes('without static'));
    const svg = [bundle['image/svg+xml']].flat().join('');
    assert.ok(notice || svg.startsWith('<svg'), id);
  }
});

test('each training ends as one display with its last state', () => {
  for (const id of ['mlp', 'cnn', 'own-network', 'refit', 'recipe-train']) {
    const isSvg = (bundle: object) => Object.keys(bundle).join() === 'image/svg+xml,text/plain';
    assert.equal(cell(id).displayed.filter(isSvg).length, 1, id);
    assert.match(shown(id, 'text/plain'), /done: 2 epochs/, id);
  }
});

test('the reloaded model predicts the same', () => {
  assert.match(cell('reload').printed, /^10000 probabilities, largest difference 0$/m);
});

test('figures of Keras on CIFAR-10 stand beside no other data', () => {
  assert.equal(cell('keras').displayed.length, 0);
});

test('the last sentence carries the numbers of the record', () => {
  const accuracy = (name: string) =>
    notebook.record.models.find((model) => model.name === name)?.test?.accuracy ?? NaN;
  const [MLP, refit] = ['MLP', 'CNN, all pictures'].map((name) => accuracy(name).toFixed(3));
  // A larger difference has a wider interval, and its numbers a digit less.
  const fast = accuracy('CNN, fast recipe').toFixed(2);
  const sentence = shown('end', 'text/markdown');
  assert.match(sentence, new RegExp(`From MLP \\(${MLP}\\) to CNN, all pictures \\(${refit}\\) `));
  assert.match(
    sentence,
    new RegExp(`From CNN, all pictures .* to CNN, fast recipe \\(${fast}\\) `),
  );
});

test('the ablation leaves out each of the few pieces, the whole recipe in the first row', () => {
  // The first output is the line that moved while it was measured.
  const table = [cell('ablation').displayed[1]?.['text/plain']].flat().join('');
  const rows = table.match(/^(whole recipe|without [a-z ]+?)(?= {2})/gm);
  const pieces = ['flips', 'label smoothing', 'schedule', 'whitening'];
  assert.equal(rows?.[0], 'whole recipe');
  assert.deepEqual(
    rows?.slice(1).sort(),
    pieces.map((piece) => `without ${piece}`),
  );
  const { measurements } = JSON.parse(readFileSync(join(folder, 'ablation.json'), 'utf8'));
  assert.equal(measurements.length, 10, 'five recipes, two seeds');
});

test('the record says what was trained on what', () => {
  assert.equal(notebook.record.notebook, 'using-cifar');
  assert.equal(notebook.record.seed, 7);
  assert.equal(notebook.record.parameters.epochs, 2);
  assert.deepEqual(notebook.record.dataset?.counts, { train: 270, val: 30, test: 1000 });
  assert.match(notebook.record.versions.tslab ?? '', /^\d+\.\d+\.\d+$/);
  const models = notebook.record.models.map(({ name, parameterCount, test: figures, val }) => {
    return [name, parameterCount, figures !== null, val !== null];
  });
  assert.deepEqual(models, [
    ['MLP', 6313994, true, true],
    // The first fit of the CNN is only looked at; what is tested has seen every picture.
    ['CNN', 454666, false, true],
    // 5·5·3·32 + 32, 32·10 + 10.
    ['Your own', 2762, true, true],
    ['CNN, all pictures', 454666, true, false],
    // 2·2·3·24 + 24 to whiten, 9·(24·32 + 32·32 + 32·64 + 64·64 + 64·128 + 128·128), 3 for each of the 448
    // channels to normalize, 128·10.
    ['CNN, fast recipe', 295224, true, true],
  ]);
});

test('figures, models and progress lie in the folder of the run', () => {
  const figures = readdirSync(join(folder, 'figures'));
  assert.ok(figures.includes('confusion-matrix.json') && figures.includes('figures.html'));
  assert.deepEqual(readdirSync(join(folder, 'models')).sort(), [
    'CNN',
    'CNN-all-pictures',
    'CNN-fast-recipe',
    'MLP',
    'Your-own',
  ]);
  const { userDefinedMetadata } = JSON.parse(
    readFileSync(join(folder, 'models/MLP/model.json'), 'utf8'),
  );
  assert.equal(userDefinedMetadata.classNames.length, 10);
  const events = readFileSync(join(folder, 'progress.jsonl'), 'utf8');
  const epochs = events.split('\n').filter((line) => line.includes('"event":"epoch"'));
  assert.equal(epochs.length, 10);
});

test('nothing was said on the standard error', () => {
  const outputs = readFileSync(join(folder, 'notebook.partial.ipynb'), 'utf8');
  assert.doesNotMatch(outputs, /"name": "stderr"/);
});

test('the runs of two seeds are one setting: mean and standard deviation over the seeds', () => {
  const records = [notebook.record, other.record];
  const [first, second] = records.map(({ dataset }) => dataset?.sha256);
  assert.notEqual(first?.train, second?.train, 'each seed splits the pictures its own way');
  assert.equal(first?.source, second?.source);
  const [{ settings, differing }] = compareRuns(records).notebooks;
  assert.deepEqual(differing, []);
  assert.deepEqual(
    settings.map(({ key, trainings }) => [key, trainings.length]).sort(),
    records[0].models.map(({ name }) => [name, 2]).sort(),
  );
  const tested = settings.filter(({ model }) => model !== 'CNN');
  assert.equal(tested.length, 4);
  for (const { model, test: spreads } of tested) {
    const accuracies = records.map(
      ({ models }) => models.find(({ name }) => name === model)?.test?.accuracy ?? NaN,
    );
    assert.deepEqual(spreads.accuracy, { ...meanAndStd(accuracies), count: 2 });
  }
});
