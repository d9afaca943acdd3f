import assert from 'node:assert/strict';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, test } from 'node:test';
import { createDataset, take, type ImageDataset } from '../../lib/data/dataset';
import { UNIT_SCALE, type Preprocess } from '../../lib/data/preprocess';
import { createRng } from '../../lib/random';
import { tf } from '../../lib/tensorflow/backend';
import {
  extractFeatures,
  type ExtractProgress,
  featureValues,
  selectFeatures,
} from '../../lib/training/features';
import { assertClose } from '../assertClose';
import { sharedFolder } from '../temporaryFolder';
import { bytesOf } from '../bytesOf';

const root = sharedFolder();

let cacheDirectory: string;
let folders = 0;
beforeEach(() => {
  cacheDirectory = join(root, String(folders++));
});

/** Pictures of 4×6 pixels of noise. */
function noise(size: number, seed = 1): ImageDataset {
  const rng = createRng(seed, 'pictures');
  return createDataset({
    name: 'noise',
    source: 'generated',
    images: Uint8Array.from({ length: size * 72 }, () => rng.nextInt(256)),
    labels: Int32Array.from({ length: size }, (_, index) => index % 2),
    classNames: ['even', 'odd'],
    height: 4,
    width: 6,
  });
}

/** Features are the mean of red and green and blue over the left half, then over the right half. */
function createHalves(size = { height: 4, width: 6 }): {
  model: tf.LayersModel;
  preprocess: Preprocess;
} {
  const input = tf.input({ name: 'input', shape: [size.height, size.width, 3] });
  const pooled = tf.layers
    .averagePooling2d({ name: 'halves', poolSize: [size.height, size.width / 2] })
    .apply(input) as tf.SymbolicTensor;
  const outputs = tf.layers.flatten({ name: 'flat' }).apply(pooled) as tf.SymbolicTensor;
  const model = tf.model({ inputs: input, outputs });
  return { model, preprocess: { ...size, ...UNIT_SCALE } };
}

/** The same by hand. */
function halvesOf(dataset: ImageDataset, isMirrored = false): number[] {
  return Array.from({ length: dataset.size * 6 }, (_, place) => {
    const [picture, feature] = [Math.floor(place / 6), place % 6];
    const isRight = feature >= 3 !== isMirrored;
    let sum = 0;
    for (let y = 0; y < 4; y++) {
      for (let x = 0; x < 3; x++) {
        const column = x + (isRight ? 3 : 0);
        sum += bytesOf(dataset)[((picture * 4 + y) * 6 + column) * 3 + (feature % 3)] / 255;
      }
    }
    return sum / 12;
  });
}

test('features come in the order of the pictures, with their labels, whatever the batch size', async () => {
  const before = tf.memory().numTensors;
  const backbone = createHalves();
  const dataset = noise(7);
  for (const batchSize of [1, 3, 64]) {
    const features = await extractFeatures(backbone, dataset, { batchSize, cache: false });
    assertClose(featureValues(features), halvesOf(dataset));
    assert.deepEqual([features.size, features.width], [7, 6]);
    assert.deepEqual([...features.labels], [...dataset.labels]);
  }
  backbone.model.dispose();
  assert.equal(tf.memory().numTensors, before);
});

test('mirror images are appended with their labels, or averaged', async () => {
  const backbone = createHalves();
  const dataset = noise(3);
  const [plain, mirrored] = [halvesOf(dataset), halvesOf(dataset, true)];
  const appended = await extractFeatures(backbone, dataset, { mirror: 'append', cacheDirectory });
  assertClose(featureValues(appended), [...plain, ...mirrored]);
  assert.deepEqual([...appended.labels], [0, 1, 0, 0, 1, 0]);
  const averaged = await extractFeatures(backbone, dataset, { mirror: 'average', cacheDirectory });
  assertClose(
    featureValues(averaged),
    plain.map((value, index) => (value + mirrored[index]) / 2),
  );
  backbone.model.dispose();
});

