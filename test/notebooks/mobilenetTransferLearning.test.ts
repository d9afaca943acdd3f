// The notebook itself, executed by its kernel on a few hundred generated pictures and the embedded backbone.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { executeOnce } from './kernel';

const notebook = executeOnce('mobilenet-transfer-learning', {
  dataSource: 'sample',
  weightsSource: 'embedded',
  inputSize: 32,
  trainLimit: 300,
  testLimit: 100,
  mirror: true,
  headEpochs: 2,
  fineTuneLimit: 40,
  epochs: 1,
  scratchSteps: 3,
  mostPerClass: 10,
  seed: 7,
});
const { folder, cell, shown } = notebook;

test('without ImageNet weights the section about its names says so', () => {
  assert.match(cell('imagenet').printed, /Skipped: ImageNet's names need ImageNet's weights/);
});

test('the weights and their origin stand in the notebook, its titles and its record', () => {
  assert.match(cell('backbone').printed, /0\.35_no_top\.h5 \(embedded\), alpha 0\.35/);
  assert.match(cell('backbone').printed, /parameters {2}410,208$/m);
  assert.deepEqual(notebook.record.weights, {
    name: 'mobilenet_v2_0.35_no_top.h5',
    source: 'embedded',
  });
  assert.match(
    shown('head', 'text/plain'),
    /heads on mobilenet_v2_0\.35_no_top\.h5 \(embedded, trained on generated pictures\) – generated sample/,
  );
});

test('mirror images double the features for training', () => {
  // 1280 of the last layer; 6 · 16, 6 · 32 and 6 · 56 of the blocks of alpha .35.
  assert.match(cell('features').printed, /float32 \[540, 1904\]/);
});

test('four models are recorded, each saved and tested', () => {
  assert.deepEqual(
    notebook.record.models.map(({ name }) => name),
    ['MobileNetV2 frozen', 'MobileNetV2 fine-tuned', 'MLP', 'CNN'],
  );
  for (const { test: figures, sizeBytes } of notebook.record.models) {
    assert.ok(figures !== null && sizeBytes > 0);
  }
  assert.deepEqual(notebook.record.dataset?.counts, { train: 270, val: 30, test: 100 });
  assert.deepEqual(readdirSync(join(folder, 'models')).sort(), [
    'CNN',
    'MLP',
    'MobileNetV2-fine-tuned',
    'MobileNetV2-frozen',
  ]);
});

test('each figure names the data', () => {
  for (const id of ['table', 'efficiency', 'confusion', 'mistakes']) {
    const figures = cell(id).displayed.filter((each) => each['application/vnd.plotly.v1+json']);
    assert.equal(figures.length, id === 'confusion' ? 2 : 1, id);
    for (const figure of figures)
      assert.match(String(figure['text/plain']), /generated sample$/, id);
  }
});

test('the reloaded model predicts the same, and names the picture that comes with the project', () => {
  assert.match(cell('reload').printed, /^1000 probabilities, largest difference 0$/m);
  assert.match(cell('predict').printed, /balloon\.png: \w+, \d+\.\d %/);
});

test('the last sentence carries the numbers of the record', () => {
  const [frozen, tuned, , cnn] = notebook.record.models.map(
    ({ test: figures }) => figures?.accuracy.toFixed(2), // 100 test pictures: the interval is wider than a hundredth
  );
  const sentence = shown('end', 'text/markdown');
  const names = [
    `CNN (${cnn}) to MobileNetV2 frozen (${frozen})`,
    `MobileNetV2 fine-tuned (${tuned})`,
  ];
  for (const name of names) assert.ok(sentence.includes(name), sentence);
});

test('nothing was said on the standard error', () => {
  const outputs = readFileSync(join(folder, 'notebook.partial.ipynb'), 'utf8');
  assert.doesNotMatch(outputs, /"name": "stderr"/);
});
