// Trainings as curves: by epoch, and by the seconds they took.
import { metricNames, type MetricValues } from '../evaluation/runningMetrics';
import { checkOptions } from '../options';
import type { History } from '../training/history';
import type { Axis, Figure, FigureLayout, Line, ScatterTrace } from './figure';
import {
  chanceLine,
  epochAxis,
  escapeText,
  type FigureOptions,
  figureRules,
  figureTitle,
  fractionAxis,
  fractionHover,
  legendBelow,
  rounded,
  modelStyles,
  roleStyles,
  type SeriesStyle,
  shortened,
  softInkColor,
  themedAxis,
  themedLayout,
} from './theme';

/** A training and the name of its model. */
export interface ModelHistory {
  readonly name: string;
  readonly history: History;
  /** Of the test set, where it was tested. */
  readonly test?: MetricValues | null;
  /** The classes it tells apart; with them a figure shows what chance reaches. */
  readonly classNames?: readonly string[];
}

export type HistoryFigureOptions = FigureOptions;

/**
 * Loss (nats) and every metric that was measured, by epoch, in a panel each; training dotted, validation solid; a ring
 * marks the epoch that was kept. One training has the colours of training and validation, several have one for each model.
 */
export function historyFigure(
  trainings: History | readonly ModelHistory[],
  options: HistoryFigureOptions = {},
): Figure {
  checkOptions('historyFigure', options, figureRules);
  const models = isHistory(trainings) ? [{ name: '', history: trainings }] : trainings;
  const styles = isHistory(trainings) ? [undefined] : modelStyles(models.map(({ name }) => name));
  const epochs = Math.max(1, ...models.map(({ history }) => history.epochs.at(-1)?.epoch ?? 1));
  const measures = metricNames(
    models.flatMap(({ history }) => history.epochs.flatMap(({ train, val }) => [train, val])),
  );
  return {
    data: [
      ...models.flatMap((model, index) => historyTraces(model, { style: styles[index], measures })),
      ...(isHistory(trainings) ? [] : modelLegend(models)),
    ],
    layout: themedLayout({
      title: figureTitle(
        options.title ?? measures.join(' and ').replace(/^l/, 'L'),
        options.dataset,
      ),
      height: figureHeight(400, models) + 300 * (Math.ceil(measures.length / 2) - 1),
      ...panelAxes(measures, epochs),
      showlegend: true,
      legend: legendBelow,
      hovermode: 'x unified',
    }),
  };
}

/**
 * What an accuracy cost: validation accuracy (training accuracy where nothing was validated)
 * against the seconds since the training's start; a star is the test accuracy, at the training's end.
 */
