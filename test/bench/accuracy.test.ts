import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  accuracyMarkdown,
  goalTable,
  GOALS,
  judge,
  summarise,
} from '../../tools/bench/accuracy/report';
import {
  ownEpochs,
  planTrainings,
  replaceTrainings,
  type TrainingName,
  type TrainingResult,
} from '../../tools/bench/accuracy/trainings';

function result(
  name: TrainingName,
  testAccuracy: number,
  change: Partial<TrainingResult> = {},
): TrainingResult {
  const seconds = { keras: 300, fast: 24, standard: 270, long: 1000 }[name];
  return {
    name,
    seed: 1,
    seconds,
    testAccuracy,
    singleViewAccuracy: testAccuracy - 0.01,
    epochs: ownEpochs(name),
    parameters: 454_666,
    precision: 'float32',
    peakMegabytes: 800,
    foreignLoad: 0.02,
    measuredAt: '2026-01-01T00:00Z',
    commit: 'abc',
    ...change,
  };
}

const race = [
  result('keras', 0.74),
  result('fast', 0.78),
  result('standard', 0.945),
  result('fast', 0.76, { seed: 2, seconds: 26 }),
  result('standard', 0.939, { seed: 2 }),
];

test('trainings run round by round, Keras first, the long one last', () => {
  const plan = planTrainings({ seeds: 2, kerasSeeds: 1, long: true, curve: false });
  assert.deepEqual(
    plan.map(({ name, seed }) => `${name} ${seed}`),
    ['keras 1', 'fast 1', 'standard 1', 'fast 2', 'standard 2', 'long 1'],
  );
  const kerasOften = planTrainings({ seeds: 1, kerasSeeds: 3, long: false, curve: false });
  assert.deepEqual(
    kerasOften.map(({ name }) => name),
    ['keras', 'fast', 'standard', 'keras', 'keras'],
  );
  const curve = planTrainings({ seeds: 0, kerasSeeds: 0, long: true, curve: true });
  assert.deepEqual(
    curve.map(({ name, epochs }) => `${name} ${epochs ?? 'its own'}`),
    ['long its own', 'standard 5', 'standard 11', 'long 40'],
  );
});

test('a training of other epochs is a row of its own and meets no goal', () => {
  const short = result('standard', 0.99, { epochs: 1, seconds: 20 });
  const summaries = summarise([...race, short]);
  assert.deepEqual(
    summaries.map(({ name, epochs }) => `${name} ${epochs === ownEpochs(name)}`),
    ['keras true', 'fast true', 'standard false', 'standard true'],
  );
  assert.ok(Math.abs((judge(GOALS[2], summaries)?.share ?? 0) - 0.9) < 1e-12);
});

test('a part can be measured again: it takes the place of the same trainings, the others stay', () => {
  const only = ['fast', 'long'] as const;
  const plan = planTrainings({ seeds: 2, kerasSeeds: 1, long: false, curve: false, only });
  assert.deepEqual(
    plan.map(({ name, seed }) => `${name} ${seed}`),
    ['fast 1', 'fast 2'],
  );
  const again = result('fast', 0.8, { seed: 2 });
  assert.deepEqual(replaceTrainings(race, [again]), [...race.slice(0, 3), race[4], again]);
});

test('seeds become mean and sample standard deviation', () => {
  const [keras, fast] = summarise(race);
  assert.deepEqual([keras.name, keras.testAccuracy.std], ['keras', null]);
  // .78 and .76: mean .77, std .02 / √2; 24 and 26 s.
  assert.ok(Math.abs(fast.testAccuracy.mean - 0.77) < 1e-12);
  assert.ok(Math.abs((fast.testAccuracy.std ?? 0) - 0.02 / Math.SQRT2) < 1e-12);
  assert.deepEqual([fast.seconds.mean, fast.worstAccuracy], [25, 0.76]);
});

test('a goal takes both: the accuracy, and its share of the time of Keras', () => {
  const [fast, , standard, long] = GOALS;
  assert.deepEqual(judge(fast, summarise(race)), { share: 25 / 300, reached: true });
  assert.deepEqual(judge(standard, summarise(race)), { share: 0.9, reached: true }); // mean .942
  assert.equal(judge(long, summarise(race)), undefined);
  // One seed below the original's accuracy, or a second too many, and it is missed.
  const weak = [...race, result('fast', 0.7461, { seed: 3, seconds: 20 })];
  assert.equal(judge(fast, summarise(weak))?.reached, false);
  const slow = [...race, result('fast', 0.78, { seed: 3, seconds: 41 })];
  assert.equal(judge(fast, summarise(slow))?.reached, false);
  const late = [result('keras', 0.74), result('standard', 0.95, { seconds: 331 })];
  assert.equal(judge(standard, summarise(late))?.reached, false);
});

test('the goals are those of the original and of this project', () => {
  const wanted = GOALS.map(({ name, accuracy, share }) => [name, accuracy, share]);
  assert.deepEqual(wanted, [
    ['fast', 0.7462, 0.1],
    ['fast', 0.85, 0.1],
    ['standard', 0.94, 1.1],
    ['long', 0.95, 6],
  ]);
});

test('the report says the goals in words, and every training by name and seed', () => {
  const rows = goalTable(summarise(race)).split('\n').slice(2);
  assert.match(
    rows[0],
    /≥ 0\.7462 \(every seed\) in ≤ 1\/10 +\| 0\.7600 \(worst seed\) +\| 25\.0 s, 1\/12 +\| yes/,
  );
  assert.match(
    rows[2],
    /≥ 0\.94 \(mean\) in ≤ 1\.1 × +\| 0\.9420 ± 0\.0042 +\| 270\.0 s, 0\.9 × +\| yes/,
  );
  const text = accuracyMarkdown({
    machine: {
      processor: 'X',
      cores: 2,
      memoryGigabytes: 8,
      flags: [],
      system: 'Linux',
      versions: { keras: '3' },
    },
    data: { name: 'CIFAR-10', source: 'official', trainCount: 50_000, testCount: 10_000 },
    results: race,
  });
  assert.match(text, /CIFAR-10 \(official\), 50,000 training and 10,000 test pictures/);
  assert.match(text, /\| 2 % +\| 2026-01-01T00:00Z \| abc/);
  const seeds = text
    .split('## Every training')[1]
    .match(/\| (Keras|this project), .*? \| +\d+ +\| \d/g);
  assert.deepEqual(
    seeds?.map((row) => row.replace(/\s+/g, ' ')),
    [
      `| Keras, the original CNN | 10 | 1`,
      `| this project, fast recipe | ${ownEpochs('fast')} | 1`,
      `| this project, fast recipe | ${ownEpochs('fast')} | 2`,
      `| this project, standard recipe | ${ownEpochs('standard')} | 1`,
      `| this project, standard recipe | ${ownEpochs('standard')} | 2`,
    ],
  );
});
