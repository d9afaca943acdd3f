import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { decodeImage, encodePng, withDensity } from '../../lib/data/image';
import { temporaryFolder } from '../temporaryFolder';
import { createRng } from '../../lib/random';

/** Pixels as sharp's encoder takes them; one row. */
function row(
  values: readonly number[],
  channels: 1 | 2 | 3 | 4,
  depth: 8 | 16 = 8,
): ReturnType<typeof sharp> {
  const data = depth === 16 ? Uint16Array.from(values) : Uint8Array.from(values);
  const width = values.length / channels;
  return sharp(data, { raw: { width, height: 1, channels } });
}

async function decoded(bytes: Uint8Array): Promise<number[]> {
  return Array.from((await decodeImage(bytes)).data);
}

const RED_GREEN = [255, 0, 0, 0, 255, 0];

test('a PNG comes back as it was encoded', async () => {
  const data = Uint8Array.from({ length: 2 * 3 * 3 }, (_, index) => index * 13);
  const picture = await decodeImage(await encodePng({ data, height: 2, width: 3 }));
  assert.deepEqual([picture.height, picture.width], [2, 3]);
  assert.deepEqual(Array.from(picture.data), Array.from(data));
});

test('grey, palette and 16-bit pictures become RGB of 8 bits', async () => {
  const grey = await row([10, 200], 1).toColourspace('b-w').png().toBuffer();
  assert.deepEqual(await decoded(grey), [10, 10, 10, 200, 200, 200]);
  const palette = await row(RED_GREEN, 3).png({ palette: true }).toBuffer();
  assert.deepEqual(await decoded(palette), RED_GREEN);
  // 16 bits hold v · 257 for the 8-bit value v.
  const deep = row([65535, 0, 0, 0, 128 * 257, 257], 3, 16)
    .toColourspace('rgb16')
    .png();
  assert.deepEqual(await decoded(await deep.png().toBuffer()), [255, 0, 0, 0, 128, 1]);
  const deepGrey = row([10 * 257, 200 * 257], 1, 16)
    .toColourspace('grey16')
    .png();
  assert.deepEqual(await decoded(await deepGrey.png().toBuffer()), [10, 10, 10, 200, 200, 200]);
});

test('what is transparent lies on white', async () => {
  const half = await row([255, 0, 0, 255, 0, 255, 0, 0, 0, 0, 0, 51], 4).png().toBuffer();
  // Opaque red; nothing of green; a fifth of black: 255 · 0.8 = 204.
  assert.deepEqual(await decoded(half), [255, 0, 0, 255, 255, 255, 204, 204, 204]);
  // 101 · 128 / 255 = 50.7 is 51, as in a browser, and 127 of white.
  const rounded = await row([101, 101, 101, 128], 4).png().toBuffer();
  assert.deepEqual(await decoded(rounded), [178, 178, 178]);
  const greyAlpha = await row([10, 255, 10, 0], 2).toColourspace('b-w').png().toBuffer();
  assert.deepEqual(await decoded(greyAlpha), [10, 10, 10, 255, 255, 255]);
});

test('EXIF’s eight orientations are undone', async () => {
  // The stored picture is 3×2; where its top left pixel, the red one, belongs: EXIF 2.32, table 6.
  const places: readonly (readonly [orientation: number, x: number, y: number])[] = [
    [1, 0, 0],
    [2, 2, 0],
    [3, 2, 1],
    [4, 0, 1],
    [5, 0, 0],
    [6, 1, 0],
    [7, 1, 2],
    [8, 0, 2],
  ];
  const data = new Uint8Array(3 * 2 * 3);
  data[0] = 255;
  for (const [orientation, x, y] of places) {
    const stored = sharp(data, { raw: { width: 3, height: 2, channels: 3 } });
    const picture = await decodeImage(await stored.withMetadata({ orientation }).png().toBuffer());
    const size = orientation < 5 ? [2, 3] : [3, 2];
    assert.deepEqual([picture.height, picture.width], size, `orientation ${orientation}`);
    const red = picture.data.indexOf(255) / 3;
    assert.deepEqual([red % picture.width, Math.floor(red / picture.width)], [x, y]);
  }
});

test('a CMYK JPEG becomes RGB of about the same colour', async () => {
  const colour = { r: 180, g: 60, b: 60 };
  const plain = sharp({ create: { width: 16, height: 16, channels: 3, background: colour } });
  const cmyk = await plain.toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
  assert.equal((await sharp(cmyk).metadata()).space, 'cmyk');
  const [red, green, blue] = await decoded(cmyk);
  // Inks reach fewer colours than a screen.
  assert.ok(Math.abs(red - 180) < 25 && Math.abs(green - 60) < 25 && Math.abs(blue - 60) < 25);
});

test('JPEG, WebP and GIF are read too', async () => {
  const colours = row([200, 200, 200, 200, 200, 200], 3);
  for (const encode of ['jpeg', 'webp', 'gif'] as const) {
    const values = await decoded(await colours.clone()[encode]().toBuffer());
    assert.ok(
      values.every((value) => Math.abs(value - 200) <= 2),
      `${encode}: ${values.join()}`,
    );
  }
});

test('with a size, the middle of the picture is kept and its shape too', async () => {
  // 12×4: a red, a green and a blue square side by side. The green one is the middle.
  const data = new Uint8Array(12 * 4 * 3);
  for (let pixel = 0; pixel < 48; pixel++) data[pixel * 3 + Math.floor((pixel % 12) / 4)] = 255;
  const bytes = await encodePng({ data, height: 4, width: 12 });
  const picture = await decodeImage(bytes, { height: 4, width: 4 });
  assert.deepEqual([picture.height, picture.width], [4, 4]);
  assert.ok(picture.data.every((value, index) => value === (index % 3 === 1 ? 255 : 0)));
});

