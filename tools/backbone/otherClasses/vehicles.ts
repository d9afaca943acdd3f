// Vehicles that CIFAR-10 does not name.
import type { Rng } from '../../../lib/random';
import { cosine, sine } from '../../../lib/sample/angle';
import { between, happens } from '../../../lib/sample/chance';
import { anyColour, mix, paint, scaled, type Rgb } from '../../../lib/sample/colour';
import type { Pen } from '../../../lib/sample/pen';
import { drawWheel } from '../../../lib/sample/tenClasses/automobile';

const GLASS: Rgb = [44, 56, 70];

/** A wheel with spokes and no fill. */
function drawSpokes(pen: Pen, [x, y]: readonly [number, number], radius: number): void {
  const rim: number[] = [];
  for (let i = 0; i <= 16; i++) rim.push(x + radius * cosine(i / 16), y + radius * sine(i / 16));
  pen.line(rim, 0.07).fill([28, 28, 30]);
  for (let i = 0; i < 4; i++) {
    const [dx, dy] = [radius * cosine(i / 8), radius * sine(i / 8)];
    pen.line([x - dx, y - dy, x + dx, y + dy], 0.02);
  }
  pen.fill([150, 150, 154], { opacity: 0.7 });
}

export function drawBicycle(pen: Pen, rng: Rng): void {
  const frame = paint(rng);
  const radius = between(rng, 0.34, 0.4);
  drawSpokes(pen, [-0.56, 0.42], radius);
  drawSpokes(pen, [0.56, 0.42], radius);
  pen
    .line([-0.56, 0.42, -0.22, -0.15, 0.36, -0.18, -0.04, 0.4, -0.56, 0.42], 0.08)
    .line([-0.04, 0.4, -0.26, -0.3], 0.08)
    .line([0.56, 0.42, 0.34, -0.35], 0.08)
    .fill(frame);
  pen
    .line([0.34, -0.35, 0.3, -0.48, 0.52, -0.52], 0.07)
    .line([-0.4, -0.32, -0.14, -0.32], 0.11)
    .ellipse([-0.04, 0.4], [0.09, 0.09])
    .fill([30, 28, 28]);
}

export function drawBus(pen: Pen, rng: Rng): void {
  const body = paint(rng);
  const decks = happens(rng, 0.3) ? 2 : 1;
  const top = decks === 2 ? -0.78 : -0.45;
  pen
    .smooth([-0.97, top + 0.08, -0.9, top, 0.85, top, 0.96, top + 0.1, 0.98, 0.45, -0.97, 0.45])
    .fillAround(body, () => pen.rectangle([-1, 0.18], [1, 0.28]).fill(anyColour(rng)));
  for (let deck = 0; deck < decks; deck++) {
    const y = top + 0.1 + deck * 0.44;
    for (let x = -0.88; x < 0.6; x += 0.26) pen.rectangle([x, y], [x + 0.21, y + 0.26]);
    pen.polygon([0.74, y, 0.95, y, 0.97, y + 0.32, 0.74, y + 0.32]);
  }
  pen.fill(GLASS);
  drawWheel(pen, [-0.6, 0.48], { radius: 0.17 });
  drawWheel(pen, [0.58, 0.48], { radius: 0.17 });
}

export function drawTrain(pen: Pen, rng: Rng): void {
  const body = paint(rng);
  pen.line([-1.4, 0.78, 1.4, 0.78], 0.06).fill([90, 80, 72]);
  if (happens(rng, 0.55)) {
    // A steam engine.
    pen
      .rectangle([-0.9, -0.5], [-0.4, 0.4])
      .rectangle([-0.98, -0.6], [-0.32, -0.48])
      .fill(scaled(body, 0.8));
    pen.rectangle([-0.8, -0.38], [-0.52, -0.1]).fill(GLASS);
    pen
      .rectangle([-0.42, -0.22], [0.66, 0.36])
      .ellipse([0.66, 0.07], [0.12, 0.29])
      .fill(body, { shade: 0.4 });
    pen
      .polygon([0.32, -0.2, 0.28, -0.75, 0.56, -0.75, 0.5, -0.2])
      .ellipse([-0.05, -0.24], [0.14, 0.14])
      .fill(scaled(body, 0.6));
    pen
      .polygon([0.72, 0.4, 0.8, 0.4, 0.98, 0.74, 0.66, 0.74])
      .rectangle([-0.95, 0.36], [0.78, 0.46])
      .fill([50, 46, 46]);
    for (const x of [-0.66, -0.2, 0.22, 0.56])
      drawWheel(pen, [x, 0.56], { radius: x < -0.1 ? 0.22 : 0.17 });
    if (happens(rng, 0.6))
      pen
        .ellipse([0.2, -0.9], [0.24, 0.13])
        .ellipse([-0.1, -1], [0.3, 0.16])
        .fill([230, 230, 232], { opacity: 0.7 });
  } else {
    pen
      .smooth([-1.3, -0.4, 0.3, -0.42, 0.72, -0.25, 0.98, 0.3, 0.9, 0.58, -1.3, 0.58])
      .fillAround(body, () => pen.rectangle([-1.5, 0.2], [1, 0.34]).fill(anyColour(rng)));
    for (let x = -1; x < 0.4; x += 0.28) pen.rectangle([x, -0.24], [x + 0.2, 0.04]);
    pen.polygon([0.5, -0.24, 0.68, -0.2, 0.84, 0.1, 0.5, 0.1]).fill(GLASS);
    pen.rectangle([-1.3, 0.58], [0.86, 0.68]).fill([40, 40, 44]);
  }
}

