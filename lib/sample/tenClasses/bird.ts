import type { Rng } from '../../random';
import { between, happens, pick, pickWeighted } from '../chance';
import { anyCoat, anyColour, COATS, type Coat, type Rgb } from '../colour';
import type { Pen } from '../pen';
import { drawEye, drawMarks } from './quadruped';

const BEAKS: readonly Rgb[] = [
  [230, 150, 40],
  [60, 54, 48],
  [190, 90, 50],
  [220, 200, 120],
];

/** A bird: perched, wading, swimming, in flight from the side or from below, or its head. */
export function drawBird(pen: Pen, rng: Rng): void {
  const coat = anyCoat(rng, happens(rng, 0.3) ? [anyColour(rng)] : COATS);
  const beak = pick(rng, BEAKS);
  const draw = pickWeighted(rng, [
    [drawPerched, 0.42],
    [drawWading, 0.1],
    [drawSwimming, 0.12],
    [drawFlying, 0.2],
    [drawSoaring, 0.1],
    [drawHead, 0.06],
  ]);
  draw(pen, rng, { coat, beak });
}

interface Colours {
  readonly coat: Coat;
  readonly beak: Rgb;
}

function drawPerched(pen: Pen, rng: Rng, { coat, beak }: Colours): void {
  const frame = pen.at([0, 0], { turn: between(rng, -0.1, 0.02) });
  if (happens(rng, 0.5)) {
    pen
      .line([-1.3, between(rng, 0.6, 0.8), 1.3, between(rng, 0.6, 0.8)], 0.12, 0.08)
      .fill([92, 70, 50]);
  }
  frame
    .line([-0.02, 0.3, 0, 0.72, 0.14, 0.74], 0.06)
    .line([0.14, 0.3, 0.16, 0.72, 0.3, 0.74], 0.06)
    .fill(beak);
  const tail = between(rng, 0.75, 0.98);
  frame.polygon([-0.35, 0.0, -0.2, 0.25, -tail, 0.52, -tail - 0.06, 0.3]).fill(coat.dark);
  frame
    .smooth([-0.5, 0.12, -0.2, -0.28, 0.2, -0.4, 0.5, -0.1, 0.42, 0.28, 0.1, 0.46, -0.25, 0.38])
    .fillAround(coat.main, () => {
      frame.ellipse([0.4, 0.2], [0.3, 0.35]).fill(coat.light);
      drawMarks(frame, rng, { coat, reach: [0.5, 0.4] });
    });
  frame.smooth([-0.66, 0.24, -0.25, -0.14, 0.16, -0.1, 0.12, 0.16, -0.2, 0.28]).fill(coat.dark);
  drawBirdHead(frame.at([0.42, -0.4], { turn: between(rng, -0.02, 0.08) }), rng, { coat, beak });
}

/** A round head about the origin, the beak to the right. */
function drawBirdHead(pen: Pen, rng: Rng, { coat, beak }: Colours): void {
  const length = between(rng, 0.42, 0.6);
  const depth = between(rng, 0.08, 0.13);
  pen.polygon([0.12, -depth, length, 0.05, 0.12, depth]).fill(beak);
  pen.ellipse([0, 0], [0.24, 0.22]).fill(coat.main);
  if (happens(rng, 0.2)) pen.polygon([-0.1, -0.16, -0.3, -0.42, 0.08, -0.2]).fill(coat.mark);
  drawEye(pen, [0.07, -0.05], 0.055);
}

function drawWading(pen: Pen, rng: Rng, { coat, beak }: Colours): void {
  const legs = between(rng, 0.5, 0.65);
  pen
    .line([-0.1, 0.2, -0.12, 0.25 + legs, 0.02, 0.28 + legs], 0.055)
    .line([0.06, 0.2, 0.14, 0.25 + legs, 0.28, 0.28 + legs], 0.055)
    .fill(beak);
  const reach = between(rng, 0.3, 0.42);
  pen.line([0.25, 0.05, 0.42, -0.2, 0.24, -0.45, reach, -0.72], 0.2, 0.11).fill(coat.main);
  pen
    .smooth([-0.75, 0.28, -0.35, -0.1, 0.1, -0.16, 0.4, 0.05, 0.2, 0.32, -0.3, 0.34])
    .fillAround(coat.main, () => drawMarks(pen, rng, { coat, reach: [0.6, 0.3] }));
  pen.smooth([-0.8, 0.3, -0.3, 0.0, 0.1, 0.0, 0.0, 0.2, -0.4, 0.28]).fill(coat.dark);
  pen.polygon([reach + 0.05, -0.82, reach + 0.5, -0.68, reach + 0.03, -0.64]).fill(beak);
  pen.ellipse([reach, -0.74], [0.12, 0.1]).fill(coat.main);
  pen.ellipse([reach + 0.04, -0.76], [0.03, 0.03]).fill([15, 15, 15]);
}

