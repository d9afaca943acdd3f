import type { Rng } from '../random';
import { between, happens, pick } from './chance';
import { backgroundNames, paintBackground, type BackgroundName } from './backgrounds';
import { drawOccluder, finish, recede } from './finish';
import { Pen, type Drawing } from './pen';
import type { Raster } from './raster';

/** What may be in a picture, and where such a thing is mostly seen. */
export interface Subject {
  readonly draw: Drawing;
  /** Scenes for 70 % of its pictures; the others have any scene. */
  readonly scenes: readonly BackgroundName[];
}

export interface PictureOptions {
  readonly rng: Rng;
  /** How far size, place, scene and camera stray; default 1. */
  readonly wildness?: number;
}

/**
 * Draws one picture: a scene, the subject somewhere in it, things in front, and the camera's faults.
 *
 * @param raster is painted over, whatever it held
 */
export function drawPicture(
  raster: Raster,
  subject: Subject,
  { rng, wildness = 1 }: PictureOptions,
): void {
  raster.pixels.fill(0);
  const light = [between(rng, -0.8, 0.8), between(rng, -1.2, -0.4)] as const;
  const pen = Pen.on(raster, light);

  const scene = happens(rng, 0.7) ? pick(rng, subject.scenes) : pick(rng, backgroundNames);
  paintBackground(raster, pen, { rng, name: scene, horizon: between(rng, -0.45, 0.55) });
  recede(raster, between(rng, Math.max(0, 0.5 - 0.2 * wildness), 0.7));

  const scale = between(rng, 1.06 - 0.19 * wildness, 1.06);
  const slack = Math.max(0.05, 1 - scale);
  const origin = [between(rng, -slack, slack), between(rng, -slack, slack)] as const;
  const facing = happens(rng, 0.5) ? scale : -scale;
  const frame = pen.at(origin, {
    turn: between(rng, -0.025, 0.025) * wildness,
    scale: [facing * between(rng, 0.9, 1.1), scale * between(rng, 0.92, 1.08)],
  });
  if (happens(rng, 0.4)) {
    frame.ellipse([0, 0.75], [0.8, 0.16]).fill([20, 20, 24], { opacity: 0.3, shade: 0 });
  }
  subject.draw(frame, rng);
  if (happens(rng, 0.2 * wildness)) drawOccluder(pen, rng);

  finish(raster, { rng, wildness });
}
