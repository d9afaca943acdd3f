import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { take } from '../../lib/data/dataset';
import { generateSample } from '../../lib/sample/generateSample';
import {
  type Ablation,
  type AblationResult,
  ablationTable,
  measureAblation,
  pieceCosts,
  trackAblation,
} from '../../lib/experiments/ablation';
import { openMeasurements } from '../../lib/experiments/ablationResults';
import { tableRows } from '../../lib/report/tables';
import { evaluateClassifier } from '../../lib/evaluation/evaluate';
import { tf } from '../../lib/tensorflow/backend';
import { FAST_RECIPE, type Recipe, type RecipePiece, trainRecipe } from '../../lib/training/recipe';
import { assertClose } from '../assertClose';
import { sharedFolder } from '../temporaryFolder';

const folder = sharedFolder();

const { trainSet, testSet } = generateSample({ trainCount: 40, testCount: 20, seed: 3 });
const recipe: Recipe = {
  ...FAST_RECIPE,
  widths: [4, 4],
  convolutionsPerBlock: 1,
  epochs: 1,
  batchSize: 20,
};

/** Two pieces, two seeds, in numbers that can be worked out by hand. */
const ablation: Ablation = {
  seeds: [1, 2],
  whole: { name: 'whole recipe', piece: null, accuracies: [0.8, 0.84], seconds: [10, 12] },
  without: [
    { name: 'without shifts', piece: 'shifts', accuracies: [0.79, 0.85], seconds: [9, 9] },
    { name: 'without flips', piece: 'flips', accuracies: [0.7, 0.76], seconds: [8, 10] },
  ],
};

test('costs are taken seed by seed: the whole recipe less the one without the piece', () => {
  const [shifts, flips] = pieceCosts(ablation);
  assert.deepEqual([shifts.name, flips.name], ['shifts', 'flips']);
  const rounded = (costs: readonly number[]) => costs.map((cost) => Number(cost.toFixed(9)));
  assert.deepEqual(rounded(shifts.costs), [0.01, -0.01]);
  assert.deepEqual(rounded(flips.costs), [0.1, 0.08]);
});

test('the table has the whole recipe first, then the pieces by their worth, with both deviations', () => {
  const table = ablationTable(ablation);
  assert.deepEqual(table.columns.slice(3, 7), ['difference', '95 % from', '95 % to', 'effect']);
  const rows = tableRows(table).map((row) =>
    row.map((cell) => (typeof cell === 'number' ? Number(cell.toFixed(6)) + 0 : cell)),
  );
  // .80, .84: std .04 / √2. Of -.1 and -.08: mean -.09. Of -.01 and .01: 0. Two seeds show no effect.
  const none = [null, null, 'no judgement below 3 seeds'];
  assert.deepEqual(rows, [
    ['whole recipe', 0.82, 0.028284, null, null, null, '', 11, 2],
    ['without flips', 0.73, 0.042426, -0.09, ...none, 9, 2],
    ['without shifts', 0.82, 0.042426, 0, ...none, 9, 2],
  ]);
});

test('from three seeds on a piece helps, harms or is not shown to do either, by the t-interval', () => {
  const seconds = [1, 1, 1];
  const setting = (piece: RecipePiece | null, accuracies: number[]) => ({
    name: String(piece),
    piece,
    accuracies,
    seconds,
  });
  const table = ablationTable({
    seeds: [1, 2, 3],
    whole: setting(null, [0.8, 0.8, 0.8]),
    without: [
      setting('flips', [0.69, 0.7, 0.71]), // -.1 ± 4.303 · .01 / √3 = -.1 ± .0248
      setting('shifts', [0.79, 0.8, 0.81]), // 0 ± .0248
      setting('schedule', [0.89, 0.9, 0.91]), // .1 ± .0248
    ],
  });
  const [, ...rows] = tableRows(table);
  assert.deepEqual(
    rows.map((row) => [row[0], row[6]]),
    [
      ['flips', 'helps'],
      ['shifts', 'not shown'],
      ['schedule', 'harms'],
    ],
  );
  assertClose([Number(rows[0][4]), Number(rows[0][5])], [-0.12484, -0.07516], { tolerance: 1e-5 });
});

