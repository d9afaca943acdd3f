import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { listPictures } from '../../lib/evaluation/predictFiles';
import { predictPictures } from '../../lib/evaluation/predictImage';
import {
  predictionsCsv,
  predictionsJsonLines,
  predictionText,
} from '../../lib/report/predictionText';
import { tf } from '../../lib/tensorflow/backend';
import { colourPng, createRedOrBlue } from '../redOrBlue';
import { sharedFolder } from '../temporaryFolder';

const folder = sharedFolder();

async function writePicture(name: string, colour: readonly number[]): Promise<string> {
  const path = join(folder, name);
  writeFileSync(path, await colourPng(colour));
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
  const notices: string[] = [];
  const pictures = await listPictures(folder, { onNotice: (notice) => notices.push(notice) });
  assert.deepEqual(pictures, [blue, broken, red]);
  assert.equal(notices.length, 1);
  assert.match(notices[0], /^Skipped 1 file in .*\n {2}notes\.txt: it is not a \.jpg/);

  const classifier = createRedOrBlue(['red', 'blue, or "navy"']);
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
  classifier.model.dispose();
  assert.equal(tf.memory().numTensors, before);
});

test('pictures of several batches come in their order, by either engine, without those that cannot be read', async () => {
  const many = join(folder, 'many');
  mkdirSync(many);
  const colours = [
    [255, 0, 0],
    [0, 0, 255],
  ];
  const paths = await Promise.all(
    Array.from({ length: 70 }, async (_, index) => {
      const name = `many/${String(index).padStart(2, '0')}.png`;
      if (index !== 3 && index < 64) return writePicture(name, colours[index % 2]);
      writeFileSync(join(folder, name), 'no picture');
      return join(folder, name);
    }),
  );
  const classifier = createRedOrBlue();
  for (const engine of ['onnx', 'tensorflow'] as const) {
    const skipped: string[] = [];
    const onSkip = (path: string) => skipped.push(path);
    const predictions = await predictPictures(classifier, paths, { engine, k: 1, onSkip });
    const unreadable = paths.filter((_, index) => index === 3 || index >= 64);
    assert.deepEqual(skipped, unreadable);
    assert.deepEqual(
      predictions.map(({ picture, prediction }) => [picture, prediction.className]),
      paths.flatMap((path, index) =>
        unreadable.includes(path) ? [] : [[path, ['red', 'blue'][index % 2]]],
      ),
    );
    assert.deepEqual(predictions[0].prediction.topK.length, 1);
  }
  assert.deepEqual(await predictPictures(classifier, []), []);
  await assert.rejects(
    predictPictures(classifier, paths, { batchSize: 1 } as object),
    /options of predictPictures .* received "batchSize"/,
  );
  classifier.model.dispose();
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
    predictionsCsv([named, { picture: 'torn.png', error: new Error('no "PNG"') }]),
    'picture,class,probability,class 2,probability 2,error\n' +
      'a.png,"blue, or ""navy""",0.98201,red,0.01799,\ntorn.png,,,,,"no ""PNG"""\n',
  );
});

test('predictions as JSON lines: an object a picture, which a parser reads back', () => {
  const lines = predictionsJsonLines([named, named]).split('\n');
  assert.equal(lines.length, 3);
  assert.equal(lines[2], '');
  const { picture, prediction } = named;
  assert.deepEqual(JSON.parse(lines[0]), { picture, ...prediction });
  assert.equal(predictionsJsonLines([]), '');
});

test('each picture comes once, whatever links lead to it, and what cannot be read is named', async () => {
  const album = join(folder, 'album');
  mkdirSync(join(album, 'deeper', '@eaDir'), { recursive: true });
  const one = await writePicture('album/one.jfif', [1, 1, 1]);
  const two = await writePicture('album/deeper/two.AVIF', [1, 1, 1]);
  await writePicture('album/deeper/@eaDir/thumbnail.png', [1, 1, 1]);
  symlinkSync('.', join(album, 'self'));
  symlinkSync('..', join(album, 'deeper', 'up'));
  symlinkSync('one.jfif', join(album, 'zweites.png'));
  symlinkSync('nowhere', join(album, 'gone.png'));
  execFileSync('mkfifo', [join(album, 'pipe.png')]);
  writeFileSync(Buffer.concat([Buffer.from(join(album, 'b')), Buffer.from([0xe4])]), '');
  const notices: string[] = [];
  const onNotice = (notice: string) => notices.push(notice);
  assert.deepEqual(await listPictures(album, { onNotice }), [two, one]);
  const found = notices.join().split('\n').slice(1).sort();
  assert.deepEqual(found, [
    '  b\\xe4: its name is not valid UTF-8: rename it',
    '  deeper/@eaDir: it is a folder of the file system',
    '  deeper/up: it is a link to what is there already',
    '  gone.png: it is a link to nothing',
    '  pipe.png: it is a named pipe',
    '  self: it is a link to what is there already',
    '  zweites.png: it is a link to what is there already',
  ]);
  await assert.rejects(listPictures(join(album, 'pipe.png')), /but it is a named pipe/);
});
