import assert from 'node:assert/strict';
import { test } from 'node:test';
import sharp from 'sharp';
import { isCut } from '../../lib/share/app/cutPicture';

const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
const picture = sharp({ create: { width: 64, height: 48, channels: 3, background: 'red', noise } });

test('a JPEG or PNG is whole up to its last byte, and cut without it', async () => {
  const files = [
    await picture.clone().jpeg().toBuffer(),
    await picture.clone().jpeg({ progressive: true }).toBuffer(),
    await picture.clone().png().toBuffer(),
  ];
  for (const file of files) {
    assert.equal(isCut(file), false);
    assert.equal(isCut(Buffer.concat([file, Buffer.from('behind the end')])), false);
    for (const share of [0.02, 0.5, 0.99]) {
      assert.equal(isCut(file.subarray(0, file.length * share)), true, `${share}`);
    }
  }
});

test('other formats are left to the browser', async () => {
  const webp = await picture.clone().webp().toBuffer();
  assert.equal(isCut(webp.subarray(0, 100)), false);
  assert.equal(isCut(Buffer.from('text')), false);
  assert.equal(isCut(new Uint8Array(0)), false);
});
