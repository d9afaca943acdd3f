import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, createServer } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { downloadFile, type DownloadOptions } from '../../lib/data/download';
import { temporaryFolder } from '../temporaryFolder';
import { type FileServerOptions, type FileServer, type Mischief, serveFile } from './fileServer';

/** 300,000 bytes that repeat nowhere soon. */
const CONTENT = Uint8Array.from({ length: 300_000 }, (_, index) => (index * index + index) >> 7);
const SHA256 = createHash('sha256').update(CONTENT).digest('hex');

/** Sends so many bytes of the file under a promise of all, then breaks the connection off. */
function cutAfter(bytes: number): Mischief {
  return (_request, response, attempt) => {
    if (attempt > 0) return false;
    response.writeHead(200, { 'Content-Length': CONTENT.length });
    // Not at once: from Node 22 on, fetch drops what it has not handed over yet when the connection breaks.
    const cut = () => setTimeout(() => response.destroy(), bytes > 0 ? 100 : 0);
    response.write(CONTENT.subarray(0, bytes), cut);
    return true;
  };
}

interface Setting {
  readonly server: FileServer;
  readonly folder: string;
  readonly path: string;
  readonly download: (options?: DownloadOptions) => Promise<void>;
}

async function arrange(t: TestContext, options: FileServerOptions = {}): Promise<Setting> {
  const server = await serveFile(t, CONTENT, options);
  const folder = temporaryFolder(t);
  const path = join(folder, 'file.bin');
  const download = (more: DownloadOptions = {}): Promise<void> =>
    downloadFile(server.url, path, {
      sizeBytes: CONTENT.length,
      sha256: SHA256,
      retryDelaySeconds: 0.01,
      ...more,
    });
  return { server, folder, path, download };
}

async function listen(): Promise<{ port: number; close: () => Promise<void> }> {
  const server = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    server.close();
    await once(server, 'close');
  };
  return { port, close };
}

/** The file is whole and nothing else lies beside it. */
function assertWhole({ folder, path }: Setting): void {
  assert.ok(readFileSync(path).equals(CONTENT));
  assert.deepEqual(readdirSync(folder), ['file.bin']);
}

test('a file is downloaded, with progress up to its size', async (t) => {
  const setting = await arrange(t);
  const received: number[] = [];
  await setting.download({
    onProgress: ({ receivedBytes, totalBytes, url }) => {
      assert.equal(totalBytes, CONTENT.length);
      assert.equal(url, setting.server.url);
      received.push(receivedBytes);
    },
  });
  assertWhole(setting);
  assert.equal(received.at(-1), CONTENT.length);
  assert.deepEqual(
    received,
    [...received].sort((a, b) => a - b),
  );
});

test('a connection that breaks off is taken up where it ended', async (t) => {
  const setting = await arrange(t, { mischief: cutAfter(100_000) });
  await setting.download();
  assertWhole(setting);
  assert.equal(setting.server.requests.length, 2);
  assert.match(setting.server.requests[1], /^bytes=[1-9]\d*-$/);
});

test('a server that ignores ranges is read from the start again', async (t) => {
  const setting = await arrange(t, { mischief: cutAfter(100_000), ignoresRanges: true });
  await setting.download();
  assertWhole(setting);
});

test('a cut that no attempt mends leaves a part, and the next call goes on from it', async (t) => {
  let isBroken = true;
  const setting = await arrange(t, {
    mischief(request, response, attempt) {
      if (attempt === 0) return cutAfter(120_000)(request, response, 0);
      if (isBroken) request.socket.destroy();
      return isBroken;
    },
  });
  await assert.rejects(setting.download(), {
    name: 'DownloadError',
    failure: 'interrupted',
    message: /the connection broke off after 0\.\d MB: run again to continue from there, or check/,
  });
  assert.ok(!existsSync(setting.path));
  assert.equal(setting.server.requests.length, 4);

  isBroken = false;
  await setting.download();
  assert.match(setting.server.requests[4], /^bytes=[1-9]/);
  assertWhole(setting);
});

test('what a killed process left is taken over; what a living one writes is left alone', async (t) => {
  const setting = await arrange(t);
  const version = createHash('sha256').update('"version 1"').digest('hex').slice(0, 16);
  const host = hostname().replace(/[^\w-]/g, '_');
  const part = (owner: string): string =>
    join(setting.folder, `.file.bin.${version}.${owner}.part`);
  const living = part(`${process.ppid}@${host}@aaaaaaaa`);
  writeFileSync(living, CONTENT.subarray(0, 200_000));
  writeFileSync(part(`4194999@${host}@bbbbbbbb`), CONTENT.subarray(0, 50_000)); // above Linux' largest id
  await setting.download();
  assert.deepEqual(setting.server.requests, ['bytes=50000-']);
  assert.ok(readFileSync(setting.path).equals(CONTENT));
  assert.ok(existsSync(living));
});

