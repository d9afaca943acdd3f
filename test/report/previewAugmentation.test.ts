import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDataset } from '../../lib/data/dataset';
import { previewAugmentation } from '../../lib/report/previewAugmentation';
import { createAugmentation } from '../../lib/training/augment';
import { withoutLeaks } from '../tensorflow/steps';

const pictures = createDataset({
  name: 'two',
  source: 'folder',
  images: Uint8Array.from({ length: 2 * 4 * 4 * 3 }, (_, index) => index),
  labels: Int32Array.of(1, 0),
  classNames: ['cat', 'dog'],
  height: 4,
  width: 4,
});

test('previewAugmentation() shows versions of one picture, each as in an epoch of its own', () => {
  withoutLeaks(() => {
    const augmentation = createAugmentation({ flip: 'alternating' });
    const { data, layout } = previewAugmentation(augmentation, pictures, { count: 4 });
    const sources = data.map((trace) => (trace as unknown as { source: string }).source);
    assert.equal(sources.length, 4);
    assert.deepEqual(sources.slice(2), sources.slice(0, 2));
    assert.notEqual(sources[0], sources[1]);
    assert.match(JSON.stringify(layout), /dog 4/);
  });
});

test('previewAugmentation() shows the same for the same seed', () => {
  const preview = (seed: number) =>
    previewAugmentation(createAugmentation({ crop: 0.3 }), pictures, { seed });
  assert.deepEqual(preview(1), preview(1));
  assert.notDeepEqual(preview(1), preview(2));
});
