/** tfjs operations on pictures: convolutions, pooling, resizing. */
import { tf } from '../../lib/tensorflow/backend';
import { from, integers, on, type OperationCase, type T } from './operationInputs';

const image = on([2, 8, 8, 3]);
const convolution = on([2, 8, 8, 3], [3, 3, 3, 4]);
const volume = on([1, 4, 6, 6, 2]);

export const PICTURE_OPERATIONS: Record<string, OperationCase> = {
  avgPool: image((x: T) => tf.avgPool(x as tf.Tensor4D, 2, 2, 'valid')),
  avgPool3d: volume((x: T) => tf.avgPool3d(x as tf.Tensor5D, 2, 2, 'same')),
  batchNorm: on(
    [2, 4, 4, 3],
    [3],
    [3],
    [3],
  )((x: T, mean: T, offset: T, scale: T) =>
    tf.batchNorm(x, mean, tf.tensor1d([0.5, 1, 2]), offset, scale),
  ),
  'batchNorm of a matrix': on(
    [6, 3],
    [3],
  )((x: T, mean: T) => tf.batchNorm(x, mean, tf.tensor1d([0.5, 1, 2]))),
  conv1d: on(
    [2, 8, 3],
    [3, 3, 4],
  )((x: T, w: T) => tf.conv1d(x as tf.Tensor3D, w as tf.Tensor3D, 1, 'same')),
  conv2d: convolution((x: T, w: T) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 2, 'same')),
  'conv2d, dilated': convolution((x: T, w: T) =>
    tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'valid', 'NHWC', 2),
  ),
  conv2dTranspose: on(
    [2, 4, 4, 4],
    [3, 3, 3, 4],
  )((x: T, w: T) =>
    tf.conv2dTranspose(x as tf.Tensor4D, w as tf.Tensor4D, [2, 8, 8, 3], 2, 'same'),
  ),
  conv3d: on(
    [1, 4, 6, 6, 2],
    [2, 3, 3, 2, 3],
  )((x: T, w: T) => tf.conv3d(x as tf.Tensor5D, w as tf.Tensor5D, 1, 'same')),
  conv3dTranspose: on(
    [1, 2, 3, 3, 3],
    [2, 2, 2, 2, 3],
  )((x: T, w: T) =>
    tf.conv3dTranspose(x as tf.Tensor5D, w as tf.Tensor5D, [1, 4, 6, 6, 2], 2, 'same'),
  ),
  cropAndResize: image((x: T) =>
    tf.image.cropAndResize(
      x as tf.Tensor4D,
      tf.tensor2d([[0, 0, 0.5, 0.5]]),
      tf.tensor1d([1], 'int32'),
      [3, 3],
    ),
  ),
  depthwiseConv2d: on(
    [2, 8, 8, 3],
    [3, 3, 3, 2],
  )((x: T, w: T) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 'same')),
  'depthwiseConv2d, stride 2': on(
    [2, 8, 8, 3],
    [3, 3, 3, 1],
  )((x: T, w: T) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, 2, 'same')),
  dilation2d: on(
    [1, 6, 6, 2],
    [2, 2, 2],
  )((x: T, w: T) => tf.dilation2d(x as tf.Tensor4D, w as tf.Tensor3D, 1, 'valid')),
  flipLeftRight: image((x: T) => tf.image.flipLeftRight(x as tf.Tensor4D)),
  'fused conv2d': on(
    [2, 8, 8, 3],
    [3, 3, 3, 4],
    [4],
  )((x: T, filter: T, bias: T) =>
    tf.fused.conv2d({
      x: x as tf.Tensor4D,
      filter: filter as tf.Tensor4D,
      strides: 1,
      pad: 'same',
      bias,
      activation: 'relu6',
    }),
  ),
  grayscaleToRGB: on([4, 4, 1])((x: T) => tf.image.grayscaleToRGB(x as tf.Tensor3D)),
  localResponseNormalization: image((x: T) => tf.localResponseNormalization(x as tf.Tensor4D, 2)),
  maxPool: image((x: T) => tf.maxPool(x as tf.Tensor4D, 2, 2, 'valid')),
  maxPool3d: volume((x: T) => tf.maxPool3d(x as tf.Tensor5D, 2, 2, 'same')),
  pool: image((x: T) => tf.pool(x as tf.Tensor4D, [2, 2], 'avg', 'same', 1, 2)),
  resizeBilinear: image((x: T) => tf.image.resizeBilinear(x as tf.Tensor4D, [5, 11], false, true)),
  'resizeBilinear, corners aligned': image((x: T) =>
    tf.image.resizeBilinear(x as tf.Tensor4D, [5, 11], true),
  ),
  resizeNearestNeighbor: image((x: T) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [5, 11])),
  'resizeNearestNeighbor, integers': from(() => [integers([1, 4, 4, 3], 256)])((x: T) =>
    tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [8, 8]),
  ),
  rgbToGrayscale: on([4, 4, 3])((x: T) => tf.image.rgbToGrayscale(x as tf.Tensor3D)),
  separableConv2d: on(
    [2, 8, 8, 3],
    [3, 3, 3, 1],
    [1, 1, 3, 4],
  )((x: T, w: T, p: T) =>
    tf.separableConv2d(x as tf.Tensor4D, w as tf.Tensor4D, p as tf.Tensor4D, 1, 'same'),
  ),
};
