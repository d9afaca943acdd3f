// Reads what arrives from now on in a file of JSON lines, while another process appends to it.
import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import type { ProgressEvent } from '../../../lib/training/history';

const POLL_MS = 150;

/** A cell begins, is done or failed, as run_notebook.py says it. */
export interface CellEvent {
  readonly event: 'cell';
  /** 1-based among the code cells. */
  readonly index: number;
  readonly of: number;
  readonly state: 'start' | 'done' | 'failed';
  readonly seconds: number;
  /** Of a failed one: its error. */
  readonly text?: string;
}

/** What run_notebook.py says of the kernel. */
type KernelEvent =
  | { readonly event: 'kernel'; readonly pid: number }
  | { readonly event: 'dead'; readonly text: string }
  | { readonly event: 'interrupted' };

/** A line of progress.jsonl, or of the runner. */
export type NotebookEvent = ProgressEvent | CellEvent | KernelEvent;

/**
 * @param path may not exist yet; its present content is skipped.
 * @param take gets each line, parsed; a line that is no JSON is left out.
 * @returns `read` hands on at once what is there; `stop` does so a last time.
 */
export function followFile(
  path: string,
  take: (event: NotebookEvent) => void,
): { read(): void; stop(): void } {
  const decoder = new StringDecoder('utf8');
  // The file of a resumed run holds what happened before.
  let offset = existsSync(path) ? statSync(path).size : 0;
  let rest = '';
  const read = () => {
    if (!existsSync(path)) return;
    const bytes = readFrom(path, offset);
    offset += bytes.length;
    const lines = (rest + decoder.write(bytes)).split('\n');
    rest = lines.pop() ?? '';
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

/** One line of JSON, parsed; undefined where it is none. */
export function parseEvent(line: string): NotebookEvent | undefined {
  try {
    return JSON.parse(line) as NotebookEvent;
  } catch {
    return undefined;
  }
}

function readFrom(path: string, offset: number): Buffer {
  const file = openSync(path, 'r');
  try {
    const buffer = Buffer.alloc(Math.max(0, fstatSync(file).size - offset));
    return buffer.subarray(0, readSync(file, buffer, 0, buffer.length, offset));
  } finally {
    closeSync(file);
  }
}
