import type { Rng } from '../../random';
import { between, happens, pick } from '../chance';
import { anyCoat, anyColour, scaled, type Coat } from '../colour';
import type { Pen } from '../pen';
import { drawEye, drawQuadruped } from './quadruped';

/** A horse: from the side with mane and long tail (grazing, standing, at a gallop), or its head. */
export function drawHorse(pen: Pen, rng: Rng): void {
  const coat = anyCoat(rng);
  const hair = pick(rng, [scaled(coat.main, 0.35), [28, 24, 22], [225, 210, 180]] as const);
  if (happens(rng, 0.22)) drawPortrait(pen, rng, { coat, hair });
  else drawSide(pen, rng, { coat, hair });
}

interface Colours {
  readonly coat: Coat;
  readonly hair: Coat['main'];
}

function drawSide(pen: Pen, rng: Rng, { coat, hair }: Colours): void {
  const grazing = happens(rng, 0.25);
  const build = {
    length: between(rng, 0.44, 0.54),
    depth: between(rng, 0.22, 0.27),
    leg: between(rng, 0.5, 0.62),
    legWidth: between(rng, 0.08, 0.1),
    neckLength: between(rng, 0.42, 0.5),
    neckWidth: between(rng, 0.17, 0.21),
    neckTurn: grazing ? between(rng, -0.16, -0.1) : between(rng, 0.11, 0.18),
  };
  const body = pen.at([-0.1, -0.05]);
  const tailSwing = between(rng, -0.25, 0);
  const { head, withers, rump } = drawQuadruped(body, rng, { build, coat });
  body
    .line([rump[0], rump[1], rump[0] - 0.12, rump[1] + 0.14], 0.1, 0.15)
    .line([rump[0] - 0.12, rump[1] + 0.14, rump[0] - 0.14 + tailSwing, rump[1] + 0.6], 0.16, 0.05)
    .fill(hair);
  // The mane runs along the neck's upper edge.
  body
    .line(
      [withers[0] - 0.12, withers[1] - 0.06, head[0] - 0.12, head[1] - (grazing ? 0.12 : 0.04)],
      0.13,
      0.1,
    )
    .fill(hair);
  const face = body.at(head, {
    turn: grazing ? between(rng, 0.15, 0.22) : between(rng, 0.08, 0.15),
  });
  face
    .smooth([
      -0.1, -0.1, 0.08, -0.12, 0.25, -0.07, 0.39, -0.06, 0.41, 0.06, 0.25, 0.09, 0.06, 0.14, -0.1,
      0.1,
    ])
    .fill(coat.main);
  face.ellipse([0.38, 0], [0.06, 0.075]).fill(coat.dark);
  face.polygon([-0.1, -0.08, -0.12, -0.25, -0.01, -0.1]).fill(coat.dark);
  face.ellipse([0.1, -0.04], [0.03, 0.03]).fill([15, 12, 12]);
  if (happens(rng, 0.2)) {
    // A saddle with its cloth.
    body.polygon([-0.18, -0.27, 0.14, -0.27, 0.18, 0.02, -0.14, 0.02]).fill(anyColour(rng));
  }
}

function drawPortrait(pen: Pen, rng: Rng, { coat, hair }: Colours): void {
  const frame = pen.at([-0.1, 0.05], {
    turn: between(rng, -0.03, 0.04),
    scale: between(rng, 0.9, 1.1),
  });
  frame
    .polygon([-0.95, 1.2, -0.75, 0.3, -0.42, -0.35, -0.1, -0.65, 0.15, -0.35, 0.1, 0.3, 0.0, 1.2])
    .fill(coat.main);
  frame
    .smooth([
      -0.98, 1.1, -0.85, 0.2, -0.5, -0.5, -0.1, -0.85, 0, -0.62, -0.35, -0.3, -0.58, 0.3, -0.7, 1.1,
    ])
    .fill(hair);
  frame.polygon([-0.2, -0.55, -0.16, -0.95, 0.02, -0.6]).fill(coat.dark);
  frame.polygon([-0.02, -0.6, 0.06, -0.98, 0.16, -0.55]).fill(coat.main);
  frame
    .smooth([
      -0.2, -0.5, 0.15, -0.62, 0.38, -0.35, 0.72, 0.22, 0.78, 0.42, 0.6, 0.52, 0.4, 0.38, 0.12,
      0.22, -0.18, 0.1,
    ])
    .fill(coat.main);
  if (happens(rng, 0.5)) frame.line([0.22, -0.48, 0.62, 0.14], 0.09, 0.05).fill([235, 230, 220]);
  frame.ellipse([0.64, 0.38], [0.16, 0.13], 0.12).fill(coat.dark);
  frame.ellipse([0.68, 0.33], [0.035, 0.03]).fill([20, 15, 15]);
  drawEye(frame, [0.16, -0.3], 0.06);
  frame.line([0.1, -0.72, 0.2, -0.42], 0.16, 0.04).fill(hair);
}
