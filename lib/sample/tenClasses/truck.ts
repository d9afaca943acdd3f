import type { Rng } from '../../random';
import { between, happens } from '../chance';
import { anyColour, paint, scaled, varied, type Rgb } from '../colour';
import type { Pen } from '../pen';
import { drawWheel } from './automobile';

const GLASS: Rgb = [44, 56, 70];

/** A truck: box, tank, tipper, flatbed with a load or pick-up from the side; or its tall front. */
export function drawTruck(pen: Pen, rng: Rng): void {
  const view = rng.next();
  const cab = paint(rng);
  const load = happens(rng, 0.4) ? cab : paint(rng);
  if (view < 0.58) drawSide(pen, rng, { cab, load });
  else if (view < 0.8) drawFront(pen, rng, { cab, load });
  else drawSlant(pen, rng, { cab, load });
}

interface Colours {
  readonly cab: Rgb;
  readonly load: Rgb;
}

function drawSide(pen: Pen, rng: Rng, { cab, load }: Colours): void {
  const frame = pen.at([0, 0.05], { turn: between(rng, -0.02, 0.02) });
  const start = between(rng, 0.3, 0.46); // where the cab begins
  const roof = -between(rng, 0.32, 0.5);
  const top = -between(rng, 0.5, 0.72);
  frame.rectangle([-0.95, 0.24], [0.9, 0.36]).fill([46, 46, 50]);
  drawLoad(frame, rng, { end: start - 0.06, top, load });
  const hasHood = happens(rng, 0.4);
  if (hasHood) {
    frame.polygon([
      start,
      0.32,
      start,
      roof,
      start + 0.3,
      roof,
      start + 0.38,
      -0.06,
      0.96,
      0.0,
      0.99,
      0.34,
    ]);
  } else {
    frame.polygon([start, 0.34, start, roof, 0.84, roof, 0.97, 0.0, 0.97, 0.34]);
  }
  frame.fill(cab, { shade: 0.25 });
  const glassEnd = hasHood ? start + 0.3 : 0.9;
  frame
    .polygon([
      start + 0.1,
      -0.04,
      start + 0.1,
      roof + 0.09,
      glassEnd - 0.08,
      roof + 0.09,
      glassEnd + 0.02,
      -0.04,
    ])
    .fill(GLASS);
  frame.rectangle([start + 0.1, 0.02], [start + 0.13, 0.3]).fill(scaled(cab, 0.6));
  frame.rectangle([0.91, 0.14], [0.99, 0.22]).fill([250, 240, 190]);
  const radius = between(rng, 0.16, 0.2);
  drawWheel(frame, [hasHood ? 0.74 : 0.68, 0.42], { radius });
  drawWheel(frame, [-0.72, 0.42], { radius });
  if (happens(rng, 0.65)) drawWheel(frame, [-0.72 + radius * 2.1, 0.42], { radius });
}

function drawLoad(
  pen: Pen,
  rng: Rng,
  { end, top, load }: { end: number; top: number; load: Rgb },
): void {
  const kind = rng.next();
  if (kind < 0.42) {
    pen.rectangle([-0.97, top], [end, 0.26]).fill(load, { shade: 0.22 });
    if (happens(rng, 0.5)) {
      const middle = top / 2 + 0.1;
      pen.rectangle([-0.9, middle - 0.12], [end - 0.08, middle + 0.1]).fill(anyColour(rng));
    } else {
      for (let x = -0.85; x < end - 0.05; x += 0.14) pen.line([x, top + 0.04, x, 0.22], 0.02);
      pen.fill(scaled(load, 0.7));
    }
  } else if (kind < 0.57) {
    pen
      .smooth([
        -0.95,
        top * 0.4,
        -0.8,
        top * 0.75,
        end - 0.15,
        top * 0.75,
        end,
        top * 0.4,
        end,
        0.1,
        end - 0.15,
        0.24,
        -0.8,
        0.24,
        -0.95,
        0.1,
      ])
      .fill(load, { shade: 0.45 });
  } else if (kind < 0.75) {
    // A tipper, heaped.
    pen
      .smooth([-0.85, -0.12, -0.5, -0.44, -0.15, -0.5, end - 0.05, -0.2])
      .fill(varied(rng, [130, 100, 66]));
    pen
      .polygon([-0.98, -0.22, end, -0.28, end - 0.02, 0.2, -0.8, 0.26])
      .fill(load, { shade: 0.25 });
    for (let x = -0.75; x < end; x += 0.22) pen.line([x, -0.18, x, 0.2], 0.03);
    pen.fill(scaled(load, 0.65));
  } else if (kind < 0.88) {
    // Logs or pipes on a flatbed.
    for (let y = 0.14; y > top + 0.35; y -= 0.15) pen.line([-0.9, y, end - 0.06, y], 0.14);
    pen.fill(varied(rng, [146, 104, 66]), { shade: 0.35 });
    pen
      .rectangle([-0.92, -0.3], [-0.88, 0.26])
      .rectangle([end - 0.06, -0.3], [end - 0.02, 0.26])
      .fill([60, 60, 60]);
  } else {
    // A pick-up's low bed.
    pen
      .polygon([-0.97, -0.02, end + 0.05, -0.02, end + 0.05, 0.32, -0.95, 0.32])
      .fill(load, { shade: 0.25 });
    pen.rectangle([-0.8, -0.16], [-0.5, -0.02]).fill(anyColour(rng));
  }
}

