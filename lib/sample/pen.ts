import type { Rng } from '../random';
import { cosine, sine } from './angle';
import type { Rgb } from './colour';
import type { Raster } from './raster';

export type Point = readonly [number, number];

export interface Placing {
  /** Turns, clockwise on the screen. */
  readonly turn?: number;
  /** Size of the new unit in the old one; a negative first value mirrors. */
  readonly scale?: number | Point;
}

export interface PenFill {
  readonly opacity?: number;
  /** Brightness change towards the light; default .18, flat things take 0. */
  readonly shade?: number;
}

/**
 * Draws in a figure's own coordinates (x to the right, y down, the figure within about -1…1) on a
 * Raster in pixels. Shapes collect until `fill`, which paints their union:
 * `pen.ellipse([0, 0], [0.5, 0.3]).polygon([…]).fill(colour)`.
 */
export class Pen {
  private constructor(
    private readonly raster: Raster,
    // x' = a·x + c·y + e, y' = b·x + d·y + f
    private readonly matrix: readonly [number, number, number, number, number, number],
    private readonly light: Point,
  ) {}

  /** A pen whose unit is half the picture, with the origin in its middle. */
  static on(raster: Raster, light: Point = [0, -1]): Pen {
    const half = raster.size / 2;
    return new Pen(raster, [half, 0, 0, half, half, half], light);
  }

  /** The same pen in the coordinates of a part: its origin at `origin`, turned and scaled. */
  at(origin: Point, { turn = 0, scale = 1 }: Placing = {}): Pen {
    const [sx, sy] = typeof scale === 'number' ? [scale, scale] : scale;
    const cos = cosine(turn);
    const sin = sine(turn);
    const [a, b, c, d, e, f] = this.matrix;
    return new Pen(
      this.raster,
      [
        (a * cos + c * sin) * sx,
        (b * cos + d * sin) * sx,
        (c * cos - a * sin) * sy,
        (d * cos - b * sin) * sy,
        a * origin[0] + c * origin[1] + e,
        b * origin[0] + d * origin[1] + f,
      ],
      this.light,
    );
  }

  /** A closed outline with straight edges: x, y, x, y … */
  polygon(points: readonly number[]): this {
    for (let i = 0; i < points.length; i += 2) this.corner(points[i], points[i + 1]);
    this.raster.close();
    return this;
  }

  rectangle([left, top]: Point, [right, bottom]: Point): this {
    return this.polygon([left, top, right, top, right, bottom, left, bottom]);
  }

  /** A closed curve through the points (uniform Catmull-Rom): x, y, x, y … */
  smooth(points: readonly number[]): this {
    const count = points.length / 2;
    const steps = this.raster.size > 48 ? 6 : 4;
    for (let i = 0; i < count; i++) {
      const from = 2 * i;
      const to = 2 * ((i + 1) % count);
      const before = 2 * ((i + count - 1) % count);
      const behind = 2 * ((i + 2) % count);
      for (let step = 0; step < steps; step++) {
        const t = step / steps;
        this.corner(
          spline(points[before], points[from], points[to], points[behind], t),
          spline(points[before + 1], points[from + 1], points[to + 1], points[behind + 1], t),
        );
      }
    }
    this.raster.close();
    return this;
  }

  /** @param turn of its axes, in turns */
  ellipse([x, y]: Point, [rx, ry]: Point, turn = 0): this {
    const [a, b] = this.matrix;
    const reach = Math.max(rx, ry) * Math.sqrt(a * a + b * b); // pixels
    const count = Math.max(8, Math.min(40, Math.ceil(6 + reach * 2)));
    const cos = cosine(turn);
    const sin = sine(turn);
    for (let i = 0; i < count; i++) {
      const u = rx * cosine(i / count);
      const v = ry * sine(i / count);
      this.corner(x + u * cos - v * sin, y + u * sin + v * cos);
    }
    this.raster.close();
    return this;
  }

  /** A line through the points (x, y, x, y …), round at its joints, from `width` to `endWidth`. */
  line(points: readonly number[], width: number, endWidth = width): this {
    const segments = points.length / 2 - 1;
    for (let i = 0; i < segments; i++) {
      const x0 = points[2 * i];
      const y0 = points[2 * i + 1];
      const x1 = points[2 * i + 2];
      const y1 = points[2 * i + 3];
      const r0 = (width + ((endWidth - width) * i) / segments) / 2;
      const r1 = (width + ((endWidth - width) * (i + 1)) / segments) / 2;
      const length = Math.sqrt((x1 - x0) * (x1 - x0) + (y1 - y0) * (y1 - y0));
      if (length < 1e-6) continue;
      const ux = (x1 - x0) / length;
      const uy = (y1 - y0) / length;
      // A capsule: straight flanks, and two corners more to round each end.
      this.corner(x0 - uy * r0, y0 + ux * r0);
      this.corner(x0 - (ux * 0.8 + uy * 0.6) * r0, y0 + (ux * 0.6 - uy * 0.8) * r0);
      this.corner(x0 - (ux * 0.8 - uy * 0.6) * r0, y0 - (ux * 0.6 + uy * 0.8) * r0);
      this.corner(x0 + uy * r0, y0 - ux * r0);
      this.corner(x1 + uy * r1, y1 - ux * r1);
      this.corner(x1 + (ux * 0.8 + uy * 0.6) * r1, y1 - (ux * 0.6 - uy * 0.8) * r1);
      this.corner(x1 + (ux * 0.8 - uy * 0.6) * r1, y1 + (ux * 0.6 + uy * 0.8) * r1);
      this.corner(x1 - uy * r1, y1 + ux * r1);
      this.raster.close();
    }
    return this;
  }

  fill(colour: Rgb, { opacity = 1, shade = 0.18 }: PenFill = {}): this {
    this.raster.fill(colour, { opacity, shade, light: this.light });
    return this;
  }

  /** Paints the collected shape, then lets `draw` paint inside it only (marks on a coat). */
  fillAround(colour: Rgb, draw: () => void, { opacity = 1, shade = 0.18 }: PenFill = {}): this {
    this.raster.fill(colour, { opacity, shade, light: this.light, keep: true });
    this.raster.clip();
    draw();
    this.raster.unclip();
    return this;
  }

  private corner(x: number, y: number): void {
    const [a, b, c, d, e, f] = this.matrix;
    this.raster.corner(a * x + c * y + e, b * x + d * y + f);
  }
}

/** Uniform Catmull-Rom: from v1 (t = 0) to v2 (t = 1), one coordinate. */
function spline(v0: number, v1: number, v2: number, v3: number, t: number): number {
  const bend = 2 * v0 - 5 * v1 + 4 * v2 - v3 + t * (3 * (v1 - v2) + v3 - v0);
  return v1 + 0.5 * t * (v2 - v0 + t * bend);
}

/** Draws one thing within about -1…1, facing right, in a pose of its own choice. */
export type Drawing = (pen: Pen, rng: Rng) => void;
