import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDataset } from '../../lib/data/dataset';
import { labelledPictures, mistakePictures, predictionPictures } from '../../lib/report/pictures';

const dataset = createDataset({
  name: 'three pixels',
  source: 'folder',
  images: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9),
  labels: Int32Array.of(0, 1, 1),
  classNames: ['cat', 'dog'],
  height: 1,
  width: 1,
});

const model = { name: 'CNN', classNames: dataset.classNames };

test('a picture of a data set comes with its own pixels and its class name', () => {
  assert.deepEqual(labelledPictures(dataset, [2, 0]), [
    { data: Uint8Array.of(7, 8, 9), height: 1, width: 1, caption: 'dog' },
    { data: Uint8Array.of(1, 2, 3), height: 1, width: 1, caption: 'cat' },
  ]);
});

test('without numbers all pictures come, in their order', () => {
  assert.deepEqual(labelledPictures(dataset), labelledPictures(dataset, [0, 1, 2]));
  assert.equal(labelledPictures(dataset).length, 3);
});

test('a mistake says what it is, what it was taken for and how surely', () => {
  const probabilities = Float32Array.of(0.75, 0.25, 0.9731, 0.0269, 0.6, 0.4);
  const [{ caption, data }, second] = mistakePictures(
    { ...model, evaluation: { probabilities } },
    dataset,
  );
  assert.equal(caption, 'dog\ntaken for cat\nat 97.3 %');
  assert.deepEqual(data, Uint8Array.of(4, 5, 6));
  assert.equal(second.caption, 'dog\ntaken for cat\nat 60.0 %');
  assert.equal(mistakePictures({ ...model, evaluation: { probabilities } }, dataset, 1).length, 1);
});

test('ten mistakes are shown unless another number is asked for', () => {
  const [images, labels] = [new Uint8Array(12 * 3), new Int32Array(12)];
  const many = createDataset({ ...dataset, images, labels });
  const probabilities = Float32Array.from({ length: 24 }, (_, index) => index % 2);
  assert.equal(mistakePictures({ ...model, evaluation: { probabilities } }, many).length, 10);
});

test('a prediction says whether it is right, in signs and words', () => {
  const probabilities = Float32Array.of(0.75, 0.25, 0.5, 0.5, 0.125, 0.875);
  const tested = { ...model, evaluation: { probabilities } };
  const captions = predictionPictures(tested, dataset, [0, 1, 2]).map(({ caption }) => caption);
  assert.deepEqual(captions, [
    'cat 75.0 %\n✓ right',
    'cat 50.0 %\n✗ is dog',
    'dog 87.5 %\n✓ right',
  ]);
});

test('a picture that the data set does not have is refused', () => {
  assert.throws(() => labelledPictures(dataset, [3]), /an integer of 0…2 but received 3/);
  assert.throws(() => labelledPictures(dataset, [0.5]), /received 0.5/);
});