test('a part of another version is not continued', async (t) => {
  const setting = await arrange(t, { etag: '"version 2"' });
  writeFileSync(join(setting.folder, '.file.bin.0123456789abcdef.free.part'), 'old beginning');
  await setting.download();
  assert.deepEqual(setting.server.requests, ['bytes=13-', '']);
  assertWhole(setting);
});

test('a part of a server that names no version is continued only under a checksum', async (t) => {
  const setting = await arrange(t, { etag: null });
  const part = join(setting.folder, '.file.bin.unknown.free.part');
  writeFileSync(part, CONTENT.subarray(0, 1000));
  await setting.download();
  assert.deepEqual(setting.server.requests, ['bytes=1000-']);
  writeFileSync(part, CONTENT.subarray(0, 1000));
  await setting.download({ sha256: undefined });
  assert.equal(setting.server.requests.at(-1), '');
  assertWhole(setting);
});

test('a part that is already whole needs no request, one that is too long starts anew', async (t) => {
  const setting = await arrange(t);
  const part = join(setting.folder, '.file.bin.unknown.free.part');
  writeFileSync(part, CONTENT);
  await setting.download();
  assert.deepEqual(setting.server.requests, []);
  assertWhole(setting);
  writeFileSync(part, Buffer.concat([CONTENT, CONTENT]));
  await setting.download();
  assertWhole(setting);
});

test('another size than expected is refused before anything is stored', async (t) => {
  const setting = await arrange(t);
  await assert.rejects(setting.download({ sizeBytes: 1000 }), {
    failure: 'wrong content',
    message: new RegExp(
      `Expected 1000 bytes from ${setting.server.url} but received 300000: check`,
    ),
  });
  assert.deepEqual(readdirSync(setting.folder), []);
});

test('another checksum is refused, and neither the file nor a part stays', async (t) => {
  const setting = await arrange(t);
  writeFileSync(setting.path, 'what was there before');
  await assert.rejects(setting.download({ sha256: 'a'.repeat(64) }), {
    failure: 'wrong content',
    message: new RegExp(`Expected the sha256 aaaa.* but received ${SHA256}`),
  });
  assert.equal(readFileSync(setting.path, 'utf8'), 'what was there before');
  assert.deepEqual(readdirSync(setting.folder), ['file.bin']);
});

test('a body that is shorter or longer than expected is never taken for whole', async (t) => {
  for (const extra of [-1000, 1000]) {
    const setting = await arrange(t, {
      mischief(_request, response) {
        // Chunked: no length is announced.
        response.writeHead(200);
        response.end(Buffer.concat([CONTENT, CONTENT]).subarray(0, CONTENT.length + extra));
        return true;
      },
    });
    await assert.rejects(setting.download(), { name: 'DownloadError' });
    assert.ok(!existsSync(setting.path));
  }
});

test('404 is told with the address', async (t) => {
  const setting = await arrange(t, {
    mischief: (_request, response) => Boolean(response.writeHead(404).end('not here')),
  });
  await assert.rejects(setting.download({ remedy: 'pass --data' }), {
    failure: 'refused',
    message: `Expected the file ${setting.server.url} but the server answered 404 Not Found: pass --data.`,
  });
  assert.deepEqual(readdirSync(setting.folder), []);
});

test('nobody listening, and a name that does not exist, are told within 5 s', async (t) => {
  const folder = temporaryFolder(t);
  const { port, close } = await listen();
  await close(); // so that nobody listens there
  const start = performance.now();
  const refused = downloadFile(`http://127.0.0.1:${port}/x`, join(folder, 'x'));
  await assert.rejects(refused, {
    failure: 'unreachable',
    message: /Expected an answer from 127\.0\.0\.1:\d+ but the connection failed \(ECONNREFUSED\)/,
  });
  const unknown = downloadFile('http://no-such-host.invalid/x', join(folder, 'x'));
  await assert.rejects(unknown, { failure: 'unreachable', message: /no-such-host\.invalid/ });
  assert.ok(performance.now() - start < 5000);
  assert.deepEqual(readdirSync(folder), []);
});

