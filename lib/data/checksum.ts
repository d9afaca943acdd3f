import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';

/** SHA-256 of bytes, hexadecimal; computed on another thread. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  return Buffer.from(await crypto.subtle.digest('SHA-256', bytes)).toString('hex');
}

/** SHA-256 of bytes or a text, hexadecimal, at once. */
export function sha256Of(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex');
}

/** SHA-256 of a file's content, hexadecimal; the file is streamed. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash);
  return hash.digest('hex');
}

/** SHA-256, hexadecimal, of a shape and all bytes of arrays, in this order: what data in memory are known by. */
export function fingerprintArrays(
  shape: readonly number[],
  arrays: Iterable<ArrayBufferView>,
): string {
  const hash = createHash('sha256').update(`${shape.join(' × ')}\n`);
  for (const { buffer, byteOffset, byteLength } of arrays) {
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest('hex');
}
