// Small animals that CIFAR-10 does not name.
import type { Rng } from '../../../lib/random';
import { cosine, sine } from '../../../lib/sample/angle';
import { between, happens } from '../../../lib/sample/chance';
import { anyCoat, anyColour, scaled } from '../../../lib/sample/colour';
import type { Pen } from '../../../lib/sample/pen';
import { drawEye, drawMarks } from '../../../lib/sample/tenClasses/quadruped';

export function drawRabbit(pen: Pen, rng: Rng): void {
  const coat = anyCoat(rng);
  const tilt = between(rng, -0.06, 0.06);
  if (happens(rng, 0.5)) {
    pen.ellipse([-0.78, 0.42], [0.15, 0.15]).fill(coat.light);
    pen
      .smooth([-0.8, 0.5, -0.55, 0, -0.05, -0.15, 0.35, 0.1, 0.45, 0.6, 0.2, 0.8, -0.5, 0.82])
      .fillAround(coat.main, () =>
        drawMarks(pen.at([-0.2, 0.3]), rng, { coat, reach: [0.5, 0.4] }),
      );
    pen
      .ellipse([-0.35, 0.6], [0.32, 0.26])
      .ellipse([-0.2, 0.82], [0.3, 0.08])
      .ellipse([0.34, 0.82], [0.18, 0.07])
      .fill(coat.dark);
    const head = pen.at([0.42, -0.12], { turn: tilt });
    head
      .ellipse([-0.16, -0.5], [0.09, 0.36], -0.04)
      .fill(coat.dark)
      .ellipse([-0.02, -0.52], [0.09, 0.36], 0.03)
      .fill(coat.main);
    head.ellipse([0.06, 0], [0.3, 0.24], 0.05).fill(coat.main);
    head.ellipse([0.34, 0.04], [0.04, 0.04]).fill([200, 120, 120]);
    drawEye(head, [0.14, -0.06], 0.06);
  } else {
    const head = pen.at([0, 0.3], { turn: tilt });
    for (const side of [-1, 1]) {
      const ear = between(rng, 0.02, 0.08);
      head.ellipse([side * 0.24, -0.72], [0.15, 0.52], side * ear).fill(coat.main);
      head.ellipse([side * 0.24, -0.7], [0.07, 0.38], side * ear).fill([214, 160, 156]);
    }
    head
      .ellipse([0, 0.05], [0.56, 0.5])
      .fillAround(coat.main, () => drawMarks(head, rng, { coat, reach: [0.5, 0.5] }));
    head.ellipse([-0.16, 0.26], [0.2, 0.15]).ellipse([0.16, 0.26], [0.2, 0.15]).fill(coat.light);
    head.ellipse([0, 0.15], [0.08, 0.06]).fill([200, 110, 110]);
    drawEye(head, [-0.26, -0.06], 0.085);
    drawEye(head, [0.26, -0.06], 0.085);
  }
}

export function drawFish(pen: Pen, rng: Rng): void {
  const coat = anyCoat(rng, [anyColour(rng)]);
  const frame = pen.at([0, 0], { turn: between(rng, -0.06, 0.06) });
  const depth = between(rng, 0.28, 0.55);
  frame.polygon([-0.5, 0, -0.98, -depth * 0.9, -0.82, 0, -0.98, depth * 0.9]);
  frame
    .polygon([-0.3, -depth * 0.7, 0.05, -depth - 0.28, 0.35, -depth * 0.7])
    .polygon([-0.1, depth * 0.7, -0.2, depth + 0.2, 0.2, depth * 0.8])
    .fill(coat.mark);
  frame
    .smooth([
      -0.66,
      0,
      -0.2,
      -depth * 0.85,
      0.35,
      -depth,
      0.8,
      -depth * 0.4,
      0.95,
      0.02,
      0.75,
      depth * 0.5,
      0.3,
      depth,
      -0.2,
      depth * 0.8,
    ])
    .fillAround(
      coat.main,
      () => {
        drawMarks(frame, rng, { coat, reach: [0.7, depth] });
        frame.ellipse([0.2, depth], [0.6, depth * 0.5]).fill(coat.light, { opacity: 0.7 });
      },
      { shade: 0.3 },
    );
  frame.line([0.45, -depth * 0.5, 0.38, 0, 0.45, depth * 0.5], 0.05).fill(coat.dark);
  frame.ellipse([0.66, -0.1], [0.11, 0.11]).fill([240, 240, 230]);
  frame.ellipse([0.68, -0.1], [0.06, 0.06]).fill([15, 15, 15]);
}

