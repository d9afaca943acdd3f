// Reads what arrives from now on in a file of JSON lines, while somebody else appends to it.
import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

const POLL_MS = 150;

/**
 * @param {string} path may not exist yet; what stands in it by now is left out
 * @param {(event: object) => void} take gets each line, parsed; a line that is no JSON is left out
 * @returns {{ read(): void, stop(): void }} `read` hands on at once what is there; `stop` does so a last time
 */
export function followFile(path, take) {
  const decoder = new StringDecoder('utf8');
  // The file of a resumed run holds what happened before.
  let offset = existsSync(path) ? statSync(path).size : 0;
  let rest = '';
  const read = () => {
    if (!existsSync(path)) return;
    const bytes = readFrom(path, offset);
    offset += bytes.length;
    const lines = (rest + decoder.write(bytes)).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      const event = parseEvent(line);
      if (event) take(event);
    }
  };
  const timer = setInterval(read, POLL_MS);
  return {
    read,
    stop() {
      clearInterval(timer);
      read();
    },
  };
}

/** @returns {object | undefined} one line of JSON, parsed. */
export function parseEvent(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function readFrom(path, offset) {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(Math.max(0, fstatSync(file).size - offset));
    return buffer.subarray(0, readSync(file, buffer, 0, buffer.length, offset));
  } finally {
    closeSync(file);
  }
}
