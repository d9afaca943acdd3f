/** A saved classifier, ready to predict files. TensorFlow is loaded only where ONNX Runtime cannot do it. */
import { sourceSizeOf } from '../data/resize';
import {
  loadOnnxClassifier,
  type OnnxClassifier,
  readOnnxClassifier,
} from '../onnx/onnxClassifier';
import { onnxPredictor } from '../onnx/runtime';
import type { FilePredictor } from './predictFiles';

/**
 * Loads a classifier's folder, or an .onnx file that `exportOnnx` wrote, for a process that predicts and ends.
 *
 * @param options.onNotice receives that TensorFlow predicts and why, or that a kept file was damaged. Default: console.warn.
 * @throws Error that names the file and the remedy where something is missing, damaged or foreign.
 */
export async function loadPredictor(
  place: string,
  { onNotice = console.warn }: { readonly onNotice?: (notice: string) => void } = {},
): Promise<FilePredictor> {
  if (place.endsWith('.onnx')) return onOnnxRuntime(await readOnnxClassifier(place));
  try {
    return onOnnxRuntime(await loadOnnxClassifier(place, { onNotice }));
  } catch (error) {
    const loaded = await onTensorflow(place); // which throws where the folder is to blame
    onNotice(`TensorFlow predicts, which takes longer to start. ${(error as Error).message}`);
    return loaded;
  }
}

function onOnnxRuntime({ classNames, preprocess, session }: OnnxClassifier): FilePredictor {
  const predictor = onnxPredictor(session, sourceSizeOf(preprocess));
  return { classNames, preprocess, predictor };
}

async function onTensorflow(directory: string): Promise<FilePredictor> {
  const { loadClassifier } = await import('../models/classifier.js');
  const { createPredictor } = await import('./predictor.js');
  const { model, classNames, ...options } = await loadClassifier(directory);
  const { preprocess } = options;
  const predictor = createPredictor(model, { ...options, ...sourceSizeOf(preprocess) });
  return { classNames, preprocess, predictor };
}
