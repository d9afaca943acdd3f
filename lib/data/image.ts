/** One picture: bytes of a file to pixels and back. The only file that names sharp. */
import { readFile } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import { errorCode, fileError } from '../atomicFile';
import { checkOptions, positiveInteger } from '../options';
import { coverResize } from './resize';

export interface DecodedImage {
  /** uint8 [height, width, 3], RGB. */
  readonly data: Uint8Array;
  readonly height: number;
  readonly width: number;
}

export interface DecodeOptions {
  /** Both or neither: the picture is scaled to cover this size and cut at the centre. */
  readonly height?: number;
  readonly width?: number;
}

/** What a browser shows too. SVG and PDF are left out: they are drawings, and may load other files. */
const FORMATS = ['jpeg', 'png', 'webp', 'gif', 'tiff', 'heif'];

/**
 * Decodes a picture file to RGB, whatever it holds: grey, palette, CMYK, 16 bits, transparency (laid on
 * white), other colour profiles (brought to sRGB), turned by EXIF (turned back). Of an animation the
 * first picture.
 *
 * With a size, the shape is kept: the picture is scaled until it covers the size, and what stands
 * over is cut at the centre. That is how ImageNet models are evaluated; squeezing would distort things.
 * Shrinking averages, so nothing flickers. It is our own code, not sharp's: a shared web page sees the same pixels.
 *
 * @param input a path or a file's bytes.
 * @throws Error that names the file: missing, cut, damaged or no picture.
 */
export async function decodeImage(
  input: string | Uint8Array,
  options: DecodeOptions = {},
): Promise<DecodedImage> {
  checkOptions('decodeImage', options, { height: positiveInteger, width: positiveInteger });
  const { height, width } = options;
  if ((height === undefined) !== (width === undefined)) {
    throw new TypeError(
      'Expected height and width but received one of them: pass decodeImage both or neither.',
    );
  }
  const name = typeof input === 'string' ? input : 'the picture';
  const bytes = typeof input === 'string' ? await readPicture(input) : input;
  try {
    const image = openPicture(bytes);
    const { format, hasAlpha } = await image.metadata();
    if (!FORMATS.includes(format)) throw new Error(`${format.toUpperCase()} is not read`);
    const { data, info } = await image
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const pixels = hasAlpha && info.channels === 4 ? onWhite(data) : plainBytes(data);
    const whole = { data: pixels, height: info.height, width: info.width };
    if (height === undefined || width === undefined) return whole;
    return coverResize(whole, { height, width });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `Expected a whole JPEG or PNG picture in ${name} but decoding failed (${reason.trim()}): ` +
        `save it again as JPEG or PNG.`,
      { cause: error },
    );
  }
}

/** A picture as the bytes of a PNG file. */
export async function encodePng({ data, height, width }: DecodedImage): Promise<Uint8Array> {
  if (data.length !== height * width * 3) {
    throw new Error(
      `Expected ${height * width * 3} bytes (${height} × ${width} × 3) but received ${data.length}: ` +
        `pass one picture's RGB values.`,
    );
  }
  const image = sharp(data, { raw: { width, height, channels: 3 } });
  return plainBytes(await image.png().toBuffer());
}

/** RGBA laid on white and rounded as browsers do it; sharp's `flatten` cuts, and comes out a level darker. */
function onWhite(rgba: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    const alpha = rgba[from + 3];
    for (let channel = 0; channel < 3; channel++) {
      rgb[to++] = Math.round((rgba[from + channel] * alpha) / 255) + 255 - alpha;
    }
  }
  return rgb;
}

/** A plain Uint8Array of the same bytes: a Buffer's `slice` would be a view, unlike everybody else's. */
function plainBytes(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

function openPicture(bytes: Uint8Array): Sharp {
  // Many pictures are decoded side by side, each once: threads within one and a cache only cost memory.
  sharp.concurrency(1);
  sharp.cache(false);
  // Warnings, such as odd bytes behind the end, are tolerated; damaged or missing pixels are not.
  return sharp(bytes, { failOn: 'error', autoOrient: true });
}

async function readPicture(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw errorCode(error) === undefined ? error : fileError(error, `read the picture ${path}`);
  }
}
