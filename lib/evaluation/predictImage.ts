import { decodeImage, type DecodedImage } from '../data/image';
import type { Classifier } from '../models/classifier';
import { checkPixels, sourceSizeOf, type Size } from '../data/resize';
import { checkOption, checkOptions, positiveInteger } from '../options';
import { type tf } from '../tensorflow/backend';
import { createEnginePredictor, type Engine, engineRule } from './engine';
import {
  namePrediction,
  type NamedPrediction,
  predictFiles,
  type PredictFilesOptions,
  type Prediction,
} from './predictFiles';
import type { Predictor } from './predictor';

/** Pictures in memory may have any size, and each size is a graph: the latest ones are kept for each model. */
const KEPT_GRAPHS = 4;
const graphs = new WeakMap<tf.LayersModel, Map<string, Disposable>>();

interface Disposable {
  dispose(): void;
}

/**
 * Predicts one picture. The compiled graph is kept for the next one; the model's own `dispose` gives it back.
 *
 * @param picture pixels, uint8 [height, width, 3] RGB, which are preprocessed exactly as in training; or the path of a
 *   jpg, png or the like, which is scaled to cover the size of the training pictures and cut at the centre.
 * @param options.k classes in `topK`. Default 5, or all of them where there are fewer.
 * @param options.engine what computes. Default 'auto'.
 */
export async function predictImage(
  classifier: Classifier,
  picture: DecodedImage | string,
  options: { readonly k?: number; readonly engine?: Engine } = {},
): Promise<Prediction> {
  checkOptions('predictImage', options, { k: positiveInteger, engine: engineRule });
  const { classNames, preprocess } = classifier;
  const image =
    typeof picture === 'string' ? await decodeImage(picture, sourceSizeOf(preprocess)) : picture;
  checkPixels(image, 'pass { data, height, width } of one RGB picture');
  const predictor = keptPredictor(classifier, image, options.engine);
  const { k } = options;
  return namePrediction(await predictor.run(image.data, 1), { classNames, k });
}

/**
 * Predicts picture files in their order, as {@link predictImage} does; files are decoded while others are predicted.
 *
 * @param paths of {@link listPictures}.
 * @param options.engine what computes. Default 'auto'.
 */
export async function predictPictures(
  classifier: Classifier,
  paths: readonly string[],
  options: PredictFilesOptions & { readonly engine?: Engine } = {},
): Promise<NamedPrediction[]> {
  const { engine, ...rest } = options;
  checkOption('predictPictures', 'engine', engine, engineRule);
  const predictor = keptPredictor(classifier, sourceSizeOf(classifier.preprocess), engine);
  return predictFiles({ ...classifier, predictor }, paths, rest);
}

function keptPredictor(
  classifier: Classifier,
  { height, width }: Size,
  engine: Engine = 'auto',
): Predictor {
  const { model, preprocess, views, temperature } = classifier;
  const key = { preprocess, views, temperature, height, width, engine };
  return keptGraph(model, key, () => createEnginePredictor(classifier, { engine, height, width }));
}

/** What was made for a model under an equal `key`, or is made now; the model's `dispose` disposes it. */
export function keptGraph<T extends Disposable>(
  model: tf.LayersModel,
  key: object,
  create: () => T,
): T {
  const kept = graphs.get(model) ?? keepGraphs(model);
  const name = JSON.stringify(key);
  const graph = (kept.get(name) as T | undefined) ?? create();
  kept.delete(name); // re-inserted last: the first entry is the least recently used
  kept.set(name, graph);
  for (const [oldest, unused] of kept) {
    if (kept.size <= KEPT_GRAPHS) break;
    unused.dispose();
    kept.delete(oldest);
  }
  return graph;
}

/** The graph cache of a model, cleared by its `dispose`. */
function keepGraphs(model: tf.LayersModel): Map<string, Disposable> {
  const kept = new Map<string, Disposable>();
  graphs.set(model, kept);
  const plain = model.dispose.bind(model);
  model.dispose = () => {
    for (const graph of kept.values()) graph.dispose();
    kept.clear();
    return plain();
  };
  return kept;
}
