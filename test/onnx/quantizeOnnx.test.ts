import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UNIT_SCALE } from '../../lib/data/preprocess';
import { describeInt8Loss } from '../../lib/evaluation/exportInt8';
import { createCnn } from '../../lib/models/cnn';
import { createFastCnn } from '../../lib/models/fastCnn';
import { createMlp } from '../../lib/models/mlp';
import { createMobileNetV2 } from '../../lib/models/mobileNetV2';
import type { Views } from '../../lib/models/views';
import { classifierOnnx } from '../../lib/onnx/exportOnnx';
import { encodeModel, type OnnxModel, type OnnxNode, type OnnxTensor } from '../../lib/onnx/format';
import { measureRanges, quantizeOnnx } from '../../lib/onnx/quantizeOnnx';
import { createOnnxSession } from '../../lib/onnx/runtime';
import { createRng } from '../../lib/random';
import type { tf } from '../../lib/tensorflow/backend';
import { setWeights } from '../../tools/bench/ours/model';
import { randomWeights } from '../../tools/bench/taskData';
import { assertClose } from '../assertClose';

const floats = (values: readonly number[], dims = [values.length]): OnnxTensor => ({
  ...{ dtype: 'float32', dims, data: Float32Array.from(values) },
});
const node = (op: string, inputs: string[], output: string, attributes = {}): OnnxNode => ({
  ...{ op, inputs, output, attributes },
});

/** Pictures of one pixel; its first two values pass two layers: relu(W x + b), then V y. */
function twoLayers(): OnnxModel {
  const perm = [0, 3, 1, 2];
  return {
    name: 'by hand',
    nodes: [
      node('Transpose', ['images'], 'planes', { perm }),
      node('Cast', ['planes'], 'pixels', { to: 1 }),
      node('Flatten', ['pixels'], 'x', { axis: 1 }),
      node('Gemm', ['x', 'W', 'b'], 'hidden'),
      node('Relu', ['hidden'], 'y'),
      node('Gemm', ['y', 'V'], 'logits'),
      node('Identity', ['logits'], 'probabilities'),
    ],
    constants: new Map([
      ['W', floats([0.5, -1e-6, -0.3, 5e-7, 0, 0], [3, 2])],
      ['b', floats([10, 1e6])],
      ['V', floats([1, 3, -1, 2], [2, 2])],
    ]),
    input: { name: 'images', dtype: 'uint8', shape: ['N', 1, 1, 3] },
    output: { name: 'probabilities', dtype: 'float32', shape: ['N', 2] },
    producer: { name: 'test', version: '1' },
    metadata: {},
  };
}

test('scales, zero points, weights and biases are those of the definition', () => {
  const model = twoLayers();
  const ranges = new Map([
    ['x', [-51, 204]],
    ['y', [0, 510]],
  ] as const);
  const { constants, nodes } = quantizeOnnx(model, ranges);
  const values = (name: string) => Array.from(constants.get(name)?.data ?? [], Number);
  // 255 steps from -51 to 204.
  assert.deepEqual([values('x/scale'), values('x/zero_point')], [[1], [51]]);
  assert.deepEqual([values('y/scale'), values('y/zero_point')], [[2], [0]]);
  // By output: .5 and -.3 in steps of .5 / 127; the bias 10 in steps of .5 / 127 · 1.
  assertClose(values('W/scale').slice(0, 1), [0.5 / 127]);
  assert.deepEqual([values('W/integers')[0], values('W/integers')[2]], [127, -76]);
  assert.equal(values('b/integers')[0], 2540);
  // In steps of 1e-6 / 127 the bias 1e6 would need more than 32 bits.
  assert.equal(values('b/integers')[1], 2 ** 30);
  assert.equal(constants.get('b/integers')?.dtype, 'int32');
  // The relu is what the range from 0 does; the last result stays float32.
  assert.ok(!nodes.some(({ op }) => op === 'Relu'));
  assert.equal(nodes.filter(({ op }) => op === 'QuantizeLinear').length, 2);
});

test('the ranges are the least and the most of all pictures', async () => {
  const images = Uint8Array.from([7, 9, 0, 20, 3, 0, 40, 5, 0]);
  const ranges = await measureRanges(twoLayers(), { images, size: 3, height: 1, width: 1 });
  // y is least for the first picture, and 1e6 for all.
  assert.deepEqual([...ranges.keys()], ['x', 'y']);
  assert.deepEqual(ranges.get('x'), [0, 40]);
  assertClose(ranges.get('y') ?? [], [0.5 * 7 - 0.3 * 9 + 10, 1e6]);
});

