// Cleaning in a run, on features made by hand: each class has some that are larger.
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { createDataset, type ImageDataset } from '../../lib/data/dataset';
import { createRng } from '../../lib/random';
import { startRun, type Run } from '../../lib/runs/run';
import type { RunFeatures } from '../../lib/runs/runTransfer';
import { tf } from '../../lib/tensorflow/backend';
import { plainPng, writePictures } from '../data/pictures';
import { sharedFolder } from '../temporaryFolder';
import { bytesOf } from '../bytesOf';

const folder = sharedFolder();
const WIDTH = 64;
const SIDE = 8;
const BYTES = 3 * SIDE * SIDE;
const start = (): Run => startRun('cleaning', { seed: 5 }, { runsDirectory: join(folder, 'runs') });

/** Every fourth feature is 2 larger, from which on `classOf` says; noise of variance 1, by seed. */
function featuresOf(set: ImageDataset, classOf: (index: number) => number, seed: string) {
  const rng = createRng(3, seed);
  const { labels, classNames, size } = set;
  const values = Float32Array.from({ length: size * WIDTH }, (_, place) => {
    const isOwn = place % 4 === classOf(Math.floor(place / WIDTH));
    return (isOwn ? 2 : 0) + rng.nextNormal();
  });
  return { values, labels, classNames, size, width: WIDTH, seconds: 0 };
}

const runFeatures = (parts: Pick<RunFeatures, 'train' | 'val' | 'test'>) =>
  ({ ...parts, mirror: false, seconds: 0 }) as RunFeatures; // the backbone is not asked

test('what is planted is found: 5 % of flipped labels, a duplicate, outliers, blurred pictures', async () => {
  const [size, numClasses] = [400, 4];
  const actual = Array.from({ length: size }, (_, index) => index % numClasses);
  const flipped = new Set(Array.from({ length: size / 20 }, (_, index) => index * 19 + 7));
  const rng = createRng(4, 'pixels');
  const named = (labels: number[], count: number) =>
    createDataset({
      ...{ name: 'planted', source: 'generated', classNames: ['a', 'b', 'c', 'd'] },
      ...{
        images: Uint8Array.from({ length: BYTES * count }, () => rng.nextInt(256)),
        labels: Int32Array.from(labels),
        height: SIDE,
        width: SIDE,
      },
    });
  const trainSet = named(
    actual.map((label, index) => (flipped.has(index) ? (label + 1) % numClasses : label)),
    size,
  );
  const [valSet, testSet] = [actual.slice(0, 40), actual.slice(0, 20)].map((labels) =>
    named(labels, labels.length),
  );
  const run = start();
  run.useData({ name: 'planted', source: 'generated', trainSet, valSet, testSet });
  const train = featuresOf(trainSet, (index) => actual[index], 'train');
  const val = featuresOf(valSet, (index) => actual[index], 'val');
  const tested = featuresOf(testSet, (index) => actual[index], 'test');
  tested.values.set(train.values.subarray(0, WIDTH), 5 * WIDTH);
  bytesOf(testSet).set(bytesOf(trainSet).subarray(0, BYTES), 5 * BYTES);
  const outliers = [7, 12];
  const blurred = [9, 10, 15];
  // Of no class: noise alone.
  for (const at of outliers) {
    const noise = Float32Array.from({ length: WIDTH }, () => rng.nextNormal());
    tested.values.set(noise, at * WIDTH);
  }
  // Noise again, but of a twentieth of the range, as a blur leaves of it.
  for (const at of blurred) {
    const pixels = bytesOf(testSet).subarray(at * BYTES, (at + 1) * BYTES);
    pixels.forEach((value, place) => (pixels[place] = 120 + value / 20));
  }
  const held = tf.memory().numTensors;
  const clean = await run.inspectData(runFeatures({ train, val, test: tested }));
  const { findings } = clean;
  assert.equal(tf.memory().numTensors, held);
  const hits = findings.labelErrors.filter(({ index }) => flipped.has(index)).length;
  assert.ok(hits / flipped.size >= 0.9, `recall ${hits / flipped.size}`);
  assert.ok(hits / findings.labelErrors.length >= 0.8, `${findings.labelErrors.length} found`);
  assert.deepEqual(
    findings.nearDuplicates.map(({ index, other }) => [index, other]),
    [[0, size + 40 + 5]],
  );
  const areFound = (kind: 'outliers' | 'blurred', planted: readonly number[]) => {
    const found = findings[kind].map(({ index }) => index - size - 40);
    for (const index of planted) assert.ok(found.includes(index), `${kind}: ${index} is missing`);
    // Tukey's fence: .35 % of a normal distribution lie below.
    assert.ok(found.length - planted.length <= 5, `${kind}: ${found.length} of 460 found`);
  };
  areFound('outliers', outliers);
  areFound('blurred', blurred);
  assert.ok(existsSync(join(run.figuresDirectory, 'probable-label-errors.json')));
  assert.throws(() => clean.drop(0), /"planted" are read from no file/);
});

