import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { predictDataset } from '../../lib/evaluation/predict';
import { createDataset } from '../../lib/data/dataset';
import { saveClassifier } from '../../lib/models/classifier';
import { createCnn } from '../../lib/models/cnn';
import { createFastCnn } from '../../lib/models/fastCnn';
import { temporaryFolder } from '../temporaryFolder';

/** What somebody else would write: plain `@tensorflow/tfjs`, nothing of this project. */
const elsewhere = `
const tf = require('@tensorflow/tfjs');
const { readFileSync } = require('node:fs');
const folder = process.argv[1];
(async () => {
  const json = JSON.parse(readFileSync(folder + '/model.json', 'utf8'));
  const [{ paths, weights }] = json.weightsManifest;
  const bytes = readFileSync(folder + '/' + paths[0]);
  const model = await tf.loadLayersModel(tf.io.fromMemory({
    modelTopology: json.modelTopology,
    weightSpecs: weights,
    weightData: Uint8Array.from(bytes).buffer,
  }));
  const { classNames, preprocess: { height, width, mean, std } } = json.userDefinedMetadata;
  const pixels = tf.range(0, 2 * height * width * 3).mod(256).reshape([2, height, width, 3]);
  const output = model.predict(pixels.div(255).sub(mean).div(std));
  console.log(JSON.stringify({ backend: tf.getBackend(), classNames, output: [...output.dataSync()] }));
})();
`;

for (const [name, create] of Object.entries({ createCnn, createFastCnn })) {
  test(`${name}: a saved classifier opens in stock TensorFlow.js, in a process of its own, with the same numbers`, async (t) => {
    const folder = temporaryFolder(t);
    const classNames = ['cat', 'dog', 'ship'];
    const model = create({ numClasses: 3, seed: 5 });
    const preprocess = {
      height: 32,
      width: 32,
      mean: [0.4, 0.5, 0.6] as const,
      std: [0.2, 0.25, 0.3] as const,
    };
    await saveClassifier({ model, classNames, preprocess }, folder);
    const images = Uint8Array.from({ length: 2 * 32 * 32 * 3 }, (_, index) => index % 256);
    const dataset = createDataset({
      name: 'two pictures',
      source: 'folder',
      images,
      labels: Int32Array.of(0, 1),
      classNames,
      height: 32,
      width: 32,
    });
    const ours = await predictDataset({ model, preprocess }, dataset);
    model.dispose();

    const printed = execFileSync(process.execPath, ['-e', elsewhere, folder], {
      cwd: resolve(__dirname, '../..'),
      encoding: 'utf8',
      env: { PATH: process.env.PATH },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const found = JSON.parse(printed.slice(printed.indexOf('{"backend"')));
    assert.equal(found.backend, 'cpu');
    assert.deepEqual(found.classNames, classNames);
    assert.equal(found.output.length, 6);
    const differences = found.output.map((value: number, i: number) => Math.abs(value - ours[i]));
    assert.ok(Math.max(...differences) < 1e-5, `${Math.max(...differences)}`);
  });
}
