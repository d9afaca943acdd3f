import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { pngDataUri } from '../../lib/report/png';

function pngOf(uri: string): Buffer {
  assert.match(uri, /^data:image\/png;base64,/);
  return Buffer.from(uri.split(',')[1], 'base64');
}

test('sharp reads back the pixels that were written', async () => {
  const [height, width] = [5, 7];
  const data = Uint8Array.from({ length: height * width * 3 }, (_, index) => (index * 37) % 256);
  const png = pngOf(pngDataUri({ data, height, width }));
  const { data: read, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  assert.deepEqual([info.height, info.width, info.channels], [height, width, 3]);
  assert.deepEqual(new Uint8Array(read), data);
});

test('the file ends with the IEND chunk of the specification', () => {
  const png = pngOf(pngDataUri({ data: Uint8Array.of(1, 2, 3), height: 1, width: 1 }));
  assert.equal(png.subarray(-12).toString('hex'), '0000000049454e44ae426082');
});

test('pixels that do not fill the picture are refused', () => {
  const picture = { data: new Uint8Array(11), height: 2, width: 2 };
  assert.throws(() => pngDataUri(picture), /2 × 2 × 3 entries but received 11/);
});
