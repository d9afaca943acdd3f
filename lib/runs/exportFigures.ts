// A run's figures for sharing: as image files for documents, and as one page that opens offline.
import { readFile } from 'node:fs/promises';
import * as path from 'node:path';
import { writeFileAtomic } from '../atomicFile';
import { saveFigure } from '../report/export';
import type { Figure } from '../report/figure';
import { figurePage } from '../report/figurePage';
import { readKeptFigures } from '../report/keptFigures';
import { recordHtml } from './recordHtml';
import type { RunRecord } from './runRecord';
import type { RunRecorder } from './runRecorder';

/** Beside the figures of an evaluation: a table as HTML. */
export const CLASSES_FILE = 'classes.html';

/** The page of a run: results and facts, the table of the classes where `directory` has one, figures. */
export async function runPage(
  record: RunRecord,
  figures: readonly Figure[],
  directory: string,
): Promise<string> {
  const classes = await readFile(path.join(directory, CLASSES_FILE), 'utf8').catch(() => '');
  const introduction = recordHtml(record) + classes;
  return figurePage(figures, { title: `Figures of ${record.id}`, introduction });
}

/**
 * Saves what `run.show` has kept, in the order it was shown: each figure as PNG beside its
 * SVG, and all of them, interactive, with the results and facts of the run, in one `figures.html`. `npm run export` makes other forms and sizes.
 *
 * @returns the names of the files written; no PNG where no browser runs to draw them.
 */
export async function exportFigures(
  run: Pick<RunRecorder, 'figuresDirectory' | 'record'>,
): Promise<string[]> {
  const { figuresDirectory: directory } = run;
  const { figures, skipped } = await readKeptFigures(directory);
  for (const { name, reason } of skipped) console.log(`Skipped ${name}: ${reason}`);
  const written: string[] = [];
  for (const { name, figure } of figures) {
    written.push(...(await saveFigure(figure, { directory, name, formats: ['png'] })));
  }
  if (figures.length > 0) {
    const page = path.join(directory, 'figures.html');
    const live = figures.map(({ figure }) => figure);
    await writeFileAtomic(page, await runPage(run.record, live, directory));
    written.push(page);
  }
  return written.map((file) => path.basename(file));
}
