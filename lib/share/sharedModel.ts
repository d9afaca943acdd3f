// The content of the page besides its code: written by lib/share/classifierPage.ts, read by app/ beside it. Imports
// types only, since it is compiled for a browser, too.

import type { Views } from '../models/views';

/** A classifier without its weights, which stand beside it in base64. */
export interface SharedModel {
  readonly name: string;
  /** `CIFAR-10`, `generated sample (…)`; empty where it is not known. */
  readonly trainedOn: string;
  readonly classNames: readonly string[];
  /** As in lib/data/preprocess.ts: input = (pixel / 255 - mean) / std. */
  readonly preprocess: {
    readonly height: number;
    readonly width: number;
    readonly mean: readonly [number, number, number];
    readonly std: readonly [number, number, number];
    readonly sourceSize?: { readonly height: number; readonly width: number };
  };
  /** The mean over that many views is predicted. Default 1. */
  readonly views?: Views;
  /** Of its outputs, as in `Classifier`. Default 1. */
  readonly temperature?: number;
  /** tfjs' layers format. */
  readonly modelTopology: object;
  readonly weightSpecs: readonly object[];
  /** TensorFlow's output for `probePixels`, to detect a browser that computes something else. */
  readonly probeProbabilities: readonly number[];
}

/** A picture of waves, the same everywhere: uint8 [height, width, 3]. */
export function probePixels({ height, width }: { height: number; width: number }): Uint8Array {
  const pixels = new Uint8Array(height * width * 3);
  for (let index = 0; index < pixels.length; index++) {
    const [place, channel] = [Math.floor(index / 3), index % 3];
    const [x, y] = [(place % width) / width, Math.floor(place / width) / height];
    // A triangle wave: sines may differ in their last digit from one machine to the next.
    const phase = (3 * x + (channel + 1) * y) % 2;
    pixels[index] = Math.round(255 * Math.abs(1 - phase));
  }
  return pixels;
}