export function drawHelicopter(pen: Pen, rng: Rng): void {
  const skin = paint(rng);
  const frame = pen.at([0.1, 0.05], { turn: between(rng, -0.05, 0.05) });
  frame
    .polygon([-0.1, -0.18, -0.95, -0.16, -0.95, -0.06, -0.1, 0.16])
    .polygon([-0.86, -0.1, -1.04, -0.42, -0.9, -0.42, -0.78, -0.12])
    .fill(scaled(skin, 0.85));
  frame.ellipse([0.24, 0.04], [0.5, between(rng, 0.3, 0.38)]).fill(skin, { shade: 0.3 });
  frame.smooth([0.3, -0.24, 0.6, -0.12, 0.72, 0.08, 0.32, 0.1]).fill(GLASS);
  frame.line([0.2, -0.3, 0.2, -0.48], 0.09).fill([60, 60, 62]);
  const reach = between(rng, 0.55, 0.95);
  frame
    .line([0.2 - reach, -0.5, 0.2 + reach, -0.5], 0.07)
    .ellipse([-0.96, -0.25], [0.04, 0.22])
    .fill([60, 62, 66], { opacity: 0.85 });
  frame
    .line([-0.15, 0.56, 0.7, 0.56], 0.06)
    .line([0.05, 0.3, 0.0, 0.56], 0.05)
    .line([0.42, 0.3, 0.48, 0.56], 0.05)
    .fill([50, 50, 52]);
}

export function drawBalloon(pen: Pen, rng: Rng): void {
  const colour = anyColour(rng);
  const second = anyColour(rng);
  pen.line([-0.34, 0.3, -0.14, 0.72], 0.03).line([0.34, 0.3, 0.14, 0.72], 0.03).fill([70, 60, 50]);
  pen
    .smooth([
      0, -0.95, 0.5, -0.8, 0.72, -0.3, 0.5, 0.15, 0.2, 0.48, -0.2, 0.48, -0.5, 0.15, -0.72, -0.3,
      -0.5, -0.8,
    ])
    .fillAround(
      colour,
      () => {
        if (happens(rng, 0.6)) pen.ellipse([0, -0.25], [0.26, 0.85]);
        else pen.rectangle([-1, -0.45], [1, -0.1]);
        pen.fill(second);
      },
      { shade: 0.35 },
    );
  pen.rectangle([-0.16, 0.7], [0.16, 0.95]).fill([130, 92, 56]);
}

export function drawTractor(pen: Pen, rng: Rng): void {
  const body = paint(rng);
  pen
    .rectangle([-0.72, -0.8], [0.02, -0.7])
    .rectangle([-0.66, -0.75], [-0.58, -0.05])
    .rectangle([-0.06, -0.75], [0.0, 0])
    .fill(scaled(body, 0.7));
  pen.rectangle([-0.56, -0.68], [-0.08, -0.1]).fill(GLASS, { opacity: 0.7 });
  pen
    .polygon([-0.7, -0.1, 0.75, -0.08, 0.86, 0.05, 0.84, 0.36, -0.6, 0.36])
    .fill(body, { shade: 0.3 });
  pen.line([0.45, -0.08, 0.45, -0.5], 0.08).rectangle([0.6, 0.02], [0.82, 0.26]).fill([50, 48, 48]);
  const radius = between(rng, 0.4, 0.48);
  drawWheel(pen, [-0.45, 0.86 - radius], { radius });
  drawWheel(pen, [0.62, 0.62], { radius: between(rng, 0.22, 0.27) });
}

export function drawRocket(pen: Pen, rng: Rng): void {
  const skin = mix(paint(rng), [235, 235, 235], 0.4);
  const accent = anyColour(rng);
  const frame = pen.at([0, -0.1], { turn: between(rng, -0.15, 0.15) });
  if (happens(rng, 0.6))
    frame
      .smooth([-0.16, 0.66, 0, 0.6, 0.16, 0.66, 0.1, 0.9, 0, 1.15, -0.1, 0.9])
      .fill([250, 170, 50]);
  frame
    .polygon([-0.2, 0.2, -0.52, 0.78, -0.16, 0.62])
    .polygon([0.2, 0.2, 0.52, 0.78, 0.16, 0.62])
    .fill(accent);
  frame
    .smooth([0, -0.98, 0.22, -0.55, 0.26, 0.1, 0.18, 0.66, -0.18, 0.66, -0.26, 0.1, -0.22, -0.55])
    .fillAround(skin, () => frame.rectangle([-1, -1], [1, -0.6]).fill(accent), { shade: 0.3 });
  frame.ellipse([0, -0.25], [0.12, 0.12]).fill(GLASS);
}
