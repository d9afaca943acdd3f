// Things about the house, standing upright.
import type { Rng } from '../../../lib/random';
import { cosine, sine } from '../../../lib/sample/angle';
import { between, happens } from '../../../lib/sample/chance';
import { anyColour, mix, paint, scaled, varied } from '../../../lib/sample/colour';
import type { Pen } from '../../../lib/sample/pen';

export function drawCup(pen: Pen, rng: Rng): void {
  const colour = anyColour(rng);
  const foot = between(rng, 0.3, 0.5);
  const rim = between(rng, 0.5, 0.6);
  const top = -between(rng, 0.4, 0.65);
  pen.ellipse([rim, 0], [0.36, 0.36]).fill(colour);
  pen.ellipse([rim, 0], [0.2, 0.2]).fill(scaled(colour, 0.4));
  pen.polygon([-rim, top, rim, top, foot, 0.6, -foot, 0.6]);
  pen.ellipse([0, 0.6], [foot, 0.12]).fillAround(colour, () => {
    if (happens(rng, 0.5)) pen.rectangle([-1, -0.15], [1, 0.2]).fill(anyColour(rng));
  });
  pen.ellipse([0, top], [rim, 0.15]).fill(mix(colour, [255, 255, 255], 0.4));
  pen.ellipse([0, top + 0.02], [rim * 0.86, 0.1]).fill(varied(rng, [80, 50, 30]));
}

export function drawBottle(pen: Pen, rng: Rng): void {
  const glass = anyColour(rng);
  const half = between(rng, 0.22, 0.34);
  const neck = between(rng, 0.08, 0.13);
  const shoulder = between(rng, -0.35, 0);
  pen
    .smooth([
      -neck,
      -0.8,
      neck,
      -0.8,
      neck,
      shoulder - 0.2,
      half,
      shoulder + 0.1,
      half,
      0.5,
      half,
      0.9,
      -half,
      0.9,
      -half,
      0.5,
      -half,
      shoulder + 0.1,
      -neck,
      shoulder - 0.2,
    ])
    .fill(glass, { shade: 0.3 });
  pen.rectangle([-half * 0.95, 0.15], [half * 0.95, 0.6]).fill(anyColour(rng));
  pen.rectangle([-neck * 1.2, -0.96], [neck * 1.2, -0.76]).fill(anyColour(rng));
  pen
    .line([-half * 0.55, shoulder + 0.15, -half * 0.55, 0.8], 0.06)
    .fill([250, 250, 250], { opacity: 0.5 });
}

export function drawTeapot(pen: Pen, rng: Rng): void {
  const colour = anyColour(rng);
  pen.ellipse([-0.62, 0.05], [0.3, 0.34]).fill(colour);
  pen.ellipse([-0.62, 0.05], [0.17, 0.2]).fill(scaled(colour, 0.35));
  pen.line([0.4, 0.3, 0.7, 0.1, 0.95, -0.35], 0.26, 0.13).fill(scaled(colour, 0.85));
  pen.ellipse([0, 0.12], [0.6, between(rng, 0.42, 0.55)]).fill(colour, { shade: 0.3 });
  pen.ellipse([0, -0.33], [0.3, 0.12]).ellipse([0, -0.5], [0.09, 0.09]).fill(anyColour(rng));
}

