import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CIFAR10_CLASS_NAMES } from '../../lib/data/cifar10Format';
import { countByClass } from '../../lib/data/dataset';
import { generateShapes, SHAPE_CLASS_NAMES } from '../../lib/data/shapes';

test('generateShapes draws none of the ten classes, under any of their usual names', () => {
  const synonyms = [
    'plane',
    'aeroplane',
    'car',
    'boat',
    'sailboat',
    'lorry',
    'toad',
    'kitten',
    'puppy',
  ];
  for (const name of [...CIFAR10_CLASS_NAMES, ...synonyms]) {
    assert.ok(!SHAPE_CLASS_NAMES.includes(name), name);
  }
  assert.ok(SHAPE_CLASS_NAMES.length >= 24);
});

test('generateShapes draws every class as often, and calls the set generated', () => {
  const numClasses = SHAPE_CLASS_NAMES.length;
  const shapes = generateShapes({ count: numClasses * 3, seed: 1, size: 32 });
  assert.deepEqual(countByClass(shapes), Array(numClasses).fill(3));
  assert.deepEqual([shapes.name, shapes.source], ['generated shapes', 'generated']);
  assert.deepEqual(shapes.classNames, SHAPE_CLASS_NAMES);
});

test('generateShapes draws pictures of 64 × 64 by default, and other sizes', () => {
  const usual = generateShapes({ count: 2, seed: 1 });
  assert.deepEqual([usual.height, usual.width, usual.images.length], [64, 64, 2 * 64 * 64 * 3]);
  const large = generateShapes({ count: 2, seed: 1, size: 96 });
  assert.deepEqual([large.height, large.width, large.images.length], [96, 96, 2 * 96 * 96 * 3]);
});

test('generateShapes draws the same pictures for the same seed, however many, and others for another', () => {
  const few = generateShapes({ count: 20, seed: 5, size: 32 });
  const many = generateShapes({ count: 60, seed: 5, size: 32 });
  const other = generateShapes({ count: 20, seed: 6, size: 32 });
  assert.deepEqual(few.images, many.images.slice(0, few.images.length));
  assert.deepEqual(few.labels, many.labels.slice(0, 20));
  assert.notDeepEqual(few.images, other.images);
});

test('generateShapes refuses impossible options', () => {
  assert.throws(
    () => generateShapes({ count: -1, seed: 1 }),
    /Expected count to be .* but received -1/,
  );
  assert.throws(
    () => generateShapes({ count: 1, seed: 0.5 }),
    /Expected seed to be .* but received 0\.5/,
  );
  assert.throws(
    () => generateShapes({ count: 1, seed: 1, size: 4 }),
    /Expected size to be .* but received 4/,
  );
});
