import type { Rng } from '../../random';
import { between, happens, pick } from '../chance';
import { paint, scaled, type Rgb } from '../colour';
import type { Pen, Point } from '../pen';

const GLASS: Rgb = [44, 56, 70];

/** A passenger car from the side, the front, the back, or at a slant; any paint. */
export function drawAutomobile(pen: Pen, rng: Rng): void {
  const draw = pick(rng, [drawSide, drawSide, drawSlant, drawSlant, drawFront]);
  draw(pen, rng, paint(rng));
}

/** A wheel: tyre, rim, hub; `squash` narrows it when seen at a slant. */
export function drawWheel(
  pen: Pen,
  at: Point,
  { radius, squash = 1 }: { readonly radius: number; readonly squash?: number },
): void {
  pen.ellipse(at, [radius * squash, radius]).fill([24, 24, 26]);
  pen.ellipse(at, [radius * 0.58 * squash, radius * 0.58]).fill([150, 152, 156]);
  pen.ellipse(at, [radius * 0.25 * squash, radius * 0.25]).fill([60, 60, 64]);
}

function drawSide(pen: Pen, rng: Rng, body: Rgb): void {
  const frame = pen.at([0, 0.1], { turn: between(rng, -0.02, 0.02) });
  const roof = -between(rng, 0.34, 0.44);
  const rear = between(rng, -0.85, -0.5); // a hatchback's roof reaches the back
  const hood = between(rng, 0.36, 0.52);
  const wheel = between(rng, 0.17, 0.21);
  const isOpen = happens(rng, 0.12);
  const lamp: Rgb = [250, 240, 190];
  if (!isOpen) {
    frame
      .smooth([
        rear - 0.1,
        0.05,
        rear + 0.06,
        roof + 0.08,
        rear + 0.28,
        roof,
        0.05,
        roof,
        hood - 0.18,
        roof * 0.55,
        hood + 0.06,
        0.05,
      ])
      .fill(body);
    frame.polygon([rear + 0.04, -0.02, rear + 0.18, roof + 0.1, -0.18, roof + 0.07, -0.18, -0.02]);
    frame.polygon([-0.1, -0.02, -0.1, roof + 0.07, 0.05, roof + 0.08, hood - 0.08, -0.02]);
    frame.fill(GLASS);
  } else {
    frame
      .polygon([hood - 0.12, -0.02, hood - 0.26, roof * 0.65, hood - 0.2, roof * 0.65, hood, -0.02])
      .fill(GLASS);
    frame.ellipse([-0.1, -0.12], [0.1, 0.12]).fill([180, 130, 100]);
  }
  frame
    .smooth([
      -0.95, -0.02, -0.6, -0.08, 0.4, -0.06, 0.8, 0.02, 0.97, 0.14, 0.96, 0.32, 0.4, 0.36, -0.5,
      0.36, -0.97, 0.3,
    ])
    .fillAround(
      body,
      () => {
        frame.rectangle([-1, 0.26], [1, 0.4]).fill(scaled(body, 0.55));
      },
      { shade: 0.3 },
    );
  frame.line([-0.14, 0, -0.12, 0.28], 0.025).fill(scaled(body, 0.6));
  frame
    .ellipse([0.9, 0.12], [0.07, 0.05])
    .fill(lamp)
    .ellipse([-0.92, 0.1], [0.05, 0.06])
    .fill([190, 30, 30]);
  drawWheel(frame, [-0.56, 0.34], { radius: wheel });
  drawWheel(frame, [0.56, 0.34], { radius: wheel });
}

