/** tfjs operations, one step each, for the tests of the graph encoder: what runs eagerly must run as a graph. */
import { tf } from '../../lib/tensorflow/backend';
import {
  booleans,
  floats,
  from,
  integers,
  on,
  type OperationCase,
  type T,
} from './operationInputs';
import { PICTURE_OPERATIONS } from './pictureOperations';

const matrix = on([3, 4]);
const positive = from(() => [floats([3, 4]).abs().add(0.1)]);
const two = on([3, 4], [3, 4]);
const twoIntegers = from(() => [
  integers([3, 4], 9),
  integers([3, 4], 5).add(tf.scalar(1, 'int32')),
]);
const twoBooleans = from(() => [booleans([6], 2), booleans([6], 3)]);
const oneInteger = from(() => [integers([6], 4)]);
const image = on([2, 8, 8, 3]);

/** Element by element. */
const ELEMENTWISE: Record<string, OperationCase> = {
  abs: matrix((x: T) => x.abs()),
  acos: matrix((x: T) => x.div(3).acos()),
  acosh: positive((x: T) => x.add(1).acosh()),
  add: two((a: T, b: T) => a.add(b)),
  'add, a bias': on([2, 3, 4], [4])((a: T, b: T) => a.add(b)),
  'add, integers': twoIntegers((a: T, b: T) => a.add(b)),
  'add, integer and float': from(() => [integers([4], 4), floats([4])])((a: T, b: T) => a.add(b)),
  addN: two((a: T, b: T) => tf.addN([a, b, a])),
  asin: matrix((x: T) => x.div(3).asin()),
  asinh: matrix((x: T) => x.asinh()),
  atan: matrix((x: T) => x.atan()),
  atan2: two((a: T, b: T) => tf.atan2(a, b)),
  atanh: matrix((x: T) => x.div(3).atanh()),
  'cast to int32': matrix((x: T) => x.cast('int32')),
  'cast to bool': oneInteger((x: T) => x.cast('bool')),
  'cast from bool': from(() => [booleans([6], 2)])((x: T) => x.cast('float32')),
  ceil: matrix((x: T) => x.ceil()),
  clipByValue: matrix((x: T) => x.clipByValue(-0.5, 0.7)),
  cos: matrix((x: T) => x.cos()),
  cosh: matrix((x: T) => x.cosh()),
  div: two((a: T, b: T) => a.div(b)),
  'div, integers': twoIntegers((a: T, b: T) => a.div(b)),
  divNoNan: two((a: T, b: T) => a.divNoNan(b)),
  elu: matrix((x: T) => x.elu()),
  equal: twoIntegers((a: T, b: T) => a.equal(b)),
  erf: matrix((x: T) => x.erf()),
  exp: matrix((x: T) => x.exp()),
  expm1: matrix((x: T) => x.expm1()),
  floor: matrix((x: T) => x.floor()),
  floorDiv: twoIntegers((a: T, b: T) => a.floorDiv(b)),
  greater: two((a: T, b: T) => a.greater(b)),
  greaterEqual: twoIntegers((a: T, b: T) => a.greaterEqual(b)),
  isFinite: matrix((x: T) => x.log().isFinite()),
  isInf: matrix((x: T) => x.div(0).isInf()),
  isNaN: matrix((x: T) => x.log().isNaN()),
  leakyRelu: matrix((x: T) => x.leakyRelu(0.3)),
  less: two((a: T, b: T) => a.less(b)),
  lessEqual: twoIntegers((a: T, b: T) => a.lessEqual(b)),
  log: positive((x: T) => x.log()),
  log1p: positive((x: T) => x.log1p()),
  logSigmoid: matrix((x: T) => x.logSigmoid()),
  logicalAnd: twoBooleans((a: T, b: T) => a.logicalAnd(b)),
  logicalNot: twoBooleans((a: T) => a.logicalNot()),
  logicalOr: twoBooleans((a: T, b: T) => a.logicalOr(b)),
  logicalXor: twoBooleans((a: T, b: T) => a.logicalXor(b)),
  maximum: two((a: T, b: T) => a.maximum(b)),
  minimum: twoIntegers((a: T, b: T) => a.minimum(b)),
  mod: two((a: T, b: T) => a.mod(b)),
  'mod, integers': twoIntegers((a: T, b: T) => a.mod(b)),
  mul: two((a: T, b: T) => a.mul(b)),
  'mul, integers': twoIntegers((a: T, b: T) => a.mul(b)),
  neg: matrix((x: T) => x.neg()),
  notEqual: twoIntegers((a: T, b: T) => a.notEqual(b)),
  pow: positive((x: T) => x.pow(1.5)),
  'pow, integers': twoIntegers((a: T, b: T) => a.pow(b)),
  prelu: on([3, 4], [4])((x: T, alpha: T) => tf.prelu(x, alpha)),
  reciprocal: matrix((x: T) => x.reciprocal()),
  relu: matrix((x: T) => x.relu()),
  relu6: matrix((x: T) => x.mul(5).relu6()),
  round: matrix((x: T) => x.round()),
  rsqrt: positive((x: T) => x.rsqrt()),
  selu: matrix((x: T) => x.selu()),
  sigmoid: matrix((x: T) => x.sigmoid()),
  sign: matrix((x: T) => x.sign()),
  sin: matrix((x: T) => x.sin()),
  sinh: matrix((x: T) => x.sinh()),
  softplus: matrix((x: T) => x.softplus()),
  sqrt: positive((x: T) => x.sqrt()),
  square: matrix((x: T) => x.square()),
  squaredDifference: two((a: T, b: T) => a.squaredDifference(b)),
  step: matrix((x: T) => x.step(0.2)),
  sub: two((a: T, b: T) => a.sub(b)),
  tan: matrix((x: T) => x.tan()),
  tanh: matrix((x: T) => x.tanh()),
  where: two((a: T, b: T) => tf.where(a.greater(0), a, b)),
};

