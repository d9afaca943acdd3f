import type { Rng } from '../../random';
import { between, pick } from '../chance';
import { anyCoat, type Coat, type Rgb } from '../colour';
import type { Pen } from '../pen';
import { drawMarks, drawQuadruped } from './quadruped';

const EYES: readonly Rgb[] = [
  [190, 200, 60],
  [90, 170, 90],
  [220, 160, 50],
  [110, 170, 210],
];

/** A cat: its face, sitting, on its feet with the tail up, or lying; pointed ears always. */
export function drawCat(pen: Pen, rng: Rng): void {
  const coat = anyCoat(rng);
  const view = rng.next();
  if (view < 0.36) drawFace(pen.at([0, 0.08], { scale: between(rng, 0.9, 1.1) }), rng, coat);
  else if (view < 0.66) drawSitting(pen, rng, coat);
  else if (view < 0.86) drawStanding(pen, rng, coat);
  else drawLying(pen, rng, coat);
}

/** The face about the origin, 1.5 wide; on small cats whiskers are left out. */
function drawFace(
  pen: Pen,
  rng: Rng,
  coat: Coat,
  { whiskers = true }: { readonly whiskers?: boolean } = {},
): void {
  const frame = pen.at([0, 0], { turn: between(rng, -0.03, 0.03) });
  const ear = between(rng, 0.72, 0.9);
  for (const side of [-1, 1]) {
    frame.polygon([side * 0.7, -0.1, side * 0.66, -ear, side * 0.14, -0.45]).fill(coat.main);
    frame
      .polygon([side * 0.58, -0.3, side * 0.58, -ear + 0.16, side * 0.28, -0.45])
      .fill([205, 140, 130]);
  }
  frame
    .ellipse([0, 0.08], [0.74, 0.6])
    .fillAround(coat.main, () => drawMarks(frame, rng, { coat, reach: [0.8, 0.6] }));
  if (coat.pattern === 'stripes') {
    frame
      .line([-0.15, -0.5, -0.12, -0.25], 0.08)
      .line([0.15, -0.5, 0.12, -0.25], 0.08)
      .line([0, -0.52, 0, -0.25], 0.08);
    frame.fill(coat.mark);
  }
  const iris = pick(rng, EYES);
  for (const side of [-1, 1]) {
    frame.ellipse([side * 0.32, -0.02], [0.16, 0.13], -side * 0.04).fill(iris, { shade: 0 });
    frame.ellipse([side * 0.32, -0.02], [0.055, 0.125]).fill([12, 12, 14], { shade: 0 });
    frame.ellipse([side * 0.14, 0.36], [0.2, 0.15]).fill(coat.light);
  }
  frame.polygon([-0.1, 0.18, 0.1, 0.18, 0, 0.3]).fill([200, 110, 110]);
  frame.line([0, 0.28, 0, 0.4], 0.04).fill([50, 35, 35]);
  if (whiskers) {
    for (const side of [-1, 1]) {
      frame.line([side * 0.3, 0.32, side * 0.98, 0.22], 0.035);
      frame.line([side * 0.3, 0.38, side * 0.95, 0.46], 0.035);
    }
    frame.fill(coat.main[0] > 150 ? [90, 85, 80] : [235, 235, 230], { opacity: 0.75 });
  }
}

function drawSitting(pen: Pen, rng: Rng, coat: Coat): void {
  const curl = between(rng, 0.5, 0.8);
  pen.line([-0.3, 0.8, -0.62, 0.78, -0.72, 0.55, -0.66, 0.8 - curl], 0.15, 0.1).fill(coat.dark);
  pen
    .smooth([
      0, -0.35, 0.22, -0.1, 0.3, 0.4, 0.36, 0.88, -0.3, 0.9, -0.52, 0.6, -0.42, 0.15, -0.2, -0.2,
    ])
    .fillAround(coat.main, () => drawMarks(pen.at([0, 0.4]), rng, { coat, reach: [0.5, 0.5] }));
  pen
    .line([0.16, 0.25, 0.18, 0.85], 0.15, 0.12)
    .line([-0.02, 0.3, 0.0, 0.85], 0.15, 0.12)
    .fill(coat.light);
  drawFace(pen.at([0.06, -0.48], { scale: between(rng, 0.46, 0.54) }), rng, coat, {
    whiskers: false,
  });
}

function drawStanding(pen: Pen, rng: Rng, coat: Coat): void {
  const build = {
    length: between(rng, 0.46, 0.54),
    depth: between(rng, 0.17, 0.22),
    leg: between(rng, 0.3, 0.38),
    legWidth: between(rng, 0.08, 0.1),
    neckLength: 0.2,
    neckWidth: 0.22,
    neckTurn: between(rng, 0.04, 0.12),
  };
  const body = pen.at([-0.05, 0.22]);
  const lean = between(rng, -0.3, 0.1);
  body
    .line(
      [
        -build.length * 0.95,
        -0.06,
        -build.length - 0.16,
        -0.3,
        -build.length - 0.1 + lean * 0.5,
        -0.62,
        -build.length + lean,
        -0.85,
      ],
      0.13,
      0.08,
    )
    .fill(coat.main);
  const { head } = drawQuadruped(body, rng, { build, coat });
  drawFace(
    body.at([head[0] + 0.04, head[1] - 0.06], { scale: between(rng, 0.36, 0.42) }),
    rng,
    coat,
    { whiskers: false },
  );
}

function drawLying(pen: Pen, rng: Rng, coat: Coat): void {
  const body = pen.at([0, 0.25]);
  body.line([-0.7, 0.3, -0.3, 0.42, 0.1, 0.4], 0.15, 0.09);
  body.fill(coat.dark);
  body
    .smooth([
      -0.9, 0.2, -0.75, -0.2, -0.3, -0.38, 0.2, -0.28, 0.6, -0.1, 0.75, 0.25, 0.4, 0.4, -0.4, 0.42,
    ])
    .fillAround(coat.main, () => drawMarks(body, rng, { coat, reach: [0.8, 0.4] }));
  body.line([0.4, 0.34, 0.85, 0.36], 0.15, 0.12).fill(coat.light);
  drawFace(body.at([0.5, -0.3], { scale: between(rng, 0.44, 0.52) }), rng, coat, {
    whiskers: false,
  });
}
