/** The only file that uses the network. */
import { rmSync } from 'node:fs';
import { type FileHandle, mkdir, mkdtemp, open, rename, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { ReadableStreamDefaultReader } from 'node:stream/web';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode, fileError } from '../atomicFile';
import {
  abortSignal,
  callback,
  checkOption,
  checkOptions,
  positiveInteger,
  positiveNumber,
  rule,
  text,
} from '../options';
import { sha256Of, sha256OfFile } from './checksum';
import {
  DownloadError,
  interrupted,
  megabytes,
  refused,
  unreachable,
  wrongContent,
} from './downloadError';
import { claimPartial, type PartialFile, partialPath, releasePartial } from './partialFile';

export interface DownloadProgress {
  readonly url: string;
  /** Bytes on the disk, those of an earlier, interrupted download included. */
  readonly receivedBytes: number;
  /** null where the server does not say. */
  readonly totalBytes: number | null;
}

export interface DownloadOptions {
  /** The exact size; anything else is refused, as soon as the server announces it. */
  readonly sizeBytes?: number;
  /** Hexadecimal; the file takes its place only if its content has this checksum. */
  readonly sha256?: string;
  readonly signal?: AbortSignal;
  /** Called for every piece that arrives, many times a second. */
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** What else a user can do: ends the messages of errors. */
  readonly remedy?: string;
  /** How long the server may take to answer, name resolution and connecting included; 20 by default, tried twice. */
  readonly responseTimeoutSeconds?: number;
  /** For how long nothing may arrive. */
  readonly stallTimeoutSeconds?: number;
  /** The wait before a cut download is taken up again; it doubles with each failure in a row. */
  readonly retryDelaySeconds?: number;
}

/** Failures in a row without a new byte after which a transfer is given up. */
const MAX_FAILURES = 4;
/** With no answer so far, the machine may be offline, which must be detected sooner. */
const MAX_UNANSWERED = 2;

const webAddress = rule('an http or https address', '"https://example.org/file"', (value) => {
  return URL.canParse(String(value)) && /^https?:/.test(String(value));
});

/** What the functions below hand on to each other. */
interface Transfer {
  readonly url: string;
  readonly target: string;
  readonly options: DownloadOptions;
  readonly remedy: string;
  /** The file in which the bytes gather, and how many there are. */
  partial?: PartialFile;
}

/**
 * Downloads a file, or continues a download that was cut. `path` exists afterwards only with the
 * whole, checked content; until then the bytes gather beside it under a hidden name (partialFile.ts).
 * Two processes at once do no harm: each gathers its own.
 *
 * @throws DownloadError; an Error of the file system (disk full, no permission); the signal's reason.
 */
export async function downloadFile(
  url: string,
  path: string,
  options: DownloadOptions = {},
): Promise<void> {
  checkOptions('downloadFile', options, {
    sizeBytes: positiveInteger,
    sha256: rule('64 hexadecimal digits', '"c4a3…"', (v) => /^[0-9a-f]{64}$/.test(String(v))),
    signal: abortSignal,
    onProgress: callback,
    remedy: text,
    responseTimeoutSeconds: positiveNumber,
    stallTimeoutSeconds: positiveNumber,
    retryDelaySeconds: positiveNumber,
  });
  options.signal?.throwIfAborted();
  checkOption('downloadFile', 'url', url, webAddress);
  const remedy = options.remedy ?? 'check the connection and run again';
  const transfer: Transfer = { url, target: resolve(path), options, remedy };
  try {
    await mkdir(dirname(transfer.target), { recursive: true });
    transfer.partial = await claimPartial(transfer.target);
    try {
      await receiveAll(transfer);
      await checkContent(transfer);
      await rename(ownPartial(transfer).path, transfer.target);
      transfer.partial = undefined;
    } finally {
      if (transfer.partial) await releasePartial(transfer.target, transfer.partial);
    }
  } catch (error) {
    throw fileError(error, `write ${transfer.target}`);
  }
}

/**
 * Downloads into `directory`, or, where nothing can be written there, into a temporary folder that goes with the
 * process: a download that is kept saves time later, and lacking that is no reason to fail.
 *
 * @param what is downloaded, for the notice: `CIFAR-10`.
 * @param download gets the folder.
 */
export async function downloadInto<T>(
  directory: string,
  what: string,
  {
    download,
    onNotice = console.warn,
  }: {
    readonly download: (directory: string) => Promise<T>;
    readonly onNotice?: (notice: string) => void;
  },
): Promise<T> {
  try {
    return await download(directory);
  } catch (error) {
    if (error instanceof DownloadError || errorCode(error) === undefined) throw error;
    onNotice(`${what} cannot be kept and serves this run alone. (${(error as Error).message})`);
    const temporary = await mkdtemp(join(tmpdir(), 'download-'));
    process.once('exit', () => rmSync(temporary, { recursive: true, force: true }));
    return download(temporary);
  }
}