/** Over axes, along them, and matrix products. */
const REDUCTIONS: Record<string, OperationCase> = {
  all: from(() => [booleans([3, 4], 2)])((x: T) => x.all(1)),
  any: from(() => [booleans([3, 4], 5)])((x: T) => x.any(0)),
  argMax: matrix((x: T) => x.argMax(1)),
  argMin: matrix((x: T) => x.argMin(0)),
  'argMax of booleans': from(() => [booleans([3, 4], 3)])((x: T) => x.argMax(1)),
  cumprod: matrix((x: T) => tf.cumprod(x, 1)),
  cumsum: matrix((x: T) => x.cumsum(1, true, true)),
  euclideanNorm: matrix((x: T) => x.euclideanNorm(1)),
  logSoftmax: matrix((x: T) => x.logSoftmax()),
  logSumExp: matrix((x: T) => x.logSumExp(1)),
  max: matrix((x: T) => x.max(1)),
  'max, integers': twoIntegers((x: T) => x.max()),
  mean: matrix((x: T) => x.mean(0)),
  'mean, integers': twoIntegers((x: T) => x.mean(0)),
  min: matrix((x: T) => x.min([0, 1], true)),
  moments: matrix((x: T) => Object.values(tf.moments(x, 0))),
  norm: matrix((x: T) => x.norm()),
  prod: matrix((x: T) => x.prod(1)),
  'prod, integers': twoIntegers((x: T) => x.prod(1)),
  softmax: matrix((x: T) => x.softmax()),
  'sum of everything': matrix((x: T) => x.sum()),
  'sum of columns': matrix((x: T) => x.sum(1)),
  'sum of rows': matrix((x: T) => x.sum(0)),
  'sum of rows, axes kept': matrix((x: T) => x.sum(0, true)),
  'sum, negative axes': image((x: T) => x.sum([-4, -3, -2])),
  'sum, integers': twoIntegers((x: T) => x.sum(0)),
  'sum, booleans': from(() => [booleans([3, 4], 2)])((x: T) => x.sum(0)),
  'topk, values': matrix((x: T) => tf.topk(x, 2).values),
  'topk, indices': matrix((x: T) => tf.topk(x, 2).indices),
  bincount: oneInteger((x: T) => tf.bincount(x as tf.Tensor1D, tf.ones([6]), 4)),
  confusionMatrix: oneInteger((x: T) =>
    tf.math.confusionMatrix(x as tf.Tensor1D, x as tf.Tensor1D, 4),
  ),
  dot: on([3, 4], [4])((a: T, b: T) => a.dot(b)),
  einsum: on([3, 4], [4, 5])((a: T, b: T) => tf.einsum('ij,jk->ik', a, b)),
  matMul: on([3, 4], [4, 5])((a: T, b: T) => tf.matMul(a, b)),
  'matMul, transposed': on([4, 3], [5, 4])((a: T, b: T) => tf.matMul(a, b, true, true)),
  'matMul, batches': on([6, 3, 4], [6, 4, 5])((a: T, b: T) => tf.matMul(a, b)),
  'matMul, one batch': on([1, 3, 4], [1, 4, 5])((a: T, b: T) => tf.matMul(a, b)),
  'matMul, batch of one repeated': on([6, 3, 4], [1, 4, 5])((a: T, b: T) => tf.matMul(a, b)),
  'matMul, integers': from(() => [integers([3, 4], 5), integers([4, 2], 7)])((a: T, b: T) =>
    tf.matMul(a, b),
  ),
  'fused matMul': on(
    [3, 4],
    [4, 5],
    [5],
  )((a: T, b: T, bias: T) =>
    tf.fused.matMul({ a, b, transposeA: false, transposeB: false, bias, activation: 'relu' }),
  ),
  outerProduct: on([3], [4])((a: T, b: T) => tf.outerProduct(a as tf.Tensor1D, b as tf.Tensor1D)),
};

