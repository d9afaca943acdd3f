import type { Rgb } from './colour';

/** How a fill is laid on. */
export interface FillOptions {
  /** 0 leaves the picture, 1 covers it; default 1. */
  readonly opacity?: number;
  /** How much brighter the filled area is on its lit side than in its middle; default 0. */
  readonly shade?: number;
  /** Where the light comes from, in pixels' directions; default from above. */
  readonly light?: readonly [number, number];
  /** Leaves the shape pending, for `clip`; default false. */
  readonly keep?: boolean;
}

/**
 * A square picture with exact area coverage: each closed outline adds its signed area to a buffer,
 * edge by edge, and a sum along the row turns that into the covered fraction of every pixel (the
 * accumulation method of font renderers). No supersampling, cost proportional to edges + area.
 *
 * Pixel (x, y) covers [x, x+1) × [y, y+1); y points down.
 */
export class Raster {
  /** float32 [size, size, 3], 0…255 and beyond until the picture is finished. */
  readonly pixels: Float32Array;
  /** float64 [size, size + 2]: signed area of the pending outlines, one row apart per pixel row. */
  private readonly areas: Float64Array;
  /** float32 [size, size]: how much of a pixel the window of `clip` leaves, 0…1. */
  private readonly mask: Float32Array;
  /** x, y, x, y … of the outline that is being traced. */
  private corners = new Float64Array(256);
  private cornerCount = 0;
  private clipMask: Float32Array | undefined;
  private readonly stride: number;
  // Rows and columns that the pending outlines touch.
  private top: number;
  private bottom = 0;
  private left: number;
  private right = 0;

  /** @param size width and height in pixels */
  constructor(readonly size: number) {
    this.pixels = new Float32Array(size * size * 3);
    this.stride = size + 2;
    this.mask = new Float32Array(size * size);
    this.areas = new Float64Array(size * this.stride);
    this.top = size;
    this.left = size;
  }

  /** Adds a corner, in pixels, to the outline that `close` will end; may lie outside the picture. */
  corner(x: number, y: number): void {
    if (this.cornerCount * 2 === this.corners.length) {
      const longer = new Float64Array(this.corners.length * 2);
      longer.set(this.corners);
      this.corners = longer;
    }
    this.corners[this.cornerCount * 2] = x;
    this.corners[this.cornerCount * 2 + 1] = y;
    this.cornerCount++;
  }

  /**
   * Ends the outline and adds it to the pending shape. Outlines of one shape unite, whichever way
   * round each one runs; a single outline must not cross itself.
   */
  close(): void {
    const { corners } = this;
    const count = this.cornerCount * 2;
    this.cornerCount = 0;
    let area = 0;
    let x0 = corners[count - 2];
    let y0 = corners[count - 1];
    for (let i = 0; i < count; i += 2) {
      area += x0 * corners[i + 1] - corners[i] * y0;
      x0 = corners[i];
      y0 = corners[i + 1];
    }
    const direction = area < 0 ? -1 : 1;
    for (let i = 0; i < count; i += 2) {
      const x1 = corners[i];
      const y1 = corners[i + 1];
      if (y0 < y1) this.addEdge(x0, y0, x1, y1, -direction);
      else if (y0 > y1) this.addEdge(x1, y1, x0, y0, direction);
      x0 = x1;
      y0 = y1;
    }
  }

  /** Paints the pending shape and forgets it. */
  fill(
    colour: Rgb,
    { opacity = 1, shade = 0, light = [0, -1], keep = false }: FillOptions = {},
  ): void {
    const { pixels, areas, size, stride, clipMask } = this;
    const [red, green, blue] = colour;
    const right = Math.min(size - 1, this.right);
    const middleX = (this.left + right) / 2;
    const middleY = (this.top + this.bottom) / 2;
    const slopeX = (shade * light[0] * 2) / (right - this.left + 1);
    const slopeY = (shade * light[1] * 2) / (this.bottom - this.top + 1);
    for (let y = this.top; y <= this.bottom; y++) {
      let sum = 0;
      const rowShade = 1 + (y - middleY) * slopeY;
      for (let x = this.left; x <= right; x++) {
        sum += areas[y * stride + x];
        let covered = Math.min(1, Math.abs(sum)) * opacity;
        if (covered < 1e-4) continue;
        const place = y * size + x;
        if (clipMask) covered *= clipMask[place];
        const bright = rowShade + (x - middleX) * slopeX;
        const at = place * 3;
        pixels[at] += (red * bright - pixels[at]) * covered;
        pixels[at + 1] += (green * bright - pixels[at + 1]) * covered;
        pixels[at + 2] += (blue * bright - pixels[at + 2]) * covered;
      }
    }
    if (!keep) this.forget();
  }