test('each engine computes the same features, and has a cache of its own', async () => {
  const backbone = createHalves();
  const dataset = noise(5);
  const cached: number[] = [];
  for (const engine of ['onnx', 'tensorflow', 'auto'] as const) {
    const features = await extractFeatures(backbone, dataset, {
      ...{ engine, cacheDirectory },
      onProgress: (each) => cached.push(each.cached),
    });
    assertClose(featureValues(features), halvesOf(dataset));
  }
  assert.deepEqual(cached, [0, 0, 5]); // 'auto' is 'onnx' here
  backbone.model.dispose();
});

test('what is cached is not computed again and is the same to the bit', async () => {
  const backbone = createHalves();
  const dataset = noise(5);
  const progress: ExtractProgress[] = [];
  const options = { cacheDirectory, onProgress: (each: ExtractProgress) => progress.push(each) };
  const computed = await extractFeatures(backbone, dataset, options);
  const twin = createHalves(); // as another process would make it
  const cached = await extractFeatures(twin, dataset, options);
  assert.deepEqual(cached, computed); // its seconds are those of the computation, too
  assert.deepEqual(progress, [
    { done: 5, total: 5, cached: 0 },
    { done: 5, total: 5, cached: 5 },
  ]);
  backbone.model.dispose();
  twin.model.dispose();
});

test('of two runs that want the same features at once, one computes them', async () => {
  const backbones = [createHalves(), createHalves()];
  const cached: number[] = [];
  const all = await Promise.all(
    backbones.map((backbone) =>
      extractFeatures(backbone, noise(5), {
        ...{ cacheDirectory, batchSize: 1 },
        onProgress: (each) => void (each.done === 5 && cached.push(each.cached)),
      }),
    ),
  );
  assert.deepEqual(cached, [0, 5]);
  assert.deepEqual(all[1], all[0]);
  assert.equal(readdirSync(cacheDirectory).length, 1, 'the lock is gone');
  for (const { model } of backbones) model.dispose();
});

test('other pictures, sizes, scalings and weights are never taken for what is cached', async () => {
  const dataset = noise(4);
  const changed = noise(4);
  bytesOf(changed)[200] ^= 1;
  const cached: number[] = [];
  const onProgress = (each: ExtractProgress) => cached.push(each.cached);
  const ask = async (backbone: ReturnType<typeof createHalves>, pictures = dataset) => {
    await extractFeatures(backbone, pictures, { cacheDirectory, onProgress });
    backbone.model.dispose();
  };
  await ask(createHalves());
  await ask(createHalves(), changed);
  await ask(createHalves(), take(dataset, 3));
  await ask(createHalves({ height: 8, width: 12 }));
  const { model, preprocess } = createHalves();
  await ask({ model, preprocess: { ...preprocess, mean: [0.5, 0, 0] } });
  const dense = (seed: number) => {
    const { model, preprocess } = createHalves();
    const layer = tf.layers.dense({
      name: 'dense',
      units: 2,
      kernelInitializer: tf.initializers.zeros(),
    });
    const outputs = layer.apply(model.outputs[0]) as tf.SymbolicTensor;
    const kernel = tf.fill([6, 2], seed);
    layer.setWeights([kernel, tf.zeros([2])]);
    kernel.dispose();
    return { model: tf.model({ inputs: model.inputs, outputs }), preprocess };
  };
  await ask(dense(1));
  await ask(dense(2));
  assert.deepEqual(new Set(cached), new Set([0]));
});

test('a damaged, cut or foreign cache file is noticed and computed again', async () => {
  const backbone = createHalves();
  const dataset = noise(5);
  const expected = await extractFeatures(backbone, dataset, { cacheDirectory });
  const [name] = readdirSync(cacheDirectory);
  const path = join(cacheDirectory, name);
  const whole = readFileSync(path);
  const damaged = Buffer.from(whole);
  damaged[whole.length - 3] ^= 0x40;
  const foreign = Buffer.from(whole);
  foreign[20] ^= 1;
  const faults: [Buffer, RegExp][] = [
    [damaged, /damaged: computing them again/],
    [whole.subarray(0, 100), /cut \(100 bytes\)/],
    [foreign, /other pictures' or weights'/],
    [Buffer.from('<html>'), /of another format/],
  ];
  for (const [bytes, fault] of faults) {
    writeFileSync(path, bytes);
    const notices: string[] = [];
    const onNotice = (notice: string) => notices.push(notice);
    const again = await extractFeatures(backbone, dataset, { cacheDirectory, onNotice });
    assert.deepEqual(again.values, expected.values);
    assert.match(notices.join('\n'), fault);
    // It was repaired.
    const repaired = readFileSync(path);
    assert.equal(repaired.length, whole.length);
  }
  backbone.model.dispose();
});

