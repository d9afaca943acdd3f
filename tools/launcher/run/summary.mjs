// The last words of a run: what the models reached, on which data, and where everything lies.
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { formatAccuracy, formatCount, formatSeconds, formatTable } from './format.mjs';

/**
 * @param {object | undefined} record run.json's content; `undefined` where the notebook kept none
 * @param {string} directory the run's folder
 * @param {{ from?: string }} options `from`: the folder that paths are shown relative to
 * @returns {string}
 */
export function summary(record, directory, { from = process.cwd() } = {}) {
  const lines = [''];
  if (record?.models?.length > 0) lines.push(...modelTable(record.models), '');
  if (record?.dataset) lines.push(...dataLines(record.dataset), '');
  if (!record)
    lines.push(
      'The notebook kept no record of its run (startRun … complete), so there is no run.json.',
      '',
    );
  lines.push(...pathLines(directory, from));
  return `${lines.join('\n')}\n`;
}

function modelTable(models) {
  const header = ['model', 'parameters', 'train', 'validation', 'test', 'time'];
  const rows = models.map((model) => [
    model.name,
    formatCount(model.parameterCount),
    formatAccuracy(model.train?.accuracy),
    formatAccuracy(model.val?.accuracy),
    formatAccuracy(model.test?.accuracy),
    formatSeconds(model.seconds),
  ]);
  return formatTable(header, rows).map((line) => `  ${line}`);
}

function dataLines({ name, source, counts }) {
  const { train, val, test } = counts;
  const amounts = `${formatCount(train)} training, ${formatCount(val)} validation and ${formatCount(test)} test images`;
  if (source !== 'generated') return [`  Data: ${name}, ${amounts}.`];
  return [
    '  !!  GENERATED SAMPLE, NOT CIFAR-10: the accuracies above say nothing about CIFAR-10.',
    `  !!  ${amounts}, drawn by this program. With the real data: npm start -- --data PATH`,
  ];
}

function pathLines(directory, from) {
  const show = (path) => {
    const short = relative(from, path);
    return short.startsWith('..') ? path : short || '.';
  };
  const lines = [`  Run       ${show(directory)}`];
  const named = [
    ['Notebook', 'notebook.ipynb'],
    ['Web page', 'notebook.html'],
  ];
  for (const [label, file] of named) {
    if (existsSync(join(directory, file)))
      lines.push(`  ${label.padEnd(9)} ${show(join(directory, file))}`);
  }
  for (const [label, folder] of [
    ['Figures', 'figures'],
    ['Models', 'models'],
  ]) {
    const names = existsSync(join(directory, folder))
      ? readdirSync(join(directory, folder)).sort()
      : [];
    if (names.length > 0)
      lines.push(`  ${label.padEnd(9)} ${show(join(directory, folder))}: ${shortList(names)}`);
  }
  return lines;
}

function shortList(names) {
  const stems = [...new Set(names.map((name) => name.replace(/\.(html|json|svg|png)$/, '')))];
  return stems.length <= 8
    ? stems.join(', ')
    : `${stems.slice(0, 8).join(', ')} and ${stems.length - 8} more`;
}
