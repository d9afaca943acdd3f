import type { Rng } from '../random';
import { between, pick } from './chance';

/** Red, green, blue, each 0…255 (not rounded, may leave the range until a picture is finished). */
export type Rgb = readonly [number, number, number];

/** `amount` 0 gives `from`, 1 gives `to`. */
export function mix(from: Rgb, to: Rgb, amount: number): Rgb {
  return [
    from[0] + (to[0] - from[0]) * amount,
    from[1] + (to[1] - from[1]) * amount,
    from[2] + (to[2] - from[2]) * amount,
  ];
}

/** Lighter above 1, darker below. */
export function scaled(colour: Rgb, factor: number): Rgb {
  return [colour[0] * factor, colour[1] * factor, colour[2] * factor];
}

/** The colour in a slightly other tone: brightness ±15 %, each channel ±`spread`. */
export function varied(rng: Rng, colour: Rgb, spread = 12): Rgb {
  const factor = between(rng, 0.85, 1.15);
  return [
    colour[0] * factor + between(rng, -spread, spread),
    colour[1] * factor + between(rng, -spread, spread),
    colour[2] * factor + between(rng, -spread, spread),
  ];
}

/** Hue in turns, saturation and value 0…1. */
function fromHsv(hue: number, saturation: number, value: number): Rgb {
  const sector = (hue - Math.floor(hue)) * 6;
  const channel = (offset: number): number => {
    const place = (offset + sector) % 6;
    const weight = Math.max(0, Math.min(1, place, 4 - place));
    return 255 * value * (1 - saturation * weight);
  };
  return [channel(5), channel(3), channel(1)];
}

/** Any colour at all, from grey to vivid, neither black nor white. */
export function anyColour(rng: Rng): Rgb {
  return fromHsv(rng.next(), between(rng, 0, 0.9), between(rng, 0.25, 0.95));
}

/** What a vehicle is painted in: white, grey and black as often as every hue. */
export function paint(rng: Rng): Rgb {
  if (rng.next() < 0.45) {
    const grey = pick(rng, [30, 60, 120, 170, 215, 240]);
    return varied(rng, [grey, grey, grey], 8);
  }
  return fromHsv(rng.next(), between(rng, 0.45, 0.9), between(rng, 0.4, 0.95));
}

export const COATS: readonly Rgb[] = [
  [38, 32, 30], // black
  [84, 56, 38], // dark brown
  [128, 84, 50], // brown
  [172, 122, 74], // tan
  [206, 174, 128], // sand
  [190, 110, 52], // rust
  [112, 108, 104], // grey
  [168, 166, 162], // silver
  [228, 222, 210], // white
  [226, 190, 140], // cream
  [66, 66, 74], // slate
];

/** How an animal is coloured. The same coats serve every animal, so that no colour names one. */
export interface Coat {
  readonly main: Rgb;
  /** The far side, limbs, mane. */
  readonly dark: Rgb;
  /** Belly, muzzle. */
  readonly light: Rgb;
  readonly mark: Rgb;
  readonly pattern: 'plain' | 'patches' | 'spots' | 'stripes';
}

/** @param mains what the coat's ground colour is picked from */
export function anyCoat(rng: Rng, mains: readonly Rgb[] = COATS): Coat {
  const main = varied(rng, pick(rng, mains), 14);
  return {
    main,
    dark: scaled(main, between(rng, 0.5, 0.8)),
    light: mix(main, [240, 232, 215], between(rng, 0.2, 0.65)),
    mark: rng.next() < 0.5 ? scaled(main, 0.45) : varied(rng, pick(rng, COATS)),
    pattern: pick(rng, [
      'plain',
      'plain',
      'plain',
      'plain',
      'patches',
      'spots',
      'stripes',
    ] as const),
  };
}
