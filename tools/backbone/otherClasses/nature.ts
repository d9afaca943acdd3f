// Plants and fruit.
import type { Rng } from '../../../lib/random';
import { cosine, sine } from '../../../lib/sample/angle';
import { between, happens, pick } from '../../../lib/sample/chance';
import { anyColour, mix, scaled, varied, type Rgb } from '../../../lib/sample/colour';
import type { Pen } from '../../../lib/sample/pen';

const LEAVES: readonly Rgb[] = [
  [70, 112, 50],
  [108, 140, 60],
  [196, 130, 50],
  [170, 70, 44],
  [216, 180, 80],
];

export function drawTree(pen: Pen, rng: Rng): void {
  const leaf = varied(rng, pick(rng, LEAVES), 20);
  const bark = varied(rng, [92, 66, 46]);
  pen.polygon([-0.1, -0.2, 0.1, -0.2, 0.16, 0.98, -0.16, 0.98]).fill(bark);
  if (happens(rng, 0.45)) {
    // A fir: tiers of triangles.
    for (let tier = 0; tier < 3; tier++) {
      const y = 0.55 - tier * 0.46;
      const half = 0.7 - tier * 0.17;
      pen.polygon([-half, y, 0, y - 0.75, half, y]).fill(scaled(leaf, 0.8 + tier * 0.12));
    }
  } else {
    for (let i = 0; i < 6; i++) {
      pen.ellipse(
        [between(rng, -0.45, 0.45), between(rng, -0.65, -0.1)],
        [between(rng, 0.3, 0.48), between(rng, 0.26, 0.4)],
      );
      if (i % 2 === 1) pen.fill(scaled(leaf, 0.75 + i * 0.08), { shade: 0.3 });
    }
  }
}

export function drawFlower(pen: Pen, rng: Rng): void {
  const petal = anyColour(rng);
  const count = 5 + rng.nextInt(5);
  const bloom = pen.at([0, -0.3], { turn: rng.next() });
  pen
    .line([0, -0.2, between(rng, -0.1, 0.1), 0.98], 0.09)
    .ellipse([0.22, 0.5], [0.26, 0.1], -0.08)
    .fill(varied(rng, [70, 120, 56]));
  const width = between(rng, 0.13, 0.22);
  for (let i = 0; i < count; i++) {
    bloom.ellipse([0.38 * cosine(i / count), 0.38 * sine(i / count)], [0.28, width], i / count);
  }
  bloom.fill(petal, { shade: 0.3 });
  bloom.ellipse([0, 0], [0.2, 0.2]).fill(anyColour(rng));
}

export function drawMushroom(pen: Pen, rng: Rng): void {
  const cap = anyColour(rng);
  const stem = between(rng, 0.15, 0.26);
  pen
    .smooth([
      -stem,
      -0.1,
      stem,
      -0.1,
      stem * 1.3,
      0.6,
      stem * 1.4,
      0.9,
      -stem * 1.4,
      0.9,
      -stem * 1.3,
      0.6,
    ])
    .fill([232, 222, 202]);
  pen
    .smooth([
      -0.85, 0.05, -0.7, -0.42, -0.3, -0.72, 0.3, -0.72, 0.7, -0.42, 0.85, 0.05, 0.4, 0.14, -0.4,
      0.14,
    ])
    .fillAround(
      cap,
      () => {
        if (happens(rng, 0.65)) {
          for (let i = 0; i < 7; i++)
            pen.ellipse([between(rng, -0.7, 0.7), between(rng, -0.7, 0.05)], [0.1, 0.085]);
          pen.fill([240, 236, 226]);
        }
      },
      { shade: 0.3 },
    );
}

export function drawApple(pen: Pen, rng: Rng): void {
  const skin = anyColour(rng);
  pen
    .smooth([
      0, -0.42, 0.45, -0.58, 0.82, -0.2, 0.7, 0.45, 0.35, 0.86, 0, 0.76, -0.35, 0.86, -0.7, 0.45,
      -0.82, -0.2, -0.45, -0.58,
    ])
    .fill(skin, { shade: 0.35 });
  pen.line([0, -0.42, 0.06, -0.66, 0.16, -0.86], 0.08).fill([80, 56, 38]);
  if (happens(rng, 0.7)) pen.ellipse([0.36, -0.74], [0.26, 0.11], -0.07).fill([80, 130, 60]);
  pen.ellipse([-0.38, -0.18], [0.12, 0.18], 0.06).fill([255, 250, 245], { opacity: 0.5 });
}

export function drawCactus(pen: Pen, rng: Rng): void {
  const green = varied(
    rng,
    pick(rng, [
      [76, 124, 70],
      [110, 140, 80],
      [64, 104, 90],
    ] as const),
  );
  const [left, right] = [between(rng, -0.3, 0.3), between(rng, -0.3, 0.3)];
  pen.line([-0.1, left + 0.2, -0.55, left + 0.2, -0.55, left - 0.35], 0.24);
  if (happens(rng, 0.8)) pen.line([0.1, right + 0.1, 0.55, right + 0.1, 0.55, right - 0.45], 0.22);
  pen.line([0, -0.75, 0, 0.8], 0.42).fillAround(
    green,
    () => {
      for (const x of [-0.12, 0, 0.12]) pen.line([x, -1, x, 1], 0.035);
      pen.fill(scaled(green, 0.65));
    },
    { shade: 0.3 },
  );
  if (happens(rng, 0.5))
    pen.polygon([-0.4, 0.55, 0.4, 0.55, 0.3, 0.98, -0.3, 0.98]).fill(anyColour(rng));
}

export function drawLeaf(pen: Pen, rng: Rng): void {
  const green = varied(rng, pick(rng, LEAVES), 20);
  const frame = pen.at([0, 0], { turn: rng.next() });
  const width = between(rng, 0.35, 0.6);
  frame
    .smooth([-0.95, 0, -0.4, -width, 0.3, -width * 0.75, 0.98, 0, 0.3, width * 0.75, -0.4, width])
    .fill(green, { shade: 0.3 });
  frame.line([-0.98, 0, 0.9, 0], 0.06, 0.03);
  for (let x = -0.5; x < 0.6; x += 0.28) {
    frame.line([x, 0, x + 0.24, -width * 0.6], 0.035).line([x, 0, x + 0.24, width * 0.6], 0.035);
  }
  frame.fill(mix(green, [240, 240, 200], 0.4));
}

export function drawBanana(pen: Pen, rng: Rng): void {
  const skin = mix(varied(rng, [230, 200, 70]), anyColour(rng), between(rng, 0, 0.5));
  const frame = pen.at([0, -0.1], { turn: between(rng, -0.1, 0.1) });
  const bend = between(rng, 0.55, 0.8);
  frame
    .smooth([
      -0.95,
      -0.4,
      -0.8,
      -0.42,
      -0.4,
      bend * 0.25,
      0.2,
      bend * 0.35,
      0.75,
      -0.2,
      0.9,
      -0.2,
      0.8,
      0.25,
      0.25,
      bend,
      -0.45,
      bend * 0.85,
    ])
    .fill(skin, { shade: 0.35 });
  frame
    .line([-0.86, -0.4, -0.93, -0.6], 0.14)
    .ellipse([0.88, -0.18], [0.07, 0.07])
    .fill([80, 62, 36]);
}
