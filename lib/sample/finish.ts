import type { Rng } from '../random';
import { between, grain, happens, pick } from './chance';
import { anyColour, varied } from './colour';
import type { Pen } from './pen';
import type { Raster } from './raster';

export interface FinishOptions {
  readonly rng: Rng;
  readonly wildness: number;
}

/** Puts something in front of the subject: grass at the lower edge, a post, a twig, a blot. */
export function drawOccluder(pen: Pen, rng: Rng): void {
  const kind = rng.next();
  if (kind < 0.35) {
    const blades = 4 + rng.nextInt(8);
    for (let i = 0; i < blades; i++) {
      const x = between(rng, -1, 1);
      pen.polygon([
        x,
        1.05,
        x + 0.09,
        1.05,
        x + between(rng, -0.15, 0.2),
        1 - between(rng, 0.15, 0.5),
      ]);
    }
    pen.fill(
      varied(
        rng,
        pick(rng, [
          [84, 120, 52],
          [150, 140, 70],
          [70, 84, 50],
        ] as const),
      ),
    );
  } else if (kind < 0.55) {
    const x = between(rng, -0.9, 0.9);
    pen
      .line([x, -1.2, x + between(rng, -0.1, 0.1), 1.2], between(rng, 0.07, 0.16))
      .fill(varied(rng, [96, 84, 72]));
  } else if (kind < 0.75) {
    pen.line(
      [
        -1.2,
        between(rng, -1, 1),
        between(rng, -0.3, 0.3),
        between(rng, -1, 1),
        1.2,
        between(rng, -1, 1),
      ],
      between(rng, 0.04, 0.09),
    );
    pen.fill(varied(rng, [82, 66, 50]));
  } else {
    const edge = pick(rng, [-0.95, 0.95]);
    pen
      .ellipse(
        [edge, between(rng, -1, 1)],
        [between(rng, 0.15, 0.35), between(rng, 0.2, 0.6)],
        rng.next(),
      )
      .fill(anyColour(rng));
  }
}

/**
 * Lets what is painted so far recede behind the subject, as mist and depth of field do: mixes every
 * pixel with the picture's mean colour; `amount` 0 changes nothing, 1 leaves the mean alone.
 */
export function recede({ pixels }: Raster, amount: number): void {
  for (let channel = 0; channel < 3; channel++) {
    let sum = 0;
    for (let at = channel; at < pixels.length; at += 3) sum += pixels[at];
    const mean = (sum * 3) / pixels.length;
    for (let at = channel; at < pixels.length; at += 3) pixels[at] += (mean - pixels[at]) * amount;
  }
}

/**
 * How a picture is taken: light falling off across it, contrast, colour cast, sharpness, noise.
 *
 * @param options.wildness how far all that strays; 1 is the generated sample's
 */
export function finish(raster: Raster, { rng, wildness }: FinishOptions): void {
  const stray = (reach: number): number => wildness * between(rng, -reach, reach);
  if (happens(rng, 0.4)) soften(raster, between(rng, 0.2, 0.6));
  const { size, pixels } = raster;
  const contrast = 0.98 + stray(0.13);
  const brightness = 0.99 + stray(0.13);
  const [falloffX, falloffY] = [stray(0.12), stray(0.12)];
  const cast = [1 + stray(0.07), 1 + stray(0.05), 1 + stray(0.07)];
  const noise = wildness * (happens(rng, 0.25) ? between(rng, 4, 10) : between(rng, 1, 4));
  let at = 0;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const light =
        brightness * (1 + falloffX * ((2 * x) / size - 1) + falloffY * ((2 * y) / size - 1));
      const speck = noise * grain(rng); // one for all channels: most sensor noise is in brightness
      for (let channel = 0; channel < 3; channel++, at++) {
        const value = pixels[at] * light * cast[channel];
        pixels[at] = 128 + (value - 128) * contrast + speck;
      }
    }
  }
}

/** Mixes every pixel with the mean of its 3 × 3 neighbourhood; `amount` 1 is the mean alone. */
function soften({ size, pixels }: Raster, amount: number): void {
  const rows = new Float32Array(pixels.length);
  const last = size - 1;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const at = (y * size + x) * 3;
      const before = x > 0 ? at - 3 : at;
      const after = x < last ? at + 3 : at;
      for (let c = 0; c < 3; c++) {
        rows[at + c] = (pixels[before + c] + pixels[at + c] + pixels[after + c]) / 3;
      }
    }
  }
  const stride = size * 3;
  for (let y = 0; y < size; y++) {
    const above = y > 0 ? -stride : 0;
    const below = y < last ? stride : 0;
    for (let at = y * stride; at < (y + 1) * stride; at++) {
      const mean = (rows[at + above] + rows[at] + rows[at + below]) / 3;
      pixels[at] += (mean - pixels[at]) * amount;
    }
  }
}