test('an interrupted extraction says how far it came', async () => {
  const backbone = createHalves();
  const signal = AbortSignal.abort();
  await assert.rejects(extractFeatures(backbone, noise(5), { cacheDirectory, signal }), {
    name: 'Interrupted',
    message: /interrupted after 0 of 5 pictures: run it again/,
  });
  backbone.model.dispose();
});

test('rows can be chosen', () => {
  const features = {
    values: Float32Array.of(1, 2, 3, 4, 5, 6),
    labels: Int32Array.of(0, 1, 0),
    classNames: ['a', 'b'],
    size: 3,
    width: 2,
    seconds: 1,
  };
  const chosen = selectFeatures(features, [2, 0]);
  assert.deepEqual([...featureValues(chosen), ...chosen.labels], [5, 6, 1, 2, 0, 0]);
});

test('features that stay in files are those in memory, whichever rows are asked for', async () => {
  const backbone = createHalves();
  const dataset = noise(2504); // files of 2,500 pictures
  const extract = (storage: 'file' | 'memory') =>
    extractFeatures(backbone, dataset, { mirror: 'append', cacheDirectory, storage });
  for (const when of ['computed', 'from the cache']) {
    const inFiles = await extract('file');
    assert.ok(!(inFiles.values instanceof Float32Array));
    const [plain, turned] = [halvesOf(dataset), halvesOf(dataset, true)];
    assertClose(featureValues(inFiles), [...plain, ...turned], { message: when });
    const inMemory = await extract('memory');
    assert.deepEqual(featureValues(inFiles), inMemory.values);
    // The second file, the first, the mirror images of both.
    const rows = [2503, 0, 2504 + 2501, 2504, 0];
    const chosen = selectFeatures(selectFeatures(inFiles, [...rows, 7]), [0, 1, 2, 3, 4]);
    assert.deepEqual(featureValues(chosen), selectFeatures(inMemory, rows).values);
    assert.deepEqual([...chosen.labels], [1, 0, 1, 0, 0]);
  }
  const inFiles = await extract('file');
  for (const name of readdirSync(cacheDirectory)) rmSync(join(cacheDirectory, name));
  assert.throws(() => featureValues(inFiles), /features but it is missing: run the cell again/);
  backbone.model.dispose();
});

test('where nothing can be kept, features are computed all the same, and that is said once', async () => {
  writeFileSync(join(root, 'a file in the way'), '');
  const notices: string[] = [];
  const options = {
    cacheDirectory: join(root, 'a file in the way', 'features'),
    onNotice: (notice: string) => notices.push(notice),
  };
  for (const seed of [1, 2]) {
    const dataset = noise(4, seed);
    const inMemory = await extractFeatures(createHalves(), dataset, {
      ...options,
      storage: 'file',
    });
    assertClose(featureValues(inMemory), halvesOf(dataset));
  }
  assert.equal(notices.length, 1);
  assert.match(notices[0], /^Features are not kept, .*\(Expected to .*a file in the way/);
});

test('rows that there are not are refused', () => {
  const features = {
    values: Float32Array.of(1, 2, 3, 4),
    labels: Int32Array.of(0, 1),
    classNames: ['a', 'b'],
    size: 2,
    width: 2,
    seconds: 0,
  };
  assert.deepEqual(Array.from(featureValues(selectFeatures(features, [1, 0]))), [3, 4, 1, 2]);
  for (const index of [2, -1, 0.5, NaN]) {
    assert.throws(() => selectFeatures(features, [0, index]), {
      name: 'RangeError',
      message: new RegExp(`Expected indices from 0 to 1 of the features but received ${index}`),
    });
  }
});