function drawSwimming(pen: Pen, rng: Rng, { coat, beak }: Colours): void {
  const height = between(rng, 0.42, 0.66);
  const body = pen.at([-0.08, 0.25]);
  body.line([0.42, 0.05, 0.5, -height * 0.6, 0.42, -height], 0.26, 0.15).fill(coat.mark);
  body
    .smooth([
      -0.9, -0.3, -0.5, -0.16, 0, -0.25, 0.5, -0.2, 0.66, 0.1, 0.4, 0.34, -0.4, 0.34, -0.78, 0.05,
    ])
    .fillAround(coat.main, () => drawMarks(body, rng, { coat, reach: [0.7, 0.3] }));
  body.smooth([-0.78, -0.2, -0.3, -0.12, 0.2, -0.12, 0.1, 0.14, -0.4, 0.14]).fill(coat.dark);
  drawBirdHead(body.at([0.46, -height - 0.05], { scale: 0.85 }), rng, { coat, beak });
  pen.rectangle([-1.3, 0.5], [1.3, 0.58]).fill([225, 232, 235], { opacity: 0.35 });
}

function drawFlying(pen: Pen, rng: Rng, { coat, beak }: Colours): void {
  const frame = pen.at([0, 0.08], { turn: between(rng, -0.08, 0.05) });
  const lift = between(rng, -0.9, 0.55);
  const up = lift < 0 ? Math.min(lift, -0.55) : Math.max(lift, 0.45);
  frame
    .smooth([-0.1, 0, 0.2, -0.02, 0.1, up * 0.8, -0.25, up * 1.05, -0.3, up * 0.6])
    .fill(coat.dark);
  frame.polygon([-0.4, -0.04, -0.36, 0.12, -0.86, 0.2, -0.9, -0.06]).fill(coat.dark);
  frame
    .smooth([-0.52, 0.04, -0.1, -0.15, 0.35, -0.14, 0.55, -0.02, 0.3, 0.16, -0.1, 0.18])
    .fillAround(coat.main, () => drawMarks(frame, rng, { coat, reach: [0.5, 0.2] }));
  drawBirdHead(frame.at([0.56, -0.08], { scale: 0.75 }), rng, { coat, beak });
  frame
    .smooth([-0.16, 0.02, 0.28, 0.0, 0.12, up * 0.5, -0.28, up, -0.62, up * 1.1, -0.48, up * 0.7])
    .fill(coat.main, { shade: 0.3 });
}

function drawSoaring(pen: Pen, rng: Rng, { coat, beak }: Colours): void {
  const frame = pen.at([0, 0], { turn: between(rng, -0.12, 0.12) });
  const drop = between(rng, -0.05, 0.3);
  for (const side of [-1, 1]) {
    frame
      .smooth([
        side * 0.08,
        -0.16,
        side * 0.5,
        -0.34,
        side * 0.98,
        drop - 0.1,
        side * 0.8,
        drop + 0.06,
        side * 0.45,
        0.06,
        side * 0.08,
        0.18,
      ])
      .fill(coat.dark);
    frame
      .line([side * 0.12, -0.1, side * 0.5, -0.22, side * 0.85, drop - 0.06], 0.12, 0.04)
      .fill(coat.main);
  }
  frame.polygon([-0.07, 0.2, 0.07, 0.2, 0.24, 0.66, -0.24, 0.66]).fill(coat.dark);
  frame.ellipse([0, 0.04], [0.15, 0.36]).fill(coat.main);
  frame.ellipse([0, -0.36], [0.13, 0.13]).fill(coat.light);
  frame.polygon([-0.06, -0.44, 0.06, -0.44, 0, -0.6]).fill(beak);
}

function drawHead(pen: Pen, rng: Rng, { coat, beak }: Colours): void {
  const frame = pen.at([-0.15, 0], {
    turn: between(rng, -0.04, 0.06),
    scale: between(rng, 0.9, 1.1),
  });
  frame.smooth([-0.5, -0.1, 0.3, 0, 0.5, 0.6, 0.5, 1.3, -0.8, 1.3, -0.7, 0.5]).fill(coat.main);
  const hook = between(rng, 0, 0.22);
  frame.smooth([0.3, -0.42, 0.7, -0.3, 1.05, -0.1 + hook, 0.7, -0.02, 0.3, 0.02]).fill(beak);
  frame.line([0.34, -0.16, 0.85, -0.1], 0.04).fill([40, 34, 30]);
  frame
    .ellipse([0, -0.2], [0.52, 0.48])
    .fillAround(coat.main, () => drawMarks(frame.at([0, -0.2]), rng, { coat, reach: [0.5, 0.45] }));
  frame.ellipse([0.16, -0.28], [0.16, 0.16]).fill(coat.light);
  drawEye(frame, [0.17, -0.28], 0.1);
}
