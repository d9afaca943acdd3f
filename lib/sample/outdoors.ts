import type { Rng } from '../random';
import { between, happens, pick } from './chance';
import { mix, scaled, varied, type Rgb } from './colour';
import type { Pen } from './pen';
import type { Raster } from './raster';
import { gradient, mottle, toPixels } from './surface';

/** Paints a whole picture behind the subject; `horizon` is a height in figure units, -1…1. */
export type Background = (
  raster: Raster,
  pen: Pen,
  options: { readonly rng: Rng; readonly horizon: number },
) => void;

const SKIES: readonly (readonly [Rgb, Rgb])[] = [
  [
    [92, 148, 214],
    [190, 216, 238],
  ], // clear
  [
    [150, 160, 172],
    [206, 210, 214],
  ], // overcast
  [
    [64, 84, 132],
    [236, 170, 120],
  ], // evening
  [
    [46, 56, 88],
    [120, 124, 150],
  ], // dusk
  [
    [120, 180, 220],
    [226, 232, 228],
  ],
];

const GROUNDS: readonly Rgb[] = [
  [92, 130, 56], // grass
  [66, 96, 44],
  [146, 148, 78], // hay
  [186, 164, 120], // sand
  [128, 100, 70], // soil
  [224, 228, 232], // snow
  [120, 118, 114], // gravel
];

function paintSky(raster: Raster, pen: Pen, { rng, bottom }: { rng: Rng; bottom: number }): void {
  const [from, to] = pick(rng, SKIES);
  gradient(raster, {
    top: 0,
    bottom: toPixels(raster, bottom),
    from: varied(rng, from),
    to: varied(rng, to),
  });
  const clouds = rng.nextInt(4);
  for (let i = 0; i < clouds; i++) {
    const x = between(rng, -1, 1);
    const y = between(rng, -1, bottom);
    const width = between(rng, 0.2, 0.6);
    pen
      .ellipse([x, y], [width, width * 0.35])
      .ellipse([x + width * 0.5, y + 0.06], [width * 0.7, width * 0.25]);
    pen.fill([240, 240, 242], { opacity: between(rng, 0.2, 0.6), shade: 0.05 });
  }
}

export const sky: Background = (raster, pen, { rng }) => paintSky(raster, pen, { rng, bottom: 1 });

export const sea: Background = (raster, pen, { rng, horizon }) => {
  paintSky(raster, pen, { rng, bottom: horizon });
  const water = varied(
    rng,
    pick<Rgb>(rng, [
      [48, 88, 124],
      [84, 120, 134],
      [62, 104, 100],
      [110, 124, 134],
    ]),
  );
  gradient(raster, {
    top: toPixels(raster, horizon),
    bottom: raster.size,
    from: mix(water, [200, 210, 215], 0.3),
    to: scaled(water, 0.8),
  });
  for (let i = 0; i < 8; i++) {
    const x = between(rng, -1.1, 0.8);
    const y = between(rng, horizon + 0.05, 1);
    pen.line([x, y, x + between(rng, 0.15, 0.6), y], 0.05);
  }
  pen.fill(scaled(water, 1.3), { opacity: 0.5, shade: 0 });
};

export const field: Background = (raster, pen, { rng, horizon }) => {
  paintSky(raster, pen, { rng, bottom: horizon });
  if (happens(rng, 0.5)) {
    const hill = between(rng, 0.05, 0.4);
    const x = between(rng, -0.7, 0.7);
    pen.smooth([
      -1.6,
      horizon + 0.1,
      x - 0.5,
      horizon - hill * 0.6,
      x,
      horizon - hill,
      x + 0.6,
      horizon - hill * 0.5,
      1.6,
      horizon + 0.1,
    ]);
    pen.fill(varied(rng, pick(rng, GROUNDS)), { shade: 0.1 });
  }
  const ground = varied(rng, pick(rng, GROUNDS));
  const top = toPixels(raster, horizon);
  gradient(raster, {
    top,
    bottom: raster.size,
    from: mix(ground, [200, 206, 210], 0.2),
    to: scaled(ground, 0.9),
  });
  mottle(raster, rng, { top, cells: 9, amplitude: 18 });
};

export const road: Background = (raster, pen, { rng, horizon }) => {
  const behind = pick(rng, [field, city, city]);
  behind(raster, pen, { rng, horizon });
  const grey = between(rng, 70, 140);
  const top = toPixels(raster, horizon + between(rng, 0, 0.2));
  gradient(raster, {
    top,
    bottom: raster.size,
    from: [grey, grey, grey + 4],
    to: [grey * 0.8, grey * 0.8, grey * 0.82],
  });
  const y = between(rng, horizon + 0.25, 0.95);
  for (let x = between(rng, -1.2, -0.8); x < 1; x += 0.6) pen.line([x, y, x + 0.3, y], 0.05);
  pen.fill([225, 222, 205], { opacity: 0.7, shade: 0 });
};

export const city: Background = (raster, pen, { rng, horizon }) => {
  paintSky(raster, pen, { rng, bottom: horizon });
  for (let x = -1; x < 1;) {
    const width = between(rng, 0.25, 0.7);
    const top = horizon - between(rng, 0.2, 1.1);
    const wall = varied(
      rng,
      pick<Rgb>(rng, [
        [150, 120, 100],
        [120, 124, 130],
        [190, 180, 164],
        [92, 84, 80],
      ]),
    );
    pen.rectangle([x, top], [x + width, 1]).fill(wall, { shade: 0.1 });
    for (let y = top + 0.1; y < horizon - 0.1; y += 0.22) {
      for (let column = x + 0.07; column < x + width - 0.1; column += 0.18)
        pen.rectangle([column, y], [column + 0.09, y + 0.11]);
    }
    pen.fill(happens(rng, 0.5) ? scaled(wall, 0.55) : [225, 214, 150], { opacity: 0.7, shade: 0 });
    x += width;
  }
  const ground = varied(rng, pick(rng, GROUNDS));
  gradient(raster, {
    top: toPixels(raster, horizon),
    bottom: raster.size,
    from: ground,
    to: scaled(ground, 0.85),
  });
};

export const forest: Background = (raster, pen, { rng, horizon }) => {
  const leaf = varied(
    rng,
    pick<Rgb>(rng, [
      [50, 74, 40],
      [86, 100, 52],
      [120, 96, 50],
      [70, 84, 76],
    ]),
  );
  gradient(raster, {
    top: 0,
    bottom: raster.size,
    from: mix(leaf, [190, 200, 190], between(rng, 0, 0.5)),
    to: scaled(leaf, 0.8),
  });
  mottle(raster, rng, { cells: 7, amplitude: 30 });
  const trunks = rng.nextInt(5);
  for (let i = 0; i < trunks; i++) {
    const x = between(rng, -1, 1);
    pen.line(
      [x, -1.2, x + between(rng, -0.1, 0.1), horizon + between(rng, 0, 0.4)],
      between(rng, 0.06, 0.2),
    );
    pen.fill(varied(rng, [76, 60, 46]), { shade: 0.1 });
  }
};
