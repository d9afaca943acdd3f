import type { Rng } from '../random';
import { between } from './chance';
import { mix, type Rgb } from './colour';
import type { Raster } from './raster';

/** Fills rows from `top` to `bottom` (pixels) with a vertical gradient. */
export function gradient(
  raster: Raster,
  { top, bottom, from, to }: { top: number; bottom: number; from: Rgb; to: Rgb },
): void {
  const { size, pixels } = raster;
  const first = Math.max(0, Math.round(top));
  const last = Math.min(size, Math.round(bottom));
  for (let y = first; y < last; y++) {
    const [red, green, blue] = mix(from, to, (y - top) / (bottom - top));
    for (let at = y * size * 3; at < (y + 1) * size * 3; at += 3) {
      pixels[at] = red;
      pixels[at + 1] = green;
      pixels[at + 2] = blue;
    }
  }
}

/** Adds smooth value noise: random brightness on a grid of `cells`, bilinear between, ± amplitude. */
export function mottle(
  raster: Raster,
  rng: Rng,
  { top = 0, cells, amplitude }: { top?: number; cells: number; amplitude: number },
): void {
  const { size, pixels } = raster;
  const side = cells + 1;
  const values = new Float32Array(side * side);
  for (let i = 0; i < values.length; i++) values[i] = between(rng, -amplitude, amplitude);
  const step = cells / size;
  for (let y = Math.max(0, Math.round(top)); y < size; y++) {
    const v = y * step;
    const row = Math.floor(v);
    const fy = v - row;
    for (let x = 0; x < size; x++) {
      const u = x * step;
      const column = Math.floor(u);
      const fx = u - column;
      const at = row * side + column;
      const above = values[at] * (1 - fx) + values[at + 1] * fx;
      const below = values[at + side] * (1 - fx) + values[at + side + 1] * fx;
      const add = above * (1 - fy) + below * fy;
      const p = (y * size + x) * 3;
      pixels[p] += add;
      pixels[p + 1] += add;
      pixels[p + 2] += add;
    }
  }
}

/** A height in figure units, -1…1, as a row of pixels (not rounded). */
export function toPixels(raster: Raster, y: number): number {
  return ((y + 1) * raster.size) / 2;
}