export function accuracyAgainstSecondsFigure(
  models: readonly ModelHistory[],
  options: HistoryFigureOptions = {},
): Figure {
  checkOptions('accuracyAgainstSecondsFigure', options, figureRules);
  const { dataset, title = 'Accuracy against training time' } = options;
  const styles = modelStyles(models.map(({ name }) => name));
  const longest = Math.max(...models.map(({ history }) => elapsedSeconds(history).at(-1) ?? 0));
  return {
    data: [
      ...models.flatMap((model, index) => secondsTraces(model, styles[index])),
      ...chanceLine(models, (chance) => ({ x: [0, rounded(longest)], y: [chance, chance] })),
    ],
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

function historyTraces(
  { name, history }: ModelHistory,
  {
    style,
    measures,
  }: { readonly style: SeriesStyle | undefined; readonly measures: readonly string[] },
): ScatterTrace[] {
  const traces: ScatterTrace[] = [];
  for (const [panel, measure] of measures.entries()) {
    for (const split of ['training', 'validation'] as const) {
      const values = history.epochs.map((record) => rounded(record[splitKeys[split]]?.[measure]));
      if (values.every((value) => value === null)) continue;
      traces.push(curve({ name, style, measure, panel, split, history, values }));
    }
    const kept = keptEpoch({ name, style, measure, panel, history });
    if (kept !== undefined) traces.push(kept);
  }
  return traces;
}

const splitKeys = { training: 'train', validation: 'val' } as const;

/** Two panels a row, the first on top. */
function panelAxes(
  measures: readonly string[],
  epochs: number,
): Pick<FigureLayout, 'xaxis' | 'yaxis'> {
  const rows = Math.ceil(measures.length / 2);
  const gap = 0.2;
  const height = (1 - gap * (rows - 1)) / rows;
  const axes: Record<string, Axis> = {};
  for (const [panel, measure] of measures.entries()) {
    const { xaxis, yaxis } = panelOf(panel);
    const top = 1 - Math.floor(panel / 2) * (height + gap);
    const place: Axis = {
      ...(panel > 0 ? { anchor: xaxis } : {}),
      ...(rows > 1 ? { domain: [Math.max(0, top - height), top] } : {}),
    };
    axes[xaxis.replace('x', 'xaxis')] = epochAxis(epochs, {
      domain: panel % 2 === 0 ? [0, 0.44] : [0.56, 1],
      ...(panel > 0 ? { anchor: yaxis } : {}),
    });
    axes[yaxis.replace('y', 'yaxis')] =
      measure === 'loss'
        ? themedAxis('loss (cross-entropy, nats)', { rangemode: 'tozero', ...place })
        : measure === 'accuracy'
          ? fractionAxis(measure, place)
          : themedAxis(escapeText(measure), place);
  }
  return axes as Pick<FigureLayout, 'xaxis' | 'yaxis'>;
}

interface CurveOptions {
  /** Empty for a single training: its splits then have the colours and the legend. */
  readonly name: string;
  /** The model's; undefined for a single training. */
  readonly style: SeriesStyle | undefined;
  readonly measure: string;
  readonly panel: number;
  readonly history: History;
}

function curve(
  options: CurveOptions & {
    readonly split: keyof typeof splitKeys;
    readonly values: readonly (number | null)[];
  },
): ScatterTrace {
  const { name, style, measure, panel, split, history, values } = options;
  const alone = style === undefined;
  const { color, symbol } = style ?? roleStyles[split];
  const label = alone ? split : `${escapeText(shortened(name))}, ${split}`;
  const many = values.length > 30;
  return {
    type: 'scatter',
    mode: many ? 'lines' : 'lines+markers',
    name: label,
    legendgroup: alone ? split : name,
    showlegend: alone && panel === 1,
    ...panelOf(panel),
    x: history.epochs.map(({ epoch }) => epoch),
    y: values,
    line: { color, width: 2, dash: roleStyles[split].dash },
    ...(many
      ? {}
      : { marker: { color, size: 7, symbol: split === 'training' ? `${symbol}-open` : symbol } }),
    hovertemplate: measure === 'accuracy' ? fractionHover('y') : '%{y:.3f}',
  };
}

function panelOf(panel: number): Required<Pick<ScatterTrace, 'xaxis' | 'yaxis'>> {
  return panel === 0
    ? { xaxis: 'x', yaxis: 'y' }
    : { xaxis: `x${panel + 1}`, yaxis: `y${panel + 1}` };
}

/** For several trainings: a colour for each model, then the two kinds of line in grey. */
function modelLegend(models: readonly ModelHistory[]): ScatterTrace[] {
  const entry = (name: string, group: string, line: Line): ScatterTrace => ({
    type: 'scatter',
    mode: 'lines',
    name: escapeText(shortened(name)),
    legendgroup: group,
    x: [null],
    y: [null],
    line: { width: 2, ...line },
    hoverinfo: 'skip',
  });
  const styles = modelStyles(models.map(({ name }) => name));
  const colors = models.map(({ name }, index) => entry(name, name, { color: styles[index].color }));
  const dashes = (['training', 'validation'] as const).map((split) =>
    entry(split, '', { color: softInkColor, dash: roleStyles[split].dash }),
  );
  return [...colors, ...dashes];
}

/** A ring around the validation value of the epoch whose weights the model ended with. */
function keptEpoch({
  name,
  style,
  measure,
  panel,
  history,
}: CurveOptions): ScatterTrace | undefined {
  const record = history.epochs.find(({ epoch }) => epoch === history.bestEpoch);
  const value = rounded(record?.val?.[measure]);
  if (record === undefined || value === null) return undefined;
  return {
    type: 'scatter',
    mode: 'markers',
    name: style ? `${escapeText(shortened(name))}, epoch kept` : 'epoch kept',
    legendgroup: style ? name : 'epoch kept',
    showlegend: !style && panel === 1,
    ...panelOf(panel),
    x: [record.epoch],
    y: [value],
    marker: {
      color: (style ?? roleStyles.validation).color,
      size: 15,
      symbol: 'circle-open',
      line: { width: 2 },
    },
    hoverinfo: 'skip',
  };
}

function secondsTraces(
  { name, history, test }: ModelHistory,
  { color, symbol }: SeriesStyle,
): ScatterTrace[] {
  const seconds = elapsedSeconds(history).map((each) => rounded(each));
  const curve: ScatterTrace = {
    type: 'scatter',
    mode: 'lines+markers',
    name: escapeText(shortened(name)),
    legendgroup: name,
    x: seconds,
    y: history.epochs.map(({ train, val }) => rounded((val ?? train).accuracy)),
    line: { color, width: 2 },
    marker: { color, size: 7, symbol },
    customdata: history.epochs.map(({ epoch }) => String(epoch)),
    hovertemplate: `epoch %{customdata}: ${fractionHover('y')} after %{x:.0f} s`,
  };
  const testAccuracy = rounded(test?.accuracy);
  if (testAccuracy === null) return [curve];
  const star: ScatterTrace = {
    type: 'scatter',
    mode: 'markers',
    name: `${escapeText(shortened(name))}, test`,
    legendgroup: name,
    x: seconds.slice(-1),
    y: [testAccuracy],
    marker: { color, size: 14, symbol: 'star', line: { color: '#ffffff', width: 1 } },
    hovertemplate: `test: ${fractionHover('y')}`,
  };
  return [curve, star];
}

/** Since the training's start, at the end of each epoch. */
function elapsedSeconds({ epochs }: History): number[] {
  let elapsed = 0;
  return epochs.map(({ seconds }) => (elapsed += seconds));
}

function isHistory(trainings: History | readonly ModelHistory[]): trainings is History {
  return 'epochs' in trainings;
}

/** More models make more rows in the legend. */
function figureHeight(height: number, models: readonly ModelHistory[]): number {
  return height + 12 * Math.max(0, models.length - 2);
}
