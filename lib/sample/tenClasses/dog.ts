import type { Rng } from '../../random';
import { between, happens } from '../chance';
import { anyCoat, anyColour, type Coat } from '../colour';
import type { Pen } from '../pen';
import { drawEye, drawMarks, drawQuadruped } from './quadruped';

/** A dog: its face, on its feet, or sitting in profile; long muzzle, hanging ears, dark nose. */
export function drawDog(pen: Pen, rng: Rng): void {
  const coat = anyCoat(rng);
  const view = rng.next();
  if (view < 0.34) drawFace(pen, rng, coat);
  else if (view < 0.7) drawStanding(pen, rng, coat);
  else drawSitting(pen, rng, coat);
}

function drawFace(pen: Pen, rng: Rng, coat: Coat): void {
  const frame = pen.at([0, 0], {
    turn: between(rng, -0.04, 0.04),
    scale: between(rng, 0.88, 1.08),
  });
  const droop = between(rng, 0.3, 0.65);
  frame.smooth([-0.5, 0.2, 0.5, 0.2, 0.62, 1.2, -0.62, 1.2]).fill(coat.main);
  frame
    .smooth([
      -0.5, -0.4, 0, -0.68, 0.5, -0.4, 0.52, 0.05, 0.36, 0.5, 0, 0.66, -0.36, 0.5, -0.52, 0.05,
    ])
    .fillAround(coat.main, () => drawMarks(frame, rng, { coat, reach: [0.5, 0.6] }));
  for (const side of [-1, 1]) {
    frame
      .smooth([
        side * 0.34,
        -0.56,
        side * 0.62,
        -0.5,
        side * 0.84,
        -0.1,
        side * 0.8,
        droop,
        side * 0.6,
        droop + 0.02,
        side * 0.5,
        -0.1,
      ])
      .fill(coat.dark);
  }
  frame.ellipse([0, 0.3], [0.3, 0.33]).fill(coat.light);
  if (happens(rng, 0.5)) {
    frame.ellipse([0, 0.66], [0.12, 0.2]).fill([214, 96, 104]);
  }
  frame.line([-0.2, 0.48, 0, 0.42, 0.2, 0.48], 0.05).fill([40, 28, 26]);
  frame.ellipse([0, 0.14], [0.16, 0.11]).fill([22, 18, 18]);
  drawEye(frame, [-0.24, -0.14], 0.085);
  drawEye(frame, [0.24, -0.14], 0.085);
}

/** The head in profile about the origin, its muzzle to the right, 0.6 long. */
function drawProfile(pen: Pen, rng: Rng, coat: Coat): void {
  const muzzle = between(rng, 0.34, 0.46);
  pen
    .smooth([
      -0.2,
      -0.14,
      -0.02,
      -0.24,
      0.14,
      -0.14,
      muzzle,
      -0.06,
      muzzle + 0.02,
      0.1,
      0.1,
      0.17,
      -0.14,
      0.18,
    ])
    .fill(coat.main);
  pen.smooth([0.16, -0.08, muzzle, -0.04, muzzle + 0.02, 0.1, 0.16, 0.13]).fill(coat.light);
  pen.ellipse([muzzle + 0.01, -0.045], [0.06, 0.05]).fill([20, 16, 16]);
  if (happens(rng, 0.35)) pen.line([0.26, 0.12, 0.3, 0.26], 0.08, 0.07).fill([214, 96, 104]);
  pen.smooth([-0.16, -0.2, -0.02, -0.18, -0.0, 0.1, -0.1, 0.24, -0.22, 0.14]).fill(coat.dark);
  drawEye(pen, [0.09, -0.09], 0.04);
}

function drawStanding(pen: Pen, rng: Rng, coat: Coat): void {
  const build = {
    length: between(rng, 0.4, 0.54),
    depth: between(rng, 0.17, 0.22),
    leg: between(rng, 0.3, 0.44),
    legWidth: between(rng, 0.085, 0.115),
    neckLength: between(rng, 0.22, 0.28),
    neckWidth: between(rng, 0.19, 0.23),
    neckTurn: between(rng, 0.1, 0.17),
  };
  const body = pen.at([-0.12, 0.14]);
  const tail = between(rng, 0.15, 0.42);
  body.line(
    [
      -build.length * 0.95,
      -0.08,
      -build.length - 0.16,
      -0.12 - tail * 0.6,
      -build.length - 0.2,
      -0.14 - tail,
    ],
    0.11,
    0.06,
  );
  body.fill(coat.main);
  const { head, withers } = drawQuadruped(body, rng, { build, coat });
  if (happens(rng, 0.4)) {
    const [x, y] = [(withers[0] + head[0]) / 2, (withers[1] + head[1]) / 2];
    body.line([x - 0.1, y - 0.08, x + 0.1, y + 0.08], 0.06).fill(anyColour(rng));
  }
  drawProfile(
    body.at([head[0] + 0.02, head[1] - 0.05], {
      turn: between(rng, -0.04, 0.06),
      scale: between(rng, 0.95, 1.15),
    }),
    rng,
    coat,
  );
}

function drawSitting(pen: Pen, rng: Rng, coat: Coat): void {
  const wag = between(rng, -0.1, 0.35);
  pen.line([-0.5, 0.75, -0.75, 0.72, -0.85, 0.6 - wag], 0.12, 0.07).fill(coat.main);
  pen
    .smooth([
      0.05, -0.45, 0.25, -0.15, 0.28, 0.3, 0.1, 0.88, -0.45, 0.88, -0.66, 0.62, -0.45, 0.15, -0.18,
      -0.2,
    ])
    .line([0.12, 0.1, 0.2, 0.84, 0.3, 0.86], 0.17, 0.12)
    .fillAround(coat.main, () => drawMarks(pen.at([-0.1, 0.3]), rng, { coat, reach: [0.5, 0.6] }));
  pen.ellipse([-0.3, 0.66], [0.25, 0.22]).fill(coat.dark, { opacity: 0.5 });
  pen.line([-0.05, 0.25, 0.02, 0.85, 0.12, 0.87], 0.15, 0.11).fill(coat.dark);
  drawProfile(
    pen.at([0.06, -0.5], { turn: between(rng, -0.05, 0.05), scale: between(rng, 1.3, 1.6) }),
    rng,
    coat,
  );
}
