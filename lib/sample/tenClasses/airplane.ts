import type { Rng } from '../../random';
import { between, happens, pickWeighted } from '../chance';
import { mix, paint, scaled, type Rgb } from '../colour';
import type { Pen } from '../pen';

/** An airplane: an airliner from the side, any one from above or below, head-on, or a propeller plane. */
export function drawAirplane(pen: Pen, rng: Rng): void {
  const draw = pickWeighted(rng, [
    [drawAirliner, 0.36],
    [drawFromBelow, 0.3],
    [drawHeadOn, 0.14],
    [drawPropeller, 0.2],
  ]);
  draw(pen, rng, { skin: paint(rng), accent: paint(rng) });
}

interface Colours {
  readonly skin: Rgb;
  readonly accent: Rgb;
}

const GLASS: Rgb = [34, 44, 58];

function drawAirliner(pen: Pen, rng: Rng, { skin, accent }: Colours): void {
  const frame = pen.at([0, 0], { turn: between(rng, -0.07, 0.04) });
  const body = between(rng, 0.13, 0.18);
  const fin = between(rng, 0.42, 0.56);
  frame
    .polygon([0.15, -body * 0.5, -0.05, -body * 0.5, -0.3, -0.42, -0.16, -0.42])
    .fill(scaled(skin, 0.6));
  frame.polygon([-0.92, -body * 0.4, -0.98, -fin, -0.8, -fin, -0.52, -body * 0.6]).fill(accent);
  frame
    .smooth([
      -1,
      -body * 0.5,
      -0.5,
      -body,
      0.3,
      -body,
      0.75,
      -body * 0.85,
      0.98,
      body * 0.2,
      0.75,
      body * 0.8,
      0.3,
      body,
      -0.5,
      body * 0.8,
    ])
    .fillAround(
      skin,
      () => {
        if (happens(rng, 0.5)) frame.rectangle([-1.1, 0], [1.1, body * 0.45]).fill(accent);
      },
      { shade: 0.28 },
    );
  for (let i = 0; i < 10; i++) {
    const x = -0.5 + i * 0.12;
    frame.rectangle([x, -body * 0.45], [x + 0.055, -body * 0.1]);
  }
  frame.polygon([0.76, -body * 0.62, 0.88, -body * 0.35, 0.9, -body * 0.1, 0.74, -body * 0.15]);
  frame.fill(GLASS, { shade: 0 });
  const sweep = between(rng, 0.4, 0.58);
  frame
    .polygon([0.22, body * 0.35, -0.12, body * 0.4, -0.12 - sweep, 0.5, -0.3 - sweep * 0.4, 0.5])
    .fill(scaled(skin, 0.75));
  frame.polygon([-0.7, -0.02, -0.88, -0.02, -1.06, 0.16, -0.95, 0.16]).fill(scaled(skin, 0.7));
  frame.ellipse([0.06, body * 1.25], [0.16, 0.075]).fill(mix(skin, accent, 0.5));
  if (happens(rng, 0.3)) {
    // Landing gear down.
    frame
      .line([0.62, body * 0.8, 0.62, 0.4], 0.04)
      .line([-0.06, body, -0.06, 0.42], 0.05)
      .fill([60, 60, 62]);
    frame
      .ellipse([0.62, 0.42], [0.06, 0.06])
      .ellipse([-0.06, 0.44], [0.07, 0.07])
      .fill([25, 25, 25]);
  }
}

function drawFromBelow(pen: Pen, rng: Rng, { skin, accent }: Colours): void {
  // Seen at a slant the picture is squashed across or along the flight.
  const frame = pen.at([0, 0], {
    turn: happens(rng, 0.25) ? rng.next() : between(rng, -0.12, 0.08),
    scale: [1, between(rng, 0.65, 1)],
  });
  const isDelta = happens(rng, 0.3);
  const tip = isDelta ? -0.62 : between(rng, -0.5, -0.15);
  const body = isDelta ? 0.1 : between(rng, 0.1, 0.14);
  for (const side of [-1, 1]) {
    if (isDelta) {
      frame.polygon([
        0.35,
        side * body * 0.6,
        tip,
        side * 0.72,
        tip - 0.14,
        side * 0.7,
        -0.6,
        side * body,
      ]);
    } else {
      frame.polygon([
        0.28,
        side * body * 0.6,
        tip + 0.1,
        side * 0.98,
        tip - 0.05,
        side * 0.98,
        -0.1,
        side * body * 0.6,
      ]);
      frame.polygon([-0.66, 0, -0.86, side * 0.36, -0.97, side * 0.36, -0.9, 0]);
    }
  }
  frame.fill(mix(skin, accent, 0.25), { shade: 0.3 });
  if (!isDelta) {
    for (const side of [-1, 1]) frame.ellipse([0.12, side * 0.36], [0.14, 0.06]);
    frame.fill(scaled(skin, 0.55));
  }
  frame
    .smooth([
      0.98,
      0,
      0.75,
      body * 0.85,
      0,
      body,
      -0.7,
      body * 0.7,
      -1,
      0,
      -0.7,
      -body * 0.7,
      0,
      -body,
      0.75,
      -body * 0.85,
    ])
    .fill(skin, { shade: 0.3 });
  frame.ellipse([0.74, 0], [0.09, body * 0.5]).fill(GLASS, { opacity: 0.8 });
  frame.polygon([-0.6, -0.02, -0.96, -0.03, -0.96, 0.03, -0.6, 0.02]).fill(accent);
}

