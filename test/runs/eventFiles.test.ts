import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as protobuf from 'protobufjs';
import { writeEventFiles } from '../../lib/runs/eventFiles';
import { temporaryFolder } from '../temporaryFolder';
import { sampleModel, sampleRecord } from './sampleRecord';

/** The part of TensorFlow's event.proto, summary.proto and tensor.proto that a scalar takes. */
const Event = protobuf
  .parse(
    `syntax = "proto3";
     message Tensor { bytes content = 4; repeated float floats = 5; }
     message Value { string tag = 1; float simple = 2; Tensor tensor = 8; }
     message Summary { repeated Value value = 1; }
     message Event { double time = 1; int64 step = 2; Summary summary = 5; }`,
  )
  .root.lookupType('Event');

interface ScalarEvent {
  readonly step?: number;
  readonly summary?: {
    readonly value: { tag: string; simple?: number; tensor?: { floats: number[] } }[];
  };
}

/** `epoch_loss 1 0.5` for each scalar. A record is its length (8 bytes), a checksum (4), the event and a checksum (4). */
function readScalars(folder: string): string[] {
  const [name] = readdirSync(folder);
  const bytes = readFileSync(join(folder, name));
  const scalars: string[] = [];
  for (let start = 0; start < bytes.length;) {
    const length = Number(bytes.readBigUInt64LE(start));
    const event = Event.decode(bytes.subarray(start + 12, start + 12 + length));
    const { step, summary } = Event.toObject(event, { longs: Number }) as ScalarEvent;
    for (const { tag, simple, tensor } of summary?.value ?? [])
      scalars.push(`${tag} ${step} ${simple ?? tensor?.floats[0]}`);
    start += length + 16;
  }
  return scalars;
}

test('each epoch of a model becomes scalars of its two parts', async (t) => {
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
  assert.equal(await writeEventFiles(record, folder), 2);
  const run = join(folder, record.id);
  assert.deepEqual(readdirSync(run).sort(), ['CNN-all', 'no-validation']);
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
});
