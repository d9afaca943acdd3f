// Trainings as curves: by epoch, and by the seconds they took.
import { anyValue, checkOptions, required, text } from '../options';
import type { History } from '../training/history';
import type { Figure, Line, ScatterTrace } from './figure';
import {
  type DatasetLabel,
  epochAxis,
  escapeText,
  figureTitle,
  fractionAxis,
  legendBelow,
  rounded,
  seriesStyle,
  softInkColor,
  splitDash,
  themedAxis,
  themedLayout,
} from './theme';

/** A training and the name of its model. */
export interface ModelHistory {
  readonly name: string;
  readonly history: History;
}

export interface HistoryFigureOptions {
  readonly dataset: DatasetLabel;
  readonly title?: string;
}

/**
 * Loss (cross-entropy, nats) and accuracy (fraction) by epoch in two panels, training dotted,
 * validation solid; a ring marks the epoch that was kept. Several trainings get a colour each.
 */
export function historyFigure(
  trainings: History | readonly ModelHistory[],
  options: HistoryFigureOptions,
): Figure {
  checkOptions('historyFigure', options, { dataset: required(anyValue), title: text });
  const models = isHistory(trainings) ? [{ name: '', history: trainings }] : trainings;
  const epochs = Math.max(1, ...models.map(({ history }) => history.epochs.at(-1)?.epoch ?? 1));
  return {
    data: [
      ...models.flatMap((model, index) => historyTraces(model, index)),
      ...(isHistory(trainings) ? [] : modelLegend(models)),
    ],
    layout: themedLayout({
      title: figureTitle(options.title ?? 'Loss and accuracy', options.dataset),
      height: figureHeight(400, models),
      xaxis: epochAxis(epochs, { domain: [0, 0.44] }),
      yaxis: themedAxis('loss (cross-entropy, nats)', { rangemode: 'tozero' }),
      xaxis2: epochAxis(epochs, { domain: [0.56, 1], anchor: 'y2' }),
      yaxis2: fractionAxis('accuracy', { anchor: 'x2' }),
      showlegend: true,
      legend: legendBelow,
      hovermode: 'x unified',
    }),
  };
}

export interface AccuracyAgainstSecondsOptions extends HistoryFigureOptions {
  /** A test accuracy per model name, drawn as a star at the training's end. */
  readonly testAccuracies?: Readonly<Record<string, number>>;
}

/**
 * What an accuracy cost: validation accuracy (training accuracy where nothing was validated)
 * against the seconds since the training's start.
 */
export function accuracyAgainstSecondsFigure(
  models: readonly ModelHistory[],
  options: AccuracyAgainstSecondsOptions,
): Figure {
  checkOptions('accuracyAgainstSecondsFigure', options, {
    dataset: required(anyValue),
    title: text,
    testAccuracies: anyValue,
  });
  const { dataset, title = 'Accuracy against training time', testAccuracies = {} } = options;
  return {
    data: models.flatMap((model, index) => secondsTraces(model, index, testAccuracies)),
    layout: themedLayout({
      title: figureTitle(title, dataset),
      height: figureHeight(420, models),
      xaxis: themedAxis('training time (seconds)', { rangemode: 'tozero' }),
      yaxis: fractionAxis('accuracy'),
      showlegend: true,
      legend: legendBelow,
      hovermode: 'closest',
    }),
  };
}

function historyTraces({ name, history }: ModelHistory, index: number): ScatterTrace[] {
  const traces: ScatterTrace[] = [];
  for (const measure of ['Loss', 'Accuracy'] as const) {
    for (const split of ['training', 'validation'] as const) {
      const values = history.epochs.map((record) => rounded(record[recordKeys[measure][split]]));
      if (values.every((value) => value === null)) continue;
      traces.push(curve({ name, index, measure, split, history, values }));
    }
    const kept = keptEpoch({ name, index, measure, history });
    if (kept !== undefined) traces.push(kept);
  }
  return traces;
}

const recordKeys = {
  Loss: { training: 'trainLoss', validation: 'valLoss' },
  Accuracy: { training: 'trainAccuracy', validation: 'valAccuracy' },
} as const;

interface CurveOptions {
  /** Empty for a single training: its splits then have the colours and the legend. */
  readonly name: string;
  readonly index: number;
  readonly measure: keyof typeof recordKeys;
  readonly history: History;
}

