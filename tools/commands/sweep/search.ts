// A search: workers ask Optuna, in Python, for the values of one trial after the other. A trial is a row of a sweep.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { writeFileAtomic } from '../../../lib/atomicFile';
import { saveFigure } from '../../../lib/report/export';
import type { Figure } from '../../../lib/report/figure';
import { figurePage } from '../../../lib/report/figurePage';
import * as theme from '../../../lib/report/theme';
import { fromLauncher, inProject, type LauncherProcesses, shownPath } from '../program';
import { endWithParent } from './local';
import type { Sweep } from './plan';
import { quoted } from './slurm';

/** search.json, as tools/search/worker.py writes it. */
interface SearchRecord {
  readonly metric: string;
  /** The parameters' shares, 0…1; none before two trials are complete. */
  readonly importance: Readonly<Record<string, number>>;
  readonly trials: readonly Trial[];
}

interface Trial {
  readonly row: number;
  /** Optuna's word. */
  readonly state: 'COMPLETE' | 'PRUNED' | 'FAIL' | 'RUNNING' | 'WAITING';
  /** Of a pruned one: at its last epoch. */
  readonly value: number | null;
}

/** Does trials until there are enough, each as a row in a process of its own. @returns the exit code. */
export async function runWorker(
  { folder }: Pick<Sweep, 'folder'>,
  { offline }: { readonly offline: boolean },
): Promise<number> {
  const options = JSON.stringify({ names: [folder], offline });
  const row = [process.execPath, ...process.execArgv, process.argv[1]];
  const python = inProject('.setup', 'optuna', 'bin', 'python');
  const child = spawn(python, [inProject('tools', 'search', 'worker.py'), options, ...row], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    process.stdout.write(`${line}\n`);
    process.send?.(line);
  });
  endWithParent();
  const { waitFor } = await fromLauncher<LauncherProcesses>('setup/command.mjs');
  return waitFor(child, ['SIGTERM', 'SIGHUP']);
}

/** How many trials Optuna has yet to be told of. */
export function trialsLeft({ folder, plan: { trials = 0 } }: Sweep): number {
  const isTold = ({ state }: Trial) => ['COMPLETE', 'PRUNED', 'FAIL'].includes(state);
  return trials - readRecord(folder).trials.filter(isTold).length;
}

function readRecord(folder: string): SearchRecord {
  const file = join(folder, 'search.json');
  if (!existsSync(file)) return { metric: '', importance: {}, trials: [] };
  return JSON.parse(readFileSync(file, 'utf8')) as SearchRecord;
}

/** Writes search.html, history.svg and importance.svg into the folder. @returns the best values as `--set` of npm start. */
export async function showResult({ folder, plan, rows }: Sweep): Promise<string> {
  const { metric, importance, trials } = readRecord(folder);
  const complete = trials.filter(({ state }) => state === 'COMPLETE');
  const best = bestOf(complete);
  if (!best) return 'No trial is complete yet.\n';
  const { notebook, preset, data, weights, values } = rows[best.row];
  const words = [
    ...['--notebook', notebook, ...(preset === 'full' ? ['--full'] : [])],
    ...(data === null ? [] : ['--data', data]),
    ...(weights === null ? [] : ['--weights', weights]),
    ...Object.keys({ ...plan.set, ...plan.search }).flatMap((name) => [
      '--set',
      `${name}=${values[name]}`,
    ]),
  ];
  const command = `npm start -- ${words.map(quoted).join(' ')}`;
  const text = (trial: Trial) => `${theme.fractionText(trial.value ?? 0)} (row ${trial.row})`;
  const [own] = complete.filter(({ row }) => row === 0);
  const found = `Best validation ${metric}: ${text(best)}${own ? `; the notebook's own values: ${text(own)}` : ''}`;
  const history = historyFigure(trials, `validation ${metric}`);
  const figures = { history, importance: importanceFigure(importance) };
  for (const [name, figure] of Object.entries(figures)) {
    await saveFigure(figure, { directory: folder, name, formats: ['svg'] });
  }
  const page = join(folder, 'search.html');
  const introduction = `<p>${found}</p><pre style="white-space: pre-wrap">${theme.escapeText(command)}</pre>`;
  const title = `Search with ${notebook}`;
  await writeFileAtomic(page, await figurePage(Object.values(figures), { title, introduction }));
  return `${found}\nFigures: ${shownPath(page)}\n${command}\n`;
}

function bestOf(trials: readonly Trial[]): Trial | undefined {
  return [...trials].sort((a, b) => (b.value ?? 0) - (a.value ?? 0)).at(0);
}

function historyFigure(trials: readonly Trial[], metric: string): Figure {
  const marks = (state: Trial['state'], name: string, style: theme.SeriesStyle) => {
    const shown = trials.filter((trial) => trial.state === state);
    const [x, y] = [shown.map(({ row }) => row), shown.map(({ value }) => theme.rounded(value))];
    return { type: 'scatter', mode: 'markers', name, x, y, marker: { ...style, size: 9 } } as const;
  };
  const complete = marks('COMPLETE', 'complete', theme.roleStyles.validation);
  const pruned = marks('PRUNED', 'pruned', { color: theme.softInkColor, symbol: 'x' });
  const y = complete.y.map((_, index) => Math.max(...complete.y.slice(0, index + 1).map(Number)));
  const best = { type: 'scatter', mode: 'lines', name: 'best so far', x: complete.x, y } as const;
  const line = { color: theme.inkColor, shape: 'hv' } as const; // it rises with the trial, not before
  return {
    data: [{ ...best, line }, complete, pruned],
    layout: theme.themedLayout({
      title: 'Trials of the search',
      height: 400,
      xaxis: theme.themedAxis('row'),
      yaxis: theme.fractionAxis(metric),
      showlegend: true,
      legend: theme.legendBelow,
    }),
  };
}

function importanceFigure(importance: SearchRecord['importance']): Figure {
  const names = Object.keys(importance);
  const x = Object.values(importance).map((share) => theme.rounded(share));
  const marker = { color: theme.roleStyles.validation.color };
  const y = names.map((_, index) => index);
  return {
    data: [{ type: 'bar', orientation: 'h', x, y, customdata: names, marker }],
    layout: theme.themedLayout({
      title: 'Importance of the parameters (PED-ANOVA)',
      height: 180 + 34 * names.length,
      xaxis: theme.fractionAxis('share'),
      yaxis: theme.rowAxis(names, { showgrid: false }),
    }),
  };
}
