// The model in the browser: from base64 to probabilities.
import * as tf from '@tensorflow/tfjs';
import { sourceSizeOf } from '../../data/resize';
import { predictViews } from '../../models/views';
import { probePixels, type SharedModel } from '../sharedModel';

/** Above this error the GPU is too imprecise (half floats), and the CPU is used. */
const TOLERANCE = 5e-4;
/** Software-emulated GPUs are slower than tfjs' plain JavaScript. */
const SOFTWARE_RENDERERS = /swiftshader|llvmpipe|software|basic render/i;

export interface BrowserClassifier {
  /** @param pixels uint8 [height, width, 3] of the model's input size; returns one number 0…1 a class. */
  predict(pixels: Uint8Array): Promise<Float32Array>;
  /** `webgl` or `cpu`. */
  readonly backend: string;
}

/** Builds the model, on the graphics card where there is one that computes the notebook's numbers. */
export async function createClassifier(
  shared: SharedModel,
  weights: ArrayBuffer,
): Promise<BrowserClassifier> {
  if (hasGraphicsCard() && (await tf.setBackend('webgl').catch(() => false))) {
    const classifier = await buildModel(shared, weights).catch(() => undefined);
    if (classifier !== undefined && (await agrees(classifier, shared))) return classifier;
  }
  await tf.setBackend('cpu');
  return buildModel(shared, weights);
}

async function buildModel(shared: SharedModel, weights: ArrayBuffer): Promise<BrowserClassifier> {
  const { modelTopology, preprocess, weightSpecs } = shared;
  const model = await tf.loadLayersModel(
    tf.io.fromMemory({
      modelTopology,
      weightSpecs: weightSpecs as tf.io.WeightsManifestEntry[],
      weightData: weights,
    }),
  );
  return {
    backend: tf.getBackend(),
    async predict(pixels) {
      const output = tf.tidy(() => {
        const { height, width } = preprocess;
        const source = sourceSizeOf(preprocess);
        const shape: [number, number, number, number] = [1, source.height, source.width, 3];
        const picture = tf.tensor4d(scaled(pixels, shared), shape);
        const input = tf.image.resizeBilinear(picture, [height, width], false, true);
        return predictViews(input, shared, (images) => model.predict(images) as tf.Tensor2D);
      });
      const probabilities = await output.data<'float32'>();
      output.dispose();
      return probabilities;
    },
  };
}

/** (pixel / 255 - mean) / std as one multiplication and one addition, as `applyPreprocess` does it. */
function scaled(pixels: Uint8Array, { preprocess: { mean, std } }: SharedModel): Float32Array {
  const values = new Float32Array(pixels.length);
  for (let index = 0; index < pixels.length; index++) {
    const channel = index % 3;
    values[index] = pixels[index] / (255 * std[channel]) - mean[channel] / std[channel];
  }
  return values;
}

async function agrees(classifier: BrowserClassifier, shared: SharedModel): Promise<boolean> {
  try {
    const probabilities = await classifier.predict(probePixels(sourceSizeOf(shared.preprocess)));
    return shared.probeProbabilities.every(
      (expected, label) => Math.abs(expected - probabilities[label]) <= TOLERANCE,
    );
  } catch {
    return false; // Too little memory on the card, or shaders that it cannot compile.
  }
}

function hasGraphicsCard(): boolean {
  const context = document.createElement('canvas').getContext('webgl2');
  if (context === null) return false;
  const names = context.getExtension('WEBGL_debug_renderer_info');
  const renderer = String(context.getParameter(names?.UNMASKED_RENDERER_WEBGL ?? context.RENDERER));
  context.getExtension('WEBGL_lose_context')?.loseContext();
  return !SOFTWARE_RENDERERS.test(renderer);
}
