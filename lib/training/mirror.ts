/**
 * Pictures mirrored left to right, copied.
 *
 * @param images uint8 [n, height, width, 3].
 */
export function mirrored(images: Uint8Array, { width }: { readonly width: number }): Uint8Array {
  const result = new Uint8Array(images.length);
  const rowBytes = width * 3;
  for (let row = 0; row < images.length / rowBytes; row++) {
    for (let x = 0; x < width; x++) {
      const from = row * rowBytes + x * 3;
      const to = row * rowBytes + (width - 1 - x) * 3;
      result[to] = images[from];
      result[to + 1] = images[from + 1];
      result[to + 2] = images[from + 2];
    }
  }
  return result;
}
