/** One picture: bytes of a file to pixels and back. The only file that names sharp. */
import { availableParallelism } from 'node:os';
import sharp from 'sharp';
import { readWholeFile } from '../atomicFile';
import { callback, checkOptions, positiveInteger } from '../options';
import { checkPixels, coverResize } from './resize';

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
  /** Receives what the user must know: a picture that is taken although its end is missing. Default: console.warn. */
  readonly onNotice?: (notice: string) => void;
}

/** sharp's own limit, about as much as a web browser opens: a decoded picture may not fill the memory. */
const MAX_PIXELS = 0x3fff ** 2;

/** The versions of what decodes: another one may round otherwise. */
export const DECODER: string = JSON.stringify(sharp.versions);

/** Ends every JPEG: "end of image". */
const JPEG_END = Uint8Array.of(0xff, 0xd9);

/** What a browser shows too. SVG and PDF are left out: they are drawings, and may load other files. */
const FORMATS = ['jpeg', 'png', 'webp', 'gif', 'tiff', 'heif'];

/**
 * Decodes a picture file to RGB, whatever it holds: grey, palette, CMYK, 16 bits, transparency (composited on
 * white), other colour profiles (brought to sRGB), turned by EXIF (turned back). Of an animation the
 * first picture.
 *
 * With a size, the aspect ratio is kept: the image is scaled to cover the size, and the excess
 * is removed by a centre crop. That is how ImageNet models are evaluated; squeezing would distort things.
 * Downscaling averages, which avoids aliasing. It is our own code, not sharp's: a shared web page sees the same pixels.
 *
 * @param input a path or a file's bytes.
 * @throws Error that names the file: missing, cut, damaged or no picture.
 */
export async function decodeImage(
  input: string | Uint8Array,
  options: DecodeOptions = {},
): Promise<DecodedImage> {
  checkOptions('decodeImage', options, {
    height: positiveInteger,
    width: positiveInteger,
    onNotice: callback,
  });
  const { height, width, onNotice = console.warn } = options;
  if ((height === undefined) !== (width === undefined)) {
    throw new TypeError(
      'Expected height and width but received one of them: pass decodeImage both or neither.',
    );
  }
  const name = typeof input === 'string' ? input : 'the picture';
  const bytes =
    typeof input === 'string' ? await readWholeFile(input, `read the picture ${input}`) : input;
  let whole: DecodedImage;
  try {
    whole = await decodeBytes(bytes, 'error');
  } catch (error) {
    const repaired = await decodeWithEnd(bytes);
    if (!repaired) throw await decodingError(name, bytes, error);
    onNotice(`${name} lacks the last bytes of a JPEG file; no pixel is missing, so it is taken.`);
    whole = repaired;
  }
  return height === undefined || width === undefined
    ? whole
    : coverResize(whole, { height, width });
}

/**
 * Does `work` for 0 … count - 1, several at once, in no order, for what decodes pictures: each holds a whole one in memory for a
 * moment, so that they are as many as the processors, and four at most.
 */
export async function sideBySide(
  count: number,
  work: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), 4) }, lane));
}

/** @param failOn warnings, such as odd bytes behind the end, are tolerated by `error`; damaged pixels by neither. */
async function decodeBytes(bytes: Uint8Array, failOn: 'error' | 'warning'): Promise<DecodedImage> {
  // Many pictures are decoded side by side, each once: threads within one and a cache only cost memory.
  sharp.concurrency(1);
  sharp.cache(false);
  const image = sharp(bytes, { failOn, autoOrient: true, limitInputPixels: MAX_PIXELS });
  const { format, hasAlpha } = await image.metadata();
  if (!FORMATS.includes(format)) throw new Error(`${format.toUpperCase()} is not read`);
  const { data, info } = await image
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const pixels = hasAlpha && info.channels === 4 ? onWhite(data) : plainBytes(data);
  return { data: pixels, height: info.height, width: info.width };
}

/**
 * A JPEG that was cut within its last two bytes, as some cameras and transfers do: with them put back, every pixel is
 * there, and the decoder has no warning. Undefined for anything else.
 */
async function decodeWithEnd(bytes: Uint8Array): Promise<DecodedImage | undefined> {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return undefined;
  const body = bytes[bytes.length - 1] === JPEG_END[0] ? bytes.subarray(0, -1) : bytes;
  return decodeBytes(Buffer.concat([body, JPEG_END]), 'warning').catch(() => undefined);
}

async function decodingError(name: string, bytes: Uint8Array, error: unknown): Promise<Error> {
  const reason = error instanceof Error ? error.message.trim() : String(error);
  const found = /pixel limit/.test(reason) ? await readPictureSize(bytes) : undefined;
  if (found) {
    const size = `${found.width} × ${found.height}`;
    return new Error(
      `Expected a picture of at most ${Math.floor(MAX_PIXELS / 1e6)} million pixels in ${name} ` +
        `but it has ${size}: save it smaller.`,
      { cause: new Error(`${size} pixels are too many`) },
    );
  }
  return new Error(
    `Expected a whole JPEG or PNG picture in ${name} but decoding failed (${reason}): ` +
      `save it again as JPEG or PNG.`,
    { cause: error },
  );
}

/** Width and height in pixels, from the head of a file (its path or bytes); undefined where it has none. */
export async function readPictureSize(
  input: string | Uint8Array,
): Promise<{ readonly width: number; readonly height: number } | undefined> {
  return sharp(input, { limitInputPixels: false })
    .metadata()
    .catch(() => undefined);
}

/**
 * A PNG file with its density: printers and layout programs then know how large it is meant. Pixels stay.
 *
 * @param pixelsPerInch e.g. 360.
 */
export function withDensity(png: Uint8Array, pixelsPerInch: number): Promise<Uint8Array> {
  return sharp(png, { limitInputPixels: false })
    .withMetadata({ density: pixelsPerInch })
    .png()
    .toBuffer();
}

/** A picture as the bytes of a PNG file. */
export async function encodePng(picture: DecodedImage): Promise<Uint8Array> {
  checkPixels(picture);
  const { data, height, width } = picture;
  const image = sharp(data, { raw: { width, height, channels: 3 } });
  return plainBytes(await image.png().toBuffer());
}

/** RGBA composited on white and rounded as browsers do it; sharp's `flatten` cuts, and comes out a level darker. */
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
