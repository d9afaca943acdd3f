/** What computes a prediction: TensorFlow, or ONNX Runtime on the same weights. */
import type { Classifier } from '../models/classifier';
import { classifierOnnx } from '../onnx/exportOnnx';
import { encodeModel } from '../onnx/format';
import { createOnnxSession, onnxPredictor, onnxRuntimeVersion } from '../onnx/runtime';
import { oneOf } from '../options';
import { describeBackend, type tf } from '../tensorflow/backend';
import { createPredictor, type Predictor } from './predictor';

/**
 * - 'tensorflow': the graph of lib/tensorflow, for every model that tfjs runs.
 * - 'onnx': ONNX Runtime, for the layers that ONNX export knows.
 * - 'auto': ONNX Runtime, and TensorFlow where that package does not load or a layer is unknown, with one notice.
 */
export type Engine = 'auto' | 'tensorflow' | 'onnx';

export const engineRule = oneOf('auto', 'tensorflow', 'onnx');

/** Which library computes predictions, and its own version. */
export interface EngineDescription {
  readonly name: 'tensorflow' | 'onnx';
  readonly version: string;
}

/**
 * What an engine comes to for networks of known layers: the same for the whole process.
 *
 * @throws Error with engine 'onnx', where the package does not load.
 */
export async function describeEngine(engine: Engine): Promise<EngineDescription> {
  const tensorflow = { name: 'tensorflow', version: describeBackend().tensorflow } as const;
  if (engine === 'tensorflow') return tensorflow;
  try {
    return { name: 'onnx', version: await onnxRuntimeVersion() };
  } catch (error) {
    if (engine === 'onnx') throw error;
    return tensorflow;
  }
}

export interface EngineOptions {
  readonly engine: Engine;
  /** Size of the pictures as they come, before preprocessing. */
  readonly height: number;
  readonly width: number;
  /** Receives why TensorFlow computes after all; once for a reason. Default: console.warn. */
  readonly onNotice?: (notice: string) => void;
}

/**
 * Makes the inference of a classifier. When the model's weights change, the next run makes it again by itself.
 *
 * @param classifier stays the caller's.
 * @throws Error from the first run, with engine 'onnx', where the package does not load or a layer is unknown.
 */
export function createEnginePredictor(
  classifier: Omit<Classifier, 'classNames'>,
  options: EngineOptions,
): Predictor {
  const { engine, height, width } = options;
  const { model } = classifier;
  const createGraph = () => createPredictor(model, { ...classifier, height, width });
  if (engine === 'tensorflow') return createGraph();
  let made: { readonly isOutdated: () => boolean; predictor: Promise<Predictor> } | undefined;
  const discard = () => {
    void made?.predictor.then((predictor) => predictor.dispose()).catch(() => undefined);
    made = undefined;
  };
  return {
    run: async (images, size) => {
      if (made?.isOutdated()) discard();
      made ??= {
        isOutdated: watchWeights(model),
        predictor: createOnnxPredictor(classifier, { height, width }).catch((error: Error) => {
          if (engine === 'onnx') throw error;
          noticeOnce(`TensorFlow predicts with ${model.name}. ${error.message}`, options);
          return createGraph();
        }),
      };
      return (await made.predictor).run(images, size);
    },
    dispose: discard,
  };
}

async function createOnnxPredictor(
  classifier: Omit<Classifier, 'classNames'>,
  sourceSize: { readonly height: number; readonly width: number },
): Promise<Predictor> {
  const numClasses = classifier.model.outputs[0].shape[1] as number;
  const classNames = Array.from({ length: numClasses }, String);
  const bytes = encodeModel(await classifierOnnx({ ...classifier, classNames }, { sourceSize }));
  return onnxPredictor(await createOnnxSession(bytes), sourceSize);
}

/** @returns whether a weight has another value than now: an assignment gives its variable another `dataId`. */
function watchWeights(model: tf.LayersModel): () => boolean {
  // The list is kept: tfjs makes a new one for each question, which takes longer than a small network's prediction.
  const variables = model.weights.map((weight) => weight.read());
  const dataIds = variables.map(({ dataId }) => dataId);
  return () => variables.some(({ dataId }, index) => dataId !== dataIds[index]);
}

const noticed = new Set<string>();

function noticeOnce(notice: string, { onNotice = console.warn }: EngineOptions): void {
  if (noticed.has(notice)) return;
  noticed.add(notice);
  onNotice(notice);
}
