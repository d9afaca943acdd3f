import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyPreprocess } from '../../lib/data/applyPreprocess';
import { CIFAR10_SCALE, type Preprocess } from '../../lib/data/preprocess';
import { UNIT_SCALE } from '../../lib/data/preprocess';
import { createPredictor, predictionBatch } from '../../lib/evaluation/predictor';
import { nodeBackend, tf } from '../../lib/tensorflow/backend';
import { compile } from '../../lib/tensorflow/compile';
import { mirrored } from '../../lib/training/features';
import { namedWeights } from '../../lib/training/trainingStep';
import { withoutLeaks } from '../tensorflow/steps';
import { assertClose } from '../assertClose';
import { createTinyDataset, createTinyModel } from '../training/tinyTraining';

const SIDE = 8;
const preprocess: Preprocess = { height: SIDE, width: SIDE, ...CIFAR10_SCALE };
const { images } = createTinyDataset(12, 3);

/** What tfjs itself predicts. */
function expected(
  model: tf.LayersModel,
  pixels: Uint8Array,
  [size, side]: readonly [number, number],
): Float32Array {
  return tf.tidy(() => {
    const floats = tf.tensor4d(Float32Array.from(pixels), [size, side, side, 3]);
    return (model.predict(applyPreprocess(floats, preprocess)) as tf.Tensor).dataSync();
  }) as unknown as Float32Array;
}

test('predictions are those of model.predict, for every batch size', () => {
  withoutLeaks(() => {
    const model = createTinyModel();
    const predictor = createPredictor(model, { preprocess });
    for (const size of [12, 12, 5, 12, 1, 5, 1]) {
      const pixels = images.subarray(0, size * SIDE * SIDE * 3);
      assertClose(predictor.run(pixels, size), expected(model, pixels, [size, SIDE]));
    }
    assert.equal(predictor.statistics.graphRuns, 4);
    predictor.dispose();
    model.dispose();
  });
});

test('pictures of another size are resized inside of the graph', () => {
  const model = createTinyModel();
  const predictor = createPredictor(model, { preprocess, height: 4, width: 4 });
  const pixels = images.subarray(0, 3 * 4 * 4 * 3);
  for (let i = 0; i < 2; i++)
    assertClose(predictor.run(pixels, 3), expected(model, pixels, [3, 4]));
  predictor.dispose();
  model.dispose();
});

/** Each picture moved by `by` rows and columns; the border is reflected at the outermost pixels. */
function moved(pixels: Uint8Array, by: number): Uint8Array {
  const source = (place: number): number => SIDE - 1 - Math.abs(SIDE - 1 - Math.abs(place - by));
  return pixels.map((_, index) => {
    const [channel, x] = [index % 3, Math.floor(index / 3) % SIDE];
    const row = Math.floor(index / (3 * SIDE));
    const [y, picture] = [row % SIDE, Math.floor(row / SIDE)];
    return pixels[((picture * SIDE + source(y)) * SIDE + source(x)) * 3 + channel];
  });
}

test('views are averaged: the mirror image as much as the picture, moved ones half as much', () => {
  const [down, up] = [moved(images, 1), moved(images, -1)];
  const weighted = {
    2: [images, images],
    6: [images, images, images, images, down, down, up, up],
  } as const;
  withoutLeaks(() => {
    const model = createTinyModel();
    for (const [views, pictures] of [
      [2, weighted[2]],
      [6, weighted[6]],
    ] as const) {
      const predictor = createPredictor(model, { preprocess, views });
      const outputs = pictures.map((pixels, i) =>
        expected(model, i % 2 === 0 ? pixels : mirrored(pixels, { width: SIDE }), [12, SIDE]),
      );
      const means = outputs[0].map(
        (_, i) => outputs.reduce((sum, values) => sum + values[i], 0) / outputs.length,
      );
      for (let i = 0; i < 2; i++) assertClose(predictor.run(images, 12), means);
      assert.equal(predictor.statistics.graphRuns, 1);
      predictor.dispose();
    }
    model.dispose();
  });
});

test('bfloat16 predicts about the same', () => {
  const model = createTinyModel();
  const predictor = createPredictor(model, { preprocess, bfloat16: true });
  for (let i = 0; i < 2; i++)
    assertClose(predictor.run(images, 12), expected(model, images, [12, SIDE]), {
      tolerance: 2e-2, // 8 bits of mantissa
    });
  assert.equal(predictor.statistics.graphRuns, 1);
  predictor.dispose();
  model.dispose();
});

test('weights changed by whatever means are noticed', () => {
  withoutLeaks(() => {
    const [model, other] = [createTinyModel(), createTinyModel()];
    const predictor = createPredictor(model, { preprocess });
    const weights = namedWeights(model).map(({ variable }) => variable);
    const shrink = compile(() => {
      for (const weight of weights) weight.assign(weight.mul(0.9));
    });
    const changes: Record<string, () => void> = {
      nothing: () => undefined,
      'a compiled step, recorded': shrink,
      'a compiled step': shrink,
      'the next compiled step': shrink,
      setWeights: () => model.setWeights(other.getWeights()),
      'an assignment': () => tf.tidy(() => weights[0].assign(weights[0].neg())),
    };
    for (const [change, apply] of Object.entries(changes)) {
      predictor.run(images, 12);
      const runs = predictor.statistics.graphRuns;
      apply();
      for (let i = 0; i < 2; i++)
        assertClose(predictor.run(images, 12), expected(model, images, [12, SIDE]), {
          message: `after ${change}`,
        });
      assert.ok(predictor.statistics.graphRuns > runs, 'and then it is a graph again');
    }
    for (const each of [shrink, predictor, model, other]) each.dispose();
  });
});

test('predictors of several models do not disturb each other', () => {
  const models = [createTinyModel(), createTinyModel()];
  const predictors = models.map((model) => createPredictor(model, { preprocess }));
  for (let i = 0; i < 3; i++)
    predictors.forEach((predictor, at) =>
      assertClose(predictor.run(images, 12), expected(models[at], images, [12, SIDE])),
    );
  predictors[0].dispose();
  models[0].dispose();
  assertClose(predictors[1].run(images, 12), expected(models[1], images, [12, SIDE]));
  predictors[1].dispose();
  models[1].dispose();
});

test('a disposed predictor gives everything back and says so', () => {
  const { binding } = nodeBackend();
  const before = binding.getNumOfSavedModels();
  const model = createTinyModel();
  const predictor = createPredictor(model, { preprocess });
  for (let i = 0; i < 2; i++) predictor.run(images, 12);
  assert.equal(binding.getNumOfSavedModels(), before + 1);
  predictor.dispose();
  assert.equal(binding.getNumOfSavedModels(), before);
  withoutLeaks(() => assert.throws(() => predictor.run(images, 12), /disposed/));
  model.dispose();
});

test('pixels that do not fill the batch are refused', () => {
  const model = createTinyModel();
  const predictor = createPredictor(model, { preprocess });
  withoutLeaks(() =>
    assert.throws(
      () => predictor.run(images.subarray(5), 12),
      /Expected \d+ bytes .* but received \d+/,
    ),
  );
  predictor.dispose();
  model.dispose();
});

test('as many pictures pass at once as have the pixels of 16 of 160 × 160, 256 views at most', () => {
  const of = (side: number, views?: 1 | 2 | 6) =>
    predictionBatch({ preprocess: { height: side, width: side, ...UNIT_SCALE }, views });
  assert.deepEqual(
    [of(32), of(32, 6), of(96), of(160), of(160, 2), of(224)],
    [256, 42, 44, 16, 8, 8],
  );
  assert.equal(of(2000, 2), 1);
});
