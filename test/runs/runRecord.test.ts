import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseRunRecord } from '../../lib/runs/runRecord';
import { sampleVersions } from './sampleRecord';

/** A record as docs/runs.md describes it, written by hand. */
const example = {
  schemaVersion: 2,
  id: '20260131-120000-using-cifar-quick',
  notebook: 'using-cifar',
  preset: 'quick',
  parameters: { epochs: 1, dataSource: 'auto', fullRefit: false },
  seed: 42,
  startedAt: '2026-01-31T12:00:00.000Z',
  finishedAt: '2026-01-31T12:03:00.000Z',
  dataset: {
    name: 'generated sample',
    source: 'generated',
    classNames: ['airplane', 'automobile'],
    counts: { train: 4500, val: 500, test: 1000 },
    sha256: { source: null, files: null, train: 'a'.repeat(64), val: null, test: 'b'.repeat(64) },
    corrections: { relabelled: 2, dropped: 1, sha256: 'c'.repeat(64) },
  },
  weights: { name: 'mobilenet_v2_0.35_no_top.h5', source: 'embedded' },
  models: [
    {
      name: 'CNN',
      parameterCount: 454666,
      train: { loss: 1.5, accuracy: 0.8 },
      val: null,
      test: { loss: 1.6, accuracy: 0.7, f1: 0.69 },
      singleViewAccuracy: 0.69,
      int8: null,
      calibration: null,
      seconds: 61.5,
      imagesPerSecond: 900,
      sizeBytes: 1800000,
      history: [
        {
          epoch: 1,
          train: { loss: 1.5, accuracy: 0.8 },
          val: null,
          learningRate: 0.001,
          seconds: 61.5,
          imagesPerSecond: 900,
        },
      ],
      origin: {
        fits: 2,
        testReads: 1,
        changedParameters: { learningRate: 0.01, optimizer: 'sgd', augment: true },
        trainedBy: '20260130-120000-using-cifar-quick',
        options: { epochs: 2, optimizer: 'adam' },
      },
    },
  ],
  versions: sampleVersions,
  device: 'cpu',
  threads: 2,
  git: { commit: 'a'.repeat(40), dirty: true },
  machine: { platform: 'linux x64', cpu: 'a processor', cores: 2, memoryBytes: 8e9 },
};

/** The example with one value changed; `undefined` removes it. */
function changed(place: string, value: unknown): string {
  const copy = structuredClone(example) as unknown as Record<string, unknown>;
  const names = place.split('.');
  const last = names.pop() ?? '';
  const parent = names.reduce((node, name) => node[name] as Record<string, unknown>, copy);
  parent[last] = value;
  return JSON.stringify(copy);
}

test('a complete record is returned as it was written', () => {
  assert.deepEqual(parseRunRecord(JSON.stringify(example)), example);
});

test('a record from before test-time views were told apart has no accuracy of one view', () => {
  const [model] = parseRunRecord(changed('models.0.singleViewAccuracy', undefined)).models;
  assert.equal(model.singleViewAccuracy, null);
});

test('a record from before pictures could be corrected has no corrections', () => {
  assert.equal(
    parseRunRecord(changed('dataset.corrections', undefined)).dataset?.corrections,
    null,
  );
});

test('a record from before runs named their pretrained weights has none', () => {
  assert.equal(parseRunRecord(changed('weights', undefined)).weights, null);
});

test('a record from before there were checksums has none', () => {
  assert.equal(parseRunRecord(changed('dataset.sha256', undefined)).dataset?.sha256, null);
});

test('a record from before it was noted how a model was made reads as null', () => {
  const [model] = parseRunRecord(changed('models.0.origin', undefined)).models;
  assert.equal(model.origin, null);
  assert.deepEqual({ ...model, origin: example.models[0].origin }, example.models[0]);
});

test('a model of this very run, and one without a known origin, are read as they were written', () => {
  const read = (place: string) => parseRunRecord(changed(place, null)).models[0].origin;
  assert.deepEqual(read('models.0.origin.trainedBy'), {
    ...example.models[0].origin,
    trainedBy: null,
  });
  assert.equal(read('models.0.origin'), null);
});

test('a field that a later version adds is no error and is left out', () => {
  assert.deepEqual(parseRunRecord(changed('mood', 'good')), example);
});

