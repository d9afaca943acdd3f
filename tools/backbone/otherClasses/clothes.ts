// What people put on or carry over their heads.
import type { Rng } from '../../../lib/random';
import { between, happens, pick } from '../../../lib/sample/chance';
import { anyColour, paint, scaled } from '../../../lib/sample/colour';
import type { Pen } from '../../../lib/sample/pen';

export function drawUmbrella(pen: Pen, rng: Rng): void {
  const cloth = anyColour(rng);
  const stripe = happens(rng, 0.6) ? anyColour(rng) : scaled(cloth, 0.75);
  pen.line([0, -0.85, 0, 0.7, 0.1, 0.88, 0.26, 0.84, 0.28, 0.7], 0.08).fill(paint(rng));
  const arch = [
    -0.95, 0.1, -0.8, -0.45, -0.35, -0.75, 0, -0.82, 0.35, -0.75, 0.8, -0.45, 0.95, 0.1, 0.65,
    -0.05, 0.32, 0.1, 0, -0.05, -0.32, 0.1, -0.65, -0.05,
  ];
  pen.smooth(arch).fillAround(
    cloth,
    () => {
      pen.smooth([0, -0.9, 0.32, -0.4, 0.36, 0.2, 0, 0.1, -0.36, 0.2, -0.32, -0.4]).fill(stripe);
    },
    { shade: 0.3 },
  );
}

export function drawHat(pen: Pen, rng: Rng): void {
  const felt = anyColour(rng);
  const height = between(rng, 0.4, 0.85);
  const half = between(rng, 0.38, 0.5);
  pen.ellipse([0, 0.4], [0.95, between(rng, 0.16, 0.28)]).fill(scaled(felt, 0.85));
  pen.polygon([
    -half,
    0.4,
    -half * between(rng, 0.7, 1),
    0.4 - height,
    half * between(rng, 0.7, 1),
    0.4 - height,
    half,
    0.4,
  ]);
  pen
    .ellipse([0, 0.4], [half, 0.12])
    .ellipse([0, 0.4 - height], [half * 0.78, 0.1])
    .fillAround(felt, () => {
      pen.rectangle([-1, 0.2], [1, 0.42]).fill(anyColour(rng));
    });
}

export function drawShirt(pen: Pen, rng: Rng): void {
  const cloth = anyColour(rng);
  const sleeve = between(rng, 0.0, 0.5);
  pen
    .polygon([
      -0.25,
      -0.8,
      0.25,
      -0.8,
      0.6,
      -0.65,
      0.98,
      sleeve,
      0.72,
      sleeve + 0.14,
      0.5,
      -0.15,
      0.5,
      0.9,
      -0.5,
      0.9,
      -0.5,
      -0.15,
      -0.72,
      sleeve + 0.14,
      -0.98,
      sleeve,
      -0.6,
      -0.65,
    ])
    .fillAround(cloth, () => {
      const second = anyColour(rng);
      const print = rng.next();
      if (print < 0.35) for (let y = -0.5; y < 0.9; y += 0.3) pen.rectangle([-1, y], [1, y + 0.13]);
      else if (print < 0.6) pen.ellipse([0, 0], [0.26, 0.26]);
      pen.fill(second);
    });
  pen.ellipse([0, -0.8], [0.24, 0.14]).fill(scaled(cloth, 0.45));
}

export function drawShoe(pen: Pen, rng: Rng): void {
  const leather = anyColour(rng);
  const shaft = between(rng, 0.15, 0.8);
  pen
    .smooth([
      -0.8,
      0.1 - shaft,
      -0.3,
      0.05 - shaft,
      -0.2,
      -0.02,
      0.3,
      0.18,
      0.8,
      0.3,
      0.92,
      0.55,
      0,
      0.6,
      -0.8,
      0.56,
      -0.86,
      0.2,
    ])
    .fill(leather, { shade: 0.3 });
  pen.polygon([-0.88, 0.5, 0.96, 0.5, 0.92, 0.68, -0.86, 0.68]).fill(
    pick(rng, [
      [236, 236, 230],
      [40, 36, 34],
    ] as const),
  );
  for (let i = 0; i < 3; i++)
    pen.line([-0.22 + i * 0.17, 0.02 + i * 0.07, -0.1 + i * 0.17, -0.12 + i * 0.07], 0.05);
  pen.fill([240, 240, 240]);
}
