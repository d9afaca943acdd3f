/** What computes a prediction: TensorFlow, or ONNX Runtime on the same weights. */
import type { Classifier } from '../models/classifier';
import { createOnnxModel, savedClassifier } from '../onnx/exportOnnx';
import { encodeModel } from '../onnx/format';
import { createOnnxSession, type OnnxSession } from '../onnx/runtime';
import { oneOf } from '../options';
import type { tf } from '../tensorflow/backend';
import { createPredictor, type Predictor } from './predictor';

/**
 * - 'tensorflow': the graph of lib/tensorflow, for every model that tfjs runs.
 * - 'onnx': ONNX Runtime, for the layers that ONNX export knows.
 * - 'auto': ONNX Runtime, and TensorFlow where that package does not load or a layer is unknown, with one notice.
 */
export type Engine = 'auto' | 'tensorflow' | 'onnx';

export const engineRule = oneOf('auto', 'tensorflow', 'onnx');

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
  classifier: Pick<Classifier, 'model' | 'preprocess' | 'views'>,
  options: EngineOptions,
): Predictor {
  const { engine, height, width } = options;
  const { model, preprocess, views } = classifier;
  const createGraph = () => createPredictor(model, { preprocess, views, height, width });
  if (engine === 'tensorflow') return createGraph();
  let made: { readonly weights: readonly object[]; predictor: Promise<Predictor> } | undefined;
  const discard = () => {
    void made?.predictor.then((predictor) => predictor.dispose()).catch(() => undefined);
    made = undefined;
  };
  return {
    run: async (images, size) => {
      const weights = dataOf(model);
      if (made?.weights.some((data, i) => data !== weights[i])) discard();
      made ??= {
        weights,
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
  classifier: Pick<Classifier, 'model' | 'preprocess' | 'views'>,
  sourceSize: { readonly height: number; readonly width: number },
): Promise<Predictor> {
  const numClasses = classifier.model.outputs[0].shape[1] as number;
  const classNames = Array.from({ length: numClasses }, String);
  const saved = await savedClassifier({ ...classifier, classNames });
  const session: OnnxSession = await createOnnxSession(
    encodeModel(createOnnxModel(saved, { sourceSize })),
  );
  const { height, width } = sourceSize;
  return {
    run: (images, size) => session.run(images, [size, height, width, 3]),
    dispose: () => void session.dispose(),
  };
}

/** What holds each weight's values: another object after every assignment. */
function dataOf(model: tf.LayersModel): object[] {
  return model.weights.map((weight) => weight.read().dataId);
}

const noticed = new Set<string>();

function noticeOnce(notice: string, { onNotice = console.warn }: EngineOptions): void {
  if (noticed.has(notice)) return;
  noticed.add(notice);
  onNotice(notice);
}
