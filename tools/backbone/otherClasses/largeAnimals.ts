// Large animals that CIFAR-10 does not name; they share their trunk and legs with those it names.
import type { Rng } from '../../../lib/random';
import { between, happens } from '../../../lib/sample/chance';
import { anyCoat, mix, scaled } from '../../../lib/sample/colour';
import type { Pen } from '../../../lib/sample/pen';
import { drawEye, drawQuadruped } from '../../../lib/sample/tenClasses/quadruped';

export function drawElephant(pen: Pen, rng: Rng): void {
  const coat = anyCoat(rng);
  const build = {
    length: between(rng, 0.5, 0.58),
    depth: between(rng, 0.36, 0.42),
    leg: between(rng, 0.36, 0.46),
    legWidth: between(rng, 0.16, 0.2),
    neckLength: 0.22,
    neckWidth: 0.4,
    neckTurn: 0.05,
  };
  const body = pen.at([-0.18, 0.02]);
  const { head, rump } = drawQuadruped(body, rng, { build, coat });
  body.line([rump[0], rump[1], rump[0] - 0.12, rump[1] + 0.4], 0.06).fill(coat.dark);
  const lift = between(rng, -0.5, 0.3);
  body
    .line(
      [
        head[0] + 0.15,
        head[1] + 0.1,
        head[0] + 0.35,
        head[1] + 0.35,
        head[0] + 0.45,
        head[1] + 0.6 + lift * 0.5,
        head[0] + 0.55,
        head[1] + 0.7 + lift,
      ],
      0.24,
      0.1,
    )
    .fill(coat.main);
  body.ellipse([head[0] + 0.04, head[1]], [0.3, 0.3]).fill(coat.main);
  if (happens(rng, 0.6))
    body
      .line([head[0] + 0.2, head[1] + 0.22, head[0] + 0.5, head[1] + 0.3], 0.08, 0.04)
      .fill([240, 234, 214]);
  body
    .smooth([
      head[0] - 0.32,
      head[1] - 0.3,
      head[0] + 0.02,
      head[1] - 0.22,
      head[0] + 0.02,
      head[1] + 0.2,
      head[0] - 0.22,
      head[1] + 0.36,
    ])
    .fill(coat.dark);
  drawEye(body, [head[0] + 0.14, head[1] - 0.06], 0.04);
}

export function drawGiraffe(pen: Pen, rng: Rng): void {
  const coat = { ...anyCoat(rng), pattern: 'spots' as const };
  const build = {
    length: between(rng, 0.3, 0.36),
    depth: between(rng, 0.16, 0.2),
    leg: between(rng, 0.55, 0.65),
    legWidth: 0.075,
    neckLength: between(rng, 0.8, 0.95),
    neckWidth: 0.12,
    neckTurn: between(rng, 0.17, 0.22),
  };
  const body = pen.at([-0.25, 0.25]);
  const { head, rump } = drawQuadruped(body, rng, { build, coat });
  body.line([rump[0], rump[1], rump[0] - 0.08, rump[1] + 0.35], 0.045).fill(coat.dark);
  const face = body.at(head, { turn: 0.05 });
  face
    .line([-0.02, -0.05, -0.05, -0.24], 0.05)
    .line([0.05, -0.05, 0.06, -0.24], 0.05)
    .fill(coat.dark);
  face
    .smooth([-0.1, -0.08, 0.08, -0.1, 0.32, 0, 0.32, 0.08, 0.06, 0.1, -0.08, 0.08])
    .fill(coat.main);
  face.ellipse([-0.14, -0.08], [0.1, 0.04], 0.05).fill(coat.light);
  drawEye(face, [0.07, -0.03], 0.03);
}

export function drawPig(pen: Pen, rng: Rng): void {
  const coat = anyCoat(rng);
  const skin = mix(coat.main, [226, 160, 150], 0.4);
  const pink = { ...coat, main: skin, dark: scaled(skin, 0.75) };
  const build = {
    length: between(rng, 0.52, 0.6),
    depth: between(rng, 0.32, 0.38),
    leg: between(rng, 0.2, 0.28),
    legWidth: 0.12,
    neckLength: 0.16,
    neckWidth: 0.4,
    neckTurn: 0.02,
  };
  const body = pen.at([-0.12, 0.1]);
  const { head, rump } = drawQuadruped(body, rng, { build, coat: pink });
  body
    .line(
      [
        rump[0] + 0.02,
        rump[1] + 0.1,
        rump[0] - 0.12,
        rump[1] + 0.02,
        rump[0] - 0.08,
        rump[1] - 0.1,
        rump[0] - 0.2,
        rump[1] - 0.08,
      ],
      0.06,
    )
    .fill(pink.dark);
  const face = body.at([head[0] + 0.05, head[1] + 0.05]);
  face.ellipse([0.02, 0], [0.28, 0.27]).fill(skin);
  face.polygon([-0.2, -0.18, -0.05, -0.42, 0.12, -0.2]).fill(pink.dark);
  face.ellipse([0.28, 0.06], [0.1, 0.14]).fill(pink.dark);
  face.ellipse([0.3, 0.06], [0.03, 0.04]).fill([70, 40, 40]);
  drawEye(face, [0.1, -0.08], 0.045);
}
