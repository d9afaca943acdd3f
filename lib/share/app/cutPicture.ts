// Browsers draw half a JPEG or PNG without a word; the notebook refuses it, and so does the page.

/** Whether a JPEG or PNG file ends before its picture does. Of other formats: false. */
export function isCut(bytes: Uint8Array): boolean {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return isJpegCut(bytes);
  const isPng = [0x89, 0x50, 0x4e, 0x47].every((byte, index) => bytes[index] === byte);
  return isPng && !endsPng(bytes);
}

/** Segments up to the first scan, then the end mark; before it there may be a thumbnail with one of its own. */
function isJpegCut(bytes: Uint8Array): boolean {
  let place = 2;
  while (place + 4 <= bytes.length && bytes[place] === 0xff) {
    const marker = bytes[place + 1];
    if (marker === 0xff) {
      place++; // a filling byte
      continue;
    }
    const length = bytes[place + 2] * 256 + bytes[place + 3];
    place += 2 + length;
    if (marker === 0xda) return !hasEndMark(bytes, place);
  }
  return true;
}

function hasEndMark(bytes: Uint8Array, start: number): boolean {
  for (let place = bytes.length - 2; place >= start; place--) {
    if (bytes[place] === 0xff && bytes[place + 1] === 0xd9) return true;
  }
  return false;
}

/** Chunks (length, name, data, checksum) up to the one that is named IEND. */
function endsPng(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let place = 8;
  while (place + 12 <= bytes.length) {
    const end = place + 12 + view.getUint32(place);
    if (view.getUint32(place + 4) === 0x49454e44) return end <= bytes.length;
    place = end;
  }
  return false;
}
