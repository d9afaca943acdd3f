// The last words of a run: what the models reached, on which data, and where everything lies.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DatasetRecord, ModelRecord, RunRecord } from '../../../lib/runs/runRecord';
import { tableText } from '../../../lib/report/tableHtml';
import { shownPath, wrapText } from '../program';
import { formatCount } from './format';

/**
 * @param record run.json's content; undefined where the notebook kept none.
 * @param directory the run's folder.
 */
export function summary(record: RunRecord | undefined, directory: string): string {
  const lines = [''];
  if (record && record.models.length > 0) lines.push(...modelTable(record.models), '');
  if (record?.dataset) lines.push(...dataLines(record.dataset), '');
  if (!record)
    lines.push(
      'The notebook kept no record of its run (startRun … complete), so there is no run.json.',
      '',
    );
  lines.push(...pathLines(directory));
  return `${wrapText(lines.join('\n'))}\n`;
}

function modelTable(models: readonly ModelRecord[]): string[] {
  const table = {
    columns: ['model', 'test', 'validation', 'train', 'seconds', 'parameters'],
    values: models.map((model) => [
      model.name,
      model.test?.accuracy ?? null,
      model.val?.accuracy ?? null,
      model.train?.accuracy ?? null,
      model.seconds,
      model.parameterCount,
    ]),
  };
  const width = (process.stdout.columns ?? Infinity) - 2;
  const text = tableText(table, undefined, { width, file: 'run.json' });
  return text.split('\n').map((line) => `  ${line}`);
}

function dataLines({ name, source, counts }: DatasetRecord): string[] {
  const { train, val, test } = counts;
  const amounts = `${formatCount(train)} training, ${formatCount(val)} validation and ${formatCount(test)} test images`;
  if (source !== 'generated') return [`  Data: ${name}, ${amounts}.`];
  return [
    '  !!  GENERATED SAMPLE, NOT CIFAR-10: the accuracies above say nothing about CIFAR-10.',
    `  !!  ${amounts}, drawn by this program. With the real data: npm start -- --data PATH`,
  ];
}

function pathLines(directory: string): string[] {
  const line = (label: string, path: string) => `  ${label.padEnd(9)} ${shownPath(path)}`;
  const files = { Notebook: 'notebook.ipynb', 'Web page': 'notebook.html' };
  const folders = { Figures: 'figures', Models: 'models' };
  return [
    line('Run', directory),
    ...Object.entries(files)
      .map(([label, file]) => ({ label, path: join(directory, file) }))
      .filter(({ path }) => existsSync(path))
      .map(({ label, path }) => line(label, path)),
    ...Object.entries(folders)
      .map(([label, folder]) => ({ label, path: join(directory, folder) }))
      .filter(({ path }) => existsSync(path) && readdirSync(path).length > 0)
      .map(({ label, path }) => `${line(label, path)}: ${shortList(readdirSync(path).sort())}`),
  ];
}

function shortList(names: readonly string[]): string {
  const stems = [...new Set(names.map((name) => name.replace(/\.(html|json|svg|png)$/, '')))];
  return stems.length <= 8
    ? stems.join(', ')
    : `${stems.slice(0, 8).join(', ')} and ${stems.length - 8} more`;
}