export function drawButterfly(pen: Pen, rng: Rng): void {
  const [upper, lower, mark] = [anyColour(rng), anyColour(rng), anyColour(rng)];
  const frame = pen.at([0, 0], {
    turn: between(rng, -0.15, 0.15),
    scale: [between(rng, 0.65, 1), 1],
  });
  const spread = between(rng, 0.75, 0.98);
  for (const side of [-1, 1]) {
    frame
      .smooth([
        side * 0.05,
        0.05,
        side * 0.6,
        0.08,
        side * 0.7,
        0.55,
        side * 0.4,
        0.85,
        side * 0.12,
        0.45,
      ])
      .fill(lower);
    frame
      .smooth([
        side * 0.05,
        -0.05,
        side * 0.4,
        -0.7,
        side * spread,
        -0.75,
        side * 0.9,
        -0.2,
        side * 0.5,
        0.1,
      ])
      .fill(upper);
    frame
      .ellipse([side * 0.66, -0.45], [0.14, 0.14])
      .ellipse([side * 0.42, 0.48], [0.11, 0.13])
      .fill(mark);
  }
  frame
    .line([-0.02, -0.5, -0.2, -0.9], 0.04)
    .line([0.02, -0.5, 0.2, -0.9], 0.04)
    .ellipse([0, 0], [0.09, 0.55])
    .fill([36, 30, 30]);
}

export function drawTurtle(pen: Pen, rng: Rng): void {
  const coat = anyCoat(rng);
  const shell = anyColour(rng);
  for (const x of [-0.45, 0.35])
    pen.line([x, 0.3, x + between(rng, -0.12, 0.12), 0.62], 0.22, 0.16);
  pen
    .polygon([-0.7, 0.25, -0.98, 0.4, -0.68, 0.42])
    .line([0.5, 0.25, 0.78, 0.0], 0.2)
    .ellipse([0.8, -0.05], [0.2, 0.16])
    .fill(coat.main);
  const height = between(rng, 0.55, 0.75);
  pen
    .smooth([
      -0.8,
      0.34,
      -0.62,
      -0.1,
      -0.25,
      0.3 - height,
      0.2,
      0.3 - height,
      0.55,
      -0.1,
      0.68,
      0.34,
    ])
    .fillAround(
      shell,
      () => {
        for (const x of [-0.5, -0.05, 0.4]) pen.line([x, -0.6, x * 0.8, 0.5], 0.05);
        pen.line([-0.9, 0.02, 0.8, 0.02], 0.05).fill(scaled(shell, 0.55));
      },
      { shade: 0.35 },
    );
  pen.line([-0.8, 0.34, 0.68, 0.34], 0.09).fill(coat.light);
  drawEye(pen, [0.85, -0.09], 0.04);
}

export function drawSnail(pen: Pen, rng: Rng): void {
  const coat = anyCoat(rng);
  const shell = anyColour(rng);
  pen
    .line([0.72, 0.05, 0.62, -0.32], 0.05)
    .line([0.8, 0.05, 0.88, -0.32], 0.05)
    .ellipse([0.62, -0.34], [0.06, 0.06])
    .ellipse([0.88, -0.34], [0.06, 0.06]);
  pen
    .smooth([-0.95, 0.68, -0.4, 0.45, 0.4, 0.42, 0.6, 0, 0.85, -0.02, 0.92, 0.3, 0.7, 0.68])
    .fill(coat.main);
  pen.ellipse([-0.12, 0.02], [0.55, 0.52]).fill(shell, { shade: 0.35 });
  const turns: number[] = [];
  for (let i = 0; i <= 18; i++) {
    const radius = 0.44 * (1 - i / 20);
    turns.push(-0.12 + radius * cosine(i / 9 + 0.2), 0.02 + radius * sine(i / 9 + 0.2));
  }
  pen.line(turns, 0.07, 0.05).fill(scaled(shell, 0.5));
}

export function drawSpider(pen: Pen, rng: Rng): void {
  const coat = anyCoat(rng);
  const frame = pen.at([0, 0], { turn: rng.next() });
  const width = between(rng, 0.05, 0.09);
  for (const side of [-1, 1]) {
    for (let leg = 0; leg < 4; leg++) {
      const y = -0.2 + leg * 0.14;
      const reach = between(rng, 0.8, 0.95);
      const end = -0.85 + leg * 0.55;
      frame.line([0, y, side * 0.5, (y + end) / 2 - 0.12, side * reach, end], width);
    }
  }
  frame.fill(coat.dark);
  frame
    .ellipse([0, 0.28], [0.3, 0.38])
    .fillAround(coat.main, () => drawMarks(frame.at([0, 0.28]), rng, { coat, reach: [0.3, 0.35] }));
  frame.ellipse([0, -0.2], [0.2, 0.2]).fill(coat.main);
}