  /** Makes the pending shape the window through which later fills show, until `unclip`. */
  clip(): void {
    const mask = this.mask.fill(0);
    for (let y = this.top; y <= this.bottom; y++) {
      let sum = 0;
      for (let x = this.left; x < this.size && x <= this.right; x++) {
        sum += this.areas[y * this.stride + x];
        mask[y * this.size + x] = Math.min(1, Math.abs(sum));
      }
    }
    this.clipMask = mask;
    this.forget();
  }

  unclip(): void {
    this.clipMask = undefined;
  }

  private forget(): void {
    for (let y = this.top; y <= this.bottom; y++) {
      const row = y * this.stride;
      this.areas.fill(0, row + this.left, row + this.right + 2);
    }
    this.top = this.size;
    this.bottom = 0;
    this.left = this.size;
    this.right = 0;
  }

  /** An edge that runs downwards (y0 < y1), cut at the picture's sides so that areas stay exact. */
  private addEdge(x0: number, y0: number, x1: number, y1: number, direction: number): void {
    const { size } = this;
    for (const limit of [0, size]) {
      if (x0 < limit !== x1 < limit && x0 !== limit && x1 !== limit) {
        const y = y0 + ((limit - x0) * (y1 - y0)) / (x1 - x0);
        this.addEdge(x0, y0, limit, y, direction);
        this.addEdge(limit, y, x1, y1, direction);
        return;
      }
    }
    // Beside the picture an edge counts as if it ran along the border.
    this.addInside(
      Math.max(0, Math.min(size, x0)),
      y0,
      Math.max(0, Math.min(size, x1)),
      y1,
      direction,
    );
  }

  private addInside(x0: number, y0: number, x1: number, y1: number, direction: number): void {
    const { areas, size, stride } = this;
    if (!(y1 > y0) || y1 <= 0 || y0 >= size) return;
    const slope = (x1 - x0) / (y1 - y0);
    let x = y0 < 0 ? x0 - y0 * slope : x0;
    const first = Math.max(0, Math.floor(y0));
    const last = Math.min(size, Math.ceil(y1)) - 1;
    if (first < this.top) this.top = first;
    if (last > this.bottom) this.bottom = last;
    const low = Math.floor(Math.min(x0, x1));
    const high = Math.floor(Math.max(x0, x1));
    if (low < this.left) this.left = low;
    if (high > this.right) this.right = high;
    for (let y = first; y <= last; y++) {
      const height = Math.min(y + 1, y1) - Math.max(y, y0);
      const next = x + slope * height;
      const from = Math.max(0, Math.min(x, next));
      const to = Math.min(size, Math.max(x, next));
      const signed = height * direction;
      let column = Math.floor(from);
      const row = y * stride;
      if (to <= column + 1) {
        // Within one pixel: the covered part is a trapezoid to the right of the edge.
        const right = column + 1 - (from + to) / 2;
        areas[row + column] += signed * right;
        areas[row + column + 1] += signed * (1 - right);
      } else {
        const perColumn = signed / (to - from);
        let start = from;
        while (start < to) {
          const end = Math.min(column + 1, to);
          const part = perColumn * (end - start);
          const right = column + 1 - (start + end) / 2;
          areas[row + column] += part * right;
          areas[row + column + 1] += part * (1 - right);
          start = end;
          column++;
        }
      }
      x = next;
    }
  }
}
