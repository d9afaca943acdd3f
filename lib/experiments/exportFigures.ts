// A run's figures for other hands: as pictures for a text, and as one page that opens offline.
import { readdir, readFile, stat } from 'node:fs/promises';
import * as path from 'node:path';
import { writeFileAtomic } from '../atomicFile';
import { saveFigure } from '../report/export';
import type { Figure } from '../report/figure';
import { figurePage } from '../report/figurePage';
import type { Run } from './runs';

/**
 * Saves what `showFigure(…, { run })` has kept, in the order it was shown: each figure as PNG beside its
 * SVG, and all of them, interactive, in one `figures.html`.
 *
 * @returns the names of the files written; no PNG where no browser runs to draw them.
 */
export async function exportFigures(run: Pick<Run, 'id' | 'figuresDirectory'>): Promise<string[]> {
  const { id, figuresDirectory: directory } = run;
  const figures: Figure[] = [];
  const written: string[] = [];
  for (const name of await keptFigures(directory)) {
    const figure = JSON.parse(await readFile(path.join(directory, name), 'utf8')) as Figure;
    figures.push(figure);
    const file = { directory, name: path.basename(name, '.json'), formats: ['png'] } as const;
    written.push(...(await saveFigure(figure, file)));
  }
  if (figures.length > 0) {
    const page = path.join(directory, 'figures.html');
    await writeFileAtomic(page, await figurePage(figures, { title: `Figures of ${id}` }));
    written.push(page);
  }
  return written.map((file) => path.basename(file));
}

/** The JSON files of a folder, oldest first; none where there is no such folder. */
async function keptFigures(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  const files = await Promise.all(
    names
      .filter((name) => name.endsWith('.json'))
      .map(async (name) => ({ name, time: (await stat(path.join(directory, name))).mtimeMs })),
  );
  return files.sort((a, b) => a.time - b.time).map(({ name }) => name);
}
