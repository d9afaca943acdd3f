import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test, type TestContext } from 'node:test';
import { DownloadError } from '../../lib/data/downloadError';
import { encodeKerasH5, readKerasH5 } from '../../lib/models/kerasH5';
import { loadKerasWeights, saveKerasWeights } from '../../lib/models/kerasWeights';
import { createMobileNetV2 } from '../../lib/models/mobileNetV2';
import { EMBEDDED_WEIGHTS, resolveMobileNetV2Weights } from '../../lib/models/mobileNetV2Weights';
import { loadMobileNetV2 } from '../../lib/models/pretrained';
import { dataDirectory } from '../../lib/project';
import { tf } from '../../lib/tensorflow/backend';
import { temporaryFolder } from '../temporaryFolder';
import { fixture } from './fixtures/keras';

const NAME = 'mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_96_no_top.h5';
const WANTED = { alpha: 0.35, inputSize: 96 } as const;
let folder: string;
let file: string;
const environment = process.env.MOBILENETV2_DIR;

before(async () => {
  delete process.env.MOBILENETV2_DIR;
  folder = mkdtempSync(join(tmpdir(), 'mobilenet-weights-'));
  file = join(folder, NAME);
  const model = createMobileNetV2({ alpha: 0.35, inputSize: 96, includeTop: false, seed: 5 });
  await saveKerasWeights(model, file);
  model.dispose();
});

after(() => {
  if (environment !== undefined) process.env.MOBILENETV2_DIR = environment;
  rmSync(folder, { recursive: true });
});

