// A run's record as the head of a page: its results, then what one must know about them.
import { accuracyInterval } from '../evaluation/metrics';
import { describeWeights } from '../models/mobileNetV2Weights';
import { datasetName, escapeText, fractionText } from '../report/theme';
import { duration } from '../report/trainingSvg';
import { EVALUATION } from './runFolder';
import type { DatasetRecord, ModelRecord, RunRecord } from './runRecord';

/** HTML: a table of the models, the best marked, then data, date, commit, seed and machine. A run without models has no table. */
export function recordHtml(record: RunRecord): string {
  const { models, dataset } = record;
  const table = models.length === 0 ? '' : resultsTable(models, dataset);
  const facts = recordFacts(record).map(
    ([name, html]) => `<dt>${escapeText(name)}</dt><dd>${html}</dd>`,
  );
  return `${table}<dl class="facts">${facts.join('')}</dl>`;
}

function resultsTable(models: readonly ModelRecord[], dataset: DatasetRecord | null): string {
  const best = Math.max(...models.map(({ test }) => test?.accuracy ?? -1));
  const isPartial = models.some(({ test }) => test === null);
  const rows = models.map((model) => {
    const { name, test, val, parameterCount, seconds, origin } = model;
    const isBest = test !== null && test.accuracy === best && models.length > 1;
    const reads = origin?.testReads ?? 1;
    const again = reads > 1 ? ` <small>(test set read ${reads} times)</small>` : '';
    const cells = [
      `${testText(test?.accuracy, dataset?.counts.test ?? 0)}${again}`,
      val === null ? '–' : fractionText(val.accuracy),
      parameterCount.toLocaleString('en'),
      durationText(seconds),
    ];
    const head = `<th scope="row">${escapeText(name)}${isBest ? ' ★' : ''}</th>`;
    return `<tr${isBest ? ' class="best"' : ''}>${head}${cells.map((cell) => `<td class="right">${cell}</td>`).join('')}</tr>`;
  });
  const columns = [
    'test accuracy <small>(95 % interval)</small>',
    'valida&shy;tion',
    'param&shy;eters',
    'training',
  ];
  const header = columns.map((name) => `<th scope="col" class="right">${name}</th>`).join('');
  const note = isPartial ? '; – means not tested' : '';
  return (
    `<div class="scroll"><table class="results"><caption>Accuracies as fractions; ★ marks the highest on the test pictures${note}</caption>` +
    `<thead><tr><th scope="col">model</th>${header}</tr></thead><tbody>${rows.join('')}</tbody></table></div>`
  );
}

/** `3 min 30 s`, which a phone breaks between number and number, not before a unit. */
function durationText(seconds: number): string {
  return duration(seconds).replace(/ (?=[a-z])/g, '&nbsp;');
}

/** `0.601 (0.591–0.611)`, which a phone shows in two lines. */
function testText(accuracy: number | undefined, pictures: number): string {
  if (accuracy === undefined) return '–';
  if (pictures === 0) return fractionText(accuracy);
  const interval = accuracyInterval(Math.round(accuracy * pictures), pictures);
  const [text, low, high] = [accuracy, interval.low, interval.high].map((each) =>
    fractionText(each, interval),
  );
  return `${text} <small>(${low}–${high})</small>`;
}

/** Name and HTML of each fact. */
function recordFacts(record: RunRecord): [name: string, html: string][] {
  const { id, notebook, preset, seed, dataset, weights, git, machine, versions, device } = record;
  const { startedAt, finishedAt, models } = record;
  const isEvaluation = notebook === EVALUATION;
  const took = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;
  const commit = git === null ? 'unknown' : `<code>${git.commit.slice(0, 10)}</code>`;
  return [
    ['Data', dataset === null ? 'none' : dataText(dataset)],
    ...(weights === null
      ? []
      : [['Weights', escapeText(describeWeights(weights))] as [string, string]]),
    ['Date', `${startedAt.slice(0, 16).replace('T', ' ')} UTC, ${durationText(took)}`],
    ['Code', `commit ${commit}${git?.dirty ? ', with changes that it does not hold' : ''}`],
    ['Seed', String(seed)],
    isEvaluation
      ? ['Model of', `<code>${escapeText(models[0]?.origin?.trainedBy ?? 'no run')}</code>`]
      : ['Notebook', `<code>${escapeText(notebook)}</code>, ${preset} values`],
    [
      'Machine',
      escapeText(
        `${machine.cpu}, ${machine.cores} cores, ${device}, TensorFlow ${versions.tensorflow}`,
      ),
    ],
    ['Run', `<code>${escapeText(id)}</code>`],
    ...(isEvaluation
      ? []
      : [['Once more', `<code>npm start -- --again ${escapeText(id)}</code>`] as [string, string]]),
  ];
}

function dataText(dataset: DatasetRecord): string {
  const { train, val, test } = dataset.counts;
  const [training, validation, tested] = [train, val, test].map((each) =>
    each.toLocaleString('en'),
  );
  return escapeText(
    `${datasetName(dataset)}: ${training} training, ${validation} validation and ${tested} test pictures ` +
      `of ${dataset.classNames.length} classes`,
  );
}
