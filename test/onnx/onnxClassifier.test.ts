import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadPredictor } from '../../lib/evaluation/loadPredictor';
import { saveClassifier, type Classifier } from '../../lib/models/classifier';
import { exportOnnx } from '../../lib/onnx/exportOnnx';
import { encodeModel, type OnnxModel } from '../../lib/onnx/format';
import { createOnnxSession } from '../../lib/onnx/runtime';
import { tf } from '../../lib/tensorflow/backend';
import { assertClose } from '../assertClose';
import { createRedOrBlue } from '../redOrBlue';
import { eachFolder } from '../temporaryFolder';

let folder: string;
eachFolder((each) => (folder = each));

/** A blue picture of 4 × 4 pixels. */
const blue = Uint8Array.from({ length: 48 }, (_, index) => (index % 3 === 2 ? 255 : 0));
/** softmax([0, 4]) */
const expected = [1 / (1 + Math.exp(4)), 1 / (1 + Math.exp(-4))];

/** Predicts the blue picture, twice in a batch, and tells of what was noticed. */
async function predictBlue(place: string) {
  const notices: string[] = [];
  const loaded = await loadPredictor(place, { onNotice: (notice) => notices.push(notice) });
  const { classNames, predictor } = loaded;
  const both = await predictor.run(Uint8Array.of(...blue, ...blue), 2);
  predictor.dispose();
  assert.deepEqual(both.subarray(2), both.subarray(0, 2));
  return { probabilities: both.subarray(0, 2), classNames, notices };
}

async function save(classifier: Classifier, directory: string): Promise<void> {
  await saveClassifier(classifier, directory);
  classifier.model.dispose();
}

const keptFiles = (directory: string) =>
  readdirSync(directory).filter((name) => /^predict-.*\.onnx$/.test(name));

test('the first prediction keeps an .onnx beside the model, and the next ones read it', async () => {
  await save(createRedOrBlue(), folder);
  const first = await predictBlue(folder);
  assertClose(first.probabilities, expected, { tolerance: 1e-6 });
  assert.deepEqual(first.classNames, ['red', 'blue']);
  const [kept, ...others] = keptFiles(folder);
  assert.deepEqual(others, []);
  // Without its weights the folder could not make it again.
  writeFileSync(join(folder, 'weights.bin'), '');
  const second = await predictBlue(folder);
  assert.deepEqual(second, { ...first, notices: [] });
  assert.deepEqual(keptFiles(folder), [kept]);
});

test('a classifier that is saved again is never predicted with the .onnx of the old one', async () => {
  await save(createRedOrBlue(), folder);
  await predictBlue(folder);
  const before = keptFiles(folder);
  await save(createRedOrBlue(['rot', 'blau']), folder);
  assert.deepEqual((await predictBlue(folder)).classNames, ['rot', 'blau']);
  const weaker = createRedOrBlue();
  tf.tidy(() => weaker.model.setWeights(weaker.model.getWeights().map((weight) => weight.div(4))));
  await save(weaker, folder);
  const { probabilities, notices } = await predictBlue(folder);
  assertClose(probabilities, [1 / (1 + Math.E), 1 / (1 + 1 / Math.E)], { tolerance: 1e-6 });
  assert.deepEqual(notices, []);
  const after = keptFiles(folder);
  assert.equal(after.length, 1, 'the stale ones are gone');
  assert.notDeepEqual(after, before);
});

test('a kept .onnx that is damaged is made again, after one notice', async () => {
  await save(createRedOrBlue(), folder);
  await predictBlue(folder);
  const [kept] = keptFiles(folder).map((name) => join(folder, name));
  const whole = readFileSync(kept);
  for (const damaged of [whole.subarray(0, whole.length / 2), '', 'no model']) {
    writeFileSync(kept, damaged);
    const { probabilities, notices } = await predictBlue(folder);
    assertClose(probabilities, expected, { tolerance: 1e-6 });
    assert.equal(notices.length, 1);
    assert.match(notices[0], /predict-\w{16}\.onnx is damaged: it is made again/);
    assert.ok(readFileSync(kept).equals(whole));
  }
});

