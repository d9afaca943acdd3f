import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createPredictor } from '../../lib/evaluation/predictor';
import { scoreDataset } from '../../lib/evaluation/score';
import { tf } from '../../lib/tensorflow/backend';
import { createAugmentation } from '../../lib/training/augment';
import { createAverages } from '../../lib/training/averageWeights';
import type { TrainingOptions } from '../../lib/training/config';
import type { History, StepInfo } from '../../lib/training/history';
import { createSgd } from '../../lib/training/optimizer';
import { trainModel } from '../../lib/training/train';
import { compileStrictly, variableOf, withoutLeaks } from '../tensorflow/steps';
import { assertClose } from '../assertClose';
import { createTinyModel, interruptAfter, tinyOptions, weightValues } from './tinyTraining';

test('an average follows its weight by the share of each step', () => {
  withoutLeaks(() => {
    const weight = variableOf([8, -8]);
    const averages = createAverages([{ name: 'kernel', variable: weight }], { decay: 0.75 });
    const [{ name, variable: average }] = averages.variables;
    assert.equal(name, 'kernel/average');
    const step = compileStrictly(function update(value: tf.Tensor1D, share: tf.Scalar) {
      weight.assign(value);
      averages.update(share);
      return share;
    });
    // Shares 1 - (1 + t) / (10 + t) for t = 1, 2: 9/11 and 9/12; then at t = 30 and 31 the 1 - .75 of the option.
    // 8 → 8 + (0 - 8) · 9/11 = 16/11 → 16/11 + (4 - 16/11) · 3/4 = 3.36… → the value 4 is kept twice more.
    const expected = [16 / 11, 16 / 11 + (4 - 16 / 11) * 0.75];
    expected.push(expected[1] + (4 - expected[1]) * 0.25);
    expected.push(expected[2] + (4 - expected[2]) * 0.25);
    const seen = [
      [0, 1],
      [4, 2],
      [4, 30],
      [4, 31],
    ].map(([value, number]) => {
      tf.tidy(() => {
        step(tf.tensor1d([value, -value]), tf.scalar(averages.newShare(number)));
      });
      return [...average.dataSync()];
    });
    seen.forEach((values, i) => assertClose(values, [expected[i], -expected[i]]));
    step.dispose();
    averages.dispose();
    weight.dispose();
  });
});

function averaged(): TrainingOptions {
  return {
    ...tinyOptions(),
    optimizer: createSgd({ momentum: 0.9, nesterov: true }),
    averageWeights: { decay: 0.8 },
    augmentation: createAugmentation({ flip: 'alternating', shift: 2, cutout: 2, mixup: 0.2 }),
    labelSmoothing: 0.1,
  };
}

test('the finished model holds the average over its weights after each step, batch norm’s too', async () => {
  const { augmentation: _none, ...plain } = averaged();
  const model = createTinyModel();
  let expected = weightValues(model).map((values) => Float64Array.from(values));
  const decays: number[] = [];
  await trainModel(model, {
    ...plain,
    valSet: undefined,
    onStep: ({ step }: StepInfo) => {
      const decay = Math.min(0.8, (1 + step) / (10 + step));
      decays.push(decay);
      const now = weightValues(model);
      expected = expected.map((old, i) => old.map((x, j) => decay * x + (1 - decay) * now[i][j]));
    },
  });
  assert.equal(decays.length, 14);
  weightValues(model).forEach((values, i) =>
    assertClose(values, expected[i], { tolerance: 1e-5, message: `weight ${i}` }),
  );
  model.dispose();
});

test('validation sees the average, the training goes on from the last step’s weights', async () => {
  const [model, twin] = [createTinyModel(), createTinyModel()];
  const { averageWeights: _none, ...withoutAverage } = averaged();
  const history = await trainModel(model, averaged());
  const plain = await trainModel(twin, withoutAverage);
  assert.deepEqual(
    history.epochs.map(({ train }) => train.loss),
    plain.epochs.map(({ train }) => train.loss),
  );
  assert.notEqual(history.epochs[0].val!.loss, plain.epochs[0].val!.loss);
  const { preprocess, valSet } = averaged();
  const predictor = createPredictor(model, { preprocess });
  const { loss } = await scoreDataset(predictor, valSet as never, { batchSize: 16 });
  assert.equal(loss, history.epochs[1].val!.loss);
  predictor.dispose();
  for (const each of [model, twin]) each.dispose();
});

test('averages and augmentation resume to the last bit', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'averages-'));
  try {
    const outcome = ({ epochs }: History, model: tf.LayersModel) => ({
      curve: epochs.map(({ train, val }) => ({ train, val })),
      weights: weightValues(model),
    });
    const options = { ...averaged(), keepBest: 'loss' as const };
    const model = createTinyModel();
    const expected = outcome(await trainModel(model, options), model);
    const saved = { ...options, checkpoint: { directory } };
    for (const step of [3, 7, 10]) await interruptAfter(step, saved);
    const fresh = createTinyModel();
    assert.deepEqual(outcome(await trainModel(fresh, saved), fresh), expected);
    const again = createTinyModel();
    const always = { ...options, checkpoint: { directory, resume: 'always' as const } };
    assert.deepEqual(outcome(await trainModel(again, always), again), expected);
    const other = {
      ...saved,
      augmentation: createAugmentation({ shift: 1 }),
      checkpoint: always.checkpoint,
    };
    await assert.rejects(
      trainModel(createTinyModel(), other),
      /options.augmentation.flip was "alternating" and is false now/,
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});

test('impossible decays are refused', async () => {
  const model = createTinyModel();
  await assert.rejects(
    trainModel(model, { ...tinyOptions(), averageWeights: { decay: 1 } }),
    /Expected decay to be a number from 0 to below 1 but received 1/,
  );
  model.dispose();
});
