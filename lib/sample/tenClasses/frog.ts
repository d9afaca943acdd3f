import type { Rng } from '../../random';
import { between, happens, pick, pickWeighted } from '../chance';
import { anyCoat, anyColour, COATS, scaled, type Coat, type Rgb } from '../colour';
import type { Pen, Point } from '../pen';
import { drawMarks } from './quadruped';

/** A frog: squatting in profile, from above with its legs folded out, or from the front. */
export function drawFrog(pen: Pen, rng: Rng): void {
  const skins = happens(rng, 0.5) ? GREENS : undefined;
  const coat = anyCoat(rng, skins ?? [anyColour(rng), ...COATS]);
  const draw = pickWeighted(rng, [
    [drawProfile, 0.42],
    [drawFront, 0.38],
    [drawFromAbove, 0.2],
  ]);
  draw(pen, rng, coat);
}

/** A bulging eye with a wide pupil. */
function drawFrogEye(
  pen: Pen,
  at: Point,
  { radius, skin, iris }: { radius: number; skin: Rgb; iris: Rgb },
): void {
  pen.ellipse(at, [radius * 1.3, radius * 1.25]).fill(skin);
  pen.ellipse(at, [radius, radius]).fill(iris, { shade: 0 });
  pen.ellipse(at, [radius * 0.65, radius * 0.45]).fill([10, 10, 10], { shade: 0 });
}

const GREENS: readonly Rgb[] = [
  [92, 132, 58],
  [126, 160, 70],
  [96, 104, 62],
  [150, 146, 70],
];

const IRIS: readonly Rgb[] = [
  [230, 190, 60],
  [210, 90, 50],
  [235, 225, 190],
];

function drawProfile(pen: Pen, rng: Rng, coat: Coat): void {
  const frame = pen.at([-0.02, 0.16], { turn: between(rng, -0.05, 0.03) });
  const iris = pick(rng, IRIS);
  const foot = between(rng, 0.0, 0.15);
  frame.line([0.3, 0.1, 0.42, 0.4, 0.36, 0.56, 0.56, 0.58], 0.16, 0.1).fill(coat.dark);
  frame
    .smooth([
      -0.78, 0.42, -0.6, 0.02, -0.15, -0.32, 0.3, -0.5, 0.66, -0.42, 0.84, -0.16, 0.6, 0.08, 0.35,
      0.4, -0.2, 0.54,
    ])
    .fillAround(coat.main, () => {
      frame.smooth([0.84, -0.14, 0.5, -0.02, 0.3, 0.1, 0.1, 0.5, 0.5, 0.5]).fill(coat.light);
      drawMarks(frame, rng, { coat, reach: [0.6, 0.4] });
    });
  frame.line([0.4, -0.06, 0.64, -0.08, 0.84, -0.18], 0.045).fill(scaled(coat.main, 0.4));
  // The folded hind leg: thigh, shank back under it, long foot.
  frame.ellipse([-0.42, 0.26], [0.34, 0.2], 0.1).fill(coat.dark, { shade: 0.3 });
  frame.line([-0.66, 0.44, -0.25, 0.54, -0.7, 0.6, -0.3 + foot, 0.64], 0.13, 0.08).fill(coat.main);
  frame.line([0.42, 0.1, 0.5, 0.36, 0.46, 0.58, 0.7, 0.62], 0.14, 0.09).fill(coat.main);
  drawFrogEye(frame, [0.4, -0.5], { radius: between(rng, 0.12, 0.16), skin: coat.main, iris });
}

function drawFromAbove(pen: Pen, rng: Rng, coat: Coat): void {
  const frame = pen.at([0, 0], {
    turn: happens(rng, 0.2) ? rng.next() : between(rng, -0.1, 0.1),
    scale: between(rng, 0.9, 1.05),
  });
  const iris = pick(rng, IRIS);
  const knee = between(rng, 0.62, 0.8);
  for (const side of [-1, 1]) {
    frame.line([side * 0.22, 0.4, side * knee, 0.14, side * 0.5, 0.62], 0.24, 0.14);
    frame.line([side * 0.5, 0.62, side * 0.86, 0.86], 0.11, 0.05);
    frame.line([side * 0.5, 0.62, side * 0.6, 0.95], 0.11, 0.05);
    frame.line([side * 0.25, -0.18, side * 0.6, -0.1, side * 0.66, -0.45], 0.15, 0.09);
    frame.line([side * 0.66, -0.42, side * 0.84, -0.55], 0.08, 0.05);
    frame.line([side * 0.66, -0.42, side * 0.62, -0.66], 0.08, 0.05);
  }
  frame.fill(coat.dark);
  frame
    .smooth([
      0, -0.84, 0.3, -0.62, 0.4, -0.25, 0.38, 0.25, 0.2, 0.58, 0, 0.64, -0.2, 0.58, -0.38, 0.25,
      -0.4, -0.25, -0.3, -0.62,
    ])
    .fillAround(coat.main, () => {
      drawMarks(frame, rng, { coat, reach: [0.4, 0.6] });
      if (happens(rng, 0.4)) frame.line([0, -0.8, 0, 0.6], 0.09).fill(coat.light);
    });
  for (const side of [-1, 1]) {
    drawFrogEye(frame, [side * 0.3, -0.5], { radius: 0.115, skin: coat.main, iris });
  }
}

function drawFront(pen: Pen, rng: Rng, coat: Coat): void {
  const frame = pen.at([0, 0.1], {
    turn: between(rng, -0.03, 0.03),
    scale: between(rng, 0.9, 1.08),
  });
  const iris = pick(rng, IRIS);
  for (const side of [-1, 1]) {
    frame.ellipse([side * 0.62, 0.4], [0.26, 0.32], side * 0.06).fill(coat.dark);
    frame.line([side * 0.55, 0.66, side * 0.95, 0.72], 0.12, 0.07).fill(coat.main);
  }
  frame.ellipse([0, 0.32], [0.52, 0.42]).fill(coat.light);
  for (const side of [-1, 1]) {
    frame.line([side * 0.4, 0.2, side * 0.34, 0.68, side * 0.5, 0.74], 0.15, 0.1);
    frame.line([side * 0.34, 0.68, side * 0.22, 0.75], 0.1, 0.07);
  }
  frame.fill(coat.main);
  frame
    .smooth([
      -0.7, 0.02, -0.5, -0.32, 0, -0.44, 0.5, -0.32, 0.7, 0.02, 0.4, 0.26, 0, 0.32, -0.4, 0.26,
    ])
    .fillAround(coat.main, () => drawMarks(frame, rng, { coat, reach: [0.6, 0.3] }));
  frame
    .smooth([-0.66, 0.04, 0, 0.12, 0.66, 0.04, 0.36, 0.26, 0, 0.32, -0.36, 0.26])
    .fill(coat.light);
  frame.line([-0.64, 0.04, 0, 0.13, 0.64, 0.04], 0.055).fill(scaled(coat.main, 0.35));
  const radius = between(rng, 0.14, 0.19);
  for (const side of [-1, 1]) {
    drawFrogEye(frame, [side * 0.42, -0.4], { radius, skin: coat.main, iris });
  }
}
