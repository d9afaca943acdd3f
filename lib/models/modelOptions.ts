import { rule, type OptionRule } from '../options';

/** Height, width and channels of one input image. */
export type ImageShape = readonly [height: number, width: number, channels: number];

/** Accepts [height, width, channels] with a height and width of at least `minimumSize` pixels. */
export function imageShape(minimumSize = 1): OptionRule {
  return rule(
    `[height, width, channels] with a height and width of at least ${minimumSize}`,
    '[32, 32, 3]',
    (value) =>
      Array.isArray(value) &&
      value.length === 3 &&
      value.every((side) => Number.isSafeInteger(side) && side > 0) &&
      value[0] >= minimumSize &&
      value[1] >= minimumSize,
  );
}