const noise = (bytes: number): Uint8Array => {
  const rng = createRng(1, 'pixels');
  return Uint8Array.from({ length: bytes }, () => rng.nextInt(256));
};

async function convert(
  model: tf.LayersModel,
  { side, views }: { readonly side: number; readonly views?: Views },
): Promise<{
  readonly float32: OnnxModel;
  readonly int8: OnnxModel;
  pictures: Parameters<typeof measureRanges>[1];
}> {
  const classNames = Array.from({ length: model.outputs[0].shape[1] as number }, String);
  const preprocess = { height: side, width: side, ...UNIT_SCALE };
  setWeights(model, randomWeights(model, createRng(2, 'weights')).values);
  const float32 = await classifierOnnx({ model, classNames, preprocess, views });
  model.dispose();
  const pictures = { images: noise(6 * side * side * 3), size: 6, height: side, width: side };
  return { float32, int8: quantizeOnnx(float32, await measureRanges(float32, pictures)), pictures };
}

const kinds: Record<string, () => Promise<Awaited<ReturnType<typeof convert>>>> = {
  MLP: () => convert(createMlp({ inputShape: [8, 8, 3] }), { side: 8 }),
  CNN: () => convert(createCnn(), { side: 32 }),
  'CNN of the recipes, six views': () =>
    convert(createFastCnn({ widths: [16, 32] }), { side: 32, views: 6 }),
  MobileNetV2: () =>
    convert(createMobileNetV2({ alpha: 0.35, inputSize: 64, numClasses: 10 }), { side: 64 }),
};

for (const [name, create] of Object.entries(kinds)) {
  test(`ONNX Runtime computes in int8 about what it does in float32: ${name}`, async () => {
    const { float32, int8, pictures } = await create();
    const { images, size, height, width } = pictures;
    const outputs: Float32Array[] = [];
    for (const model of [float32, int8]) {
      const session = await createOnnxSession(encodeModel(model));
      outputs.push(await session.run(images, [size, height, width, 3]));
      await session.dispose();
    }
    // With random weights a few outputs move far; of unrelated outputs the mean would be about .1.
    const differences = outputs[1].map((value, i) => Math.abs(value - outputs[0][i]));
    const mean = differences.reduce((sum, value) => sum + value) / differences.length;
    assert.ok(mean > 0 && mean < 0.03, `mean difference ${mean}`);
    const convolutions = float32.nodes.filter(({ op }) => op === 'Conv').length;
    const pairs = int8.nodes.filter(({ op }) => op === 'QuantizeLinear').length;
    assert.ok(pairs > convolutions - 2 && pairs > 0, `${pairs} values are integers`);
  });
}

test('the largest of integers has their scale; depthwise layers behind the first convolution stay float32', async () => {
  const { int8 } = await kinds.CNN();
  const pools = int8.nodes.filter(
    ({ op, inputs }) => op === 'MaxPool' && inputs[0].endsWith('/dequantized'),
  );
  assert.equal(pools.length, 3);
  for (const { inputs, output } of pools) {
    const before = inputs[0].replace('/dequantized', '/scale');
    assert.deepEqual(int8.constants.get(`${output}/scale`), int8.constants.get(before));
  }
  const { int8: mobile } = await kinds.MobileNetV2();
  const isFloat = ({ op, inputs }: OnnxNode) =>
    op === 'Conv' && !inputs[1].endsWith('/dequantized');
  assert.deepEqual(
    mobile.nodes.filter(isFloat).map(({ output }) => output),
    ['Conv1', 'expanded_conv_depthwise'],
  );
});

test('a loss of more than half a point is said, in whole pictures', () => {
  // 898 and 893 of 1000 instead of 899 and 893: 5 pictures are half a point, 6 are more.
  const accuracies = { int8: 0.893, pictures: 1000 };
  assert.equal(describeInt8Loss('CNN', { ...accuracies, float32: 0.898 }), undefined);
  assert.match(
    describeInt8Loss('CNN', { ...accuracies, float32: 0.899 }) ?? '',
    /^ATTENTION: int8 costs "CNN" 0\.6 points of accuracy on 1000 /,
  );
});
