/** Why a convolutional classifier says what it says: the places of a picture that speak for a class. */
import { applyPreprocess } from '../data/applyPreprocess';
import { decodeImage, type DecodedImage } from '../data/image';
import { sourceSizeOf } from '../data/resize';
import type { Classifier } from '../models/classifier';
import { applyLogits } from '../models/logits';
import { checkOptions, oneOf } from '../options';
import { tf } from '../tensorflow/backend';
import { compile } from '../tensorflow/compile';
import { uint8Tensor, uint8ToFloat } from '../tensorflow/operations';
import { replaceMember } from '../tensorflow/replaceMember';
import type { NamedProbability } from './predictFiles';
import { keptGraph, predictImage } from './predictImage';

/** Options of {@link gradCam}. */
export interface GradCamOptions {
  /** The class to explain. Default: the one that the classifier predicts. */
  readonly className?: string;
  /** Whose output is looked at, by name. Default: the last layer with height and width before pooling and flattening. */
  readonly layer?: string;
  /**
   * - `gradCam` (default): each channel counts by the mean of its gradient (Selvaraju et al. 2017, equations 1 and 2).
   * - `layerCam`: each place of a channel counts by its own gradient, where that is positive (Jiang et al. 2021): sharper in
   *   earlier layers.
   */
  readonly method?: 'gradCam' | 'layerCam';
}

/** A class with its probability, and where in the picture a classifier sees it. */
export interface Explanation extends NamedProbability {
  /** The layer's name. */
  readonly layer: string;
  /** float32 [height, width] of the layer's output, row by row: 0 and more, in logits. */
  readonly map: { readonly data: Float32Array; readonly height: number; readonly width: number };
  /** The part of the picture that the classifier sees, uint8 RGB. */
  readonly picture: DecodedImage;
  /** float32 [picture.height, picture.width], 0…1: the map, enlarged bilinearly and divided by its largest value. */
  readonly heatmap: Float32Array;
}

/** Pixels of the longer side of a picture file in an {@link Explanation}, about. */
const SHOWN_SIDE = 384;

/**
 * Maps what in a picture raises the logit of a class. One compiled pass back to the layer, kept for the next picture; the
 * model's own `dispose` gives it back. Of a classifier with several views the map is that of the picture as it is, and the
 * probability that of its prediction.
 *
 * @param classifier ends in a softmax; Sequential or functional, models within models too. Stays the caller's.
 * @param picture as in `predictImage`: pixels, or the path of a file.
 * @throws Error for a classifier without convolutions, such as an MLP; RangeError for an unknown class or layer.
 */
export async function gradCam(
  classifier: Classifier,
  picture: DecodedImage | string,
  options: GradCamOptions = {},
): Promise<Explanation> {
  const { model, classNames, preprocess } = classifier;
  const layers = layersWithPlaces(model);
  const fallback = layers.filter((layer) => !/Pool|Dropout|Padding/.test(layer.getClassName()));
  checkOptions<GradCamOptions>('gradCam', options, {
    className: oneOf(...classNames),
    layer: oneOf(...layers.map(({ name }) => name)),
    method: oneOf('gradCam', 'layerCam'),
  });
  const { className, method = 'gradCam' } = options;
  const layer = layers.find(({ name }) => name === options.layer) ?? fallback[fallback.length - 1];
  const size = sourceSizeOf(preprocess);
  const seen = typeof picture === 'string' ? await decodeImage(picture, size) : picture;
  const { topK } = await predictImage(classifier, seen, { k: classNames.length });
  const explained = topK.find((each) => each.className === className) ?? topK[0];
  const compiled = keptGraph(model, { gradCam: layer.name, method, preprocess }, () =>
    compile(createStep(classifier, layer, method), {
      name: `Grad-CAM of ${model.name}`,
      frozen: true,
    }),
  );
  const scale = Math.max(1, Math.round(SHOWN_SIDE / Math.max(size.height, size.width)));
  const shownSize = { height: size.height * scale, width: size.width * scale };
  const shown = typeof picture === 'string' ? await decodeImage(picture, shownSize) : picture;
  const [map, heatmap]: tf.Tensor[] = tf.tidy(() => {
    const pixels = uint8Tensor(seen.data, [1, seen.height, seen.width, 3]) as tf.Tensor4D;
    const target = tf.oneHot([explained.label], classNames.length).toFloat() as tf.Tensor2D;
    const small = compiled(pixels, target);
    const large = tf.image.resizeBilinear(small, [shown.height, shown.width], false, true);
    return [small, tf.divNoNan(large, small.max())];
  });
  const [, height, width] = map.shape;
  const explanation: Explanation = {
    ...explained,
    layer: layer.name,
    map: { data: map.dataSync() as Float32Array, height, width },
    picture: shown,
    heatmap: heatmap.dataSync() as Float32Array,
  };
  tf.dispose([map, heatmap]);
  return explanation;
}

/** From pixels, uint8 [1, height, width, 3], and the class, one-hot [1, numClasses], to the map, [1, height, width, 1]. */
function createStep(
  { model, preprocess }: Classifier,
  layer: tf.layers.Layer,
  method: NonNullable<GradCamOptions['method']>,
) {
  return (pixels: tf.Tensor4D, target: tf.Tensor2D): tf.Tensor4D => {
    const images = applyPreprocess(uint8ToFloat(pixels) as tf.Tensor4D, preprocess);
    const logitsWith = (output: (own: () => tf.Tensor) => tf.Tensor): tf.Tensor => {
      const restore = replaceMember(layer, 'call', (plain) => (...args) => {
        return output(() => plain.apply(layer, args) as tf.Tensor);
      });
      try {
        return applyLogits(model, images);
      } finally {
        restore();
      }
    };
    // Kept, and a copy handed on: tfjs disposes what a layer gave once it is read, and all else at the model's end.
    let output: tf.Tensor = pixels;
    logitsWith((own) => (output = tf.keep(own().clone())).clone());
    const score = (given: tf.Tensor) =>
      logitsWith(() => given.clone())
        .mul(target)
        .sum();
    const gradient = tf.grad(score)(output);
    const weights = method === 'gradCam' ? gradient.mean([1, 2], true) : gradient.relu();
    const map = output.mul(weights).sum(3, true).relu<tf.Tensor4D>();
    output.dispose();
    return map;
  };
}

/** The first convolution and what is behind it, while there is more than one place. @throws Error where there is none. */
function layersWithPlaces(model: tf.LayersModel): tf.layers.Layer[] {
  const layers = flatLayers(model);
  const first = layers.findIndex((layer) => layer.getClassName().includes('Conv'));
  const found = layers.slice(first).filter(({ outputShape }) => {
    const [, height, width, channels] = outputShape as tf.Shape;
    return channels !== undefined && (height !== 1 || width !== 1);
  });
  if (first >= 0 && found.length > 0) return found;
  throw new Error(
    `Expected a convolutional classifier but no convolution of ${model.name} keeps height and width: Grad-CAM has no ` +
      'places to show. Explain a network with convolutions, such as createCnn.',
  );
}

/** With those of models within the model. */
function flatLayers({ layers }: tf.LayersModel): tf.layers.Layer[] {
  return layers.flatMap((layer) => (layer instanceof tf.LayersModel ? flatLayers(layer) : [layer]));
}
