import type { Rng } from '../random';
import { between, happens, pick } from './chance';
import { anyColour, mix, scaled, varied, type Rgb } from './colour';
import { city, field, forest, road, sea, sky, type Background } from './outdoors';
import type { Pen } from './pen';
import type { Raster } from './raster';
import { gradient, mottle, toPixels } from './surface';

const room: Background = (raster, pen, { rng, horizon }) => {
  const wall = mix(anyColour(rng), [214, 206, 194], between(rng, 0.3, 0.9));
  gradient(raster, { top: 0, bottom: raster.size, from: wall, to: scaled(wall, 0.88) });
  if (happens(rng, 0.5)) {
    const x = between(rng, -1, 0.6);
    pen
      .rectangle([x, -0.9], [x + between(rng, 0.3, 0.8), between(rng, -0.5, 0)])
      .fill(anyColour(rng), { shade: 0 });
  }
  const floor = varied(
    rng,
    pick<Rgb>(rng, [
      [150, 108, 70],
      [110, 84, 66],
      [176, 170, 160],
      [120, 60, 54],
      [84, 92, 108],
    ]),
  );
  const top = toPixels(raster, horizon);
  gradient(raster, { top, bottom: raster.size, from: floor, to: scaled(floor, 1.1) });
  if (happens(rng, 0.5)) {
    for (let x = -1.5; x < 1.5; x += 0.35) pen.line([x * 0.6, horizon, x * 1.3, 1], 0.02);
    pen.fill(scaled(floor, 0.7), { shade: 0 });
  }
  if (happens(rng, 0.4)) {
    // Something that stands about: a sofa, a box.
    const x = between(rng, -1.2, 0.5);
    pen
      .smooth([
        x,
        horizon - 0.35,
        x + 0.9,
        horizon - 0.35,
        x + 1,
        horizon + 0.2,
        x - 0.1,
        horizon + 0.2,
      ])
      .fill(anyColour(rng));
  }
};

const blur: Background = (raster, pen, { rng }) => {
  const from = anyColour(rng);
  const to = happens(rng, 0.5) ? varied(rng, from, 30) : anyColour(rng);
  gradient(raster, { top: 0, bottom: raster.size, from, to });
  const blobs = rng.nextInt(5);
  for (let i = 0; i < blobs; i++) {
    pen.ellipse(
      [between(rng, -1, 1), between(rng, -1, 1)],
      [between(rng, 0.15, 0.6), between(rng, 0.15, 0.6)],
      rng.next(),
    );
    pen.fill(mix(from, anyColour(rng), 0.5), { opacity: between(rng, 0.3, 0.8) });
  }
  mottle(raster, rng, { cells: 3 + rng.nextInt(6), amplitude: 24 });
};

const BACKGROUNDS = { sky, sea, field, road, city, forest, room, blur } as const;

export type BackgroundName = keyof typeof BACKGROUNDS;

export const backgroundNames = Object.keys(BACKGROUNDS) as BackgroundName[];

/** Paints one of the scenes over the whole picture. */
export function paintBackground(
  raster: Raster,
  pen: Pen,
  {
    rng,
    name,
    horizon,
  }: { readonly rng: Rng; readonly name: BackgroundName; readonly horizon: number },
): void {
  BACKGROUNDS[name](raster, pen, { rng, horizon });
}
