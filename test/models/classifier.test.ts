import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { UNIT_SCALE } from '../../lib/data/preprocess';
import { loadClassifier, saveClassifier, type Classifier } from '../../lib/models/classifier';
import { tf } from '../../lib/tensorflow/backend';
import { createTinyModel, weightValues } from '../training/tinyTraining';
import { eachFolder } from '../temporaryFolder';

let directory: string;
eachFolder((folder) => (directory = folder));

function createClassifier(): Classifier {
  const preprocess = { height: 8, width: 8, mean: [0.5, 0.25, 0], std: [1, 2, 4] } as const;
  return { model: createTinyModel(), classNames: ['red', 'green', 'blue'], preprocess };
}

test('the views are saved with the classifier, and absent where there are none', async () => {
  await saveClassifier({ ...createClassifier(), views: 6 }, directory);
  assert.equal((await loadClassifier(directory)).views, 6);
  await editMetadata({ views: 3 });
  await assert.rejects(
    loadClassifier(directory),
    /Expected views to be 1 or 2 or 6 but found 3 in .*model\.json/,
  );
  await saveClassifier(createClassifier(), directory);
  assert.equal('views' in (await loadClassifier(directory)), false);
  assert.equal('views' in ((await readJson()).userDefinedMetadata as object), false);
});

test('the temperature is saved with the classifier, and absent where there is none', async () => {
  await saveClassifier({ ...createClassifier(), temperature: 1.5 }, directory);
  assert.equal((await loadClassifier(directory)).temperature, 1.5);
  await editMetadata({ temperature: 0 });
  await assert.rejects(
    loadClassifier(directory),
    /Expected temperature to be a number greater than 0 but found 0 in .*model\.json/,
  );
  await saveClassifier(createClassifier(), directory);
  assert.equal('temperature' in (await loadClassifier(directory)), false);
});

test('the average over mirror images of an older classifier is two views', async () => {
  await saveClassifier(createClassifier(), directory);
  await editMetadata({ schemaVersion: 1, flipAverage: true });
  assert.equal((await loadClassifier(directory)).views, 2);
  await editMetadata({ schemaVersion: 3 });
  await assert.rejects(
    loadClassifier(directory),
    /Expected schemaVersion to be 1 or 2 but found 3/,
  );
});

function editMetadata(change: object): Promise<void> {
  return editJson((json) => {
    Object.assign(json.userDefinedMetadata as object, change);
  });
}

async function readJson(): Promise<Record<string, unknown>> {
  const text = await readFile(join(directory, 'model.json'), 'utf8');
  return JSON.parse(text) as Record<string, unknown>;
}

async function editJson(change: (json: Record<string, unknown>) => void): Promise<void> {
  const json = await readJson();
  change(json);
  await writeFile(join(directory, 'model.json'), JSON.stringify(json));
}

test('a classifier comes back with its weights, class names and preprocessing', async () => {
  const classifier = createClassifier();
  const { sizeBytes } = await saveClassifier(classifier, directory);
  const loaded = await loadClassifier(directory);
  assert.deepEqual(loaded.classNames, classifier.classNames);
  assert.deepEqual(loaded.preprocess, classifier.preprocess);
  assert.deepEqual(weightValues(loaded.model), weightValues(classifier.model));
  const pictures = tf.randomUniform([2, 8, 8, 3], 0, 1, 'float32', 1);
  const [before, after] = [classifier, loaded].map(({ model }) =>
    (model.predict(pictures) as tf.Tensor).dataSync(),
  );
  assert.deepEqual(after, before);
  const files = await Promise.all(
    ['model.json', 'weights.bin'].map((name) => stat(join(directory, name))),
  );
  assert.equal(sizeBytes, files[0].size + files[1].size);
});

test('plain tfjs reads it, and finds the metadata', async () => {
  const classifier = createClassifier();
  await saveClassifier(classifier, directory);
  const model = await tf.loadLayersModel(`file://${join(directory, 'model.json')}`);
  assert.deepEqual(weightValues(model), weightValues(classifier.model));
  const metadata = model.getUserDefinedMetadata() as unknown as Classifier;
  assert.deepEqual(metadata.classNames, ['red', 'green', 'blue']);
  assert.deepEqual(metadata.preprocess, classifier.preprocess);
});

test('saving leaves the model as it was, and may go into a folder that is not there yet', async () => {
  const classifier = createClassifier();
  await saveClassifier(classifier, join(directory, 'models', 'tiny'));
  assert.equal(classifier.model.getUserDefinedMetadata(), undefined);
  await loadClassifier(join(directory, 'models', 'tiny'));
});

test('two models and a loaded one live side by side in one process', async () => {
  const first = createClassifier();
  const second = createClassifier();
  second.model.setWeights(second.model.getWeights().map((weight) => weight.add(1)));
  await saveClassifier(first, join(directory, 'first'));
  await saveClassifier(second, join(directory, 'second'));
  const [loadedFirst, loadedSecond] = [
    await loadClassifier(join(directory, 'first')),
    await loadClassifier(join(directory, 'second')),
  ];
  const again = await loadClassifier(join(directory, 'first'));
  assert.deepEqual(weightValues(loadedFirst.model), weightValues(first.model));
  assert.deepEqual(weightValues(loadedSecond.model), weightValues(second.model));
  assert.deepEqual(weightValues(again.model), weightValues(first.model));
});

