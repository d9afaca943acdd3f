// npm run compare: runs side by side, in the terminal, as CSV and as one page.
import { join, relative, resolve } from 'node:path';
import { writeFileAtomic } from '../../lib/atomicFile';
import { comparisonPage } from '../../lib/runs/comparePage';
import { comparisonCsv, settingsCaption, settingsTable } from '../../lib/runs/compareReport';
import { bestSettings, compareRuns } from '../../lib/runs/compareRuns';
import { isFile } from '../../lib/runs/findModel';
import { describeSkipped, findRuns, type FoundRun } from '../../lib/runs/findRuns';
import { tableText } from '../../lib/report/tableHtml';
import { fromHere, inProject, Problem, runProgram, shownPath, tell, userFolder } from './program';

interface Options {
  readonly names: readonly string[];
  readonly out?: string;
}

/** Of each notebook's settings; the files have all. */
const MOST_ROWS = 20;

void runProgram<Options>(async ({ names, out }) => {
  const { runs, skipped } = await findRuns(names, { from: userFolder });
  for (const folder of skipped) {
    const line = describeSkipped(folder, shownPath(folder.directory));
    tell(`Skipped. ${line}`);
  }
  const comparison = compareRuns(runs.map(({ record }) => record));
  if (comparison.notebooks.length === 0) {
    throw new Problem('There is no complete run with a trained model to compare.', {
      remedy: 'npm start makes a run; npm run compare -- FOLDER looks elsewhere than in data/runs.',
    });
  }
  const width = process.stdout.columns ?? 100;
  for (const notebook of comparison.notebooks) {
    const { settings } = notebook;
    const table = settingsTable({ ...notebook, settings: bestSettings(settings, MOST_ROWS) });
    const text = tableText(table, settingsCaption(notebook), { width, file: 'settings.csv' });
    const more = settings.length - MOST_ROWS;
    const rest = more > 0 ? `${more} settings more in settings.csv\n` : '';
    process.stdout.write(`\n${text}\n${rest}`);
  }

  const folder = out === undefined ? inProject('data', 'comparison') : fromHere(out);
  const csv = comparisonCsv(comparison);
  const files = {
    'comparison.html': await comparisonPage(comparison, {
      skipped,
      links: await runLinks(runs, folder),
    }),
    'settings.csv': csv.settings,
    'runs.csv': csv.runs,
  };
  process.stdout.write('\n');
  for (const [name, content] of Object.entries(files)) {
    const path = resolve(folder, name);
    await writeFileAtomic(path, content);
    process.stdout.write(`  ${shownPath(path)}\n`);
  }
});

/** The page that shows each run, as an address relative to a folder; a run that was not shared or exported has none. */
async function runLinks(
  runs: readonly FoundRun[],
  folder: string,
): Promise<ReadonlyMap<string, string>> {
  const links = new Map<string, string>();
  for (const { directory, record } of runs) {
    for (const page of ['figures/figures.html', 'notebook.html']) {
      const path = join(directory, page);
      if (await isFile(path))
        links.set(record.id, relative(folder, path).split('/').map(encodeURIComponent).join('/'));
    }
  }
  return links;
}
