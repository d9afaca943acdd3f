import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cosine, sine } from '../../lib/sample/angle';
import { Pen } from '../../lib/sample/pen';
import { Raster } from '../../lib/sample/raster';

/** The share of the picture that is covered, 0…1, after a drawing in white on black. */
function coveredShare(draw: (pen: Pen) => void, size = 64): number {
  const raster = new Raster(size);
  draw(Pen.on(raster));
  return raster.pixels.reduce((sum, value) => sum + value, 0) / 3 / size / size;
}

const WHITE = [1, 1, 1] as const;
const FLAT = { shade: 0 };

test('sine and cosine agree with Math.sin and Math.cos to 1e-7 over several turns', () => {
  for (let turns = -2.5; turns < 2.5; turns += 0.0137) {
    assert.ok(Math.abs(sine(turns) - Math.sin(turns * 2 * Math.PI)) < 1e-7, `sine(${turns})`);
    assert.ok(Math.abs(cosine(turns) - Math.cos(turns * 2 * Math.PI)) < 1e-7, `cosine(${turns})`);
  }
});

test('the pen has its origin in the middle and half the picture as its unit', () => {
  const raster = new Raster(4);
  Pen.on(raster).rectangle([0, -1], [1, 0]).fill(WHITE, FLAT);
  const red = Array.from({ length: 16 }, (_, pixel) => raster.pixels[pixel * 3]);
  assert.deepEqual(red, [0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
});

test('the pen draws parts in their own place, turn and size', () => {
  const raster = new Raster(4);
  // A quarter turn clockwise takes +x to +y (down): the bar from the centre points down.
  const part = Pen.on(raster).at([0, 0], { turn: 0.25, scale: 0.5 });
  part.rectangle([0, -1], [2, 0]).fill(WHITE, FLAT);
  const red = Array.from({ length: 16 }, (_, pixel) => Math.round(raster.pixels[pixel * 3]));
  assert.deepEqual(red, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0]);
});

test('the pen covers the areas that geometry asks for', () => {
  const ellipse = coveredShare((pen) => pen.ellipse([0, 0], [0.8, 0.4], 0.1).fill(WHITE, FLAT));
  assert.ok(Math.abs(ellipse - (Math.PI * 0.8 * 0.4) / 4) < 0.002, `ellipse: ${ellipse}`);
  const mirrored = coveredShare((pen) => {
    pen
      .at([0.1, 0], { scale: [-1, 1] })
      .polygon([0, 0, 0.6, 0, 0, 0.6])
      .fill(WHITE, FLAT);
  });
  assert.ok(Math.abs(mirrored - 0.18 / 4) < 1e-4, `triangle: ${mirrored}`);
  // A straight line of length 1 and width .2: a rectangle and two nearly round ends.
  const line = coveredShare((pen) => pen.line([-0.5, 0, 0.5, 0], 0.2).fill(WHITE, FLAT));
  assert.ok(line > 0.2 / 4 && line < (0.2 + Math.PI * 0.01) / 4, `line: ${line}`);
});

test('the pen draws a smooth outline through its points', () => {
  // Eight points on a circle: Catmull-Rom comes within 2 % of the circle's area.
  const points = Array.from({ length: 8 }, (_, i) => [
    0.7 * cosine(i / 8),
    0.7 * sine(i / 8),
  ]).flat();
  const share = coveredShare((pen) => pen.smooth(points).fill(WHITE, FLAT));
  assert.ok(Math.abs(share / ((Math.PI * 0.49) / 4) - 1) < 0.02, `share: ${share}`);
});

test('the pen keeps marks inside the shape they are painted around', () => {
  const raster = new Raster(4);
  const pen = Pen.on(raster);
  pen.rectangle([-1, -1], [0, 1]).fillAround(
    [0.5, 0.5, 0.5],
    () => {
      pen.rectangle([-1, -1], [1, 0]).fill(WHITE, FLAT);
    },
    FLAT,
  );
  const red = Array.from({ length: 16 }, (_, pixel) => raster.pixels[pixel * 3]);
  assert.deepEqual(red, [1, 1, 0, 0, 1, 1, 0, 0, 0.5, 0.5, 0, 0, 0.5, 0.5, 0, 0]);
});