/** A server in place of Keras'; counts what it was asked for. */
async function serve(t: TestContext, content: Uint8Array, status = 200) {
  const paths: string[] = [];
  const server = createServer((request, response) => {
    paths.push(request.url ?? '');
    response.writeHead(status, { 'Content-Length': content.length }).end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { paths, baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keras/` };
}

test('a named file is taken for what it holds, whatever its name', async (t) => {
  const path = join(temporaryFolder(t), 'mine.h5');
  copyFileSync(file, path);
  const weights = await resolveMobileNetV2Weights({ path });
  assert.deepEqual(weights, { path, name: 'mine.h5', source: 'file', alpha: 0.35, hasTop: false });
});

test('a file whose layers are called otherwise is known by what it holds, and loads by position', async (t) => {
  const path = join(temporaryFolder(t), NAME);
  const { layers } = await readKerasH5(file);
  // So they are called in files that Keras Applications published before it renamed its layers.
  const old = [...layers].map(([, weights], index) => [`mobl${index}_conv`, weights] as const);
  const top = [
    'Logits',
    new Map([['kernel', { shape: [2, 1000], values: new Float32Array(2000) }]]),
  ] as const;
  writeFileSync(path, await encodeKerasH5(new Map([...old, top])));
  const weights = await resolveMobileNetV2Weights({ path });
  assert.deepEqual([weights.alpha, weights.hasTop], [0.35, true]);
  const models = ['old', 'new'].map(() => createMobileNetV2({ ...WANTED, includeTop: false }));
  const { unusedLayers } = await loadKerasWeights(models[0], path);
  assert.deepEqual(unusedLayers, ['Logits']);
  await loadKerasWeights(models[1], file);
  const [loaded, expected] = models.map((model) =>
    model.getWeights().map((weight) => weight.dataSync()),
  );
  assert.deepEqual(loaded, expected);
  for (const model of models) model.dispose();
});

test('the embedded backbone comes in its own width, whatever is asked for', async () => {
  const weights = await resolveMobileNetV2Weights({ source: 'embedded', alpha: 1 });
  assert.deepEqual([weights.alpha, weights.source], [0.35, 'embedded']);
});

test('a named file of another width, another model or without the top is an error', async () => {
  await assert.rejects(
    resolveMobileNetV2Weights({ path: file, alpha: 1 }),
    /weights of alpha 1 in .* but found alpha 0\.35: choose another/,
  );
  await assert.rejects(
    resolveMobileNetV2Weights({ path: file, includeTop: true }),
    /with their top in .* but found none/,
  );
  await assert.rejects(
    resolveMobileNetV2Weights({ path: fixture('mini-keras2.h5') }),
    // 108 + 16 + 36 + 325 less the top, by hand; four layers with weights
    /but found 160 parameters in 4 layers \(Conv1, bn_Conv1, depthwise, …\)/,
  );
  await assert.rejects(resolveMobileNetV2Weights({ path: '/no/such.h5' }), /no such file/);
});

test('a named folder gives the nearest size, and lists what it has where the width is missing', async () => {
  const near = await resolveMobileNetV2Weights({ path: folder, alpha: 0.35, inputSize: 192 });
  assert.equal(near.name, NAME);
  await assert.rejects(
    resolveMobileNetV2Weights({ path: folder, alpha: 1.3, inputSize: 160 }),
    /Expected mobilenet_v2\S*_1\.3_160_no_top\.h5 in .* but found mobilenet_v2\S*_0\.35_96_no_top\.h5/,
  );
});

test('MOBILENETV2_DIR comes before cache and download, and a broken file in it is an error', async (t) => {
  const { paths, baseUrl } = await serve(t, readFileSync(file));
  const broken = temporaryFolder(t);
  writeFileSync(join(broken, NAME), readFileSync(file).subarray(0, 100_000));
  process.env.MOBILENETV2_DIR = broken;
  t.after(() => delete process.env.MOBILENETV2_DIR);
  await assert.rejects(resolveMobileNetV2Weights({ ...WANTED, baseUrl }), /truncated/);
  assert.equal((await resolveMobileNetV2Weights({ ...WANTED, path: folder })).path, file);
  assert.deepEqual(paths, []);
});

test('a download takes its place once it is verified, and the cache serves the next call', async (t) => {
  const { paths, baseUrl } = await serve(t, readFileSync(file));
  const cacheDirectory = temporaryFolder(t);
  const options = { ...WANTED, baseUrl, cacheDirectory };
  const weights = await resolveMobileNetV2Weights(options);
  assert.equal(weights.path, join(cacheDirectory, 'mobilenet_v2', NAME));
  assert.equal(weights.source, 'file'); // not from Keras itself
  assert.deepEqual(paths, [`/keras/${NAME}`]);
  assert.deepEqual(readdirSync(join(cacheDirectory, 'mobilenet_v2')).sort(), [
    NAME,
    `${NAME}.json`,
  ]);
  const again = await resolveMobileNetV2Weights({ ...options, offline: true });
  assert.deepEqual(again, weights);
  assert.equal(paths.length, 1);
});

test('a cached file is official as long as it is, byte for byte, what came from Keras', async (t) => {
  const cacheDirectory = temporaryFolder(t);
  const path = join(cacheDirectory, 'mobilenet_v2', NAME);
  mkdirSync(dirname(path));
  copyFileSync(file, path);
  const url = `https://storage.googleapis.com/tensorflow/keras-applications/mobilenet_v2/${NAME}`;
  const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
  const sourceOf = async () =>
    (await resolveMobileNetV2Weights({ ...WANTED, cacheDirectory, offline: true })).source;
  assert.equal(await sourceOf(), 'file'); // no record of a download
  writeFileSync(`${path}.json`, JSON.stringify({ url, sha256 }));
  assert.equal(await sourceOf(), 'official');
  writeFileSync(`${path}.json`, JSON.stringify({ url, sha256: sha256.replace(/./, 'x') }));
  assert.equal(await sourceOf(), 'file');
});

test('a web page that comes instead is refused, named, and leaves no file behind', async (t) => {
  const { baseUrl } = await serve(t, Buffer.from('<!DOCTYPE html><html>Log in</html>'));
  const cacheDirectory = temporaryFolder(t);
  await assert.rejects(
    resolveMobileNetV2Weights({ ...WANTED, baseUrl, cacheDirectory }),
    (error) => error instanceof DownloadError && /web page/.test(error.message),
  );
  assert.deepEqual(readdirSync(join(cacheDirectory, 'mobilenet_v2')), []);
});

test('weights with the top that are out of reach are an error, never the embedded backbone', async (t) => {
  const cacheDirectory = temporaryFolder(t);
  await assert.rejects(
    resolveMobileNetV2Weights({ includeTop: true, offline: true, cacheDirectory }),
    (error) =>
      error instanceof DownloadError && /_1\.0_224\.h5 .*MOBILENETV2_DIR/s.test(error.message),
  );
  await assert.rejects(
    resolveMobileNetV2Weights({ includeTop: true, source: 'embedded' }),
    /embedded backbone has none/,
  );
});

test('out of reach and without a top the embedded backbone steps in, with a notice', async (t) => {
  const path = join(dataDirectory(), EMBEDDED_WEIGHTS);
  if (!existsSync(path)) return t.skip(`${path} is not there`);
  assert.ok(statSync(path).size <= 2_000_000);
  const notices: string[] = [];
  const { baseUrl } = await serve(t, Buffer.from('not found'), 404);
  for (const offline of [true, false]) {
    const weights = await resolveMobileNetV2Weights({
      baseUrl,
      offline,
      cacheDirectory: temporaryFolder(t),
      onNotice: (notice) => notices.push(notice),
    });
    assert.equal(weights.source, 'embedded');
    assert.equal(weights.alpha, 0.35);
  }
  assert.equal(notices.length, 2);
  assert.match(notices[0], /EMBEDDED BACKBONE/);
});

test('loadMobileNetV2() makes the model that the weights are for', async () => {
  const tensors = tf.memory().numTensors;
  const { model, weights } = await loadMobileNetV2({ path: file, inputSize: 64, pooling: 'avg' });
  assert.equal(weights.alpha, 0.35);
  assert.equal(model.countParams(), 410_208);
  assert.deepEqual(model.outputShape, [null, 1280]);
  const expected = createMobileNetV2({ alpha: 0.35, inputSize: 64, includeTop: false, seed: 5 });
  const [kernel, expectedKernel] = [model, expected].map(
    (one) => one.getLayer('Conv_1').getWeights()[0],
  );
  assert.deepEqual(kernel.dataSync().slice(0, 50), expectedKernel.dataSync().slice(0, 50));
  model.dispose();
  expected.dispose();
  assert.equal(tf.memory().numTensors, tensors);
});
