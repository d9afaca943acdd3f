import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodePng } from '../../lib/data/image';

/** A PNG of one colour. */
export async function plainPng(
  colour: readonly [number, number, number],
  width = 4,
  height = 4,
): Promise<Uint8Array> {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, index) => colour[index % 3]);
  return encodePng({ data, height, width });
}

/**
 * Folders of pictures named 00.png, 01.png …, so many of each class; the number is the red value and
 * the class's position the green one, `blue` the last one.
 */
export async function writePictures(
  folder: string,
  counts: Readonly<Record<string, number>>,
  blue = 0,
): Promise<void> {
  for (const [label, [className, count]] of Object.entries(counts).entries()) {
    await mkdir(join(folder, className), { recursive: true });
    for (let number = 0; number < count; number++) {
      const name = `${String(number).padStart(2, '0')}.png`;
      await writeFile(join(folder, className, name), await plainPng([number, label, blue]));
    }
  }
}
