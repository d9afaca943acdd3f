import type { Rng } from '../../random';
import { between, happens, pick } from '../chance';
import { anyCoat, type Coat, type Rgb } from '../colour';
import type { Pen } from '../pen';
import { drawEye, drawQuadruped } from './quadruped';

/** A deer: slender from the side, or its head from the front; big ears, mostly with antlers. */
export function drawDeer(pen: Pen, rng: Rng): void {
  const drawn = anyCoat(rng);
  const coat: Coat = drawn.pattern === 'patches' ? { ...drawn, pattern: 'spots' } : drawn;
  if (happens(rng, 0.28)) drawPortrait(pen, rng, coat);
  else drawSide(pen, rng, coat);
}

const BONE: readonly Rgb[] = [
  [96, 70, 46],
  [150, 120, 84],
  [206, 186, 150],
];

/** Both antlers growing upwards from the origin, each a beam with tines. */
function drawAntlers(pen: Pen, rng: Rng, spread: number): void {
  const colour = pick(rng, BONE);
  const height = between(rng, 0.36, 0.5);
  const width = between(rng, 0.055, 0.075);
  for (const side of [-1, 1]) {
    const x = side * spread;
    pen
      .line(
        [0.3 * x, 0, x * 0.9, -height * 0.4, x * 1.1, -height * 0.8, x * 0.8, -height],
        width,
        width * 0.7,
      )
      .line([x * 0.8, -height * 0.35, x * 0.35, -height * 0.7], width * 0.8, width * 0.6)
      .line([x * 1.08, -height * 0.65, x * 1.6, -height * 0.95], width * 0.8, width * 0.6)
      .line([x * 0.9, -height * 0.4, x * 1.5, -height * 0.5], width * 0.8, width * 0.6);
  }
  pen.fill(colour);
}

function drawSide(pen: Pen, rng: Rng, coat: Coat): void {
  const grazing = happens(rng, 0.12);
  const build = {
    length: between(rng, 0.36, 0.44),
    depth: between(rng, 0.16, 0.2),
    leg: between(rng, 0.56, 0.66),
    legWidth: between(rng, 0.055, 0.07),
    neckLength: between(rng, 0.4, 0.48),
    neckWidth: between(rng, 0.1, 0.13),
    neckTurn: grazing ? -0.13 : between(rng, 0.17, 0.23),
  };
  const body = pen.at([-0.12, 0.1]);
  const { head, rump } = drawQuadruped(body, rng, { build, coat });
  body.ellipse([rump[0] + 0.02, rump[1] + 0.08], [0.05, 0.11]).fill([235, 228, 215]);
  body.line([rump[0] + 0.02, rump[1], rump[0] - 0.08, rump[1] + 0.06], 0.08, 0.04).fill(coat.main);
  const face = body.at(head, { turn: grazing ? 0.2 : between(rng, 0.03, 0.08) });
  if (happens(rng, 0.72)) {
    drawAntlers(
      face.at([-0.02, -0.08], { turn: grazing ? -0.15 : -0.07 }),
      rng,
      between(rng, 0.16, 0.24),
    );
  }
  face
    .smooth([-0.09, -0.08, 0.06, -0.09, 0.24, -0.02, 0.26, 0.05, 0.06, 0.09, -0.09, 0.07])
    .fill(coat.main);
  face.ellipse([0.25, 0.01], [0.035, 0.035]).fill([22, 18, 18]);
  // Ears out to both sides, leaf-shaped.
  face
    .ellipse([-0.18, -0.12], [0.14, 0.055], 0.07)
    .fill(coat.dark)
    .ellipse([-0.04, -0.19], [0.12, 0.05], -0.2)
    .fill(coat.light);
  face.ellipse([0.07, -0.02], [0.027, 0.027]).fill([15, 12, 12]);
}

function drawPortrait(pen: Pen, rng: Rng, coat: Coat): void {
  const frame = pen.at([0, 0.15], {
    turn: between(rng, -0.03, 0.03),
    scale: between(rng, 0.9, 1.08),
  });
  frame.polygon([-0.22, 0.1, 0.22, 0.1, 0.42, 1.2, -0.42, 1.2]).fill(coat.dark);
  if (happens(rng, 0.75))
    drawAntlers(frame.at([0, -0.36], { scale: 1.35 }), rng, between(rng, 0.26, 0.36));
  for (const side of [-1, 1]) {
    frame.ellipse([side * 0.42, -0.24], [0.25, 0.11], -side * 0.05).fill(coat.main);
    frame.ellipse([side * 0.42, -0.23], [0.16, 0.055], -side * 0.05).fill(coat.light);
  }
  frame
    .smooth([
      -0.24, -0.35, 0, -0.45, 0.24, -0.35, 0.25, -0.05, 0.13, 0.32, 0.1, 0.48, 0, 0.53, -0.1, 0.48,
      -0.13, 0.32, -0.25, -0.05,
    ])
    .fill(coat.main);
  frame.ellipse([0, 0.38], [0.13, 0.13]).fill(coat.light);
  frame.ellipse([0, 0.4], [0.075, 0.06]).fill([20, 16, 16]);
  drawEye(frame, [-0.17, -0.08], 0.055);
  drawEye(frame, [0.17, -0.08], 0.055);
}
