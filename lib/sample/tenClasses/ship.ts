import type { Rng } from '../../random';
import { between, happens, pick } from '../chance';
import { anyColour, mix, paint, scaled, varied, type Rgb } from '../colour';
import type { Pen } from '../pen';

const WINDOW: Rgb = [40, 50, 66];

/** A ship from the side: freighter, liner, sailing ship, trawler, warship; its bow to the right. */
export function drawShip(pen: Pen, rng: Rng): void {
  const hull = paint(rng);
  const draw = pick(rng, [
    drawFreighter,
    drawLiner,
    drawSailing,
    drawSailing,
    drawTrawler,
    drawWarship,
  ]);
  const frame = pen.at([0, 0.05], { turn: between(rng, -0.02, 0.02) });
  draw(frame, rng, hull);
  drawWake(pen, rng);
}

/** The hull: deck at y = .2, waterline at .5, raked bow. */
function drawHull(pen: Pen, rng: Rng, { hull, sheer = 0.08 }: { hull: Rgb; sheer?: number }): void {
  pen
    .polygon([-0.96, 0.2, 0.5, 0.2, 0.98, 0.2 - sheer, 0.78, 0.56, -0.82, 0.56])
    .fillAround(hull, () => {
      if (happens(rng, 0.5)) pen.rectangle([-1, 0.44], [1, 0.6]).fill([140, 40, 36]);
      if (happens(rng, 0.4))
        pen.polygon([-1, 0.2, 1, 0.16, 1, 0.24, -1, 0.26]).fill([235, 235, 230]);
    });
}

/** Water in front of the waterline, in the tone of the day, with foam at the hull. */
function drawWake(pen: Pen, rng: Rng): void {
  const water = pick<Rgb>(rng, [
    [60, 92, 120],
    [88, 120, 130],
    [70, 100, 96],
    [120, 130, 136],
    [44, 62, 84],
  ]);
  const level = between(rng, 0.5, 0.56);
  pen
    .smooth([
      -1.6,
      level,
      -0.8,
      level + 0.02,
      0,
      level - 0.02,
      0.8,
      level + 0.03,
      1.6,
      level,
      1.6,
      level + 0.14,
      0.4,
      level + 0.2,
      -0.5,
      level + 0.15,
      -1.6,
      level + 0.2,
    ])
    .fill(varied(rng, water), { opacity: 0.85 });
  pen
    .line([-0.9, level + 0.02, 0.2, level + 0.04, 0.86, level], 0.04, 0.06)
    .fill([230, 236, 238], { opacity: 0.6 });
}

function drawFreighter(pen: Pen, rng: Rng, hull: Rgb): void {
  drawHull(pen, rng, { hull });
  const bridge = between(rng, -0.88, -0.7);
  const tiers = 1 + rng.nextInt(3);
  for (let x = bridge + 0.36; x < 0.66; x += 0.21) {
    for (let tier = 0; tier < tiers; tier++) {
      if (happens(rng, 0.12)) break;
      const y = 0.2 - tier * 0.15;
      pen.rectangle([x, y - 0.14], [x + 0.19, y]).fill(anyColour(rng));
    }
  }
  pen.rectangle([bridge, -0.42], [bridge + 0.28, 0.2]).fill(varied(rng, [226, 224, 216]));
  pen
    .rectangle([bridge + 0.04, -0.34], [bridge + 0.26, -0.26])
    .rectangle([bridge + 0.04, -0.18], [bridge + 0.24, -0.12])
    .fill(WINDOW);
  pen.rectangle([bridge + 0.04, -0.62], [bridge + 0.14, -0.4]).fill(anyColour(rng));
  pen.line([0.78, 0.16, 0.78, -0.2], 0.035).fill([60, 60, 60]);
}

function drawLiner(pen: Pen, rng: Rng, hull: Rgb): void {
  const house: Rgb = mix(paint(rng), [240, 240, 236], 0.7);
  drawHull(pen, rng, { hull, sheer: 0.06 });
  const decks = 2 + rng.nextInt(3);
  for (let deck = 0; deck < decks; deck++) {
    const y = 0.2 - deck * 0.14;
    const left = -0.85 + deck * between(rng, 0.03, 0.08);
    const right = 0.62 - deck * between(rng, 0.06, 0.12);
    pen.polygon([left, y, left + 0.02, y - 0.15, right - 0.05, y - 0.15, right, y]).fill(house);
    for (let x = left + 0.07; x < right - 0.1; x += 0.11)
      pen.rectangle([x, y - 0.1], [x + 0.06, y - 0.04]);
    pen.fill(WINDOW);
  }
  const top = 0.2 - decks * 0.14;
  const colour = anyColour(rng);
  const funnels = 1 + rng.nextInt(3);
  for (let i = 0; i < funnels; i++) {
    const x = -0.45 + i * 0.32;
    pen.polygon([x, top, x - 0.03, top - 0.26, x + 0.11, top - 0.26, x + 0.14, top]).fill(colour);
    pen.rectangle([x - 0.02, top - 0.26], [x + 0.11, top - 0.2]).fill([30, 30, 32]);
  }
}

