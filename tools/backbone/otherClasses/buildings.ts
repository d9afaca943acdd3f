// Buildings, seen from the front, on the ground at about y = .9.
import type { Rng } from '../../../lib/random';
import { between, happens } from '../../../lib/sample/chance';
import { anyColour, mix, scaled, varied } from '../../../lib/sample/colour';
import type { Pen } from '../../../lib/sample/pen';

export function drawHouse(pen: Pen, rng: Rng): void {
  const wall = mix(anyColour(rng), [225, 215, 200], 0.4);
  const eaves = between(rng, -0.2, 0.05);
  if (happens(rng, 0.5)) pen.rectangle([0.3, -0.85], [0.5, eaves]).fill([120, 80, 66]);
  pen.rectangle([-0.75, eaves], [0.75, 0.85]).fill(wall);
  const ridge = between(rng, 0, 0.4);
  pen
    .polygon([-0.95, eaves + 0.02, -ridge, -0.85, ridge, -0.85, 0.95, eaves + 0.02])
    .fill(anyColour(rng));
  const door = between(rng, -0.5, 0.3);
  pen.rectangle([door, 0.3], [door + 0.28, 0.85]).fill(anyColour(rng));
  for (const x of [-0.6, 0.36]) {
    if (x + 0.28 < door || x > door + 0.28) pen.rectangle([x, 0.15], [x + 0.25, 0.42]);
  }
  pen.fill([70, 90, 110]);
}

export function drawCastle(pen: Pen, rng: Rng): void {
  const stone = varied(rng, mix([150, 144, 134], anyColour(rng), 0.35));
  const wall = between(rng, -0.05, 0.2);
  for (let x = -0.6; x < 0.6; x += 0.24) pen.rectangle([x, wall - 0.12], [x + 0.13, wall]);
  pen.rectangle([-0.6, wall], [0.6, 0.9]).fill(scaled(stone, 0.85));
  const isRoofed = happens(rng, 0.5);
  const roof = anyColour(rng);
  for (const x of happens(rng, 0.5) ? [-0.65, 0.65] : [-0.65, 0, 0.65]) {
    const top = x === 0 ? -0.5 : between(rng, -0.4, -0.15);
    pen.rectangle([x - 0.24, top], [x + 0.24, 0.9]);
    if (!isRoofed)
      for (const dx of [-0.2, 0, 0.2])
        pen.rectangle([x + dx - 0.06, top - 0.13], [x + dx + 0.06, top]);
    pen.fill(stone, { shade: 0.2 });
    if (isRoofed) pen.polygon([x - 0.3, top, x, top - 0.48, x + 0.3, top]).fill(roof);
    pen.rectangle([x - 0.05, top + 0.18], [x + 0.05, top + 0.38]).fill([40, 38, 40]);
  }
  pen.rectangle([-0.16, 0.5], [0.16, 0.92]).ellipse([0, 0.5], [0.16, 0.16]).fill([60, 42, 32]);
}

export function drawWindmill(pen: Pen, rng: Rng): void {
  const wall = mix(anyColour(rng), [220, 214, 200], 0.5);
  pen.polygon([-0.24, -0.25, 0.24, -0.25, 0.42, 0.95, -0.42, 0.95]).fill(wall, { shade: 0.25 });
  pen.smooth([-0.28, -0.22, 0, -0.55, 0.28, -0.22]).fill(anyColour(rng));
  pen.rectangle([-0.1, 0.6], [0.1, 0.95]).fill([80, 56, 40]);
  const sails = pen.at([0, -0.25], { turn: rng.next() });
  const cloth = anyColour(rng);
  for (let i = 0; i < 4; i++) {
    const sail = sails.at([0, 0], { turn: i / 4 });
    sail.rectangle([0.15, 0.02], [0.82, 0.2]).fill(cloth, { opacity: 0.85 });
    sail.line([0, 0, 0.85, 0], 0.06).fill([64, 50, 40]);
  }
}

export function drawLighthouse(pen: Pen, rng: Rng): void {
  const stripe = anyColour(rng);
  const wall = mix(anyColour(rng), [240, 238, 232], 0.7);
  pen.polygon([-0.22, -0.45, 0.22, -0.45, 0.36, 0.8, -0.36, 0.8]).fillAround(
    wall,
    () => {
      for (let y = -0.35; y < 0.8; y += 0.44) pen.rectangle([-1, y], [1, y + 0.22]);
      pen.fill(stripe);
    },
    { shade: 0.25 },
  );
  pen
    .rectangle([-0.3, -0.52], [0.3, -0.44])
    .polygon([-0.24, -0.78, 0, -0.98, 0.24, -0.78])
    .fill(scaled(stripe, 0.7));
  pen.rectangle([-0.17, -0.78], [0.17, -0.52]).fill([250, 232, 150]);
  pen
    .smooth([-0.9, 0.95, -0.5, 0.74, 0.5, 0.74, 0.9, 0.95, 0, 1.05])
    .fill(varied(rng, [110, 104, 96]));
}

export function drawTent(pen: Pen, rng: Rng): void {
  const cloth = anyColour(rng);
  const back = between(rng, 0.2, 0.5);
  pen.polygon([-0.25, -0.7, back, -0.62, 0.98, 0.62, 0.4, 0.75]).fill(scaled(cloth, 0.7));
  pen.polygon([-0.25, -0.7, 0.42, 0.78, -0.95, 0.78]).fill(cloth);
  pen.polygon([-0.25, -0.5, 0.02, 0.78, -0.5, 0.78]).fill(scaled(cloth, 0.3));
  if (happens(rng, 0.5)) pen.polygon([-0.25, -0.5, -0.5, 0.78, -0.62, 0.78]).fill(anyColour(rng));
}
