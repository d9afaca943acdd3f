import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { decodeImage } from '../../lib/data/image';
import { saveClassifier } from '../../lib/models/classifier';
import { tf } from '../../lib/tensorflow/backend';
import { predictionsCsv, predictionsJsonLines } from '../../lib/report/predictionText';
import { colourPng, createRedOrBlue } from '../redOrBlue';
import { sharedFolder } from '../temporaryFolder';
import { runCommand } from './runCommand';

const folder = sharedFolder();

before(async () => {
  await saveClassifier(createRedOrBlue(), join(folder, 'model'));
  mkdirSync(join(folder, 'pictures'));
  writeFileSync(join(folder, 'pictures', 'sea.png'), await colourPng([0, 0, 255]));
  writeFileSync(join(folder, 'pictures', 'torn.jpg'), 'no picture');
});

/** As `npm run predict -- …` from the temporary folder. */
const predict = (...args: string[]) => runCommand(folder, ['predict', ...args]);

test('a picture: class, probability and the runners-up', async () => {
  const { code, stdout, stderr } = await predict('pictures/sea.png', '--model', 'model');
  assert.equal(code, 0, stderr);
  assert.equal(stdout, 'pictures/sea.png: blue, 98.2 %\n  blue   98.2 %\n  red     1.8 %\n');
  assert.equal(stderr, 'Model: model\n');
});

/** Code that a process runs first; at its end it tells which packages it has loaded. */
const tellPackages = (code: string) => `
  ${code}
  process.on('exit', () => {
    const names = Object.keys(require.cache).map((file) => /node_modules.((@[^/]+.)?[^/]+)/.exec(file)?.[1]);
    require('node:fs').appendFileSync(__filename + '.txt', [...names, ''].join('\\n'));
  });
`;

/** Predicts a picture, which is blue, and tells which packages were loaded for it. */
async function predictTold(model: string, code = '') {
  const hook = join(folder, 'hook.cjs');
  writeFileSync(hook, tellPackages(code));
  rmSync(`${hook}.txt`, { force: true });
  const result = await runCommand(folder, ['predict', 'pictures/sea.png', '--model', model], {
    NODE_OPTIONS: `--require ${hook}`,
  });
  assert.equal(result.code, 0, result.stderr);
  assert.match(result.stdout, /^pictures\/sea\.png: blue, 98\.2 %/);
  return { ...result, packages: new Set(readFileSync(`${hook}.txt`, 'utf8').split('\n')) };
}

const TENSORFLOW = '@tensorflow/tfjs-node-gpu';

test('a picture is predicted without loading TensorFlow', async () => {
  await predictTold('model'); // keeps its .onnx
  const { packages } = await predictTold('model');
  const loaded = [TENSORFLOW, 'protobufjs', 'onnxruntime-node'].map((name) => packages.has(name));
  assert.deepEqual(loaded, [false, false, true]);
});

test('TensorFlow predicts, and a line says why, where ONNX Runtime does not load', async () => {
  const noLibrary = `
    const { dlopen } = process;
    process.dlopen = (module, file, ...rest) => {
      if (file.includes('onnxruntime')) throw new Error('no such library');
      return dlopen.call(process, module, file, ...rest);
    };
  `;
  const { packages, stderr } = await predictTold('model', noLibrary);
  assert.ok(packages.has(TENSORFLOW));
  assert.match(
    stderr.replaceAll(/\s+/g, ' '),
    /^TensorFlow predicts, which .* could not be loaded \(no such library\): .* Model: model $/,
  );
});

test('a folder: CSV on the standard output, what was skipped on the other', async () => {
  const { code, stdout, stderr } = await predict('pictures', '--model', 'model');
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /^picture,class,probability,class 2,probability 2\npictures\/sea\.png,blue,0\.982\d*,red,0\.01\d*\n$/,
  );
  assert.match(stderr, /torn\.jpg.*\n1 of 2 pictures were skipped/);
});

test('JSON lines go to a file, and only there', async () => {
  const args = ['pictures', '--model', 'model', '--json', '--out', 'found/predictions.jsonl'];
  const { code, stdout, stderr } = await predict(...args);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, '');
  assert.match(stderr, /^1 predictions in found\/predictions\.jsonl$/m);
  const line = readFileSync(join(folder, 'found', 'predictions.jsonl'), 'utf8');
  const { picture, className, topK } = JSON.parse(line) as Record<string, unknown>;
  assert.deepEqual([picture, className], ['pictures/sea.png', 'blue']);
  assert.equal((topK as unknown[]).length, 2);
});

test('with --at-least, what is less probable is marked as not sure, in every form', async () => {
  const { stdout } = await predict('pictures/sea.png', '--model', 'model', '--at-least', '.99');
  assert.match(stdout, /^pictures\/sea\.png: not sure \(blue, 98\.2 %\)\n {2}blue/);
  const blue = { className: 'blue', label: 1, probability: 0.982 };
  const prediction = { ...blue, topK: [blue, { className: 'red', label: 0, probability: 0.018 }] };
  const named = { picture: 'sea.png', prediction, sure: true };
  assert.equal(
    predictionsCsv([named]),
    'picture,class,probability,sure,class 2,probability 2\nsea.png,blue,0.982,true,red,0.018\n',
  );
  assert.match(predictionsJsonLines([{ ...named, sure: false }]), /"sure":false}\n$/);
  assert.equal(predictionsJsonLines([{ ...named, sure: undefined }]).includes('sure'), false);
});

test('--explain writes a PNG for each picture, and never over the picture', async () => {
  const { model, ...others } = createRedOrBlue();
  const conv = tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [4, 4, 3], filters: 3, kernelSize: 1, useBias: false }),
      ...model.layers.slice(-2),
    ],
  });
  const kernel = tf.eye(3).reshape([1, 1, 3, 3]);
  conv.layers[0].setWeights([kernel]);
  await saveClassifier({ ...others, model: conv }, join(folder, 'conv'));
  const picture = join(folder, 'pictures', 'sea.png');
  const before = readFileSync(picture);
  const out = ['--out', 'why/all.csv'];
  const { code, stderr } = await predict('pictures', '--model', 'conv', '--explain', ...out);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /What speaks for it: why\/sea\.png-why\.png/);
  const { height, width } = await decodeImage(join(folder, 'why', 'sea.png-why.png'));
  assert.deepEqual([height, width], [384, 384]);
  assert.deepEqual(readFileSync(picture), before);
});

test('what cannot be done is said in a line with the way out', async () => {
  const cases: [string[], RegExp][] = [
    [[], /takes 1 or more pictures; received 0.*\n.*npm run predict -- picture\.jpg/],
    [['--modle', 'x', 'a.png'], /modle.*\n.*Did you mean --model/],
    [['nothing.jpg', '--model', 'model'], /nothing\.jpg but there is nothing: check the path/],
    [['pictures/torn.jpg', '--model', 'model'], /torn\.jpg[^]*1 of 1 pictures were skipped/],
    [['pictures/sea.png', '--model', 'nowhere'], /nowhere but found nothing/],
    [['pictures', '--model', 'model', '--csv', '--json'], /two forms of the same/],
    [['pictures', '--model', 'model', '--explain'], /Add --out FILE/],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await predict(...args);
    assert.equal(code, 1, args.join(' '));
    assert.match(stderr, message);
    assert.equal(stdout, '');
    assert.doesNotMatch(stderr, /^ +at /m); // no stack
  }
});
