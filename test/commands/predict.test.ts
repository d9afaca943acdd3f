import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

test('a folder: CSV on the standard output, a row for what cannot be read', async () => {
  const { code, stdout, stderr } = await predict('pictures', '--model', 'model');
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /^picture,class,probability,class 2,probability 2,error\npictures\/sea\.png,blue,0\.982\d*,red,0\.01\d*,\npictures\/torn\.jpg,,,,,.*torn\.jpg.*\n$/,
  );
  assert.match(stderr, /torn\.jpg.*\n1 of 2 pictures were skipped/);
});

test('JSON lines go to a file, and only there', async () => {
  const args = ['pictures', '--model', 'model', '--json', '--out', 'found/predictions.jsonl'];
  const { code, stdout, stderr } = await predict(...args);
  assert.equal(code, 0, stderr);
  assert.equal(stdout, '');
  assert.match(stderr, /^2 pictures in found\/predictions\.jsonl, 1 of them could not be read\.$/m);
  assert.deepEqual(readdirSync(join(folder, 'found')), ['predictions.jsonl']);
  const text = readFileSync(join(folder, 'found', 'predictions.jsonl'), 'utf8');
  const [line, torn] = text.split('\n');
  assert.match(torn, /^\{"picture":"pictures\/torn\.jpg","error":"Expected .*"\}$/);
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
    'picture,class,probability,sure,class 2,probability 2,error\nsea.png,blue,0.982,true,red,0.018,\n',
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

test('shards, one of them killed in the middle, merged are the file of a whole run', async () => {
  const many = join(folder, 'many');
  mkdirSync(many);
  // Two batches and a half: 32, 32 and 16.
  for (let index = 0; index < 80; index++) {
    const name = join(many, `${String(index).padStart(2, '0')}.png`);
    writeFileSync(name, index === 40 ? 'torn' : await colourPng([index * 3, 0, 255 - index * 2]));
  }
  const run = (...args: string[]) => predict('many', '--model', 'model', ...args);
  const whole = await run('--out', 'whole.csv');
  assert.equal(whole.code, 0, whole.stderr);
  const task = { SLURM_ARRAY_TASK_ID: '0' };
  const args = ['many', '--model', 'model', '--out', 'merged.csv', '--shard', '2'] as const;
  const first = await runCommand(folder, ['predict', ...args], task);
  assert.match(first.stderr, /^32 pictures in merged\.csv\.part-0-of-2\.jsonl, 0 of them/m);
  const unfinished = await run('--out', 'merged.csv', '--merge');
  assert.match(unfinished.stderr, /part-1-of-2\.jsonl is missing/);
  assert.equal(unfinished.code, 1);

  assert.equal((await run('--out', 'merged.csv', '--shard', '1/2')).code, 0);
  const part = join(folder, 'merged.csv.part-1-of-2.jsonl');
  const lines = readFileSync(part, 'utf8').split('\n');
  // A whole batch is kept as it is, whatever it says; the cut one behind it is predicted again.
  const marked = lines[1].replace('many/32.png', 'many/kept.png');
  writeFileSync(part, [lines[0], marked, ...lines.slice(2, 36), lines[36].slice(0, 9)].join('\n'));
  assert.match((await run('--out', 'merged.csv', '--merge')).stderr, /part-1-of-2\.jsonl is not/);
  assert.equal((await run('--out', 'merged.csv', '--shard', '1/2')).code, 0);
  assert.equal((await run('--out', 'merged.csv', '--merge')).code, 0);
  const [merged, expected] = ['merged.csv', 'whole.csv'].map((file) =>
    readFileSync(join(folder, file), 'utf8'),
  );
  assert.equal(merged.replace('many/kept.png', 'many/32.png'), expected);
  assert.ok(merged.includes('many/kept.png'));
  assert.equal(expected.split('\n').length, 82);
  assert.match(expected, /^many\/40\.png,,,,,/m);

  // What an earlier call left there is not merged into a whole run, nor guessed at.
  writeFileSync(join(folder, 'merged.csv.part-7-of-8.jsonl'), 'of another model');
  assert.equal((await run('--out', 'merged.csv')).code, 0);
  assert.equal(readFileSync(join(folder, 'merged.csv'), 'utf8'), expected);
  assert.equal((await run('--out', 'merged.csv', '--shard', '0/2')).code, 0);
  const { stderr } = await run('--out', 'merged.csv', '--merge');
  assert.match(stderr, /Beside merged\.csv are parts of 2 and of 8 shards/);
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
    [['pictures', '--model', 'model', '--shard', '1/2'], /Shards are written to a file/],
    [['pictures', '--model', 'model', '--out', 'x', '--shard', '2/2'], /I from 0 to N - 1/],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await predict(...args);
    assert.equal(code, 1, args.join(' '));
    assert.match(stderr, message);
    assert.equal(stdout, '');
    assert.doesNotMatch(stderr, /^ +at /m); // no stack
  }
});