const pets = join(folder, 'pets');

before(async () => {
  await writePictures(pets, { cat: 30, dog: 30 });
  copyFileSync(join(pets, 'cat', '00.png'), join(pets, 'dog', 'odd.png'));
  writeFileSync(join(pets, 'dog', 'large.png'), await plainPng([250, 250, 250], 64, 64));
});

test('decisions are noted beside the pictures, the next loading obeys, the record says it', async () => {
  const run = start();
  const load = () => run.loadData({ source: pets, size: 8 });
  const data = await load();
  const sets = { train: data.trainSet, val: data.valSet, test: data.testSet };
  // The file in the folder dog is one of a cat.
  const isDog = (path: string) => Number(path.includes('/dog/') && !path.endsWith('odd.png'));
  const features = Object.entries(sets).map(([part, set]) => [
    part,
    featuresOf(set, (index) => isDog(set.paths?.[index] ?? ''), part),
  ]);
  const given = runFeatures(Object.fromEntries(features));
  const clean = await run.inspectData(given);
  const all = [data.trainSet, data.valSet, data.testSet].flatMap(({ paths = [] }) => paths);
  const at = (name: string) => all.findIndex((path) => path.endsWith(name));
  // All are 4 × 4 pixels and brought to 8 × 8, but one; black or nearly so, but that one.
  assert.equal(clean.findings.tiny.length, 61);
  assert.ok(!clean.findings.tiny.some(({ index }) => index === at('large.png')));
  assert.equal(clean.findings.dark.length, 61);
  assert.throws(() => clean.relabel(0, 'cow'), /className to be one of "cat", "dog"/);
  assert.throws(() => clean.drop(62), /index of a picture, from 0 to 61, but received 62/);

  clean.relabel(at('dog/odd.png'), 'cat');
  clean.drop([at('cat/07.png'), at('cat/08.png'), at('cat/09.png')]);
  clean.keep(at('cat/08.png'));
  const noted = JSON.parse(readFileSync(join(pets, 'corrections.json'), 'utf8')) as {
    corrections: Record<string, unknown>[];
  };
  assert.deepEqual(
    noted.corrections.map(({ picture, label }) => [picture, label]),
    [
      ['cat/07.png', null],
      ['cat/09.png', null],
      ['dog/odd.png', 'cat'],
    ],
  );
  assert.ok(existsSync(join(pets, 'cat', '07.png')), 'nothing is deleted');
  const again = await load();
  assert.equal(again.trainSet.size + again.valSet.size + again.testSet.size, 60);
  await assert.rejects(run.inspectData(given), /features of the pictures that the run has now/);
  const { dataset } = await run.complete();
  assert.deepEqual(dataset?.corrections, {
    ...{ relabelled: 1, dropped: 2, sha256: again.corrections?.sha256 },
  });
});