const wrong: [place: string, value: unknown, message: RegExp][] = [
  ['schemaVersion', 3, /Expected schemaVersion to be 2 but found 3 in here\.json/],
  ['id', undefined, /Expected id to be a text but found nothing/],
  ['preset', 'fast', /Expected preset to be "quick" or "full" but found "fast"/],
  ['parameters', [], /Expected parameters to be an object but found \[\]/],
  ['parameters.epochs', null, /Expected parameters\.epochs to be a text, a number, true or false/],
  ['seed', 0.5, /Expected seed to be an integer but found 0\.5/],
  ['startedAt', 'yesterday', /Expected startedAt to be a time such as .* but found "yesterday"/],
  ['dataset', undefined, /Expected dataset to be an object but found nothing/],
  ['dataset.source', 'internet', /Expected dataset\.source to be "official" or "folder" or/],
  ['dataset.counts.val', -1, /Expected dataset\.counts\.val to be an integer of 0 or more/],
  ['dataset.sha256.train', 7, /Expected dataset\.sha256\.train to be a text but found 7/],
  ['dataset.sha256', 'abc', /Expected dataset\.sha256 to be an object but found "abc"/],
  ['dataset.classNames.1', 7, /Expected dataset\.classNames\[1\] to be a text but found 7/],
  ['weights.source', 'internet', /Expected weights\.source to be "official" or "file" or/],
  ['models', null, /Expected models to be a list but found null/],
  [
    'models.0.test.accuracy',
    70.2,
    /Expected models\[0\]\.test\.accuracy to be a number from 0 to 1/,
  ],
  ['models.0.singleViewAccuracy', 69, /models\[0\]\.singleViewAccuracy to be a number from 0 to 1/],
  ['models.0.seconds', '61', /Expected models\[0\]\.seconds to be a number of 0 or more/],
  ['models.0.history.0.train.loss', null, /models\[0\]\.history\[0\]\.train\.loss to be a number/],
  ['models.0.origin', 'here', /models\[0\]\.origin to be an object but found "here"/],
  ['models.0.origin.fits', -1, /models\[0\]\.origin\.fits to be an integer of 0 or more/],
  ['models.0.origin.testReads', 0.5, /models\[0\]\.origin\.testReads to be an integer of 0/],
  ['models.0.origin.trainedBy', 7, /models\[0\]\.origin\.trainedBy to be a text but found 7/],
  [
    'models.0.origin.changedParameters.epochs',
    null,
    /origin\.changedParameters\.epochs to be a text, a number, true or false/,
  ],
  ['versions.node', '', /Expected versions\.node to be a text but found ""/],
  ['git.dirty', 'no', /Expected git\.dirty to be true or false but found "no"/],
  ['machine', 'laptop', /Expected machine to be an object but found "laptop"/],
];

for (const [place, value, message] of wrong) {
  test(`${place}: ${JSON.stringify(value)} is refused by name`, () => {
    assert.throws(() => parseRunRecord(changed(place, value), 'here.json'), message);
  });
}

test('half a file is refused with its place and the way out', () => {
  const half = JSON.stringify(example).slice(0, 200);
  assert.throws(() => parseRunRecord(half, 'a/run.json'), /in a\/run\.json: .*run the notebook/);
});

test('a document that is no object is refused', () => {
  assert.throws(() => parseRunRecord('[]'), /Expected the document to be an object/);
});

test('a record that version 1 wrote says what it said', () => {
  const text = readFileSync(join(__dirname, 'recordVersion1.json'), 'utf8');
  const written = JSON.parse(text);
  assert.equal(written.schemaVersion, 1);
  const read = parseRunRecord(text);
  assert.equal(read.schemaVersion, 2);
  assert.deepEqual(
    read.models.map(({ train, val, test: figures }) =>
      [train, val, figures].map((v) => v?.accuracy ?? null),
    ),
    written.models.map((model: Record<string, unknown>) => [
      model.trainAccuracy,
      model.valAccuracy,
      model.testAccuracy,
    ]),
  );
  const last = read.models[0].history.at(-1);
  const lastWritten = written.models[0].history.at(-1);
  assert.deepEqual(
    [last?.train.loss, last?.train.accuracy, last?.val?.loss, last?.val?.accuracy],
    [
      lastWritten.trainLoss,
      lastWritten.trainAccuracy,
      lastWritten.valLoss,
      lastWritten.valAccuracy,
    ],
  );
});

test('a wrong field of a record of version 1 is named as it is written there', () => {
  const model = { ...JSON.parse(JSON.stringify(example.models[0])), trainAccuracy: 7 };
  const record = { ...example, schemaVersion: 1, models: [model] };
  assert.throws(
    () => parseRunRecord(JSON.stringify(record)),
    /models\[0\]\.trainAccuracy to be a number from 0 to 1 but found 7/,
  );
});
