import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export interface FileServer {
  readonly url: string;
  /** The Range header of each request so far; an empty text where it had none. */
  readonly requests: readonly string[];
}

/** What a server does with one request instead of answering it well; `undefined` where it answers. */
export type Mischief = (
  request: IncomingMessage,
  response: ServerResponse,
  attempt: number,
) => boolean;

export interface FileServerOptions {
  /** Returns true where it has taken the request; `attempt` counts from 0. */
  readonly mischief?: Mischief;
  /** Default: a constant. null: the server names no version. */
  readonly etag?: string | null;
  readonly ignoresRanges?: boolean;
}

/** Serves one file (or bytes) on a local port, with ranges, until the test ends. */
export async function serveFile(
  t: TestContext,
  content: string | Uint8Array,
  options: FileServerOptions = {},
): Promise<FileServer> {
  const bytes = typeof content === 'string' ? readFileSync(content) : content;
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const attempt = requests.length;
    requests.push(request.headers.range ?? '');
    const etag = options.etag === undefined ? '"version 1"' : options.etag;
    if (etag !== null) response.setHeader('ETag', etag);
    if (!options.mischief?.(request, response, attempt)) answer(request, response, bytes, options);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/file.bin`, requests };
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: Uint8Array,
  { ignoresRanges = false }: FileServerOptions,
): void {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (ignoresRanges || request.headers.range === undefined) {
    response.writeHead(200, { 'Content-Length': bytes.length }).end(bytes);
  } else if (start >= bytes.length) {
    response.writeHead(416, { 'Content-Range': `bytes */${bytes.length}` }).end();
  } else {
    response
      .writeHead(206, {
        'Content-Length': bytes.length - start,
        'Content-Range': `bytes ${start}-${bytes.length - 1}/${bytes.length}`,
      })
      .end(bytes.subarray(start));
  }
}