test('a server that accepts and never answers is given up in time', async (t) => {
  const { port, close } = await listen(); // accepts, and says nothing
  t.after(close);
  const start = performance.now();
  await assert.rejects(
    downloadFile(`http://127.0.0.1:${port}/x`, join(temporaryFolder(t), 'x'), {
      responseTimeoutSeconds: 0.3,
    }),
    { failure: 'unreachable', message: /but nothing arrived for 0\.3 s/ },
  );
  assert.ok(performance.now() - start < 5000);
});

test('a server that does not answer at first is asked once more', async (t) => {
  const setting = await arrange(t, { mischief: (_request, _response, attempt) => attempt === 0 });
  await setting.download({ responseTimeoutSeconds: 0.3, retryDelaySeconds: 0.01 });
  assert.equal(setting.server.requests.length, 2);
});

test('a download goes through the proxy that the environment names, except where it says not to', async (t) => {
  const { server, download } = await arrange(t, {});
  const asked: string[] = [];
  const proxy = createHttpServer().on('connect', (request, socket) => {
    asked.push(request.url ?? '');
    const { port } = new URL(server.url);
    const onwards = connect(Number(port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      onwards.pipe(socket).pipe(onwards);
    });
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  t.after(() => proxy.close());
  const { port } = proxy.address() as AddressInfo;
  const before = { ...process.env };
  t.after(() => Object.assign(process.env, { HTTP_PROXY: '', NO_PROXY: '' }, before));
  for (const name of ['http_proxy', 'no_proxy']) delete process.env[name];
  Object.assign(process.env, { HTTP_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: '' });
  await download({});
  assert.deepEqual(asked, [new URL(server.url).host]);
  process.env.NO_PROXY = '127.0.0.1';
  await download({});
  assert.equal(asked.length, 1);
});

test('a download that stalls is cut and taken up again', async (t) => {
  const setting = await arrange(t, {
    mischief(_request, response, attempt) {
      if (attempt > 0) return false;
      response.writeHead(200, { 'Content-Length': CONTENT.length });
      response.write(CONTENT.subarray(0, 70_000)); // and nothing more
      return true;
    },
  });
  await setting.download({ stallTimeoutSeconds: 0.3 });
  assertWhole(setting);
  assert.match(setting.server.requests[1], /^bytes=[1-9]/);
});

test('a slow server is waited for as long as bytes arrive', async (t) => {
  const setting = await arrange(t, {
    mischief(_request, response) {
      response.writeHead(200, { 'Content-Length': CONTENT.length });
      let sent = 0;
      const timer = setInterval(() => {
        response.write(CONTENT.subarray(sent, sent + 30_000));
        sent += 30_000;
        if (sent >= CONTENT.length) {
          clearInterval(timer);
          response.end();
        }
      }, 60); // 600 ms in all: twice the stall timeout
      return true;
    },
  });
  await setting.download({ stallTimeoutSeconds: 0.3 });
  assertWhole(setting);
  assert.equal(setting.server.requests.length, 1);
});

test('a signal stops the download, and the next call goes on from there', async (t) => {
  const setting = await arrange(t, { mischief: cutAfter(0) });
  const controller = new AbortController();
  const stopped = setting.download({
    stallTimeoutSeconds: 0.3,
    signal: controller.signal,
    onProgress: () => controller.abort(new Error('stopped by the user')),
  });
  await assert.rejects(stopped, /stopped by the user/);
  assert.ok(!existsSync(setting.path));
  await setting.download();
  assertWhole(setting);
  await assert.rejects(setting.download({ signal: controller.signal }), /stopped by the user/);
});

test('two downloads of one file at once leave it whole', async (t) => {
  const setting = await arrange(t);
  await Promise.all([setting.download(), setting.download(), setting.download()]);
  assertWhole(setting);
});

test('an address or an option that makes no sense is refused', async (t) => {
  const path = join(temporaryFolder(t), 'x');
  await assert.rejects(downloadFile('file:///etc/passwd', path), /an http or https address/);
  await assert.rejects(downloadFile('nonsense', path), /Expected url to be an http or https/);
  await assert.rejects(
    downloadFile('http://localhost/', path, { sizeBytes: 0 }),
    /Expected sizeBytes to be an integer greater than 0/,
  );
});

test('a folder that cannot be written is told with its path', async (t) => {
  const setting = await arrange(t);
  writeFileSync(join(setting.folder, 'taken'), '');
  const path = join(setting.folder, 'taken', 'file.bin');
  await assert.rejects(downloadFile(setting.server.url, path), {
    message: /^Expected to write .*taken\/file\.bin but /,
  });
});