/** The end of a car about the origin, 1.3 wide. */
function drawEnd(pen: Pen, rng: Rng, body: Rgb): void {
  const isRear = happens(rng, 0.4);
  const lamp: Rgb = isRear ? [200, 36, 30] : [250, 244, 205];
  const roof = -between(rng, 0.46, 0.56);
  pen.rectangle([-0.6, 0.2], [-0.4, 0.54]).rectangle([0.4, 0.2], [0.6, 0.54]).fill([22, 22, 24]);
  pen.polygon([-0.56, -0.02, -0.4, roof, 0.4, roof, 0.56, -0.02]).fill(scaled(body, 0.85));
  pen
    .polygon([-0.48, -0.03, -0.35, roof + 0.08, 0.35, roof + 0.08, 0.48, -0.03])
    .fill(GLASS, { shade: 0.4 });
  pen
    .smooth([
      -0.64, 0.02, -0.4, -0.06, 0.4, -0.06, 0.64, 0.02, 0.68, 0.22, 0.62, 0.42, -0.62, 0.42, -0.68,
      0.22,
    ])
    .fill(body, { shade: 0.25 });
  pen
    .ellipse([-0.48, 0.12], [0.13, 0.08])
    .ellipse([0.48, 0.12], [0.13, 0.08])
    .fill(lamp, { shade: 0 });
  if (!isRear) pen.rectangle([-0.28, 0.08], [0.28, 0.2]).fill([30, 30, 34]);
  pen.rectangle([-0.64, 0.32], [0.64, 0.4]).fill(scaled(body, 0.5));
  pen.rectangle([-0.16, 0.25], [0.16, 0.34]).fill([225, 225, 215]);
}

function drawFront(pen: Pen, rng: Rng, body: Rgb): void {
  drawEnd(
    pen.at([0, 0.02], { turn: between(rng, -0.02, 0.02), scale: between(rng, 1.1, 1.35) }),
    rng,
    body,
  );
}

function drawSlant(pen: Pen, rng: Rng, body: Rgb): void {
  const frame = pen.at([0, 0.08], { turn: between(rng, -0.02, 0.03) });
  const roof = -between(rng, 0.4, 0.48);
  const corner = between(rng, 0.18, 0.36); // where the side ends and the front begins
  const wheel = between(rng, 0.17, 0.2);
  frame
    .polygon([
      -0.78,
      -0.02,
      -0.6,
      roof,
      0.14,
      roof - 0.02,
      0.62,
      roof + 0.06,
      0.8,
      0.0,
      corner,
      0.08,
    ])
    .fill(scaled(body, 0.9));
  frame.polygon([-0.66, -0.02, -0.52, roof + 0.08, -0.02, roof + 0.07, 0.04, 0.02]).fill(GLASS);
  frame
    .polygon([0.12, 0.03, 0.12, roof + 0.06, 0.54, roof + 0.12, 0.72, 0.0])
    .fill(scaled(GLASS, 1.3));
  frame
    .smooth([
      -0.95,
      0.0,
      -0.5,
      -0.05,
      0.1,
      0.0,
      corner + 0.06,
      0.1,
      corner + 0.04,
      0.46,
      -0.4,
      0.4,
      -0.95,
      0.3,
    ])
    .fill(scaled(body, 0.85));
  frame
    .smooth([
      0.05,
      0.0,
      0.5,
      -0.06,
      0.88,
      0.02,
      0.98,
      0.14,
      0.95,
      0.36,
      0.6,
      0.46,
      corner - 0.02,
      0.48,
      corner - 0.04,
      0.12,
    ])
    .fill(body);
  frame
    .ellipse([corner + 0.12, 0.2], [0.09, 0.07])
    .ellipse([0.88, 0.16], [0.06, 0.07])
    .fill([250, 244, 205]);
  frame
    .polygon([corner + 0.24, 0.2, 0.78, 0.16, 0.78, 0.28, corner + 0.24, 0.32])
    .fill([32, 32, 36]);
  drawWheel(frame, [-0.6, 0.38], { radius: wheel, squash: 0.8 });
  drawWheel(frame, [corner - 0.13, 0.44], { radius: wheel * 1.1, squash: 0.65 });
  frame.polygon([0.84, 0.4, 0.96, 0.34, 0.94, 0.5, 0.84, 0.54]).fill([24, 24, 26]);
}
