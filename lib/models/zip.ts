/** ZIP archives, as far as Keras writes them: no more than 4 GB, stored or deflated. */
import { crc32, inflateRawSync } from 'node:zlib';

const END_OF_DIRECTORY = Buffer.from('PK\x05\x06', 'latin1');
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_ENTRY = 0x04034b50;

export function isZip(bytes: Buffer): boolean {
  return bytes.length >= 4 && bytes.readUInt32LE(0) === LOCAL_ENTRY;
}

/**
 * Unpacks the files of these names (PKWARE's APPNOTE 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16), each checked by its size
 * and its CRC-32.
 *
 * @param name the archive's, for messages.
 * @throws Error where a file is missing or the archive is damaged.
 */
export function unzip(name: string, bytes: Buffer, wanted: readonly string[]): Buffer[] {
  try {
    const headers = readDirectory(bytes);
    return wanted.map((file) => {
      const header = headers.get(file);
      if (header === undefined) throw new Error(`none of its files is ${file}`);
      return unpack(bytes, header);
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `Expected a complete archive of Keras 3 in ${name} but it is damaged or another one (${reason}): copy it again, ` +
        'or save the model again.',
      { cause: error },
    );
  }
}

/** Where each file's entry in the directory at the end begins. */
function readDirectory(bytes: Buffer): Map<string, number> {
  const end = bytes.lastIndexOf(END_OF_DIRECTORY);
  if (end < 0) throw new Error('no directory at its end');
  const entries = new Map<string, number>();
  let at = bytes.readUInt32LE(end + 16);
  for (let left = bytes.readUInt16LE(end + 10); left > 0; left--) {
    if (bytes.readUInt32LE(at) !== DIRECTORY_ENTRY) throw new Error('damaged directory');
    const nameEnd = at + 46 + bytes.readUInt16LE(at + 28);
    entries.set(bytes.toString('utf8', at + 46, nameEnd), at);
    at = nameEnd + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return entries;
}

function unpack(bytes: Buffer, entry: number): Buffer {
  const [checksum, packedBytes, sizeBytes, local] = [16, 20, 24, 42].map((field) =>
    bytes.readUInt32LE(entry + field),
  );
  const start = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
  const packed = bytes.subarray(start, start + packedBytes);
  const isStored = bytes.readUInt16LE(entry + 10) === 0; // else deflated: zlib refuses anything else
  const data = isStored ? packed : inflateRawSync(packed, { maxOutputLength: sizeBytes || 1 });
  const hasCrc32 = (crc32 as unknown) !== undefined; // from Node 20.15 on
  if (data.length !== sizeBytes || (hasCrc32 && crc32(data) !== checksum))
    throw new Error('damaged file');
  return data;
}
