// npm run compare: runs side by side, in the terminal, as CSV and as one page.
import { resolve } from 'node:path';
import { fromLib, runCommandLine, shownPath, userFolder } from './commandLine.mjs';
import { Problem } from './setup/problem.mjs';
import { inProject, writeFileAtomic } from './setup/project.mjs';

const options = [
  {
    flag: '--out',
    value: 'DIR',
    key: 'out',
    help: 'where runs.csv, settings.csv and comparison.html go (default: data/comparison)',
  },
];
const usage = `npm run compare -- [run …] [options]

Compares runs: what differed, accuracies, seconds; several seeds of one setting become mean ± std.
A run is an id in data/runs (or the beginning of one), "latest", or a folder; none: all of data/runs.
`;

await runCommandLine({ command: 'npm run compare', usage, options }, async ({ names, out }) => {
  const { describeSkipped, findRuns } = fromLib('experiments/findRuns');
  const { compareRuns } = fromLib('experiments/compareRuns');
  const report = fromLib('experiments/compareReport');
  const { tableText } = fromLib('report/tableHtml');

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
  const print = (text) => process.stdout.write(`\n${text}\n`);
  print(tableText(report.settingsTable(comparison), report.settingsCaption));
  print(tableText(report.runsTable(comparison), 'Each run'));

  const folder = out ? resolve(userFolder, out) : inProject('data', 'comparison');
  const csv = report.comparisonCsv(comparison);
  const files = {
    'comparison.html': await report.comparisonPage(comparison, skipped),
    'settings.csv': csv.settings,
    'runs.csv': csv.runs,
  };
  process.stdout.write('\n');
  for (const [name, content] of Object.entries(files)) {
    const path = resolve(folder, name);
    writeFileAtomic(path, content);
    process.stdout.write(`  ${shownPath(path)}\n`);
  }
});
