import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { before, test } from 'node:test';
import { UNIT_SCALE } from '../../lib/data/preprocess';
import { saveClassifier } from '../../lib/models/classifier';
import { createOnnxSession } from '../../lib/onnx/runtime';
import { recordRun } from '../../lib/runs/runRecorder';
import { tf } from '../../lib/tensorflow/backend';
import { assertClose } from '../assertClose';
import { createRedOrBlue } from '../redOrBlue';
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
    [[run, '--format', 'onxx'], /--format knows .*, onnx; received "onxx"/],
    [
      [run, '--model', 'larger'],
      /--model names a model for --format onnx.*\n.*--format onnx --model/,
    ],
    [
      [run, '--format', 'onnx', '--model', 'x'],
      /saved model "x" in the run .* found Red, or blue, l/,
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
