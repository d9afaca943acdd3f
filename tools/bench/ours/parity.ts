/** Writes a classifier of every kind as ONNX files, with pictures and the outputs of this project: `node parity.cjs FOLDER`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CIFAR10_SCALE, MOBILENET_SCALE } from '../../../lib/data/preprocess';
import { sourceSizeOf } from '../../../lib/data/resize';
import { createPredictor } from '../../../lib/evaluation/predictor';
import type { Classifier } from '../../../lib/models/classifier';
import { createCnn } from '../../../lib/models/cnn';
import { createFastCnn } from '../../../lib/models/fastCnn';
import { createMlp } from '../../../lib/models/mlp';
import { createMobileNetV2 } from '../../../lib/models/mobileNetV2';
import { createHead, createTransferModel } from '../../../lib/models/transfer';
import { classifierOnnx } from '../../../lib/onnx/exportOnnx';
import { encodeModel } from '../../../lib/onnx/format';
import { measureRanges, quantizeOnnx } from '../../../lib/onnx/quantizeOnnx';
import { createOnnxSession } from '../../../lib/onnx/runtime';
import { createRng } from '../../../lib/random';
import { randomWeights } from '../taskData';
import { setWeights } from './model';

/** A number that no batch of the measured cases has. */
const PICTURES = 7;

type Kind = Omit<Classifier, 'classNames'>;

const small = { height: 32, width: 32, ...CIFAR10_SCALE };
const enlarged = (side: number) => ({
  ...{ height: side, width: side, sourceSize: { height: 32, width: 32 }, ...MOBILENET_SCALE },
});

const KINDS: Readonly<Record<string, () => Kind>> = {
  MLP: () => ({ model: createMlp(), preprocess: small }),
  CNN: () => ({ model: createCnn(), preprocess: small }),
  'CNN of the recipes, six views': () => ({ model: createFastCnn(), preprocess: small, views: 6 }),
  'MobileNetV2, two views of enlarged pictures': () => ({
    model: createMobileNetV2({ inputSize: 96, numClasses: 10 }),
    preprocess: enlarged(96),
    views: 2,
  }),
  'MobileNetV2, a head on frozen layers': () => ({
    model: createTransferModel(
      createMobileNetV2({ inputSize: 160, includeTop: false, pooling: 'avg' }),
      createHead({ features: 1280, numClasses: 10, hiddenUnits: 512 }),
    ),
    preprocess: enlarged(160),
  }),
  "MobileNetV2, ImageNet's classes": () => ({
    model: createMobileNetV2(),
    preprocess: { height: 224, width: 224, ...MOBILENET_SCALE },
  }),
};

async function writeKind(file: string, { model, preprocess, views }: Kind): Promise<void> {
  const rng = createRng(1, 'parity');
  setWeights(model, randomWeights(model, rng).values);
  const classNames = Array.from({ length: model.outputs[0].shape[1] as number }, String);
  const size = sourceSizeOf(preprocess);
  const images = Uint8Array.from({ length: PICTURES * size.height * size.width * 3 }, () =>
    rng.nextInt(256),
  );
  const write = (ending: string, bytes: Uint8Array) => writeFileSync(`${file}${ending}`, bytes);
  const writeOutputs = (ending: string, { buffer, byteOffset, byteLength }: Float32Array) =>
    write(ending, new Uint8Array(buffer, byteOffset, byteLength));
  write('.images', images);
  const float32 = await classifierOnnx({ model, preprocess, views, classNames });
  write('.onnx', encodeModel(float32));
  const predictor = createPredictor(model, { preprocess, views, ...size });
  writeOutputs('.outputs', predictor.run(images, PICTURES));
  predictor.dispose();
  model.dispose();
  const ranges = await measureRanges(float32, { images, size: PICTURES, ...size });
  const int8 = encodeModel(quantizeOnnx(float32, ranges));
  write(' in int8.onnx', int8);
  write(' in int8.images', images);
  const session = await createOnnxSession(int8);
  writeOutputs(
    ' in int8.outputs',
    await session.run(images, [PICTURES, size.height, size.width, 3]),
  );
  await session.dispose();
}

async function main(folder: string): Promise<void> {
  for (const [name, create] of Object.entries(KINDS)) await writeKind(join(folder, name), create());
}

void main(process.argv[2]);
