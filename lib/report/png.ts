// A small PNG writer, synchronous and without a native library, so that figures stay pure functions.
// Format: W3C, "Portable Network Graphics (PNG) Specification (Third Edition)", 2025.
import { deflateSync } from 'node:zlib';
import type { DecodedImage } from '../data/image';

const SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/**
 * The picture as an address that an `<img>` or a figure takes; PNG, 8 bits a channel, lossless.
 *
 * @param picture uint8 [height, width, 3], RGB
 */
export function pngDataUri(picture: DecodedImage): string {
  return `data:image/png;base64,${Buffer.from(encodePng(picture)).toString('base64')}`;
}

function encodePng({ data, height, width }: DecodedImage): Uint8Array {
  const stride = width * 3;
  if (!(height > 0 && width > 0) || data.length !== height * stride) {
    throw new RangeError(
      `Expected data to have ${height} × ${width} × 3 entries but received ${data.length}: ` +
        'pass one RGB picture.',
    );
  }
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, 8); // bit depth
  header.setUint8(9, 2); // colour type: RGB
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', new Uint8Array(header.buffer)),
    chunk('IDAT', deflateSync(filteredRows(data, stride), { level: 9 })),
    chunk('IEND', new Uint8Array(0)),
  ]);
}

/** Each row as difference to the row above (filter 2): photographs then deflate smaller. */
function filteredRows(pixels: Uint8Array, stride: number): Uint8Array {
  const rows = pixels.length / stride;
  const filtered = new Uint8Array(rows * (stride + 1));
  for (let row = 0; row < rows; row++) {
    filtered[row * (stride + 1)] = 2;
    for (let i = 0; i < stride; i++) {
      const place = row * stride + i;
      const above = row === 0 ? 0 : pixels[place - stride];
      filtered[row * (stride + 1) + 1 + i] = pixels[place] - above;
    }
  }
  return filtered;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(data.length + 12);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, 'latin1');
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, -4)), bytes.length - 4);
  return bytes;
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** The checksum of annex D of the specification. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ crcTable[(crc ^ byte) & 0xff];
  return (crc ^ 0xffffffff) >>> 0;
}
