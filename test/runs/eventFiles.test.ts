import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as protobuf from 'protobufjs';
import { decodeImage } from '../../lib/data/image';
import { writeEventFiles } from '../../lib/runs/eventFiles';
import { tf } from '../../lib/tensorflow/backend';
import { plainPng } from '../data/pictures';
import { temporaryFolder } from '../temporaryFolder';
import { sampleModel, sampleRecord } from './sampleRecord';

/** The part of TensorFlow's event.proto, summary.proto and tensor.proto that scalars and images take. */
const Event = protobuf
  .parse(
    `syntax = "proto3";
     message Tensor { bytes content = 4; repeated float floats = 5; }
     message Image { int32 height = 1; int32 width = 2; bytes png = 4; }
     message Value { string tag = 1; float simple = 2; Image image = 4; Tensor tensor = 8; }
     message Summary { repeated Value value = 1; }
     message Event { double time = 1; int64 step = 2; Summary summary = 5; }`,
  )
  .root.lookupType('Event');

interface Value {
  readonly tag: string;
  readonly step?: number;
  readonly simple?: number;
  readonly tensor?: { readonly floats: number[] };
  readonly image?: { readonly height: number; readonly width: number; readonly png: Uint8Array };
}

interface DecodedEvent {
  readonly step?: number;
  readonly summary?: { readonly value: Value[] };
}

/** A record is its length (8 bytes), a checksum (4), the event and a checksum (4). */
function readValues(folder: string): Value[] {
  const [name] = readdirSync(folder);
  const bytes = readFileSync(join(folder, name));
  const values: Value[] = [];
  for (let start = 0; start < bytes.length;) {
    const length = Number(bytes.readBigUInt64LE(start));
    const event = Event.decode(bytes.subarray(start + 12, start + 12 + length));
    const { step, summary } = Event.toObject(event, { longs: Number }) as DecodedEvent;
    for (const value of summary?.value ?? []) values.push({ ...value, step });
    start += length + 16;
  }
  return values;
}

/** `epoch_loss 1 0.5` for each scalar. */
function readScalars(folder: string): string[] {
  return readValues(folder).map(({ tag, step, simple, tensor }) => {
    return `${tag} ${step} ${simple ?? tensor?.floats[0]}`;
  });
}

test('each epoch of a model becomes scalars of its two parts, figures of pictures become images', async (t) => {
  const folder = temporaryFolder(t);
  const epoch = { learningRate: 0.25, seconds: 1, imagesPerSecond: 1 };
  const history = [
    { epoch: 1, train: { loss: 2, accuracy: 0.5 }, val: { loss: 1.5, f1: 0.75 }, ...epoch },
    { epoch: 2, train: { loss: 1, accuracy: 0.625 }, val: { loss: 1.25, f1: 0.875 }, ...epoch },
  ];
  const models = [
    { ...sampleModel({ name: 'CNN, all' }), history },
    { ...sampleModel({ name: 'no validation' }), history: [{ ...history[0], val: null }] },
    { ...sampleModel({ name: 'taken over' }), history: [] },
  ];
  const record = sampleRecord({ models });
  const figures = join(folder, 'drawn');
  mkdirSync(figures);
  const layout = { title: { text: 'The worst mistakes' } };
  for (const [name, type] of Object.entries({
    mistakes: 'image',
    undrawn: 'image',
    curves: 'scatter',
  })) {
    writeFileSync(join(figures, `${name}.json`), JSON.stringify({ data: [{ type }], layout }));
    if (name !== 'undrawn')
      writeFileSync(join(figures, `${name}.png`), await plainPng([200, 100, 50], 6, 4));
  }
  const held = tf.memory().numTensors;
  assert.equal(await writeEventFiles(record, folder, figures), 2);
  // tfjs keeps five of each of its writers (the resource, four options): train and val, train, and the pictures.
  assert.equal(tf.memory().numTensors - held, 4 * 5);
  const run = join(folder, record.id);
  assert.deepEqual(readdirSync(run).sort(), ['CNN-all', 'figures', 'no-validation']);
  assert.deepEqual(readScalars(join(run, 'CNN-all', 'train')), [
    'epoch_loss 1 2',
    'epoch_accuracy 1 0.5',
    'epoch_learning_rate 1 0.25',
    'epoch_loss 2 1',
    'epoch_accuracy 2 0.625',
    'epoch_learning_rate 2 0.25',
  ]);
  const val = ['epoch_loss 1 1.5', 'epoch_f1 1 0.75', 'epoch_loss 2 1.25', 'epoch_f1 2 0.875'];
  assert.deepEqual(readScalars(join(run, 'CNN-all', 'val')), val);
  assert.ok(!existsSync(join(run, 'no-validation', 'val')));
  const images = readValues(join(run, 'figures')).map(({ tag, image }) => ({ tag, image }));
  assert.equal(images.length, 1);
  const [{ tag, image }] = images;
  assert.deepEqual([tag, image?.height, image?.width], ['mistakes/image', 4, 6]);
  const { data } = await decodeImage(image?.png ?? new Uint8Array());
  assert.deepEqual(
    data,
    Uint8Array.from({ length: 72 }, (_, place) => [200, 100, 50][place % 3]),
  );
});