/** Attempts until the file is whole; each continues where the one before ended. */
async function receiveAll(transfer: Transfer): Promise<void> {
  const { sizeBytes, signal, retryDelaySeconds = 1 } = transfer.options;
  if (sizeBytes !== undefined && transfer.partial?.sizeBytes === sizeBytes) return;
  for (let failures = 0, isAnswered = false; ;) {
    const before = receivedBytes(transfer);
    try {
      await receive(transfer);
      return;
    } catch (error) {
      if (!(error instanceof DownloadError)) throw error;
      if (error.failure !== 'interrupted' && error.failure !== 'unreachable') throw error;
      isAnswered ||= error.failure === 'interrupted';
      failures = receivedBytes(transfer) > before ? 1 : failures + 1;
      if (!isAnswered && failures >= MAX_UNANSWERED) throw error;
      if (failures >= MAX_FAILURES) throw interrupted(transfer, receivedBytes(transfer), error);
    }
    await sleep(retryDelaySeconds * 1000 * 2 ** (failures - 1), undefined, { signal }).catch(() =>
      signal?.throwIfAborted(),
    );
  }
}

/** One request: appends to the partial file, or restarts it where the server or its content wants that. */
async function receive(transfer: Transfer): Promise<void> {
  const { signal, responseTimeoutSeconds = 20, stallTimeoutSeconds = 30 } = transfer.options;
  signal?.throwIfAborted();
  const attempt = new AbortController();
  const stop = (): void => attempt.abort(signal?.reason);
  signal?.addEventListener('abort', stop, { once: true });
  const timer = createTimer(attempt);
  try {
    timer.restart(responseTimeoutSeconds);
    const response = await request(transfer, attempt.signal);
    const file = await openPartial(transfer, response);
    try {
      timer.restart(stallTimeoutSeconds);
      const onPiece = (): void => timer.restart(stallTimeoutSeconds);
      await appendBody(transfer, response, { file, attempt: attempt.signal, onPiece });
    } finally {
      await file.close();
    }
  } finally {
    timer.stop();
    signal?.removeEventListener('abort', stop);
    attempt.abort(); // lets go of a body that was not read to its end
  }
}

async function request(transfer: Transfer, attempt: AbortSignal): Promise<Response> {
  const { url, partial } = transfer;
  const headers: Record<string, string> = { 'Accept-Encoding': 'identity' };
  if (partial && partial.sizeBytes > 0) headers.Range = `bytes=${partial.sizeBytes}-`;
  let response: Response;
  try {
    response = await fetchByProxy(url, { headers, signal: attempt });
  } catch (error) {
    transfer.options.signal?.throwIfAborted();
    throw unreachable(transfer, error);
  }
  if (response.status === 416 && partial) {
    // The partial file is not a prefix of the server's file: start over.
    await discardPartial(transfer);
    return request(transfer, attempt);
  }
  if (response.status !== 200 && response.status !== 206) {
    throw refused(transfer, response);
  }
  return response;
}

/** As `fetch`, through the proxy that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name: Node's own passes over them. */
async function fetchByProxy(url: string, init: RequestInit): Promise<Response> {
  const isNamed = Object.entries(process.env).some(
    ([name, value]) => /^https?_proxy$/i.test(name) && value,
  );
  if (!isNamed) return fetch(url, init);
  const undici = await import('undici');
  const dispatcher = new undici.EnvHttpProxyAgent();
  return undici.fetch(url, { ...init, dispatcher } as never);
}

/** The file to append the answer's body to, after its announcements have been checked. */
async function openPartial(transfer: Transfer, response: Response): Promise<FileHandle> {
  const { sizeBytes, sha256 } = transfer.options;
  const version = contentVersion(response.headers);
  const start = rangeStart(response);
  const { partial } = transfer;
  const isSame = version === partial?.version && (version !== 'unknown' || sha256 !== undefined);
  if (start !== 0 && (!isSame || start !== partial?.sizeBytes)) {
    await discardPartial(transfer);
    throw interrupted(transfer, 0, new Error('the file changed on the server'));
  }
  const total = totalBytes(response);
  if (sizeBytes !== undefined && total !== null && total !== sizeBytes) {
    throw wrongContent(transfer, `${sizeBytes} bytes`, `${total}`);
  }
  if (start === 0) {
    await discardPartial(transfer); // the server ignored the range, or there was nothing yet
    transfer.partial = { path: partialPath(transfer.target, version), version, sizeBytes: 0 };
  }
  if (total !== null) await checkFreeSpace(transfer, total - start);
  return open(ownPartial(transfer).path, 'a');
}

