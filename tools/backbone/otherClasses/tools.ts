// Tools, instruments, toys and signs.
import type { Rng } from '../../../lib/random';
import { cosine, sine } from '../../../lib/sample/angle';
import { between, happens, pick } from '../../../lib/sample/chance';
import { anyColour, paint, scaled, varied, type Rgb } from '../../../lib/sample/colour';
import type { Pen } from '../../../lib/sample/pen';

const METALS: readonly Rgb[] = [
  [190, 194, 200],
  [120, 124, 130],
  [206, 170, 84],
  [150, 96, 60],
];

export function drawKey(pen: Pen, rng: Rng): void {
  const metal = varied(rng, pick(rng, METALS));
  const frame = pen.at([0, 0], { turn: between(rng, -0.15, 0.15) });
  frame.ellipse([-0.55, 0], [0.4, between(rng, 0.3, 0.4)]).line([-0.3, 0, 0.95, 0], 0.17);
  const teeth = 2 + rng.nextInt(3);
  for (let i = 0; i < teeth; i++) {
    const x = 0.88 - i * 0.19;
    frame.rectangle([x - 0.06, 0], [x + 0.06, between(rng, 0.2, 0.38)]);
  }
  frame.fill(metal, { shade: 0.3 });
  frame.ellipse([-0.6, 0], [0.18, 0.16]).fill(scaled(metal, 0.3));
}

export function drawScissors(pen: Pen, rng: Rng): void {
  const grip = anyColour(rng);
  const open = between(rng, 0.03, 0.1);
  const frame = pen.at([0, -0.05], { turn: between(rng, -0.2, 0.2) });
  for (const side of [-1, 1]) {
    const blade = frame.at([0, 0.1], { turn: side * open });
    blade.polygon([-0.1, 0.05, 0.0, -1, 0.1, 0.05]).fill(varied(rng, [186, 190, 196]));
    blade
      .line([0, 0, side * -0.16, 0.4], 0.13)
      .ellipse([side * -0.3, 0.62], [0.24, 0.28])
      .fill(grip);
    blade.ellipse([side * -0.3, 0.62], [0.12, 0.15]).fill(scaled(grip, 0.35));
  }
  frame.ellipse([0, 0.1], [0.06, 0.06]).fill([60, 60, 64]);
}

export function drawHammer(pen: Pen, rng: Rng): void {
  const frame = pen.at([0, 0], { turn: between(rng, -0.15, 0.15) });
  frame.line([0, -0.5, 0, 0.95], between(rng, 0.14, 0.2)).fill(varied(rng, [150, 100, 60], 40));
  frame
    .polygon([-0.5, -0.85, 0.2, -0.85, 0.62, -0.6, 0.66, -0.4, 0.2, -0.5, -0.5, -0.45])
    .rectangle([-0.62, -0.9], [-0.44, -0.4])
    .fill(varied(rng, pick(rng, METALS)), { shade: 0.3 });
}

export function drawGuitar(pen: Pen, rng: Rng): void {
  const wood = anyColour(rng);
  const frame = pen.at([0, 0.05], { turn: between(rng, -0.1, 0.15) });
  frame.line([0, 0.1, 0, -0.8], 0.13).fill(varied(rng, [70, 48, 34]));
  frame.polygon([-0.12, -0.98, 0.12, -0.98, 0.08, -0.74, -0.08, -0.74]).fill(scaled(wood, 0.6));
  const waist = between(rng, 0.2, 0.28);
  frame
    .smooth([
      0,
      -0.12,
      0.32,
      -0.02,
      waist,
      0.26,
      0.44,
      0.58,
      0.3,
      0.9,
      0,
      0.96,
      -0.3,
      0.9,
      -0.44,
      0.58,
      -waist,
      0.26,
      -0.32,
      -0.02,
    ])
    .fill(wood, { shade: 0.3 });
  frame.ellipse([0, 0.28], [0.13, 0.13]).fill([24, 18, 16]);
  frame.rectangle([-0.18, 0.64], [0.18, 0.7]).fill([30, 24, 20]);
  frame.line([0, -0.85, 0, 0.66], 0.03).fill([220, 214, 196]);
}

export function drawBell(pen: Pen, rng: Rng): void {
  const metal = happens(rng, 0.6) ? varied(rng, pick(rng, METALS)) : anyColour(rng);
  pen.ellipse([0, -0.78], [0.13, 0.15]).ellipse([0, 0.7], [0.16, 0.16]).fill(scaled(metal, 0.6));
  pen
    .smooth([
      0, -0.75, 0.35, -0.6, 0.46, 0, 0.62, 0.4, 0.85, 0.62, 0, 0.68, -0.85, 0.62, -0.62, 0.4, -0.46,
      0, -0.35, -0.6,
    ])
    .fill(metal, { shade: 0.4 });
  pen.rectangle([-0.7, 0.38], [0.7, 0.46]).fill(scaled(metal, 0.7), { opacity: 0.7 });
}

export function drawStar(pen: Pen, rng: Rng): void {
  const points = 4 + rng.nextInt(4);
  const inner = between(rng, 0.35, 0.5);
  const outline: number[] = [];
  for (let i = 0; i < points * 2; i++) {
    const radius = i % 2 === 0 ? 0.95 : inner;
    outline.push(radius * sine(i / points / 2), -radius * cosine(i / points / 2));
  }
  const colour = anyColour(rng);
  pen.polygon(outline).fill(colour, { shade: 0.3 });
  if (happens(rng, 0.4)) pen.at([0, 0], { scale: 0.6 }).polygon(outline).fill(anyColour(rng));
}

export function drawHeart(pen: Pen, rng: Rng): void {
  const frame = pen.at([0, 0], { turn: between(rng, -0.08, 0.08) });
  const dip = between(rng, -0.55, -0.35);
  frame
    .polygon([-0.86, -0.2, 0, dip, 0.86, -0.2, 0, 0.9])
    .ellipse([-0.45, -0.38], [0.5, 0.46])
    .ellipse([0.45, -0.38], [0.5, 0.46])
    .fill(anyColour(rng), { shade: 0.3 });
  if (happens(rng, 0.5))
    frame.ellipse([-0.5, -0.5], [0.14, 0.1], -0.1).fill([255, 255, 255], { opacity: 0.6 });
}

export function drawBall(pen: Pen, rng: Rng): void {
  const colour = anyColour(rng);
  const second = paint(rng);
  const kind = rng.nextInt(3);
  pen.ellipse([0, 0], [0.85, 0.85]).fillAround(
    colour,
    () => {
      const frame = pen.at([0, 0], { turn: rng.next() });
      if (kind === 0) {
        for (const x of [-0.75, 0, 0.75]) frame.line([x, -1, x * 0.4, 0, x, 1], 0.07);
        frame.line([-1, 0, 1, 0], 0.07).fill([30, 28, 28]);
      } else if (kind === 1) {
        frame.ellipse([0, 0], [0.27, 0.27]);
        for (let i = 0; i < 5; i++)
          frame.ellipse([0.75 * cosine(i / 5), 0.75 * sine(i / 5)], [0.25, 0.25]);
        frame.fill(second);
      } else {
        frame
          .polygon([0, 0, 1, -0.5, 1, 0.5])
          .polygon([0, 0, -1, -0.5, -1, 0.5])
          .polygon([0, 0, -0.3, 1, 0.3, 1])
          .fill(second);
      }
    },
    { shade: 0.4 },
  );
}
