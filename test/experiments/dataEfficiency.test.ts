import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDataset, take } from '../../lib/data/dataset';
import { UNIT_SCALE } from '../../lib/data/preprocess';
import { generateSample } from '../../lib/sample/generateSample';
import {
  balancedIndices,
  trackDataEfficiency,
  trainingSetSizes,
  measureDataEfficiency,
  scratchMethod,
  transferMethod,
  type DataEfficiencyResult,
} from '../../lib/experiments/dataEfficiency';
import { tf } from '../../lib/tensorflow/backend';
import type { Features } from '../../lib/training/features';

const { trainSet, testSet } = generateSample({ trainCount: 200, testCount: 40, seed: 3 });

test('a choice holds so many of each class, and a larger one holds the smaller', () => {
  const few = balancedIndices(trainSet, 3, 7);
  const more = balancedIndices(trainSet, 5, 7);
  const counts = new Array<number>(10).fill(0);
  for (const index of few) counts[trainSet.labels[index]]++;
  assert.deepEqual(counts, new Array(10).fill(3));
  assert.deepEqual(more.slice(0, few.length), few);
  assert.equal(new Set(more).size, 50);
  assert.notDeepEqual(balancedIndices(trainSet, 3, 8), few);
});

test('the counts climb to what there is, without a last step that shows nothing', () => {
  const ofEach = (count: number) =>
    createDataset({
      ...trainSet,
      images: new Uint8Array(2 * count * 3),
      labels: Int32Array.from({ length: 2 * count }, (_, index) => index % 2),
      classNames: ['a', 'b'],
      height: 1,
      width: 1,
    });
  assert.deepEqual(trainingSetSizes(ofEach(450), { most: 100 }), [10, 30, 100]);
  assert.deepEqual(trainingSetSizes(ofEach(45), { most: 100 }), [10, 30, 45]);
  assert.deepEqual(trainingSetSizes(ofEach(110), { most: 0 }), [10, 30, 110]);
  assert.deepEqual(trainingSetSizes(ofEach(1500), { most: 0 }), [10, 30, 100, 300, 1000, 1500]);
  assert.deepEqual(trainingSetSizes(ofEach(5), { most: 0 }), [5]);
});

test('every method sees the same choices, counts that no class can fill are left out', async () => {
  const seen: string[] = [];
  const method = (name: string) => ({
    name,
    measure: (indices: Uint32Array, { seed }: { seed: number }) => {
      seen.push(`${name} ${seed}: ${indices.join()}`);
      return Promise.resolve(indices.length / 1000 + seed / 100);
    },
  });
  const results: DataEfficiencyResult[] = [];
  const series = await measureDataEfficiency({
    trainSet,
    methods: [method('a'), method('b')],
    picturesPerClass: [1, 2, 21],
    seeds: [1, 2, 3],
    onResult: (result) => results.push(result),
  });
  assert.deepEqual(
    series.map(({ name }) => name),
    ['a', 'b'],
  );
  assert.deepEqual(series[0].points, [
    { picturesPerClass: 1, accuracies: [0.02, 0.03, 0.04] },
    { picturesPerClass: 2, accuracies: [0.03, 0.04, 0.05] },
  ]);
  assert.deepEqual(
    seen.slice(0, 6).map((line) => line.slice(1)),
    seen.slice(6).map((line) => line.slice(1)),
  );
  assert.deepEqual([results.length, results[11].done, results[11].total], [12, 12, 12]);
  await assert.rejects(
    measureDataEfficiency({ trainSet, methods: [method('a')], picturesPerClass: [21], seeds: [1] }),
    /at most 20, the size of the smallest class, but received 21/,
  );
});

test('both methods train anew on what they are given, and leave nothing behind', async () => {
  const before = tf.memory().numTensors;
  const preprocess = { height: 32, width: 32, ...UNIT_SCALE };
  const scratch = scratchMethod({ trainSet, testSet, preprocess, steps: 2 });
  const accuracy = await scratch.measure(balancedIndices(trainSet, 1, 1), { seed: 1 });
  assert.ok(accuracy >= 0 && accuracy <= 1);

  // Features that give the class away: one pixel's worth of training is enough.
  const oneHot = ({ labels, size, classNames }: typeof trainSet): Features => {
    const values = new Float32Array(size * 10);
    labels.forEach((label, row) => (values[row * 10 + label] = 1));
    return { values, labels, classNames, size, width: 10, seconds: 0 };
  };
  const transfer = transferMethod({
    train: oneHot(trainSet),
    test: oneHot(take(testSet, 20)),
  });
  assert.equal(await transfer.measure(balancedIndices(trainSet, 2, 1), { seed: 1 }), 1);
  assert.equal(tf.memory().numTensors, before);
});

test('what is given twice or not at all is refused before any training', async () => {
  const measure = () => assert.fail('a training was made');
  const options = {
    trainSet,
    methods: [{ name: 'a', measure }],
    picturesPerClass: [1],
    seeds: [1],
  };
  for (const [wrong, message] of [
    [{ methods: [] }, /Expected methods to be a list of methods of different names/],
    [{ methods: [options.methods[0], options.methods[0]] }, /methods of different names/],
    [{ picturesPerClass: [2, 2] }, /picturesPerClass to be a list of different integers/],
    [{ picturesPerClass: [21] }, /picturesPerClass of at most 20/],
    [{ seeds: [] }, /seeds to be a list of different integers/],
    [{ seeds: [3, 3] }, /seeds to be a list of different integers/],
  ] as const) {
    await assert.rejects(measureDataEfficiency({ ...options, ...wrong }), message);
  }
  assert.throws(() => balancedIndices(trainSet, 21, 1), /Expected 21 pictures of each class but /);
  assert.throws(() => trainingSetSizes(trainSet, { most: -1 }), /Expected most to be/);
});

test('a run is told of each measurement', () => {
  const notes: unknown[] = [];
  const { onResult } = trackDataEfficiency({ progress: (event) => notes.push(event) });
  const measured = { method: 'CNN', picturesPerClass: 30, seed: 8, accuracy: 0.51234 };
  onResult({ ...measured, done: 2, total: 6 });
  const text = '2 of 6: CNN, 30 pictures a class, seed 8: test accuracy 0.512';
  assert.deepEqual(notes, [{ event: 'note', text }]);
});