function drawSailing(pen: Pen, rng: Rng, hull: Rgb): void {
  pen.smooth([-0.8, 0.24, -0.3, 0.3, 0.4, 0.28, 0.88, 0.16, 0.6, 0.56, -0.6, 0.56]).fill(hull);
  const cloth = happens(rng, 0.6) ? varied(rng, [236, 230, 214]) : anyColour(rng);
  if (happens(rng, 0.6)) {
    const mast = between(rng, -0.15, 0.12);
    const full = between(rng, 0.08, 0.2);
    pen.line([mast, 0.3, mast, -0.98], 0.045).fill([80, 62, 46]);
    pen
      .smooth([
        mast - 0.04,
        -0.92,
        mast - 0.04 - full,
        -0.4,
        mast - 0.62,
        0.14,
        mast - 0.04,
        0.16,
        mast - 0.02,
        -0.4,
      ])
      .fill(cloth);
    pen
      .smooth([mast + 0.05, -0.86, mast + 0.3 + full, -0.2, mast + 0.7, 0.14, mast + 0.1, 0.16])
      .fill(scaled(cloth, 0.9));
  } else {
    // Two or three masts with square sails.
    for (const mast of happens(rng, 0.5) ? [-0.5, 0, 0.45] : [-0.3, 0.35]) {
      pen.line([mast, 0.3, mast, -0.9], 0.04).fill([80, 62, 46]);
      for (let row = 0; row < 3; row++) {
        const y = -0.82 + row * 0.32;
        const half = 0.13 + row * 0.05;
        pen
          .smooth([
            mast - half,
            y,
            mast + half,
            y,
            mast + half + 0.07,
            y + 0.15,
            mast + half,
            y + 0.27,
            mast - half,
            y + 0.27,
            mast - half + 0.05,
            y + 0.14,
          ])
          .fill(cloth);
      }
    }
  }
}

function drawTrawler(pen: Pen, rng: Rng, hull: Rgb): void {
  pen
    .smooth([-0.78, 0.16, -0.2, 0.26, 0.4, 0.18, 0.86, -0.06, 0.66, 0.56, -0.68, 0.56])
    .fillAround(hull, () => pen.rectangle([-1, 0.42], [1, 0.6]).fill(scaled(hull, 0.5)));
  const x = between(rng, -0.35, 0.15);
  pen.rectangle([x, -0.3], [x + 0.42, 0.22]).fill(mix(paint(rng), [240, 240, 236], 0.6));
  pen
    .rectangle([x + 0.05, -0.22], [x + 0.18, -0.06])
    .rectangle([x + 0.24, -0.22], [x + 0.38, -0.06])
    .fill(WINDOW);
  pen.rectangle([x - 0.04, -0.36], [x + 0.46, -0.29]).fill(scaled(hull, 0.8));
  pen
    .line([x + 0.2, -0.3, x + 0.2, -0.85], 0.045)
    .line([x + 0.2, -0.75, -0.7, 0.1], 0.03)
    .line([x + 0.2, -0.75, 0.8, 0], 0.03);
  pen.fill([64, 60, 56]);
}

function drawWarship(pen: Pen, rng: Rng, hull: Rgb): void {
  const grey = mix(hull, varied(rng, [140, 146, 150]), 0.6);
  drawHull(pen, rng, { hull: grey, sheer: 0.1 });
  pen.polygon([-0.5, 0.2, -0.42, -0.04, 0.26, -0.04, 0.36, 0.2]).fill(scaled(grey, 0.9));
  pen.polygon([-0.12, -0.04, -0.06, -0.36, 0.12, -0.36, 0.2, -0.04]).fill(grey);
  pen.rectangle([-0.04, -0.3], [0.12, -0.24]).fill(WINDOW);
  pen
    .line([0, -0.36, 0, -0.86], 0.05, 0.03)
    .line([-0.14, -0.62, 0.14, -0.62], 0.035)
    .fill(scaled(grey, 0.6));
  pen.polygon([-0.4, -0.04, -0.36, -0.28, -0.24, -0.28, -0.22, -0.04]).fill(scaled(grey, 0.8));
  pen.ellipse([0.55, 0.16], [0.1, 0.07]).ellipse([-0.68, 0.18], [0.1, 0.07]);
  pen
    .line([0.58, 0.12, 0.84, 0.04], 0.035)
    .line([-0.7, 0.14, -0.92, 0.06], 0.035)
    .fill(scaled(grey, 0.7));
}
