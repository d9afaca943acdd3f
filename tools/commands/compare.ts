// npm run compare: runs side by side, in the terminal, as CSV and as one page.
import { resolve } from 'node:path';
import { writeFileAtomic } from '../../lib/atomicFile';
import {
  comparisonCsv,
  comparisonPage,
  runsTable,
  settingsCaption,
  settingsTable,
} from '../../lib/runs/compareReport';
import { compareRuns } from '../../lib/runs/compareRuns';
import { describeSkipped, findRuns } from '../../lib/runs/findRuns';
import { tableText } from '../../lib/report/tableHtml';
import { fromHere, inProject, Problem, runProgram, shownPath, userFolder } from './program';

interface Options {
  readonly names: readonly string[];
  readonly out?: string;
}

void runProgram<Options>(async ({ names, out }) => {
  const { runs, skipped } = await findRuns(names, { from: userFolder });
  for (const folder of skipped) {
    const line = describeSkipped(folder, shownPath(folder.directory));
    process.stderr.write(`Skipped. ${line}\n`);
  }
  const comparison = compareRuns(runs.map(({ record }) => record));
  if (comparison.trainings.length === 0) {
    throw new Problem('There is no complete run with a trained model to compare.', {
      remedy: 'npm start makes a run; npm run compare -- FOLDER looks elsewhere than in data/runs.',
    });
  }
  const print = (text: string) => process.stdout.write(`\n${text}\n`);
  print(tableText(settingsTable(comparison), settingsCaption));
  print(tableText(runsTable(comparison), 'Each run'));

  const folder = out === undefined ? inProject('data', 'comparison') : fromHere(out);
  const csv = comparisonCsv(comparison);
  const files = {
    'comparison.html': await comparisonPage(comparison, skipped),
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
