import type { Rng } from '../../random';
import { cosine, sine } from '../angle';
import { between, happens, pick } from '../chance';
import type { Coat } from '../colour';
import type { Pen, Point } from '../pen';

/** Proportions of a four-legged animal seen from its side, in figure units. */
export interface Build {
  /** Half the trunk's length. */
  readonly length: number;
  /** Half the trunk's height. */
  readonly depth: number;
  /** From the belly to the ground. */
  readonly leg: number;
  readonly legWidth: number;
  readonly neckLength: number;
  readonly neckWidth: number;
  /** Turns above the horizontal; 0.25 is upright, negative is grazing. */
  readonly neckTurn: number;
}

/** Where the parts that make the species go. */
export interface Joints {
  readonly head: Point;
  readonly withers: Point;
  readonly rump: Point;
}

/** Draws trunk, legs and neck, standing, walking or galloping; tail and head are the caller's. */
export function drawQuadruped(
  pen: Pen,
  rng: Rng,
  { build, coat }: { build: Build; coat: Coat },
): Joints {
  const { length, depth, leg, legWidth, neckLength, neckWidth, neckTurn } = build;
  const stride = pick(rng, [0.04, 0.04, 0.14, 0.2, 0.34]) * leg * 2;
  const phase = between(rng, -1, 1);
  const ground = depth * 0.7 + leg;

  const drawLeg = (hip: Point, swing: number, isRear: boolean): void => {
    const foot: Point = [hip[0] + swing * stride, ground - Math.abs(swing) * stride * 0.25];
    // A rear leg's hock points backwards, a front leg's knee slightly forwards.
    const bend = isRear ? -0.12 * leg : 0.05 * leg;
    const knee: Point = [(hip[0] + foot[0]) / 2 + bend, (hip[1] + foot[1]) / 2 + leg * 0.08];
    pen.line([hip[0], hip[1], knee[0], knee[1]], legWidth * (isRear ? 2.6 : 1.9), legWidth * 1.2);
    pen.line([knee[0], knee[1], foot[0], foot[1]], legWidth * 1.2, legWidth * 0.8);
    pen.line([foot[0], foot[1], foot[0] + legWidth * 0.7, foot[1]], legWidth * 0.9);
  };
  const rear = -length * 0.78;
  const front = length * 0.74;
  const hipY = depth * 0.3;
  drawLeg([rear + 0.07, hipY], -phase, true);
  drawLeg([front + 0.05, hipY], phase, false);
  pen.fill(coat.dark);

  const withers: Point = [length * 0.78, -depth * 0.55];
  const neckX = cosine(neckTurn);
  const neckY = -sine(neckTurn);
  const head: Point = [withers[0] + neckX * neckLength, withers[1] + neckY * neckLength];
  const belly = between(rng, 0.55, 0.95);
  drawLeg([rear, hipY], phase, true);
  drawLeg([front, hipY], -phase, false);
  pen
    .smooth([
      -length,
      -depth * 0.55,
      -length * 0.6,
      -depth * 0.95,
      0,
      -depth * between(rng, 0.75, 0.95),
      length * 0.65,
      -depth,
      length * 1.02,
      -depth * 0.35,
      length * 0.9,
      depth * 0.65,
      length * 0.35,
      depth,
      -length * 0.35,
      depth * belly,
      -length * 0.8,
      depth * 0.8,
      -length * 1.04,
      depth * 0.1,
    ])
    .line(
      [withers[0] - neckX * depth * 0.3, withers[1] + depth * 0.25, head[0], head[1]],
      neckWidth * 1.7,
      neckWidth,
    )
    .fillAround(coat.main, () => drawMarks(pen, rng, { coat, reach: [length, depth] }));
  if (happens(rng, 0.4)) {
    pen.ellipse([0, depth * 0.75], [length * 0.7, depth * 0.22]).fill(coat.light, { opacity: 0.7 });
  }
  return { head, withers, rump: [-length * 0.98, -depth * 0.5] };
}

/** The coat's pattern over a body of the given half size, to be drawn inside its outline. */
export function drawMarks(pen: Pen, rng: Rng, { coat, reach }: { coat: Coat; reach: Point }): void {
  const [width, height] = reach;
  const at = (): Point => [between(rng, -width, width), between(rng, -height, height)];
  if (coat.pattern === 'patches') {
    for (let i = 0; i < 3; i++) {
      pen.ellipse(
        at(),
        [between(rng, 0.25, 0.5) * width, between(rng, 0.4, 0.8) * height],
        rng.next(),
      );
      pen.fill(coat.mark);
    }
  } else if (coat.pattern === 'spots') {
    for (let i = 0; i < 9; i++) pen.ellipse(at(), [0.045, 0.045]);
    pen.fill(coat.mark, { opacity: 0.8 });
  } else if (coat.pattern === 'stripes') {
    for (let i = 0; i < 6; i++) {
      const x = width * (-0.9 + i * 0.36);
      pen.line([x, -height * 1.3, x + 0.06, height * 1.3], 0.07, 0.03);
    }
    pen.fill(coat.mark, { opacity: 0.75 });
  }
}

/** A dark eye with a spark of light, of the given radius. */
export function drawEye(pen: Pen, at: Point, radius: number): void {
  pen.ellipse(at, [radius, radius]).fill([16, 14, 14], { shade: 0 });
  pen
    .ellipse([at[0] + radius * 0.3, at[1] - radius * 0.35], [radius * 0.35, radius * 0.35])
    .fill([240, 240, 235], { shade: 0, opacity: 0.8 });
}