function drawHeadOn(pen: Pen, rng: Rng, { skin, accent }: Colours): void {
  const frame = pen.at([0, 0.05], { turn: between(rng, -0.04, 0.04) });
  const rise = between(rng, 0.02, 0.22);
  for (const side of [-1, 1]) {
    frame.polygon([
      side * 0.1,
      0.02,
      side * 1.0,
      -rise,
      side * 1.0,
      -rise + 0.05,
      side * 0.1,
      0.17,
    ]);
    frame.polygon([side * 0.05, -0.18, side * 0.4, -0.24, side * 0.4, -0.2, side * 0.05, -0.1]);
  }
  frame.fill(scaled(skin, 0.75));
  frame.polygon([-0.045, -0.1, -0.02, -0.68, 0.02, -0.68, 0.045, -0.1]).fill(accent);
  for (const side of [-1, 1]) {
    frame.ellipse([side * 0.42, 0.14], [0.12, 0.12]).fill(scaled(skin, 0.85));
    frame.ellipse([side * 0.42, 0.14], [0.08, 0.08]).fill([30, 30, 34]);
  }
  frame.ellipse([0, 0], [0.23, 0.25]).fill(skin, { shade: 0.3 });
  frame.polygon([-0.15, -0.1, 0.15, -0.1, 0.1, -0.18, -0.1, -0.18]).fill(GLASS);
  if (happens(rng, 0.6)) {
    frame
      .line([0, 0.2, 0, 0.42], 0.05)
      .line([-0.2, 0.14, -0.2, 0.46], 0.06)
      .line([0.2, 0.14, 0.2, 0.46], 0.06);
    frame.fill([40, 40, 42]);
  }
}

function drawPropeller(pen: Pen, rng: Rng, { skin, accent }: Colours): void {
  const frame = pen.at([0, 0.05], { turn: between(rng, -0.07, 0.05) });
  const isBiplane = happens(rng, 0.4);
  frame.polygon([-0.72, 0, -0.98, -0.36, -0.78, -0.36, -0.45, -0.08]).fill(accent);
  frame
    .smooth([
      -0.98, -0.04, -0.3, -0.17, 0.1, -0.3, 0.35, -0.18, 0.78, -0.15, 0.82, 0.12, 0.3, 0.2, -0.4,
      0.12,
    ])
    .fill(skin, { shade: 0.28 });
  frame.polygon([-0.1, -0.16, 0.08, -0.28, 0.3, -0.16]).fill(GLASS);
  const low = isBiplane ? 0.14 : 0.02;
  frame.polygon([0.42, low, -0.06, low, -0.3, low + 0.12, 0.22, low + 0.12]).fill(accent);
  if (isBiplane) {
    frame
      .line([0.34, -0.4, 0.34, 0.14], 0.035)
      .line([-0.02, -0.4, -0.02, 0.18], 0.035)
      .fill([70, 58, 46]);
    frame.polygon([0.5, -0.5, -0.02, -0.5, -0.16, -0.38, 0.36, -0.38]).fill(accent);
  }
  frame.line([0.4, 0.15, 0.5, 0.42], 0.045).fill([60, 60, 60]);
  frame.ellipse([0.5, 0.44], [0.1, 0.1]).ellipse([-0.86, 0.1], [0.05, 0.05]).fill([24, 24, 24]);
  frame.ellipse([0.87, -0.02], [0.035, 0.38]).fill([50, 46, 44], { opacity: 0.7 });
  frame.ellipse([0.86, -0.02], [0.07, 0.07]).fill(accent);
}