async function appendBody(
  transfer: Transfer,
  response: Response,
  {
    file,
    attempt,
    onPiece,
  }: { readonly file: FileHandle; readonly attempt: AbortSignal; readonly onPiece: () => void },
): Promise<void> {
  const { sizeBytes, signal, onProgress } = transfer.options;
  const total = totalBytes(response);
  const pieces: ReadableStreamDefaultReader<Uint8Array> | undefined = response.body?.getReader();
  // Node 22's fetch leaves a read for ever open whose connection broke before it began.
  const given = new Promise<never>((_, reject) => {
    attempt.addEventListener('abort', () => reject(attempt.reason as Error), { once: true });
  });
  given.catch(() => undefined);
  for (;;) {
    const piece = await Promise.race([pieces?.read(), given]).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw interrupted(transfer, receivedBytes(transfer), error);
    });
    if (!piece || piece.done) break;
    onPiece();
    await file.appendFile(piece.value);
    const partial = ownPartial(transfer);
    const received = partial.sizeBytes + piece.value.length;
    transfer.partial = { ...partial, sizeBytes: received };
    onProgress?.({
      url: transfer.url,
      receivedBytes: received,
      totalBytes: total ?? sizeBytes ?? null,
    });
    if (sizeBytes !== undefined && received > sizeBytes) break; // said by checkContent
  }
  await file.sync();
  const received = receivedBytes(transfer);
  if (received < (total ?? sizeBytes ?? 0)) throw interrupted(transfer, received);
}

/** Refuses the gathered bytes, and removes them, unless size and checksum are as expected. */
async function checkContent(transfer: Transfer): Promise<void> {
  const { sizeBytes, sha256 } = transfer.options;
  const { path, sizeBytes: received } = ownPartial(transfer);
  let failure: DownloadError | undefined;
  if (sizeBytes !== undefined && received !== sizeBytes) {
    failure = wrongContent(transfer, `${sizeBytes} bytes`, `${received}`);
  } else if (sha256 !== undefined) {
    const found = await sha256OfFile(path);
    if (found !== sha256) failure = wrongContent(transfer, `the sha256 ${sha256}`, found);
  }
  if (!failure) return;
  await discardPartial(transfer);
  throw failure;
}

async function checkFreeSpace({ target, url }: Transfer, missingBytes: number): Promise<void> {
  const { blocks, bavail, bsize } = await statfs(dirname(target));
  // Some network file systems count no blocks at all.
  if (blocks > 0 && bavail * bsize < missingBytes) {
    const failure = new Error(
      `Expected ${megabytes(missingBytes)} of free disk space in ${dirname(target)} for ${url} ` +
        `but found ${megabytes(bavail * bsize)}: free some space and run again.`,
    );
    throw Object.assign(failure, { code: 'ENOSPC' });
  }
}

async function discardPartial(transfer: Transfer): Promise<void> {
  if (transfer.partial) await rm(transfer.partial.path, { force: true });
  transfer.partial = undefined;
}

function receivedBytes({ partial }: Transfer): number {
  return partial?.sizeBytes ?? 0;
}

function ownPartial({ partial }: Transfer): PartialFile {
  if (!partial) throw new Error('No partial file: a fault of download.ts, please report it.');
  return partial;
}

function createTimer(attempt: AbortController): {
  restart: (seconds: number) => void;
  stop: () => void;
} {
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => clearTimeout(timer);
  return {
    stop,
    restart(seconds) {
      stop();
      const reason = new Error(`nothing arrived for ${seconds} s`);
      timer = setTimeout(() => attempt.abort(reason), seconds * 1000);
    },
  };
}

/** A short name for the content's version, from its ETag or, without one, its date; else `unknown`. */
function contentVersion(headers: Headers): string {
  const validator = headers.get('etag') ?? headers.get('last-modified');
  if (validator === null) return 'unknown';
  return sha256Of(validator).slice(0, 16);
}

/** Where in the file the answer begins: 0 unless the server took up the range that was asked for. */
function rangeStart(response: Response): number {
  if (response.status !== 206) return 0;
  return Number(/^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1] ?? -1);
}

/** The size of the whole file as the server announces it. */
function totalBytes(response: Response): number | null {
  const length =
    response.status === 206
      ? /\/(\d+)$/.exec(response.headers.get('content-range') ?? '')?.[1]
      : response.headers.get('content-length');
  return length === undefined || length === null ? null : Number(length);
}
