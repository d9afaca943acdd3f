// What a person does to see the spread: the same notebook with two seeds, then npm run compare.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { join } from 'node:path';
import { meanAndStd } from '../../lib/evaluation/statistics';
import { compareRuns } from '../../lib/runs/compareRuns';
import { writePictures } from '../data/pictures';
import { sharedFolder } from '../temporaryFolder';
import { executeOnce } from './kernel';

const folder = sharedFolder();
before(() => writePictures(join(folder, 'pets'), { cat: 30, dog: 30 }));

const values = { epochs: 1, recipeEpochs: 1, ablationSeeds: 1, ablationEpochs: 1 };
// Without a browser: the figures are not looked at here.
const env = {
  DATA_DIR: join(folder, 'pets'),
  CHROME_PATH: '/nowhere/chrome',
  PUPPETEER_EXECUTABLE_PATH: '',
};
const runs = [7, 8].map((seed) => executeOnce('using-cifar', { ...values, seed }, env));

test('the runs are one setting: mean and standard deviation over the seeds', () => {
  const records = runs.map(({ record }) => record);
  const [first, second] = records.map(({ dataset }) => dataset?.sha256);
  assert.notEqual(first?.train, second?.train, 'each seed splits the pictures its own way');
  assert.equal(first?.source, second?.source);
  const [{ settings, differing }] = compareRuns(records).notebooks;
  assert.deepEqual(differing, []);
  assert.deepEqual(
    settings.map(({ key, trainings }) => [key, trainings.length]).sort(),
    records[0].models.map(({ name }) => [name, 2]).sort(),
  );
  for (const { model, test: spreads } of settings) {
    const accuracies = records.map(
      ({ models }) => models.find(({ name }) => name === model)?.test?.accuracy ?? NaN,
    );
    assert.deepEqual(spreads.accuracy, { ...meanAndStd(accuracies), count: 2 });
  }
});