test('every recipe is trained with every seed, judged by the validation set, and leaves nothing behind', async () => {
  const before = tf.memory().numTensors;
  const results: AblationResult[] = [];
  const options = { trainSet, valSet: testSet, recipe, file: join(folder, 'ablation.json') };
  const first = await measureAblation({
    ...options,
    pieces: ['flips'],
    seeds: [1, 2],
    onResult: (result) => results.push(result),
  });
  assert.equal(tf.memory().numTensors, before);
  assert.deepEqual(
    results.map(({ piece, seed, done, total }) => [piece, seed, done, total]),
    [
      [null, 1, 1, 4],
      ['flips', 1, 2, 4],
      [null, 2, 3, 4],
      ['flips', 2, 4, 4],
    ],
  );
  for (const accuracy of [...first.whole.accuracies, ...first.without[0].accuracies]) {
    assert.equal((accuracy * 20) % 1, 0, 'a share of the 20 validation pictures');
  }
  // The same as such a recipe trained by hand: which pieces are left out is said here once more, in full.
  for (const [trained, accuracies] of [
    [recipe, first.whole.accuracies],
    [{ ...recipe, flip: false as const }, first.without[0].accuracies],
  ] as const) {
    for (const [index, seed] of [1, 2].entries()) {
      const { classifier } = await trainRecipe({ trainSet }, { recipe: trained, seed });
      const { accuracy } = await evaluateClassifier(classifier, testSet);
      classifier.model.dispose();
      assert.equal(accuracies[index], accuracy);
    }
  }

  // The same again comes from the file: with numbers that no training gives.
  const text = readFileSync(options.file, 'utf8');
  writeFileSync(options.file, text.replaceAll(/"accuracy": [\d.]+/g, '"accuracy": 0.123'));
  const again = await measureAblation({ ...options, pieces: ['flips'], seeds: [2, 1] });
  assert.deepEqual(again.whole.accuracies, [0.123, 0.123]);
});

test('what was measured with another recipe or on other data does not count', async () => {
  const file = join(folder, 'measurements.json');
  const measurement = { piece: null, seed: 1, accuracy: 0.5, seconds: 1 };
  await (await openMeasurements(file, { epochs: 1 })).add(measurement);
  assert.deepEqual((await openMeasurements(file, { epochs: 1 })).find(null, 1), measurement);
  assert.equal((await openMeasurements(file, { epochs: 1 })).find('flips', 1), undefined);
  assert.equal((await openMeasurements(file, { epochs: 2 })).find(null, 1), undefined);
  writeFileSync(file, '{"identity"');
  assert.equal((await openMeasurements(file, { epochs: 1 })).find(null, 1), undefined);
});

test('a piece that the recipe has not is refused, as are seeds that repeat', async () => {
  const options = { trainSet, valSet: take(testSet, 10), recipe };
  await assert.rejects(
    measureAblation({ ...options, pieces: ['mixup'], seeds: [1] }),
    /pieces to be among those of the recipe \(whitening, identity initialisation, Muon.*\) but received "mixup"/,
  );
  await assert.rejects(measureAblation({ ...options, seeds: [1, 1] }), /different integers/);
  await assert.rejects(measureAblation({ ...options, seeds: [] }), /different integers/);
});

test('a watcher hears each measurement in words', () => {
  const notes: unknown[] = [];
  const { file, onResult } = trackAblation({
    directory: folder,
    progress: (event) => notes.push(event),
  });
  assert.equal(file, join(folder, 'ablation.json'));
  onResult({ piece: 'flips', seed: 43, accuracy: 0.81234, seconds: 12.34, done: 3, total: 8 });
  const text = '3 of 8: without flips, seed 43: validation accuracy 0.812 after 12.3 s';
  assert.deepEqual(notes, [{ event: 'note', text }]);
});

test('what is given twice, empty or of other classes is refused before any training', async () => {
  const options = { trainSet, valSet: testSet, recipe, seeds: [1] };
  const other = { ...testSet, classNames: testSet.classNames.map((name) => `${name}s`) };
  for (const [wrong, message] of [
    [{ pieces: ['flips', 'flips'] as const }, /Expected pieces to be a list of different pieces/],
    [{ pieces: [] }, /Expected pieces to be a list of different pieces/],
    [{ seeds: [1, 1] }, /Expected seeds to be a list of different integers/],
    [{ valSet: take(testSet, 0) }, /of the same classes but received 40 of .* and 0 of/],
    [{ valSet: other }, /of the same classes/],
  ] as const) {
    const onResult = () => assert.fail('a training was made');
    await assert.rejects(measureAblation({ ...options, ...wrong, onResult }), message);
  }
});