export function drawChair(pen: Pen, rng: Rng): void {
  const wood = anyColour(rng);
  const seat = between(rng, 0.05, 0.25);
  const width = between(rng, 0.08, 0.13);
  pen
    .line([-0.4, seat, -0.45, 0.95], width)
    .line([0.25, seat - 0.1, 0.3, 0.75], width)
    .fill(scaled(wood, 0.6));
  pen
    .line([-0.45, -0.95, -0.4, seat], width)
    .line([0.22, -0.9, 0.25, seat - 0.1], width)
    .fill(wood);
  if (happens(rng, 0.5)) {
    for (let y = -0.85; y < seat - 0.25; y += 0.24) pen.line([-0.44, y, 0.24, y], 0.1);
  } else pen.polygon([-0.45, -0.95, 0.24, -0.92, 0.24, seat - 0.2, -0.4, seat - 0.16]);
  pen.fill(wood);
  pen
    .polygon([-0.5, seat - 0.02, 0.25, seat - 0.12, 0.62, seat + 0.08, -0.2, seat + 0.22])
    .fill(happens(rng, 0.5) ? anyColour(rng) : scaled(wood, 1.15));
  pen
    .line([-0.2, seat + 0.2, -0.22, 1], width)
    .line([0.58, seat + 0.08, 0.6, 0.85], width)
    .fill(wood);
}

export function drawLamp(pen: Pen, rng: Rng): void {
  const shade = anyColour(rng);
  const metal = paint(rng);
  const top = between(rng, 0.18, 0.35);
  pen.line([0, -0.2, 0, 0.85], between(rng, 0.06, 0.18)).fill(metal);
  pen.ellipse([0, 0.85], [between(rng, 0.3, 0.45), 0.12]).fill(metal);
  pen.polygon([-top, -0.9, top, -0.9, 0.6, -0.15, -0.6, -0.15]).fill(shade, { shade: 0.3 });
  pen.ellipse([0, -0.15], [0.6, 0.08]).fill([255, 240, 180]);
}

export function drawClock(pen: Pen, rng: Rng): void {
  const face = mix(anyColour(rng), [245, 240, 230], 0.7);
  pen.ellipse([0, 0], [0.88, 0.88]).fill(anyColour(rng), { shade: 0.3 });
  pen.ellipse([0, 0], [0.72, 0.72]).fill(face);
  for (let hour = 0; hour < 12; hour++)
    pen.ellipse([0.6 * cosine(hour / 12), 0.6 * sine(hour / 12)], [0.05, 0.05]);
  const [hour, minute] = [rng.next(), rng.next()];
  pen.line([0, 0, 0.34 * cosine(hour), 0.34 * sine(hour)], 0.11);
  pen.line([0, 0, 0.52 * cosine(minute), 0.52 * sine(minute)], 0.08).fill([30, 30, 34]);
}

export function drawBook(pen: Pen, rng: Rng): void {
  const cover = anyColour(rng);
  if (happens(rng, 0.5)) {
    // Open.
    const lift = between(rng, 0.1, 0.3);
    pen
      .polygon([
        -0.98,
        -0.4 + lift,
        0,
        -0.3,
        0.98,
        -0.4 + lift,
        0.98,
        0.5 + lift,
        0,
        0.62,
        -0.98,
        0.5 + lift,
      ])
      .fill(cover);
    for (const side of [-1, 1]) {
      pen
        .smooth([
          0,
          -0.38,
          side * 0.5,
          -0.5,
          side * 0.9,
          -0.42 + lift * 0.7,
          side * 0.9,
          0.42 + lift * 0.7,
          side * 0.5,
          0.36,
          0,
          0.52,
        ])
        .fill([240, 236, 222]);
      for (let y = -0.3; y < 0.35; y += 0.16) pen.line([side * 0.15, y, side * 0.75, y], 0.04);
      pen.fill([120, 116, 110]);
    }
    pen.line([0, -0.38, 0, 0.56], 0.04).fill([90, 84, 76]);
  } else {
    pen.polygon([-0.5, -0.85, 0.6, -0.75, 0.68, 0.75, -0.45, 0.85]).fill([236, 230, 214]);
    pen.polygon([-0.6, -0.85, 0.5, -0.85, 0.56, 0.7, -0.55, 0.8]).fill(cover);
    pen.line([-0.5, -0.82, -0.46, 0.78], 0.08).fill(scaled(cover, 0.6));
    pen.rectangle([-0.3, -0.55], [0.3, -0.2]).fill(anyColour(rng));
  }
}
