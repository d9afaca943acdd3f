import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { encodePng } from '../../lib/data/image';
import { UNIT_SCALE } from '../../lib/data/preprocess';
import { disposeClassifier } from '../../lib/evaluation/predictImage';
import { listPictures, predictPictures } from '../../lib/evaluation/predictPictures';
import { predictionsCsv, predictionText } from '../../lib/report/predictionText';
import { tf } from '../../lib/tensorflow/backend';

const folder = mkdtempSync(join(tmpdir(), 'predict-pictures-'));
after(() => rmSync(folder, { recursive: true }));

/** Two classes: the likelier the redder, or the bluer; weights by hand. */
function createRedOrBlue() {
  const model = tf.sequential({
    layers: [
      tf.layers.globalAveragePooling2d({ inputShape: [4, 4, 3] }),
      tf.layers.dense({ units: 2, activation: 'softmax' }),
    ],
  });
  const weights = [tf.tensor2d([4, 0, 0, 0, 0, 4], [3, 2]), tf.zeros([2])];
  model.layers[1].setWeights(weights);
  tf.dispose(weights);
  const preprocess = { height: 4, width: 4, ...UNIT_SCALE };
  return { model, preprocess, classNames: ['red', 'blue, or "navy"'] };
}

async function writePicture(name: string, colour: readonly number[]): Promise<string> {
  const path = join(folder, name);
  const data = Uint8Array.from({ length: 5 * 7 * 3 }, (_, index) => colour[index % 3]);
  writeFileSync(path, await encodePng({ data, height: 5, width: 7 }));
  return path;
}

test('a folder means its pictures and those in its folders, sorted; what cannot be read is told', async () => {
  const before = tf.memory().numTensors;
  mkdirSync(join(folder, 'more'));
  const blue = await writePicture('b.png', [0, 0, 255]);
  const red = await writePicture('more/a.PNG', [255, 0, 0]);
  writeFileSync(join(folder, 'notes.txt'), 'no picture');
  mkdirSync(join(folder, '__MACOSX'));
  await writePicture('__MACOSX/._b.png', [0, 0, 0]);
  const broken = join(folder, 'broken.jpg');
  writeFileSync(broken, 'no picture either');
  const pictures = await listPictures(folder);
  assert.deepEqual(pictures, [blue, broken, red]);

  const classifier = createRedOrBlue();
  const skipped: string[] = [];
  const onSkip = (path: string, error: Error) => skipped.push(`${path}: ${error.message}`);
  const predictions = await predictPictures(classifier, pictures, { onSkip });
  // softmax([0, 4])[1] = 1 / (1 + e⁻⁴)
  assert.deepEqual(
    predictions.map(({ picture, prediction: { className, probability } }) => [
      picture,
      className,
      probability.toFixed(4),
    ]),
    [
      [blue, 'blue, or "navy"', '0.9820'],
      [red, 'red', '0.9820'],
    ],
  );
  assert.equal(skipped.length, 1);
  assert.match(skipped[0], /broken\.jpg/);
  await assert.rejects(predictPictures(classifier, [broken]), /broken\.jpg/);
  disposeClassifier(classifier);
  assert.equal(tf.memory().numTensors, before);
});

test('a path where nothing is, and a folder without pictures, are refused', async () => {
  await assert.rejects(
    listPictures(join(folder, 'nothing')),
    /but there is nothing: check the path/,
  );
  mkdirSync(join(folder, 'empty'));
  await assert.rejects(
    listPictures(join(folder, 'empty')),
    /but found none: choose another folder/,
  );
});

const topK = [
  { className: 'blue, or "navy"', label: 1, probability: 0.98201 },
  { className: 'red', label: 0, probability: 0.01799 },
];
const named = { picture: 'a.png', prediction: { ...topK[0], topK } };

test('a prediction in words: the class first, then all with their probabilities', () => {
  assert.equal(
    predictionText(named),
    'a.png: blue, or "navy", 98.2 %\n  blue, or "navy"   98.2 %\n  red                1.8 %',
  );
});

test('predictions as CSV: one row a picture, quoted where a name needs it', () => {
  assert.equal(
    predictionsCsv([named]),
    'picture,class,probability,class 2,probability 2\na.png,"blue, or ""navy""",0.98201,red,0.01799\n',
  );
});
