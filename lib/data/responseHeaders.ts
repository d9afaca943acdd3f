/** What a server says about the bytes it sends. */
import { createHash } from 'node:crypto';

/** A short name for the content's version, from its ETag or, without one, its date; else `unknown`. */
export function contentVersion(headers: Headers): string {
  const validator = headers.get('etag') ?? headers.get('last-modified');
  if (validator === null) return 'unknown';
  return createHash('sha256').update(validator).digest('hex').slice(0, 16);
}

/** Where in the file the answer begins: 0 unless the server took up the range that was asked for. */
export function rangeStart(response: Response): number {
  if (response.status !== 206) return 0;
  return Number(/^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1] ?? -1);
}

/** The size of the whole file as the server announces it. */
export function totalBytes(response: Response): number | null {
  const length =
    response.status === 206
      ? /\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1]
      : response.headers.get('content-length');
  return length === undefined || length === null ? null : Number(length);
}