test('shrinking averages: fine stripes become grey, not one of their colours', async () => {
  const side = 64;
  const data = new Uint8Array(side * side * 3);
  for (let pixel = 0; pixel < side * side; pixel++) {
    if (pixel % 2 === 0) data.fill(255, pixel * 3, pixel * 3 + 3);
  }
  const bytes = await encodePng({ data, height: side, width: side });
  const { data: small } = await decodeImage(bytes, { height: 8, width: 8 });
  const inner = Array.from(small.subarray(8 * 3, -8 * 3));
  assert.ok(
    inner.every((value) => Math.abs(value - 127.5) < 16),
    inner.join(),
  );
});

test('small pictures are enlarged', async () => {
  const bytes = await encodePng({ data: Uint8Array.of(9, 9, 9), height: 1, width: 1 });
  const { data } = await decodeImage(bytes, { height: 5, width: 3 });
  assert.deepEqual(Array.from(data), new Array(45).fill(9));
});

test('a broken, cut or foreign file is told with its name', async (t) => {
  const folder = temporaryFolder(t);
  // The same pixels every time: whether a flipped bit is noticed depends on where it falls.
  const rng = createRng(1, 'noise');
  const pixels = Uint8Array.from({ length: 99 * 99 * 3 }, () => rng.nextInt(256));
  const picture = sharp(pixels, { raw: { width: 99, height: 99, channels: 3 } });
  const jpeg = await picture.clone().jpeg().toBuffer();
  const png = await picture.clone().png().toBuffer();
  const damaged = Uint8Array.from(png);
  damaged[damaged.length >> 1] ^= 0xff;
  const files: Readonly<Record<string, Uint8Array>> = {
    'cut.jpg': jpeg.subarray(0, jpeg.length / 2),
    'nearly whole.jpg': jpeg.subarray(0, jpeg.length - 200),
    'cut.png': png.subarray(0, png.length * 0.9),
    'damaged.png': damaged,
    'empty.jpg': new Uint8Array(0),
    'text.jpg': Buffer.from('this is no picture'),
    'drawing.png': Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2"/>'),
  };
  for (const [name, bytes] of Object.entries(files)) {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    await assert.rejects(decodeImage(path), (error: Error) => {
      const start = `Expected a whole JPEG or PNG picture in ${path} but decoding failed (`;
      assert.ok(error.message.startsWith(start), error.message);
      assert.ok(!error.message.includes('\n'));
      return true;
    });
  }
  await assert.rejects(decodeImage(Buffer.from('text')), /in the picture but decoding failed/);
  await assert.rejects(decodeImage(join(folder, 'none.jpg')), {
    message: /^Expected to read the picture .*none\.jpg but there is no such file .*\(ENOENT\)/,
  });
  await assert.rejects(decodeImage(folder), /that is a folder, not a file/);
  execFileSync('mkfifo', [join(folder, 'pipe.jpg')]);
  await assert.rejects(
    decodeImage(join(folder, 'pipe.jpg')),
    /but it is a named pipe: name another/,
  );
  await assert.rejects(decodeImage('/dev/zero'), /but it is a device/);
});

test('a JPEG without its last one or two bytes is taken, with every pixel, and named', async () => {
  const rng = createRng(1, 'noise');
  const data = Uint8Array.from({ length: 64 * 64 * 3 }, () => rng.nextInt(256));
  for (const progressive of [false, true]) {
    const raw = { width: 64, height: 64, channels: 3 } as const;
    const jpeg = await sharp(data, { raw }).jpeg({ progressive }).toBuffer();
    const whole = await decodeImage(jpeg);
    for (const cut of [1, 2]) {
      const notices: string[] = [];
      const onNotice = (notice: string) => notices.push(notice);
      const taken = await decodeImage(jpeg.subarray(0, -cut), { onNotice });
      assert.deepEqual(taken.data, whole.data);
      assert.match(notices.join(), /^the picture lacks the last bytes of a JPEG file/);
    }
    await assert.rejects(decodeImage(jpeg.subarray(0, -6)), /decoding failed/);
  }
});

test('a picture of too many pixels is told so, with its size', async () => {
  const create = { width: 20_000, height: 20_000, channels: 3, background: 'red' } as const;
  const png = await sharp({ create, limitInputPixels: false }).png().toBuffer();
  await assert.rejects(
    decodeImage(png),
    /of at most 268 million pixels in the picture but it has 20000 × 20000: save it smaller/,
  );
});

test('impossible sizes are refused', async () => {
  const bytes = await encodePng({ data: new Uint8Array(3), height: 1, width: 1 });
  await assert.rejects(decodeImage(bytes, { height: 0, width: 1 }), /Expected height to be/);
  await assert.rejects(decodeImage(bytes, { height: 8 }), /pass decodeImage both or neither/);
  await assert.rejects(
    encodePng({ data: new Uint8Array(4), height: 1, width: 1 }),
    /Expected 3 bytes of pixels \(1 × 1 × 3\) but received 4/,
  );
});

test('a density is written, and replaced by the next one; pixels stay', async () => {
  const data = Uint8Array.of(10, 20, 30);
  const png = await encodePng({ data, height: 1, width: 1 });
  const printed = await withDensity(await withDensity(png, 72), 360);
  const { density } = await sharp(printed).metadata();
  assert.equal(density, 360);
  assert.equal(Buffer.from(printed).toString('latin1').split('pHYs').length, 2, 'one pHYs chunk');
  assert.deepEqual(new Uint8Array(await sharp(printed).raw().toBuffer()), data);
});
