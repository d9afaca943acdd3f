// From a file to pixels, as the notebook's `decodeImage` does it: turned by EXIF, in sRGB, on white.
import type { Pixels } from '../../data/resize';
import { isCut } from './cutPicture';

/** More than any camera makes; a canvas cannot hold much more. */
const MAX_PIXELS = 120e6;

/** A picture that cannot be read; the message is for the person at the page. */
export class PictureError extends Error {}

/** @throws PictureError for a file that is not a valid image, is cut off, or is too large. */
export async function readPicture(file: File): Promise<Pixels> {
  const name = `“${file.name || 'The picture'}”`;
  if (file.size === 0) throw new PictureError(`${name} is empty. Choose another picture.`);
  const bytes = new Uint8Array(await readBytes(file, name));
  if (isCut(bytes)) {
    throw new PictureError(`${name} is cut off: a part of the file is missing. Copy it again.`);
  }
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(new Blob([bytes]), { imageOrientation: 'from-image' });
  } catch {
    throw new PictureError(
      `${name} is not an image that this browser can read. Save it as JPEG or PNG and try again.`,
    );
  }
  try {
    return pixelsOf(bitmap, name);
  } finally {
    bitmap.close();
  }
}

async function readBytes(file: File, name: string): Promise<ArrayBuffer> {
  try {
    return await file.arrayBuffer();
  } catch {
    throw new PictureError(`${name} cannot be read: it is a folder, or it has gone.`);
  }
}

function pixelsOf(bitmap: ImageBitmap, name: string): Pixels {
  const { height, width } = bitmap;
  if (height * width > MAX_PIXELS) {
    throw new PictureError(
      `${name} is too large: ${width} × ${height} pixels. Make it smaller than 120 megapixels.`,
    );
  }
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  // Read often: the browser then keeps the pixels in memory, exact, and not on a graphics card.
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw new PictureError(`${name} does not fit into this browser's memory.`);
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const rgb = new Uint8Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel++) {
    rgb[pixel * 3] = data[pixel * 4];
    rgb[pixel * 3 + 1] = data[pixel * 4 + 1];
    rgb[pixel * 3 + 2] = data[pixel * 4 + 2];
  }
  return { data: rgb, height, width };
}