/** The face of a cab-over about the origin: a wall of glass above a grille. */
function drawFace(pen: Pen, cab: Rgb): void {
  pen.rectangle([-0.5, 0.5], [-0.3, 0.8]).rectangle([0.3, 0.5], [0.5, 0.8]).fill([22, 22, 24]);
  pen.polygon([-0.5, -0.5, 0.5, -0.5, 0.55, 0.62, -0.55, 0.62]).fill(cab, { shade: 0.2 });
  pen.polygon([-0.44, -0.36, 0.44, -0.36, 0.47, 0.02, -0.47, 0.02]).fill(GLASS, { shade: 0.4 });
  pen
    .rectangle([-0.32, 0.14], [0.32, 0.2])
    .rectangle([-0.32, 0.25], [0.32, 0.31])
    .rectangle([-0.32, 0.36], [0.32, 0.42]);
  pen.fill([36, 36, 40], { shade: 0 });
  pen
    .rectangle([-0.52, 0.44], [-0.34, 0.54])
    .rectangle([0.34, 0.44], [0.52, 0.54])
    .fill([250, 244, 205]);
  pen.rectangle([-0.57, 0.56], [0.57, 0.66]).fill([70, 70, 74]);
  pen
    .rectangle([-0.66, -0.3], [-0.57, -0.02])
    .rectangle([0.57, -0.3], [0.66, -0.02])
    .fill([30, 30, 32]);
}

function drawFront(pen: Pen, rng: Rng, { cab, load }: Colours): void {
  const frame = pen.at([0, 0.02], {
    scale: between(rng, 1, 1.15),
    turn: between(rng, -0.015, 0.015),
  });
  if (happens(rng, 0.75)) frame.rectangle([-0.56, -0.82], [0.56, 0.3]).fill(load);
  drawFace(frame, cab);
}

function drawSlant(pen: Pen, rng: Rng, { cab, load }: Colours): void {
  const frame = pen.at([0, 0.02]);
  const top = -between(rng, 0.6, 0.76);
  const far = top * between(rng, 0.6, 0.8);
  frame.polygon([-0.92, far, 0.15, top, 0.15, 0.42, -0.92, 0.28]).fill(scaled(load, 0.8));
  frame.polygon([-0.92, 0.28, 0.15, 0.42, 0.15, 0.52, -0.92, 0.38]).fill([40, 40, 44]);
  drawWheel(frame, [-0.72, 0.4], { radius: 0.16, squash: 0.75 });
  drawWheel(frame, [-0.42, 0.44], { radius: 0.17, squash: 0.75 });
  frame.polygon([0.02, -0.4, 0.24, -0.44, 0.24, 0.56, 0.02, 0.5]).fill(scaled(cab, 0.7));
  frame.polygon([0.06, -0.26, 0.2, -0.28, 0.2, 0.02, 0.06, 0.02]).fill(GLASS);
  drawFace(frame.at([0.58, 0.05], { scale: [0.66, 0.95] }), cab);
  drawWheel(frame, [0.14, 0.58], { radius: 0.18, squash: 0.6 });
}
