// A run's figures for sharing: as image files for documents, and as one page that opens offline.
import * as path from 'node:path';
import { writeFileAtomic } from '../atomicFile';
import { saveFigure } from '../report/export';
import { figurePage } from '../report/figurePage';
import { readKeptFigures } from '../report/keptFigures';
import { recordHtml } from './recordHtml';
import type { RunRecorder } from './runRecorder';

/**
 * Saves what `run.show` has kept, in the order it was shown: each figure as PNG beside its
 * SVG, and all of them, interactive, with the results and facts of the run, in one `figures.html`. `npm run export` makes other forms and sizes.
 *
 * @returns the names of the files written; no PNG where no browser runs to draw them.
 */
export async function exportFigures(
  run: Pick<RunRecorder, 'id' | 'figuresDirectory' | 'record'>,
): Promise<string[]> {
  const { id, figuresDirectory: directory } = run;
  const { figures, skipped } = await readKeptFigures(directory);
  for (const { name, reason } of skipped) console.log(`Skipped ${name}: ${reason}`);
  const written: string[] = [];
  for (const { name, figure } of figures) {
    written.push(...(await saveFigure(figure, { directory, name, formats: ['png'] })));
  }
  if (figures.length > 0) {
    const page = path.join(directory, 'figures.html');
    const live = figures.map(({ figure }) => figure);
    const introduction = recordHtml(run.record);
    await writeFileAtomic(
      page,
      await figurePage(live, { title: `Figures of ${id}`, introduction }),
    );
    written.push(page);
  }
  return written.map((file) => path.basename(file));
}
