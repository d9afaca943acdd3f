import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { before, test } from 'node:test';
import { loadDataset } from '../../lib/data/loadDataset';
import { UNIT_SCALE } from '../../lib/data/preprocess';
import { saveClassifier } from '../../lib/models/classifier';
import { createOnnxSession } from '../../lib/onnx/runtime';
import { useData } from '../../lib/runs/runData';
import { loadRun } from '../../lib/runs/runFolder';
import { recordRun } from '../../lib/runs/runRecorder';
import { tf } from '../../lib/tensorflow/backend';
import { assertClose } from '../assertClose';
import { colourPng, createRedOrBlue } from '../redOrBlue';
import { sampleModel } from '../runs/sampleRecord';
import { sharedFolder } from '../temporaryFolder';
import { runCommand } from './runCommand';

const folder = sharedFolder();
let run: string;

before(async () => {
  delete process.env.RUN_DIR;
  const recorder = recordRun({ notebook: 'n', parameters: {}, seed: 1, runsDirectory: folder });
  run = relative(folder, recorder.directory);
  const larger = tf.sequential({
    layers: [
      tf.layers.upSampling2d({ name: 'larger', inputShape: [4, 4, 3] }),
      tf.layers.globalAveragePooling2d({}),
      tf.layers.dense({ units: 2, activation: 'softmax' }),
    ],
  });
  const preprocess = { height: 4, width: 4, ...UNIT_SCALE };
  const classifiers = {
    'Red, or blue': createRedOrBlue(),
    larger: { model: larger, classNames: ['a', 'b'], preprocess },
  };
  for (const [name, classifier] of Object.entries(classifiers)) {
    await saveClassifier(classifier, recorder.modelDirectory(name));
    await recorder.addModel(sampleModel({ name }));
  }
  await recorder.complete();
});

/** As `npm run export -- …` from the temporary folder. */
const exportRun = (...args: string[]) => runCommand(folder, ['export', ...args]);

test("a run's models become ONNX files; one that cannot is named, and the command fails", async () => {
  const { code, stdout, stderr } = await exportRun(run, '--format', 'onnx', '--out', 'all');
  assert.equal(code, 1);
  assert.equal(stdout, '  all/Red-or-blue.onnx  0.00 MB\n');
  assert.match(stderr, /^larger was not exported\. Expected layers .*"larger".*UpSampling2D/m);
  assert.deepEqual(readdirSync(join(folder, 'all')), ['Red-or-blue.onnx']);
  const session = await createOnnxSession(join(folder, 'all', 'Red-or-blue.onnx'));
  const blue = Uint8Array.from({ length: 4 * 4 * 3 }, (_, i) => (i % 3 === 2 ? 255 : 0));
  const certain = 1 / (1 + Math.exp(-4));
  assertClose(await session.run(blue, [1, 4, 4, 3]), [1 - certain, certain]);
  await session.dispose();
});

test('one model goes beside its weights, and says its run', async () => {
  const { code, stdout, stderr } = await exportRun(
    ...[run, '--format', 'onnx', '--model', 'red-or-blue'],
  );
  const file = join(run, 'models', 'Red-or-blue', 'Red-or-blue.onnx');
  assert.equal(stdout, `  ${file}  0.00 MB\n`, stderr);
  assert.equal(code, 0);
  assert.ok((await readFile(join(folder, file))).includes(run));
});

test('what cannot be exported is said in a line with the way out', async () => {
  const cases: [string[], RegExp][] = [
    [[run, '--format', 'onxx'], /--format knows .*, onnx, onnx-int8; received "onxx"/],
    [
      [run, '--model', 'larger'],
      /--model names a model for --format onnx.*\n.*--format onnx --model/,
    ],
    [
      [run, '--format', 'onnx', '--model', 'x'],
      /saved model "x" in the run .* found Red, or blue, l/,
    ],
    [
      [run, '--format', 'onnx-int8', '--model', 'red-or-blue'],
      /recorded its training and validation pictures but .* did not/,
    ],
    [['nowhere', '--format', 'onnx'], /nowhere but found nothing/],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await exportRun(...args);
    assert.equal(code, 1, args.join(' '));
    assert.match(stderr, message);
    assert.equal(stdout, '');
  }
});

test('int8 is judged on the validation pictures of the run, and the record says so', async () => {
  const classNames = ['1 red', '2 blue'];
  for (const [label, colour] of [
    [255, 0, 0],
    [0, 0, 255],
  ].entries()) {
    const place = join(folder, 'pictures', classNames[label]);
    await mkdir(place, { recursive: true });
    for (let i = 0; i < 10; i++) {
      await writeFile(
        join(place, `${i}.png`),
        await colourPng(colour.map((value) => value && 255 - i)),
      );
    }
  }
  const source = join(folder, 'pictures');
  const recorder = recordRun({ notebook: 'n', parameters: {}, seed: 1, runsDirectory: folder });
  const classifier = createRedOrBlue(classNames);
  useData(recorder, await loadDataset({ source, size: 4, seed: 1 }), 0.25);
  await saveClassifier(classifier, recorder.modelDirectory('A model'));
  await recorder.addModel(sampleModel({ name: 'A model' }));
  await recorder.complete();
  classifier.model.dispose();
  const id = relative(folder, recorder.directory);
  const args = [id, '--format', 'onnx-int8', '--data'];

  const { code, stdout, stderr } = await exportRun(...args, 'pictures');
  const file = join(id, 'models', 'A-model', 'A-model-int8.onnx');
  const accuracies = 'validation accuracy 1.0000, float32 1.0000 (n = 4)';
  assert.equal(stdout, `  ${file}  0.00 MB  ${accuracies}\n`, stderr);
  assert.equal(code, 0);
  const judged = { int8: 1, float32: 1, pictures: 4 };
  assert.ok((await readFile(join(folder, file))).includes(JSON.stringify(judged)));
  assert.deepEqual((await loadRun(recorder.directory)).models[0].int8, judged);

  for (let i = 0; i < 10; i++) {
    await writeFile(join(source, classNames[0], `${i}.png`), await colourPng([9, 9, 9]));
  }
  const other = await exportRun(...args, 'pictures');
  assert.equal(other.code, 1);
  assert.match(
    other.stderr,
    /the pictures of the run .* but found others: say where they are, with --data/,
  );
});
