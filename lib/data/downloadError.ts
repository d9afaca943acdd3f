import { errorCode } from '../atomicFile';

/**
 * Why a download failed: no server answered; the server refused; the connection broke off and could not
 * be taken up again; what came was not what was expected.
 */
export type DownloadFailure = 'unreachable' | 'refused' | 'interrupted' | 'wrong content';

export class DownloadError extends Error {
  override readonly name = 'DownloadError';

  constructor(
    readonly failure: DownloadFailure,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** What the messages speak of. */
interface Source {
  readonly url: string;
  /** What else a user can do. */
  readonly remedy: string;
}

export function unreachable({ url, remedy }: Source, cause: unknown): DownloadError {
  return new DownloadError(
    'unreachable',
    `Expected an answer from ${new URL(url).host} but ${networkReason(cause)}: ${remedy}.`,
    { cause },
  );
}

export function refused({ url, remedy }: Source, response: Response): DownloadError {
  const answer = `${response.status} ${response.statusText}`.trimEnd();
  return new DownloadError(
    'refused',
    `Expected the file ${url} but the server answered ${answer}: ${remedy}.`,
  );
}

export function interrupted(
  { url, remedy }: Source,
  receivedBytes: number,
  cause?: unknown,
): DownloadError {
  return new DownloadError(
    'interrupted',
    `Expected the whole of ${url} but the connection broke off after ${megabytes(receivedBytes)}: ` +
      `run again to continue from there, or ${remedy}.`,
    { cause },
  );
}

export function wrongContent(
  { url, remedy }: Source,
  expected: string,
  found: string,
): DownloadError {
  return new DownloadError(
    'wrong content',
    `Expected ${expected} from ${url} but received ${found}: ${remedy}.`,
  );
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Why `fetch` failed, in words: it hides the reason in `cause`. */
function networkReason(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  const code = errorCode(inner);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `its name was not found (${code})`;
  if (code !== undefined) return `the connection failed (${code})`;
  return inner instanceof Error ? inner.message : String(inner);
}
