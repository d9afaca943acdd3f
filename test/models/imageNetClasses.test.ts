import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { imageNetClasses } from '../../lib/models/pretrained';

const folder = process.env.MOBILENETV2_DIR;
const skip = folder
  ? false
  : 'MOBILENETV2_DIR is unset: point it at a folder with imagenet_class_index.json of Keras';

test('imageNetClasses names the 1000 classes in the usual order', () => {
  assert.equal(imageNetClasses.length, 1000);
  assert.ok(imageNetClasses.every((name) => name.length > 0));
  // From the challenge's own list (ILSVRC2012, sorted by WordNet id).
  assert.match(imageNetClasses[0], /^tench/);
  assert.match(imageNetClasses[281], /^tabby/);
  assert.match(imageNetClasses[999], /^toilet tissue/);
});

test("imageNetClasses agrees with Keras' class index", { skip }, () => {
  const text = readFileSync(join(folder!, 'imagenet_class_index.json'), 'utf8');
  const keras = JSON.parse(text) as Record<string, [wnid: string, name: string]>;
  const plain = (name: string) => name.toLowerCase().replace(/[^a-z]/g, '');
  const differing = imageNetClasses.filter((names, index) => {
    const expected = plain(keras[index][1]);
    return !names.split(',').some((name) => plain(name) === expected);
  });
  // A few names are spelt differently; another order would differ in nearly all.
  assert.ok(differing.length < 30, differing.join(' | '));
});
