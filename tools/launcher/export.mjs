// npm run export: the figures of a run or a notebook as files.
import { resolve } from 'node:path';
import { fromLib, runCommandLine, shownPath, userFolder } from './commandLine.mjs';
import { Problem } from './setup/problem.mjs';
import { inProject } from './setup/project.mjs';

const options = [
  {
    flag: '--format',
    value: 'LIST',
    key: 'format',
    help: 'any of html, svg, png, csv, json, with commas (default: html,svg,png,csv)',
  },
  {
    flag: '--scale',
    value: 'N',
    key: 'scale',
    parse: parseScale,
    help: 'of the PNG: pixels per CSS pixel; 3 is 360 dpi and 2400 pixels wide (default: 3)',
  },
  {
    flag: '--out',
    value: 'DIR',
    key: 'out',
    help: "where the files go (default: the run's figures/, or data/exports/<notebook>)",
  },
];
const usage = `npm run export -- RUN|NOTEBOOK [options]

Writes every figure as interactive page (offline), drawing, picture and table of its numbers.
`;
const names = { least: 1, most: 1 };

await runCommandLine({ command: 'npm run export', usage, options, names }, async (parsed) => {
  const { findFigures } = fromLib('share/findFigures');
  const { figureFormats, saveFigure } = fromLib('report/export');
  const { closeBrowser } = fromLib('report/browser');
  const [name] = parsed.names;
  const formats = (parsed.format ?? 'html,svg,png,csv').split(',').map((each) => each.trim());
  const unknown = formats.find((format) => !figureFormats.includes(format));
  if (unknown !== undefined) {
    throw new Problem(`--format knows ${figureFormats.join(', ')}; received "${unknown}".`, {
      remedy: 'For example: --format svg,png',
    });
  }
  const found = await findFigures(name, {
    from: userFolder,
    notebooksDirectory: inProject('notebooks'),
  });
  for (const { name: file, reason } of found.skipped) {
    process.stderr.write(`Skipped ${file}: ${reason}\n`);
  }
  if (found.figures.length === 0) {
    throw new Problem(`There are no figures in ${name}.`, {
      remedy: 'A notebook has figures once it was run: npm start, then npm run export -- latest.',
    });
  }
  const directory = parsed.out
    ? resolve(userFolder, parsed.out)
    : (found.directory ?? inProject('data', 'exports', found.name));
  const written = [];
  for (const { name: figureName, figure } of found.figures) {
    const options = { directory, name: figureName, formats, scale: parsed.scale ?? 3 };
    for (const file of await saveFigure(figure, options)) {
      process.stdout.write(`  ${shownPath(file)}\n`);
      written.push(file);
    }
  }
  process.stdout.write(`${found.figures.length} figures, ${written.length} files.\n`);
  await closeBrowser();
  const missing = formats.filter((format) => !written.some((file) => file.endsWith(`.${format}`)));
  if (missing.length > 0) {
    throw new Problem(`No figure could be written as ${missing.join(', ')}.`, {
      remedy: 'The notice above says why; the other formats are written.',
    });
  }
});

function parseScale(text, flag) {
  const scale = Number(text);
  if (text.trim() !== '' && scale > 0 && scale <= 10) return scale;
  throw new Problem(`${flag} takes a number above 0 and up to 10; received "${text}".`, {
    remedy: `For example: ${flag} 3`,
  });
}
