// The live view of a running notebook: one line a cell, one line an epoch, and a last line that moves.
import type { NotebookEvent } from './followFile';
import { wrapText } from '../program';
import { fit, formatEpoch, formatSeconds, formatStep } from './format';

/** Five redraws a second look alive and cost nothing. */
const REDRAW_MS = 200;
/** Without a terminal, a progress line is printed now and then during a long epoch. */
const PLAIN_INTERVAL_MS = 30_000;

export interface Display {
  /** Takes one event of the runner or of progress.jsonl. */
  take(event: NotebookEvent): void;
  /** Prints a line above the live one. */
  print(line: string): void;
  /** Leaves the terminal clean; nothing is drawn any more. */
  close(): void;
}

/** @param titles of the code cells, in order. */
export function createDisplay(
  titles: readonly string[],
  {
    stream = process.stdout,
    now = () => performance.now(),
  }: { readonly stream?: NodeJS.WriteStream; readonly now?: () => number } = {},
): Display {
  const isLive = Boolean(stream.isTTY) && process.env.TERM !== 'dumb';
  const unicode = /utf-?8/i.test(
    process.env.LC_ALL || process.env.LC_CTYPE || process.env.LANG || 'utf-8',
  );
  const digits = String(titles.length).length;
  const startedAt = now();
  let hasBegun = false;
  let cell: { readonly index: number; readonly startedAt: number } | undefined;
  let training: Extract<NotebookEvent, { event: 'training' }> | undefined;
  let step: Extract<NotebookEvent, { event: 'step' }> | undefined;
  let drawn = '';
  let lastPlain = now();

  const width = () => (isLive ? Math.max(20, (stream.columns || 80) - 1) : 110);
  const label = (index: number) => {
    return `  [${String(index).padStart(digits)}/${titles.length}] ${titles[index - 1]}`;
  };
  const erase = () => {
    if (drawn) stream.write('\r\x1b[2K');
    drawn = '';
  };
  const print = (line: string) => {
    erase();
    stream.write(`${line}\n`);
  };
  const liveLine = () => {
    if (step) return formatStep(step, width(), { unicode });
    const seconds = (now() - (cell?.startedAt ?? startedAt)) / 1000;
    if (cell) return fit([label(cell.index), `${seconds.toFixed(0)} s`], width());
    return hasBegun ? '' : fit(['  starting the kernel', `${seconds.toFixed(0)} s`], width());
  };
  const redraw = () => {
    const line = liveLine();
    if (line === drawn) return;
    erase();
    stream.write(line);
    drawn = line;
  };
  const timer = isLive ? setInterval(redraw, REDRAW_MS) : undefined;

  return {
    take(event) {
      if (event.event === 'cell') {
        hasBegun = true;
        cell = event.state === 'start' ? { index: event.index, startedAt: now() } : undefined;
        step = undefined;
        const seconds = formatSeconds(event.seconds);
        if (event.state === 'done') print(cellLine(label(event.index), seconds, width()));
        if (event.state === 'failed')
          print(cellLine(label(event.index), `failed after ${seconds}`, width()));
      } else if (event.event === 'training') {
        training = event;
        lastPlain = now();
      } else if (event.event === 'step') {
        step = event;
        if (!isLive && now() - lastPlain > PLAIN_INTERVAL_MS) {
          print(formatStep(event, width(), { unicode }));
          lastPlain = now();
        }
      } else if (event.event === 'epoch') {
        step = undefined;
        lastPlain = now();
        print(
          formatEpoch(
            event,
            training?.model === event.model ? training.epochs : undefined,
            width(),
          ),
        );
      } else if (event.event === 'note') {
        print(wrapText(`    ${event.text}`, width()));
      }
    },
    print,
    close() {
      clearInterval(timer);
      erase();
    },
  };
}

function cellLine(label: string, seconds: string, width: number): string {
  const room = width - seconds.length - 2;
  const text = label.length > room ? `${label.slice(0, Math.max(0, room - 1))}…` : label;
  return `${text}  ${seconds}`;
}