/** Other shapes, other places. */
const ARRANGING: Record<string, OperationCase> = {
  batchToSpaceND: on([8, 2, 2, 1])((x: T) => tf.batchToSpaceND(x, [2, 2], [[0, 0], [0, 0]])), // prettier-ignore
  broadcastArgs: from(() => [tf.tensor1d([3, 1], 'int32'), tf.tensor1d([1, 4], 'int32')])(
    (a: T, b: T) => tf.broadcastArgs(a, b),
  ),
  broadcastTo: on([1, 4])((x: T) => tf.broadcastTo(x, [3, 4])),
  clone: matrix((x: T) => x.clone()),
  concat: two((a: T, b: T) => tf.concat([a, b], 1)),
  'concat, integers': twoIntegers((a: T, b: T) => tf.concat([a, b], 0)),
  'concat, booleans': twoBooleans((a: T, b: T) => tf.concat([a, b])),
  depthToSpace: on([1, 2, 2, 8])((x: T) => tf.depthToSpace(x as tf.Tensor4D, 2, 'NHWC')),
  diag: on([3])((x: T) => tf.diag(x)),
  expandDims: matrix((x: T) => x.expandDims(1)),
  'expandDims, integers': oneInteger((x: T) => x.expandDims(0)),
  eye: matrix((x: T) => tf.eye(4).add(x.sum())),
  fill: matrix((x: T) => tf.fill([4], 2).add(x)),
  gather: from(() => [floats([5, 3]), integers([4], 5)])((x: T, at: T) => tf.gather(x, at)),
  'gather, second axis': from(() => [floats([3, 5]), integers([2, 4], 5)])((x: T, at: T) =>
    tf.gather(x, at, 1),
  ),
  'gather, integers': from(() => [integers([5], 9), integers([4], 5)])((x: T, at: T) =>
    tf.gather(x, at),
  ),
  gatherND: from(() => [floats([4, 5]), integers([3, 2], 4)])((x: T, at: T) => tf.gatherND(x, at)),
  linspace: matrix((x: T) => tf.linspace(0, 1, 4).add(x)),
  mirrorPad: matrix((x: T) => tf.mirrorPad(x, [[1, 1], [1, 0]], 'reflect')), // prettier-ignore
  oneHot: oneInteger((x: T) => tf.oneHot(x, 4)),
  'oneHot, other values': oneInteger((x: T) => tf.oneHot(x, 4, 0.9, 0.1, 'float32')),
  onesLike: matrix((x: T) => tf.onesLike(x).add(x)),
  'onesLike, integers': oneInteger((x: T) => tf.onesLike(x).add(x)),
  pad: matrix((x: T) => tf.pad(x, [[1, 2], [0, 1]], 3)), // prettier-ignore
  'pad, integers': twoIntegers((x: T) => tf.pad(x, [[1, 2], [0, 1]])), // prettier-ignore
  range: matrix((x: T) => tf.range(0, 4).add(x)),
  reshape: matrix((x: T) => x.reshape([2, 6]).reshape([-1, 3])),
  'reshape, booleans': twoBooleans((x: T) => x.reshape([2, 3])),
  reverse: matrix((x: T) => x.reverse(1)),
  scatterND: from(() => [tf.tensor2d([[1], [3]], [2, 1], 'int32'), floats([2])])((at: T, x: T) =>
    tf.scatterND(at, x, [5]),
  ),
  slice: matrix((x: T) => x.slice([1, 0], [2, 3])),
  'slice, booleans': twoBooleans((x: T) => x.slice([1], [3])),
  spaceToBatchND: on([2, 4, 4, 1])((x: T) => tf.spaceToBatchND(x, [2, 2], [[0, 0], [0, 0]])), // prettier-ignore
  sparseToDense: from(() => [tf.tensor1d([1, 3], 'int32'), floats([2])])((at: T, x: T) =>
    tf.sparseToDense(at, x, [5], tf.scalar(0)),
  ),
  split: matrix((x: T) => tf.split(x, [1, 3], 1)),
  squeeze: on([1, 4, 1])((x: T) => x.squeeze()),
  stack: two((a: T, b: T) => tf.stack([a, b], 1)),
  stridedSlice: matrix((x: T) => x.stridedSlice([0, 3], [3, 0], [2, -1])),
  tensorScatterUpdate: from(() => [
    floats([5]),
    tf.tensor2d([[1], [3]], [2, 1], 'int32'),
    floats([2]),
  ])((x: T, at: T, values: T) => tf.tensorScatterUpdate(x, at, values)),
  tile: matrix((x: T) => x.tile([2, 1])),
  transpose: on([2, 3, 4])((x: T) => x.transpose([2, 0, 1])),
  unsortedSegmentSum: from(() => [floats([6, 2]), integers([6], 3)])((x: T, ids: T) =>
    tf.unsortedSegmentSum(x, ids as tf.Tensor1D, 3),
  ),
  unstack: matrix((x: T) => tf.unstack(x, 1)),
  zerosLike: matrix((x: T) => tf.zerosLike(x).add(x)),
  'a nothing': matrix((x: T) => x.slice([0, 0], [0, 4])),
};

export const OPERATION_GROUPS: Readonly<Record<string, Readonly<Record<string, OperationCase>>>> = {
  'element by element': ELEMENTWISE,
  'along axes': REDUCTIONS,
  'of shape and place': ARRANGING,
  'of pictures': PICTURE_OPERATIONS,
};
