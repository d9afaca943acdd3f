// The figures that showFigure has kept in a run's folder, read again.
import { readdir, readFile, stat } from 'node:fs/promises';
import * as path from 'node:path';
import type { Figure } from './figure';

export interface NamedFigure {
  /** Of a file, without its ending. */
  readonly name: string;
  readonly figure: Figure;
}

export interface KeptFigures {
  /** In the order they were shown. */
  readonly figures: readonly NamedFigure[];
  /** Files that hold no figure, and why. */
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
}

/** The figures that lie in a folder as JSON; none where there is no such folder. */
export async function readKeptFigures(directory: string): Promise<KeptFigures> {
  const names = (await readdir(directory).catch(() => [])).filter((each) => each.endsWith('.json'));
  const figures: (NamedFigure & { readonly time: number })[] = [];
  const skipped: { name: string; reason: string }[] = [];
  for (const name of names.sort()) {
    const file = path.join(directory, name);
    try {
      const { mtimeMs: time } = await stat(file);
      const figure = parseFigure(JSON.parse(await readFile(file, 'utf8')));
      figures.push({ name: path.basename(name, '.json'), figure, time });
    } catch (error) {
      skipped.push({ name, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  const shown = figures.sort((a, b) => a.time - b.time);
  return { figures: shown.map(({ name, figure }) => ({ name, figure })), skipped };
}

/** @throws Error where `value` is no figure of this project. */
export function parseFigure(value: unknown): Figure {
  const { data, layout } = (value ?? {}) as Partial<Figure>;
  if (!Array.isArray(data) || typeof layout?.title?.text !== 'string') {
    throw new Error('Expected a figure { data, layout } with a title but found something else.');
  }
  return { data, layout };
}

/**
 * A readable file name from a title: `Worst mistakes – CIFAR-10` is `worst-mistakes-cifar-10`. Letters of
 * other scripts stay, everything that a file system or a shell could take otherwise becomes a hyphen.
 */
export function fileNameOf(title: string): string {
  const name = title
    .normalize('NFKD')
    .replaceAll(/\p{Mark}/gu, '')
    .toLowerCase()
    .replaceAll(/[^\p{Letter}\p{Number}]+/gu, '-')
    .replaceAll(/^-+|-+$/g, '');
  return [...name].slice(0, 80).join('') || 'figure';
}