function curve(
  options: CurveOptions & {
    readonly split: keyof typeof splitDash;
    readonly values: readonly (number | null)[];
  },
): ScatterTrace {
  const { name, index, measure, split, history, values } = options;
  const alone = name === '';
  const { color, symbol } = seriesStyle(alone && split === 'training' ? 1 : index);
  const label = alone ? split : `${escapeText(name)}, ${split}`;
  const many = values.length > 30;
  return {
    type: 'scatter',
    mode: many ? 'lines' : 'lines+markers',
    name: label,
    legendgroup: alone ? split : name,
    showlegend: alone && measure === 'Accuracy',
    ...panels[measure],
    x: history.epochs.map(({ epoch }) => epoch),
    y: values,
    line: { color, width: 2, dash: splitDash[split] },
    ...(many ? {} : { marker: { color, size: 7, symbol } }),
    hovertemplate: '%{y:.4f}',
  };
}

/** Loss left, accuracy right. */
const panels = {
  Loss: { xaxis: 'x', yaxis: 'y' },
  Accuracy: { xaxis: 'x2', yaxis: 'y2' },
} as const;

/** For several trainings: a colour for each model, then the two kinds of line in grey. */
function modelLegend(models: readonly ModelHistory[]): ScatterTrace[] {
  const entry = (name: string, group: string, line: Line): ScatterTrace => ({
    type: 'scatter',
    mode: 'lines',
    name: escapeText(name),
    legendgroup: group,
    x: [null],
    y: [null],
    line: { width: 2, ...line },
    hoverinfo: 'skip',
  });
  const colors = models.map(({ name }, index) =>
    entry(name, name, { color: seriesStyle(index).color }),
  );
  const dashes = (['training', 'validation'] as const).map((split) =>
    entry(split, '', { color: softInkColor, dash: splitDash[split] }),
  );
  return [...colors, ...dashes];
}

/** A ring around the validation value of the epoch whose weights the model ended with. */
function keptEpoch({ name, index, measure, history }: CurveOptions): ScatterTrace | undefined {
  const record = history.epochs.find(({ epoch }) => epoch === history.bestEpoch);
  const value = rounded(record?.[recordKeys[measure].validation]);
  if (record === undefined || value === null) return undefined;
  return {
    type: 'scatter',
    mode: 'markers',
    name: name === '' ? 'epoch kept' : `${escapeText(name)}, epoch kept`,
    legendgroup: name === '' ? 'epoch kept' : name,
    showlegend: name === '' && measure === 'Accuracy',
    ...panels[measure],
    x: [record.epoch],
    y: [value],
    marker: {
      color: seriesStyle(index).color,
      size: 15,
      symbol: 'circle-open',
      line: { width: 2 },
    },
    hoverinfo: 'skip',
  };
}

function secondsTraces(
  { name, history }: ModelHistory,
  index: number,
  testAccuracies: Readonly<Record<string, number>>,
): ScatterTrace[] {
  const { color, symbol } = seriesStyle(index);
  let elapsed = 0;
  const seconds = history.epochs.map((record) => rounded((elapsed += record.seconds)));
  const curve: ScatterTrace = {
    type: 'scatter',
    mode: 'lines+markers',
    name: escapeText(name),
    legendgroup: name,
    x: seconds,
    y: history.epochs.map(({ valAccuracy, trainAccuracy }) =>
      rounded(valAccuracy ?? trainAccuracy),
    ),
    line: { color, width: 2 },
    marker: { color, size: 7, symbol },
    hovertemplate: '%{y:.4f} after %{x:.0f} s',
  };
  const testAccuracy = rounded(testAccuracies[name]);
  if (testAccuracy === null) return [curve];
  const star: ScatterTrace = {
    type: 'scatter',
    mode: 'markers',
    name: `${escapeText(name)}, test`,
    legendgroup: name,
    x: seconds.slice(-1),
    y: [testAccuracy],
    marker: { color, size: 14, symbol: 'star', line: { color: '#ffffff', width: 1 } },
    hovertemplate: 'test %{y:.4f}',
  };
  return [curve, star];
}

function isHistory(trainings: History | readonly ModelHistory[]): trainings is History {
  return 'epochs' in trainings;
}

/** More models make more rows in the legend. */
function figureHeight(height: number, models: readonly ModelHistory[]): number {
  return height + 12 * Math.max(0, models.length - 2);
}
