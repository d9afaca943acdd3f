import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDataset } from '../../lib/data/dataset';
import { imageGridFigure } from '../../lib/report/imageGridFigure';
import {
  explanationPictures,
  labelledPictures,
  mistakePictures,
  predictionPictures,
} from '../../lib/report/pictures';

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

test('a mistake from a file has its name below, and its path where the mouse is over it', () => {
  const paths = ['/photos/cat/1.jpg', '/photos/dog/2 <b>.jpg', '/photos/dog/3.jpg'];
  const probabilities = Float32Array.of(0.75, 0.25, 0.9731, 0.0269, 0.4, 0.6);
  const own = createDataset({ ...dataset, paths });
  const [mistake] = mistakePictures({ ...model, evaluation: { probabilities } }, own);
  assert.equal(mistake.caption, 'dog\ntaken for cat\nat 97.3 %\n2 <b>.jpg');
  const [trace] = imageGridFigure([mistake]).data;
  assert.ok(trace.type === 'image');
  assert.match(trace.meta, /^dog<br>taken for cat<br>.*<br>\/photos\/dog\/2 &lt;b&gt;\.jpg$/);
});

test('what speaks for a class is vermilion on the picture in grey', () => {
  const picture = { data: Uint8Array.of(255, 0, 0, 100, 100, 100), height: 1, width: 2 };
  const explanation = { className: 'cat', label: 0, probability: 0.75, layer: 'conv4', picture };
  const [plain, heated] = explanationPictures({
    ...explanation,
    map: { data: Float32Array.of(2), height: 1, width: 1 },
    heatmap: Float32Array.of(0, 1),
  });
  assert.equal(plain.caption, 'cat\n75.0 %');
  assert.equal(plain.data, picture.data);
  // Luma .299 · 255 = 76; 100 + .75 · (213, 94, 0 - 100) = 185, 96, 25.
  assert.deepEqual(Array.from(heated.data), [76, 76, 76, 185, 96, 25]);
  assert.match(heated.caption, /layer conv4$/);
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