test('where nothing can be kept, predictions come all the same', async () => {
  await save(createRedOrBlue(), folder);
  await predictBlue(folder);
  const [kept] = keptFiles(folder).map((name) => join(folder, name));
  rmSync(kept);
  mkdirSync(kept); // in the way, also for root, who may write to what is read-only
  for (let time = 0; time < 2; time++) {
    const { probabilities } = await predictBlue(folder);
    assertClose(probabilities, expected, { tolerance: 1e-6 });
  }
});

test('TensorFlow predicts, after one notice, where ONNX does not know a layer', async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.upSampling2d({ inputShape: [4, 4, 3] }),
      tf.layers.globalAveragePooling2d({}),
      tf.layers.dense({ units: 2, activation: 'softmax' }),
    ],
  });
  const known = createRedOrBlue();
  model.layers[2].setWeights(known.model.layers[1].getWeights());
  await save({ ...known, model }, folder);
  known.model.dispose();
  const { probabilities, notices } = await predictBlue(folder);
  assertClose(probabilities, expected, { tolerance: 1e-6 });
  assert.equal(notices.length, 1);
  assert.match(notices[0], /^TensorFlow predicts, .* of class UpSampling2D/);
  assert.deepEqual(keptFiles(folder), []);
});

test('a folder without a classifier, or with a damaged one, is an error and no notice', async () => {
  await assert.rejects(predictBlue(folder), /Expected a saved classifier in .* no model\.json/);
  await save(createRedOrBlue(), folder);
  writeFileSync(join(folder, 'weights.bin'), 'other');
  await assert.rejects(predictBlue(folder), /damaged or another model's \(5 bytes\)/);
});

test('an exported .onnx predicts on its own', async () => {
  const classifier = createRedOrBlue();
  const file = join(folder, 'mine.onnx');
  await exportOnnx(classifier, file);
  classifier.model.dispose();
  const { probabilities, classNames, notices } = await predictBlue(file);
  assertClose(probabilities, expected, { tolerance: 1e-6 });
  assert.deepEqual([classNames, notices], [['red', 'blue'], []]);
});

/** A model that does nothing, of other names. */
function otherModel(changes: Partial<OnnxModel> = {}): Uint8Array {
  const value = (name: string) => ({ name, dtype: 'float32', shape: ['N', 2] }) as const;
  return encodeModel({
    name: 'other',
    nodes: [{ op: 'Identity', inputs: ['x'], output: 'y', attributes: {} }],
    constants: new Map(),
    input: value('x'),
    output: value('y'),
    producer: { name: 'other', version: '1' },
    metadata: {},
    ...changes,
  });
}

test('an .onnx file that is of no use is refused, with what it is and what to do', async () => {
  const classifier = createRedOrBlue();
  const file = join(folder, 'model.onnx');
  await exportOnnx(classifier, file);
  classifier.model.dispose();
  const whole = readFileSync(file);
  const preprocess = JSON.stringify(classifier.preprocess);
  const cases: [string | Uint8Array, RegExp][] = [
    [whole.subarray(0, whole.length / 2), /a file of another kind, or a part of one/],
    ['', /a file of another kind, or a part of one/],
    ['{"not": "onnx"}', /a file of another kind, or a part of one/],
    [otherModel(), /with classNames in its metadata in .*model\.onnx but found none/],
    [otherModel({ metadata: { classNames: '{}' } }), /with classNames in its metadata/],
    [otherModel({ metadata: { classNames: '["a"]' } }), /with preprocess in its metadata/],
    [
      otherModel({ metadata: { classNames: '["a"]', preprocess } }),
      /from "images" to "probabilities" in .* but it goes from "x" to "y": it is another program's/,
    ],
  ];
  for (const [content, message] of cases) {
    writeFileSync(file, content);
    await assert.rejects(loadPredictor(file), (error: Error) => {
      assert.match(error.message, message);
      assert.match(error.message, /Export the classifier again: npm run export/);
      return true;
    });
  }
  writeFileSync(file, whole.subarray(0, whole.length / 2));
  await assert.rejects(createOnnxSession(file), /Expected a whole ONNX model in .* Runtime says: /);
  await assert.rejects(loadPredictor(join(folder, 'none.onnx')), /no such file .* check the path/);
  mkdirSync(join(folder, 'folder.onnx'));
  await assert.rejects(loadPredictor(join(folder, 'folder.onnx')), /that is a folder, not a file/);
});
