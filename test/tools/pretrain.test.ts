import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CIFAR10_CLASS_NAMES } from '../../lib/data/cifar10';
import { identifyMobileNetV2 } from '../../lib/models/mobileNetV2Weights';
import { drawOtherThings, pretrainBackbone } from '../../tools/backbone/pretrain';
import { tf } from '../../lib/tensorflow/backend';
import { sharedFolder } from '../temporaryFolder';

const folder = sharedFolder();

test('the backbone never sees one of the ten classes', () => {
  const { classNames } = drawOtherThings('train', 0, 1);
  assert.equal(classNames.length, 47);
  assert.deepEqual(
    classNames.filter((name) => CIFAR10_CLASS_NAMES.includes(name as never)),
    [],
  );
});

test('what is written is MobileNetV2 alpha .35 without its top, below 2 MB', async () => {
  const before = tf.memory().numTensors;
  const file = join(folder, 'weights.h5');
  const options = {
    pictures: 8,
    epochs: 1,
    inputSize: 32,
    batchSize: 8,
    seed: 1,
    checkpointDirectory: join(folder, 'checkpoints'),
    file,
    valPicturesPerClass: 1,
  };
  const { epochs } = await pretrainBackbone(options);
  assert.equal(epochs.length, 1);
  assert.deepEqual(await identifyMobileNetV2(file), { alpha: 0.35, hasTop: false });
  assert.ok(statSync(file).size < 2e6, `${statSync(file).size} bytes`);
  assert.equal(tf.memory().numTensors, before);
});
