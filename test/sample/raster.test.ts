import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Rgb } from '../../lib/sample/colour';
import { Raster } from '../../lib/sample/raster';

const WHITE: Rgb = [100, 100, 100];

/** The red values, row by row: on black and in colour 100 they are coverage in percent. */
function coverage(raster: Raster): number[][] {
  return Array.from({ length: raster.size }, (_, y) =>
    Array.from({ length: raster.size }, (__, x) => {
      return Math.round(raster.pixels[(y * raster.size + x) * 3] * 1e4) / 1e4;
    }),
  );
}

function trace(raster: Raster, outline: readonly number[]): void {
  for (let i = 0; i < outline.length; i += 2) raster.corner(outline[i], outline[i + 1]);
  raster.close();
}

function covered(size: number, ...outlines: number[][]): number[][] {
  const raster = new Raster(size);
  for (const outline of outlines) trace(raster, outline);
  raster.fill(WHITE);
  return coverage(raster);
}

test('the raster covers whole pixels wholly and halves by half', () => {
  // x from 0.5 to 2, y from 0 to 1.5: hand-worked.
  assert.deepEqual(covered(3, [0.5, 0, 2, 0, 2, 1.5, 0.5, 1.5]), [
    [50, 100, 0],
    [25, 50, 0],
    [0, 0, 0],
  ]);
});

test('the raster cuts pixels along slanted edges exactly', () => {
  // The triangle below the line from (0, 0) to (2, 1): 1/4 and 3/4 of the upper two pixels lie above it.
  assert.deepEqual(covered(2, [0, 0, 2, 1, 0, 1]), [
    [75, 25],
    [0, 0],
  ]);
});

test('the raster does not mind which way round an outline runs', () => {
  const square = [0.25, 0.25, 1.75, 0.25, 1.75, 1.75, 0.25, 1.75];
  const reversed = [0.25, 1.75, 1.75, 1.75, 1.75, 0.25, 0.25, 0.25];
  assert.deepEqual(covered(2, square), covered(2, reversed));
  // (3/4)² of each pixel.
  assert.deepEqual(covered(2, square), [
    [56.25, 56.25],
    [56.25, 56.25],
  ]);
});

test('the raster unites overlapping outlines instead of adding them up', () => {
  const left = [0, 0, 2, 0, 2, 1, 0, 1];
  const right = [1, 0, 1, 1, 3, 1, 3, 0]; // the other way round
  assert.deepEqual(covered(3, left, right)[0], [100, 100, 100]);
});

test('the raster keeps areas exact where a shape leaves the picture', () => {
  // A diamond around the corner (0, 0) with radius 1: half of the first pixel.
  assert.deepEqual(covered(2, [-1, 0, 0, -1, 1, 0, 0, 1]), [
    [50, 0],
    [0, 0],
  ]);
  assert.deepEqual(covered(2, [-9, -9, 9, -9, 9, 9, -9, 9]), [
    [100, 100],
    [100, 100],
  ]);
  assert.deepEqual(covered(2, [5, 0, 7, 0, 7, 2, 5, 2]), [
    [0, 0],
    [0, 0],
  ]);
});

test('the raster lays a colour on with its opacity', () => {
  const raster = new Raster(1);
  raster.pixels.set([200, 100, 0]);
  trace(raster, [0, 0, 0.5, 0, 0.5, 1, 0, 1]);
  raster.fill([0, 100, 200], { opacity: 0.5 });
  // A quarter of the way from one to the other.
  assert.deepEqual([...raster.pixels], [150, 100, 50]);
});

test('the raster brightens the side towards the light', () => {
  const raster = new Raster(4);
  trace(raster, [0, 0, 4, 0, 4, 4, 0, 4]);
  raster.fill(WHITE, { shade: 0.2, light: [0, -1] });
  const column = coverage(raster).map((row) => row[0]);
  // ±20 % at the edges, so ±15 % and ±5 % at the centres of four rows.
  assert.deepEqual(column, [115, 105, 95, 85]);
});

test('the raster shows later fills only through the clip, until it is lifted', () => {
  const raster = new Raster(2);
  trace(raster, [0, 0, 1.5, 0, 1.5, 1, 0, 1]);
  raster.clip();
  trace(raster, [0, 0, 2, 0, 2, 2, 0, 2]);
  raster.fill(WHITE);
  assert.deepEqual(coverage(raster), [
    [100, 50],
    [0, 0],
  ]);
  raster.unclip();
  trace(raster, [0, 0, 2, 0, 2, 2, 0, 2]);
  raster.fill(WHITE);
  assert.deepEqual(coverage(raster), [
    [100, 100],
    [100, 100],
  ]);
});

test('the raster forgets a shape once it is filled', () => {
  const raster = new Raster(2);
  trace(raster, [0, 0, 1, 0, 1, 1, 0, 1]);
  raster.fill(WHITE);
  raster.fill([0, 0, 0]);
  assert.equal(coverage(raster)[0][0], 100);
});