test('a classifier that replaces another leaves no second set of weights, nor touches other files', async () => {
  const [first, second] = [createClassifier(), createClassifier()];
  second.model.setWeights(second.model.getWeights().map((weight) => weight.add(1)));
  await writeFile(join(directory, 'notes.txt'), 'mine');
  for (const classifier of [first, second, first, second]) {
    await saveClassifier(classifier, directory);
    const loaded = await loadClassifier(directory);
    assert.deepEqual(weightValues(loaded.model), weightValues(classifier.model));
    assert.equal((await readdir(directory)).length, 3);
  }
  assert.equal(await readFile(join(directory, 'notes.txt'), 'utf8'), 'mine');
});

test('a kill between weights and model.json leaves the old classifier', async () => {
  const [first, second] = [createClassifier(), createClassifier()];
  second.model.setWeights(second.model.getWeights().map((weight) => weight.add(1)));
  await saveClassifier(first, directory);
  // What the first half of a save writes: the new weights beside the old ones.
  const other = join(directory, 'other');
  await saveClassifier(second, other);
  await rename(join(other, 'weights.bin'), join(directory, 'weights-2.bin'));
  assert.deepEqual(
    weightValues((await loadClassifier(directory)).model),
    weightValues(first.model),
  );
  await saveClassifier(second, directory);
  assert.deepEqual(
    weightValues((await loadClassifier(directory)).model),
    weightValues(second.model),
  );
});

test('saving and loading leave no tensors but the loaded weights', async () => {
  const classifier = createClassifier();
  const before = tf.memory().numTensors;
  await saveClassifier(classifier, directory);
  assert.equal(tf.memory().numTensors, before);
  const loaded = await loadClassifier(directory);
  assert.equal(tf.memory().numTensors, before + classifier.model.weights.length);
  loaded.model.dispose();
  assert.equal(tf.memory().numTensors, before);
});

const damages: Record<string, [() => Promise<void>, RegExp]> = {
  'no model.json': [() => rm(join(directory, 'model.json')), /has no model\.json/],
  'an empty model.json': [() => truncate(join(directory, 'model.json'), 0), /an empty file/],
  'a truncated model.json': [
    () => truncate(join(directory, 'model.json'), 200),
    /no JSON, or a part of it/,
  ],
  'no weights': [() => rm(join(directory, 'weights.bin')), /there is no such file/],
  'truncated weights': [
    () => truncate(join(directory, 'weights.bin'), 100),
    /damaged or another model's \(100 bytes\)/,
  ],
  "another model's weights": [
    async () => {
      const bytes = await readFile(join(directory, 'weights.bin'));
      bytes[7] ^= 1;
      await writeFile(join(directory, 'weights.bin'), bytes);
    },
    /damaged or another model's/,
  ],
  'a graph model': [
    () => editJson((json) => (json.format = 'graph-model')),
    /format to be "layers-model" but found "graph-model"/,
  ],
  'no metadata': [
    () => editJson((json) => delete json.userDefinedMetadata),
    /saved by something else.*tf\.loadLayersModel/,
  ],
  'a later version': [
    () =>
      editJson(
        (json) => ((json.userDefinedMetadata as { schemaVersion: number }).schemaVersion = 3),
      ),
    /schemaVersion to be 1 or 2 but found 3/,
  ],
  'too few class names': [
    () =>
      editJson((json) => (json.userDefinedMetadata as { classNames: string[] }).classNames.pop()),
    /3 class names in .* but received 2/,
  ],
  'class names that are none': [
    () =>
      editJson(
        (json) => ((json.userDefinedMetadata as { classNames: unknown }).classNames = 'red'),
      ),
    /classNames to be a list but found "red"/,
  ],
  'wrong preprocessing': [
    () =>
      editJson((json) => {
        (json.userDefinedMetadata as { preprocess: unknown }).preprocess = { ...UNIT_SCALE };
      }),
    /height .* received undefined/,
  ],
  'a weights file outside of the folder': [
    () =>
      editJson((json) => {
        (json.weightsManifest as { paths: string[] }[])[0].paths = ['../../etc/passwd'];
      }),
    /paths\[0\] to be the name of a file beside it but found "\.\.\/\.\.\/etc\/passwd"/,
  ],
};

test('damaged and foreign folders are refused by name, without leaving tensors', async () => {
  const classifier = createClassifier();
  const before = tf.memory().numTensors;
  for (const [name, [damage, message]] of Object.entries(damages)) {
    await rm(directory, { recursive: true });
    await mkdir(directory);
    await saveClassifier(classifier, directory);
    await damage();
    await assert.rejects(loadClassifier(directory), (error: Error) => {
      assert.match(error.message, message, name);
      assert.ok(error.message.includes(directory), error.message);
      return true;
    });
    assert.equal(tf.memory().numTensors, before, name);
  }
});

test('a layer that tfjs does not know is refused with its name', async () => {
  await saveClassifier(createClassifier(), directory);
  const path = join(directory, 'model.json');
  await writeFile(path, (await readFile(path, 'utf8')).replace('"Dropout"', '"Dropin"'));
  await assert.rejects(loadClassifier(directory), /tfjs can build .* Unknown layer: Dropin/);
});

test('a classifier whose parts do not fit each other is not saved', async () => {
  const classifier = createClassifier();
  await assert.rejects(
    saveClassifier({ ...classifier, classNames: ['red'] }, directory),
    /3 class names in the classifier, one for each output of the model, but received 1/,
  );
  const preprocess = { ...classifier.preprocess, height: 16 };
  await assert.rejects(
    saveClassifier({ ...classifier, preprocess }, directory),
    /8×8 images that the model takes but received 16×8/,
  );
  assert.deepEqual(await readdir(directory), []);
});
