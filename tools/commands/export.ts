// npm run export: the figures of a run or a notebook as files.
import { closeBrowser } from '../../lib/report/browser';
import { type FigureFormat, figureFormats, saveFigure } from '../../lib/report/export';
import { findFigures } from '../../lib/share/findFigures';
import {
  fromHere,
  inProject,
  Problem,
  runProgram,
  shownPath,
  tell,
  tellOfWorkingCopy,
  userFolder,
} from './program';

interface Options {
  readonly names: readonly string[];
  readonly format?: string;
  readonly scale?: number;
  readonly out?: string;
}

void runProgram<Options>(async ({ names: [name], format, scale = 3, out }) => {
  const formats = parseFormats(format ?? 'html,svg,png,csv');
  const place = { from: userFolder, notebooksDirectory: inProject('notebooks') };
  const found = await findFigures(name, place);
  tellOfWorkingCopy(found.notebook);
  for (const { name: file, reason } of found.skipped) {
    tell(`Skipped ${file}: ${reason}`);
  }
  if (found.figures.length === 0) {
    throw new Problem(`There are no figures in ${name}.`, {
      remedy: 'A notebook has figures once it was run: npm start, then npm run export -- latest.',
    });
  }
  const directory =
    out === undefined
      ? (found.directory ?? inProject('data', 'exports', found.name))
      : fromHere(out);
  const written: string[] = [];
  for (const { name: figureName, figure } of found.figures) {
    for (const file of await saveFigure(figure, { directory, name: figureName, formats, scale })) {
      process.stdout.write(`  ${shownPath(file)}\n`);
      written.push(file);
    }
  }
  process.stdout.write(`${found.figures.length} figures, ${written.length} files.\n`);
  await closeBrowser();
  const missing = formats.filter((each) => !written.some((file) => file.endsWith(`.${each}`)));
  if (missing.length > 0) {
    throw new Problem(`No figure could be written as ${missing.join(', ')}.`, {
      remedy: 'The notice above says why; the other formats are written.',
    });
  }
});

function parseFormats(list: string): FigureFormat[] {
  return list.split(',').map((text) => {
    const format = figureFormats.find((each) => each === text.trim());
    if (format !== undefined) return format;
    throw new Problem(`--format knows ${figureFormats.join(', ')}; received "${text.trim()}".`, {
      remedy: 'For example: --format svg,png',
    });
  });
}
